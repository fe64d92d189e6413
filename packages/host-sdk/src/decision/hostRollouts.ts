import type { HostRollout, Rule } from '@prorata/schemas';

/** A rule as it was delivered, and as it holds on this host: another object where the host takes the candidate. */
export interface PlacedRule {
  readonly delivered: Rule;
  readonly source: Rule;
}

interface StageCount {
  readonly isCandidate: boolean;
  rules: number;
}

/** The rollouts that the rules in force are part of, counted as rules come and go. */
export class HostRollouts {
  /** By rollout and stage: while a stage arrives, rules of the one before are still there. */
  readonly #stages = new Map<string, Map<number, StageCount>>();

  replace(before: PlacedRule | null, after: PlacedRule | null): void {
    if (after !== null) this.#add(after);
    if (before !== null) this.#remove(before);
  }

  /** Each at the stage that all of its rules have reached, by id. */
  list(): readonly HostRollout[] {
    const ids = [...this.#stages.keys()].sort();
    return ids.flatMap((rolloutId) => {
      const stages = this.#stages.get(rolloutId) ?? new Map<number, StageCount>();
      const stage = Math.min(...stages.keys());
      const { isCandidate = false } = stages.get(stage) ?? {};
      return [{ rolloutId, stage, isCandidate }];
    });
  }

  #add(rule: PlacedRule): void {
    const { candidate } = rule.delivered;
    if (candidate === null) return;
    const { rolloutId, stage } = candidate;
    const stages = this.#stages.get(rolloutId) ?? new Map<number, StageCount>();
    this.#stages.set(rolloutId, stages);
    const count = stages.get(stage);
    if (count === undefined) stages.set(stage, { isCandidate: isCandidate(rule), rules: 1 });
    else count.rules += 1;
  }

  #remove({ delivered: { candidate } }: PlacedRule): void {
    if (candidate === null) return;
    const stages = this.#stages.get(candidate.rolloutId);
    const count = stages?.get(candidate.stage);
    if (stages === undefined || count === undefined) return;
    count.rules -= 1;
    if (count.rules === 0) stages.delete(candidate.stage);
    if (stages.size === 0) this.#stages.delete(candidate.rolloutId);
  }
}

/** Whether the host takes the rule's candidate. */
export const isCandidate = ({ delivered, source }: PlacedRule): boolean => delivered !== source;

/** The rollout whose candidate holds; null: the rule itself does. */
export function rolloutOf(rule: PlacedRule): string | null {
  return isCandidate(rule) ? (rule.delivered.candidate?.rolloutId ?? null) : null;
}
