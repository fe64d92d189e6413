import { setImmediate } from 'node:timers/promises';
import type { Dispatcher, TargetReport } from '@prorata/schemas';
import { HostNotAllowed, SecretMissing } from '@prorata/service-runtime';
import { PartitionSpent } from '../rules/partitionRelay.ts';
import { TargetChanged, TargetRefused } from './dispatcher.ts';
import type { DispatchedSet, Format, HeldLimit, Holding, Place } from './dispatcher.ts';
import type { DispatchClock } from './dispatchClock.ts';
import { loosenings, textSteps } from './textFor.ts';
import type { Turns } from './turns.ts';
import type { TargetText } from './textFor.ts';

export type TargetState = TargetReport['state'];

/** What a target is to hold, and the newest event that it accounts for. */
export interface Desired {
  readonly set: DispatchedSet;
  readonly offset: bigint;
}

export interface TargetKeeperParts {
  readonly application: string;
  readonly dispatcher: Dispatcher;
  readonly format: Format;
  readonly place: Place;
  /** The set by the events read so far; the same object while none has changed it. */
  readonly desired: () => Promise<Desired>;
  /**
   * Resolves when every event that the log holds by now is read: what an owner of yesterday does not know of
   * makes it wait, so that it never writes an old text over a newer one. @throws what the log throws
   */
  readonly caughtUp: (abort: AbortSignal) => Promise<void>;
  readonly clock: DispatchClock;
  readonly report: (report: TargetReport) => Promise<void>;
  /** Shared with other keepers: after a restore all of them look at their targets. */
  readonly turns: Turns;
  readonly logger: KeeperLogger;
  readonly settings: KeeperSettings;
}

export interface KeeperLogger {
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
}

export interface KeeperSettings {
  readonly pollMs: number;
  readonly onDrift: 'restore' | 'report';
}

/** Changes that come together are one text, milliseconds. */
const GATHER_MS = 200;
/**
 * And for so many times as long as the last text took to be made and compared: the thread that makes it also grants
 * leases and serves hosts, and a large application changes all the time.
 */
const GATHER_TIMES = 9;
/** But no longer, for a cut may be among them, milliseconds. */
const GATHER_MS_MAX = 10_000;
/** One look at a target, writing and confirming included, takes no longer, milliseconds. */
const ROUND_MS_MAX = 60_000;
/** Before a target that did not answer is asked again; twice that each time, milliseconds. */
const RETRY_MS_MIN = 1_000;
/** And at most, whatever the settings say of polling, milliseconds. */
const RETRY_MS_MAX = 60_000;
/** A report is sent so often though nothing changed, milliseconds. */
const HEARTBEAT_MS = 30_000;
/** Of a problem so much is told, characters. */
const PROBLEM_LENGTH_MAX = 2_000;

const LOG_AWAY = 'The log does not answer, and what may be old is not written.';

interface Standing {
  readonly state: TargetState;
  readonly problem: string | null;
}

/**
 * Keeps one target as the quotas say: looks, writes only where it differs, and looks again. It never writes an
 * empty set, a part of one, or a text that lets through more than is meant; whatever hinders it, the target keeps
 * what it has, and a report says so.
 */
export class TargetKeeper {
  readonly #parts: TargetKeeperParts;
  readonly #fields: Pick<TargetReport, 'application' | 'dispatcher' | 'kind' | 'target'>;
  /** Checksums that may be there because of this keeper; empty: it has not seen its own text there yet. */
  readonly #own = new Set<string>();
  #standing: Standing = { state: 'pending', problem: null };
  #sinceMs: number;
  #reportedAtMs = -Infinity;
  #reported = '';
  #offsets = { desired: -1n, delivered: -1n, applied: -1n };
  #checksum: string | null = null;
  /** Of what was desired last: a look without news renders nothing. */
  #rendered: { readonly desired: Desired; readonly text: TargetText } | null = null;
  /** What the last text took the thread, milliseconds. */
  #textMs = 0;
  /** The checksum of a change by somebody else that was told already. */
  #toldDrift: string | null = null;
  #retries = 0;
  #wake: (() => void) | null = null;
  #isWoken = false;

