import { resizeOf } from '@prorata/quota-model';
import type { RolloutState } from '@prorata/quota-model';
import { toJson } from '@prorata/schemas';
import type { RolloutEvidence } from '@prorata/schemas';
import type { CommandAnswer, CommandRequest } from '@prorata/service-runtime';
import type { HealthBook } from './healthBook.ts';
import { judgeRollout } from './judgeRollout.ts';
import type { RolloutVerdict } from './judgeRollout.ts';

/** A rollout that is on, of an application whose partition this instance owns. */
export interface OwnedRollout {
  readonly application: string;
  readonly rollout: RolloutState;
}

export type RolloutCommand = Pick<CommandRequest, 'type' | 'stream' | 'data' | 'reason'>;

export interface RolloutControllerParts {
  /** As the events say that were folded so far. */
  readonly rollouts: () => readonly OwnedRollout[];
  readonly book: HealthBook;
  /** Through the gateway, as anybody else. */
  readonly post: (
    command: RolloutCommand,
  ) => Promise<Pick<CommandAnswer, 'status' | 'code' | 'detail'>>;
  /** Microseconds since the epoch. */
  readonly now: () => bigint;
  readonly told: (rolloutId: string, what: string) => void;
}

/** Refusals that say nothing of the change: the rollout or the writer is elsewhere by now, or somebody did not answer. */
const passing: ReadonlySet<string | null> = new Set([
  'COMMAND_TOO_OLD',
  'FACT_STALE',
  'ROLLOUT_BAKING',
  'ROLLOUT_GATE',
  'ROLLOUT_PAUSED',
  'ROLLOUT_STAGE',
  'ROLLOUT_UNKNOWN',
  'VALIDATION_OUTDATED',
  'VALIDATOR_UNAVAILABLE',
]);
/** Between two tries of one step, microseconds: the event of the first has come by then. */
const TRY_AGAIN_MICROS = 10_000_000n;
/** Characters of a reason. */
const REASON_MAX = 500;

/**
 * Moves rollouts on by what hosts report. It decides nothing by itself: each step is a command, which names the
 * stage that it leaves and brings its evidence, and the writer checks both and the bake time by its own clock. So
 * a late, doubled or forgotten controller skips nothing: what it knows is in the events and in the reports.
 */
export class RolloutController {
  readonly #parts: RolloutControllerParts;
  /** By rollout: the step that was asked for last. */
  readonly #asked = new Map<string, { readonly step: string; readonly at: bigint }>();
  /** By rollout: what was told of it last. */
  readonly #told = new Map<string, string>();
  #open: ReadonlySet<string> = new Set();

  constructor(parts: RolloutControllerParts) {
    this.#parts = parts;
  }

  /** Rollouts that are on here, and how many of them wait for more than their time. */
  get waiting(): { readonly on: number; readonly forReports: number } {
    const reasons = [...this.#told.values()].filter((why) => why.startsWith('waits: '));
    const forReports = reasons.filter((why) => why.includes('report') || why.includes('tell'));
    return { on: this.#open.size, forReports: forReports.length };
  }

  /** Looks at every rollout once. Resolves when what it asked for has been answered. */
  async look(): Promise<void> {
    const { rollouts, book, now } = this.#parts;
    const open = rollouts();
    this.#forget(new Set(open.map(({ rollout }) => rollout.rolloutId)));
    const steps = open.map(({ application, rollout }) => {
      const evidence = book.evidence(application, rollout, now());
      return this.#take(application, rollout, judgeRollout(rollout, evidence, now()), evidence);
    });
    await Promise.all(steps);
  }

  async #take(
    application: string,
    rollout: RolloutState,
    verdict: RolloutVerdict,
    evidence: RolloutEvidence,
  ): Promise<void> {
    const { rolloutId } = rollout;
    if (verdict.kind === 'wait') {
      this.#tell(rolloutId, `waits: ${verdict.why}`);
      return;
    }
    const step = `${verdict.kind} ${rollout.stage} ${rollout.bakesFrom}`;
    if (!this.#mayAsk(rolloutId, step)) return;
    const { post } = this.#parts;
    const answer = await post(commandOf(application, rollout, verdict, evidence));
    this.#tell(rolloutId, `${verdict.kind}: ${verdict.why} ${answer.status} ${answer.code ?? ''}`);
    const isRefused = answer.status === 'refused' && !passing.has(answer.code);
    if (isRefused && verdict.kind === 'promote') {
      const why = `It cannot be promoted: ${answer.code ?? ''} ${answer.detail ?? ''}`;
      await this.#giveUp(application, rollout, why.slice(0, REASON_MAX), evidence);
    }
  }

  /**
   * What is no longer valid waits for the person who started it, not for the next try. A robot's resize goes: nobody
   * waits for it, its owner could change nothing meanwhile, and the robot asks again by what it sees then.
   */
  async #giveUp(
    application: string,
    rollout: RolloutState,
    why: string,
    evidence: RolloutEvidence,
  ): Promise<void> {
    const { rolloutId } = rollout;
    const stream = `application:${application}`;
    const command =
      resizeOf(rollout) === null
        ? ({ type: 'PauseRollout', stream, data: { rolloutId }, reason: why } as const)
        : commandOf(application, rollout, { kind: 'roll back', why }, evidence);
    await this.#parts.post(command);
    this.#tell(rolloutId, why);
  }

  #mayAsk(rolloutId: string, step: string): boolean {
    const now = this.#parts.now();
    const last = this.#asked.get(rolloutId);
    if (last?.step === step && now - last.at < TRY_AGAIN_MICROS) return false;
    this.#asked.set(rolloutId, { step, at: now });
    return true;
  }

  #tell(rolloutId: string, what: string): void {
    if (this.#told.get(rolloutId) === what) return;
    this.#told.set(rolloutId, what);
    this.#parts.told(rolloutId, what);
  }

  #forget(open: ReadonlySet<string>): void {
    this.#open = open;
    for (const map of [this.#asked, this.#told]) {
      for (const rolloutId of map.keys()) if (!open.has(rolloutId)) map.delete(rolloutId);
    }
  }
}

const types = {
  advance: 'AdvanceRollout',
  promote: 'PromoteRollout',
  'roll back': 'RollBackRollout',
} as const;

function commandOf(
  application: string,
  { rolloutId, stage, gate }: RolloutState,
  { kind, why }: Exclude<RolloutVerdict, { kind: 'wait' }>,
  evidence: RolloutEvidence,
): RolloutCommand {
  const measured = gate === null ? null : toJson('io.prorata.type.RolloutEvidence', evidence);
  return {
    type: types[kind],
    stream: `application:${application}`,
    data: { rolloutId, ...(kind === 'advance' ? { stage } : {}), evidence: measured },
    reason: why.slice(0, REASON_MAX),
  };
}
