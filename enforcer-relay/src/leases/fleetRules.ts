import type { ResourceLimit, Rule } from '@prorata/schemas';

/** The rules whose limits all hosts share, by application; of all the others nothing is kept. */
export class FleetRules {
  readonly #rules = new Map<string, Map<string, Rule>>();

  get applications(): readonly string[] {
    return [...this.#rules.keys()];
  }

  of(application: string): ReadonlyMap<string, Rule> {
    return this.#rules.get(application) ?? none;
  }

  put(rule: Rule): void {
    if (rule.requests?.scope !== 'fleet') {
      this.remove(rule.application, rule.quotaId);
      return;
    }
    const rules = this.#rules.get(rule.application) ?? new Map<string, Rule>();
    this.#rules.set(rule.application, rules.set(rule.quotaId, rule));
  }

  remove(application: string, quotaId: string): void {
    const rules = this.#rules.get(application);
    if (rules?.delete(quotaId) === true && rules.size === 0) this.#rules.delete(application);
  }
}

const none: ReadonlyMap<string, Rule> = new Map();

/** What of a rule is shared now: what is unlimited or blocked needs no shares, and capacity is not decided by hosts. */
export function sharedLimitsOf(rule: Rule, nowMicros: bigint): readonly ResourceLimit[] {
  const { after } = rule;
  const limits = after !== null && nowMicros >= after.at ? after.limits : rule.limits;
  return limits.filter(({ bound, kind }) => bound === 'amount' && kind !== 'capacity');
}