  constructor(parts: TargetKeeperParts) {
    this.#parts = parts;
    const { application, dispatcher } = parts;
    const { name, kind, target } = dispatcher;
    this.#fields = { application, dispatcher: name, kind, target };
    this.#sinceMs = parts.clock.nowMs();
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Something changed: the next look comes at once. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Resolves when aborted, once what is under way has ended; never rejects. */
  async run(abort: AbortSignal): Promise<void> {
    const { clock, place } = this.#parts;
    while (!isOver(abort)) {
      this.#isWoken = false;
      const standing = await this.#look(abort);
      if (isOver(abort)) break;
      await this.#settle(standing);
      await this.#pause(this.#waitMs(standing), abort);
      if (this.#wasWoken()) await clock.pause(this.#gatherMs(), abort);
    }
    await place.close?.().catch(() => undefined);
  }

  /** One look, as `run` takes it again and again. */
  async round(abort: AbortSignal): Promise<Standing> {
    const standing = await this.#look(abort);
    await this.#settle(standing);
    return standing;
  }

  #look(abort: AbortSignal): Promise<Standing> {
    return this.#parts.turns.run(() => this.#lookNow(abort));
  }

  async #lookNow(abort: AbortSignal): Promise<Standing> {
    if (isOver(abort)) return this.#standing;
    const signal = AbortSignal.any([abort, AbortSignal.timeout(ROUND_MS_MAX)]);
    try {
      return await this.#bring(signal);
    } catch (error) {
      // The partition is about to be somebody else's, who will say how its targets are.
      if (error instanceof PartitionSpent) return this.#standing;
      if (error instanceof TargetChanged) return { state: 'pending', problem: error.message };
      if (!isRefusal(error)) return { state: 'unreachable', problem: whyUnreachable(error) };
      return { state: 'refused', problem: error.message };
    }
  }

  /** @param isCaughtUp whether the log was read to its end in this look already */
  async #bring(signal: AbortSignal, isCaughtUp = false): Promise<Standing> {
    const { place } = this.#parts;
    const desired = await this.#parts.desired();
    this.#offsets.desired = desired.offset;
    const text = await this.#textFor(desired);
    if (text.kind === 'refused') return refusedFor(text.reasons);
    const holding = await place.read(signal);
    if (holding.checksum === text.checksum) return this.#confirm(text, desired.offset, signal);
    const isNews = text.checksum !== this.#checksum;
    const drift = this.#driftOf(holding);
    if (drift !== null && !isNews && !this.#mayRestore(holding)) return drift;
    const loosened = this.#loosened(desired.set, text.held, holding);
    if (loosened.length > 0) return refusedFor(loosened);
    if (drift !== null && isNews) await this.#settle(drift);
    if (!isCaughtUp) {
      const isThere = await this.#parts.caughtUp(signal).then(
        () => true,
        () => false,
      );
      if (!isThere) return { state: 'pending', problem: LOG_AWAY };
      if ((await this.#parts.desired()) !== desired) return this.#bring(signal, true);
    }
    return this.#write(text, desired.offset, holding, signal);
  }

  async #textFor(desired: Desired): Promise<TargetText> {
    if (this.#rendered?.desired === desired) return this.#rendered.text;
    this.#textMs = 0;
    const text = await this.#textOf(desired.set).catch((error: unknown): TargetText => ({
      kind: 'refused',
      reasons: [this.#failed(error)],
    }));
    this.#rendered = { desired, text };
    return text;
  }

  /** Heartbeats and leases have their turn between its steps. */
  async #textOf(set: DispatchedSet): Promise<TargetText> {
    const steps = textSteps(this.#parts.format, set);
    for (;;) {
      const step = this.#timed(() => steps.next());
      if (step.done === true) return step.value;
      await setImmediate();
    }
  }

  #loosened(set: DispatchedSet, held: readonly HeldLimit[], { text }: Holding): readonly string[] {
    try {
      return this.#timed(() => loosenings(this.#parts.format, set, held, text));
    } catch (error) {
      return [this.#failed(error)];
    }
  }

  #timed<T>(work: () => T): T {
    const startedMs = this.#parts.clock.nowMs();
    try {
      return work();
    } finally {
      this.#textMs += this.#parts.clock.nowMs() - startedMs;
    }
  }

  /** A format that fails is no target that is away: it is told as a refusal, and the log has the fault. */
  #failed(error: unknown): string {
    this.#parts.logger.warn({ err: error, ...this.#fields }, 'A format failed.');
    return `The format failed: ${error instanceof Error ? error.message : 'no error'}`;
  }

  #gatherMs(): number {
    return Math.min(Math.max(GATHER_MS, GATHER_TIMES * this.#textMs), GATHER_MS_MAX);
  }

  async #write(
    text: TargetText & { readonly kind: 'text' },
    offset: bigint,
    former: Holding,
    signal: AbortSignal,
  ): Promise<Standing> {
    const { place, logger } = this.#parts;
    // Whatever becomes of it, what is found there later may be this.
    this.#own.add(text.checksum);
    if (former.checksum !== null) this.#own.add(former.checksum);
    await place.write(text.text, former, signal);
    this.#checksum = text.checksum;
    this.#offsets.delivered = offset;
    logger.info({ ...this.#fields, checksum: text.checksum }, 'A target was written.');
    const now = await place.read(signal);
    if (now.checksum === text.checksum) return this.#confirm(text, offset, signal);
    return { state: 'pending', problem: 'What was written is not there yet when it is read back.' };
  }

  async #confirm(
    text: TargetText & { readonly kind: 'text' },
    offset: bigint,
    signal: AbortSignal,
  ): Promise<Standing> {
    this.#checksum = text.checksum;
    this.#offsets.delivered = offset;
    this.#own.clear();
    this.#own.add(text.checksum);
    this.#toldDrift = null;
    const waiting = (await this.#parts.place.confirm?.(text.text, signal)) ?? null;
    if (waiting !== null) return { state: 'pending', problem: waiting };
    this.#offsets.applied = offset;
    return { state: 'applied', problem: text.notes.length === 0 ? null : text.notes.join('\n') };
  }

  /** null: what is there is this keeper's, or nobody can know whose it is. */
  #driftOf({ checksum }: Holding): Standing | null {
    if (this.#own.size === 0 || (checksum !== null && this.#own.has(checksum))) return null;
    const found = checksum === null ? 'nothing' : `a text of SHA-256 ${checksum}`;
    return { state: 'drifted', problem: `Somebody else changed it: it holds ${found}.` };
  }

  /** It is told for one look at least, so that an alarm has it; then it is written again where it may be. */
  #mayRestore({ checksum }: Holding): boolean {
    const isTold = this.#toldDrift === (checksum ?? '');
    this.#toldDrift = checksum ?? '';
    return isTold && this.#parts.settings.onDrift === 'restore';
  }

  async #settle(standing: Standing): Promise<void> {
    const { clock, logger } = this.#parts;
    const nowMs = clock.nowMs();
    if (standing.state !== this.#standing.state) {
      this.#sinceMs = nowMs;
      const context = { ...this.#fields, ...standing };
      if (standing.state === 'applied') logger.info(context, 'A target is as it should be.');
      else logger.warn(context, 'A target is not as it should be.');
    }
    this.#standing = standing;
    const failed = standing.state === 'unreachable' || standing.state === 'pending';
    this.#retries = failed ? this.#retries + 1 : 0;
    await this.#report(nowMs);
  }

  async #report(nowMs: number): Promise<void> {
    const report = this.#reportAt(nowMs);
    const text = JSON.stringify({ ...report, reportedAt: null }, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    if (text === this.#reported && nowMs - this.#reportedAtMs < HEARTBEAT_MS) return;
    try {
      await this.#parts.report(report);
      this.#reported = text;
      this.#reportedAtMs = nowMs;
    } catch (error) {
      this.#parts.logger.warn({ err: error, ...this.#fields }, 'A target could not be reported.');
    }
  }

  #reportAt(nowMs: number): TargetReport {
    const { state, problem } = this.#standing;
    const { desired, delivered, applied } = this.#offsets;
    return {
      ...this.#fields,
      state,
      desiredOffset: desired,
      deliveredOffset: delivered,
      appliedOffset: applied,
      checksum: this.#checksum,
      problem: problem === null ? null : problem.slice(0, PROBLEM_LENGTH_MAX),
      since: micros(this.#sinceMs),
      reportedAt: micros(nowMs),
    };
  }

  #waitMs({ state }: Standing): number {
    const { pollMs } = this.#parts.settings;
    if (state !== 'unreachable' && state !== 'pending') return Math.min(pollMs, HEARTBEAT_MS);
    return Math.min(RETRY_MS_MIN * 2 ** Math.min(this.#retries - 1, 10), RETRY_MS_MAX, pollMs);
  }

  /** A function, since the compiler does not see what another call may have set meanwhile. */
  #wasWoken(): boolean {
    return this.#isWoken;
  }

  /** Until the time is over, or something changes, or it ends. */
  async #pause(ms: number, abort: AbortSignal): Promise<void> {
    if (this.#isWoken) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#parts.clock.pause(ms, AbortSignal.any([abort, woken.signal]));
    this.#wake = null;
  }
}

const micros = (ms: number): bigint => BigInt(Math.floor(ms * 1_000));
const isOver = (abort: AbortSignal): boolean => abort.aborted;

const refusedFor = (reasons: readonly string[]): Standing => ({
  state: 'refused',
  problem: reasons.join('\n'),
});

function isRefusal(error: unknown): error is Error {
  return (
    error instanceof TargetRefused ||
    error instanceof HostNotAllowed ||
    error instanceof SecretMissing
  );
}

/** Without what a connection's error may carry of addresses and credentials. */
function whyUnreachable(error: unknown): string {
  if (error instanceof Error && error.name === 'TargetUnreachable') return error.message;
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'It did not answer in time.';
  return `It cannot be reached${typeof code === 'string' ? ` (${code})` : ''}.`;
}
