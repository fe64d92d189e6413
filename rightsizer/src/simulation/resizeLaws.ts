import {
  boundsInForce,
  declaredBy,
  declaredLimit,
  isPinned,
  pathOf,
  workloadOf,
} from '@prorata/quota-model';
import type { QuotaState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { isRightsized, sizingOf } from '../resize/sizingOf.ts';
import { LogView } from '../view/logView.ts';
import { wordsOf } from './loopProcess.ts';
import { resizePolicy } from './resizeProcess.ts';
import { STEP, untouched } from './resizeWorld.ts';
import type { ResizeWorld } from './resizeWorld.ts';
import { DAY } from './simulatedWorld.ts';

type EventOf<Type extends EventMessage['type']> = Extract<EventMessage, { type: Type }>['value'];

type Evidence = EventOf<'QuotaResized'>['evidence'];

const micros = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000n;
/** By then what nobody touches has come to rest: warm, lowered step by step, and looked at for a fortnight. */
const REST_AFTER = 18n * DAY;
const allowed: ReadonlySet<string> = new Set(['ResizeQuota', 'RecordRehearsal']);

/** What must hold of every resize, told from the log alone, and from what the table had at the time. */
export class ResizeLaws {
  readonly faults: string[] = [];
  /** How often each kind of event came. */
  readonly seen = new Map<string, number>();
  readonly #world: ResizeWorld;
  readonly #said: ReadonlyMap<string, bigint>;
  /** As it was before the event that is looked at. */
  readonly #view = new LogView();
  readonly #from: bigint;
  readonly #made = new Set<string>();
  readonly #rehearsed = new Map<string, bigint>();
  #next = 0;

  constructor(world: ResizeWorld, said: ReadonlyMap<string, bigint>) {
    this.#world = world;
    this.#said = said;
    this.#from = world.now;
  }

  /** Looks at what has been appended since. */
  check(): void {
    const { events, commandOf } = this.#world.log;
    for (; this.#next < events.length; this.#next += 1) {
      const event = events[this.#next];
      if (event === undefined) continue;
      this.seen.set(event.type, (this.seen.get(event.type) ?? 0) + 1);
      const command = commandOf.get(event);
      if (command !== undefined) {
        this.#law(allowed.has(command.type), `the rightsizer posts ${command.type}`);
        const at = this.#said.get(wordsOf(command));
        if (at !== undefined) this.#look(event, at);
      }
      this.#view.fold(event);
    }
  }

  #look(event: EventMessage, at: bigint): void {
    if (event.type === 'RightsizingRehearsed') {
      const { envelope } = event.value;
      if (!this.#rehearsed.has(envelope.stream)) {
        this.#rehearsed.set(envelope.stream, envelope.decidedAt);
      }
    }
    if (event.type === 'QuotaResized') this.#resized(event.value, at);
    if (event.type === 'ChangeProposed') this.#proposed(event.value, at);
  }

  #proposed({ envelope, limits, evidence }: EventOf<'ChangeProposed'>, at: bigint): void {
    const [limit] = limits;
    if (limit === undefined || evidence === null) return;
    this.#changes({ envelope, limit, evidence, proposalId: null }, at);
  }

  #resized(resized: EventOf<'QuotaResized'>, at: bigint): void {
    this.#changes(resized, at);
  }

  #changes({ envelope, limit, evidence }: EventOf<'QuotaResized'>, at: bigint): void {
    const quotaId = envelope.quotaId ?? '';
    const state = this.#view.application(quotaId.split('/', 1)[0] ?? '');
    const quota = state?.quotas.get(quotaId);
    if (state === null || quota === undefined) return;
    const name = `${quotaId} to ${limit.amount}`;
    const key = `${quotaId} ${evidence.inputsHash}`;
    this.#law(!this.#made.has(key), `${name} is decided twice of one finding`);
    this.#made.add(key);
    const bounds = boundsInForce(state.registration, quota.content, 'tokens');
    const isWithin = bounds !== null && limit.amount >= bounds.min && limit.amount <= bounds.max;
    this.#law(isWithin, `${name} beyond its bounds`);
    this.#law(!isPinned(state, quotaId, 'tokens'), `${name} though it is pinned`);
    const path = pathOf(state, quotaId);
    this.#law(
      path.every(({ haircuts }) => haircuts.size === 0),
      `${name} under a cut`,
    );
    this.#law(
      path.every((node) => node.override === null),
      `${name} under an override`,
    );
    const rehearsedAt = this.#rehearsed.get(envelope.stream);
    const { rehearsalMs } = resizePolicy.rightsizer;
    const isRehearsed = rehearsedAt !== undefined && at - rehearsedAt >= micros(rehearsalMs);
    this.#law(isRehearsed, `${name} before its dry run`);
    this.#stepped(quota, limit.amount, evidence, at, name);
    this.#explained(quotaId, evidence, at, name);
    const isOld = at - this.#from > REST_AFTER;
    this.#law(!(isOld && untouched.has(quotaId)), `${name} after it should have come to rest`);
  }

  #stepped(quota: QuotaState, value: bigint, evidence: Evidence, at: bigint, name: string): void {
    const held = declaredLimit(quota, 'tokens');
    const state = this.#view.application(quota.quotaId.split('/', 1)[0] ?? '');
    if (held === null || state === null || !isRightsized(held.kind)) return;
    const policy = resizePolicy.rightsizer;
    const workload = workloadOf(state, quota.quotaId, 'tokens') ?? policy.classes[held.kind];
    const sizing = sizingOf(workload, held.kind, policy);
    const bounds = boundsInForce(state.registration, quota.content, 'tokens');
    const before = Number(held.amount);
    if (value > held.amount) {
      const agreed = this.#agreed(quota.quotaId, evidence) * sizing.shortageMargin + 1;
      const step = before * sizing.raiseFactor + 1;
      const most = Math.max(step, agreed, Number(bounds?.min ?? 0n));
      this.#law(Number(value) <= most, `${name} from ${before} in one step`);
      const sane = Math.ceil(
        this.#highest(quota.quotaId, this.#world.table.rows.length) * sizing.sanityFactor,
      );
      const least = Math.max(sane + 1, Number(bounds?.min ?? 0n));
      this.#law(Number(value) <= least, `${name} beyond all that was ever wanted`);
      return;
    }
    const least = Math.floor(before * sizing.lowerFactor);
    this.#law(Number(value) >= least, `${name} from ${before} in one step`);
    const layer = quota.rightsized.get('tokens');
    const changedAt = layer?.provenance.at ?? declaredBy(quota, 'tokens').at;
    const dwell = BigInt(sizing.dwellSlots) * micros(policy.slotMs);
    this.#law(at - changedAt >= dwell, `${name} soon after the last change`);
  }

  /** Of what the table had when it was said first, and of nothing later. */
  #explained(quotaId: string, evidence: Evidence, at: bigint, name: string): void {
    const { table } = this.#world;
    const version = Number(/usage table version (\d+)/.exec(evidence.source)?.[1] ?? 0);
    const known = table.versions[version - 1];
    this.#law(known !== undefined && known.at <= at, `${name} rests on a table that was not there`);
    this.#law(evidence.windowEnd <= at, `${name} knows the future`);
    const rows = known?.rows ?? 0;
    const highest = this.#highest(quotaId, rows, evidence);
    const said = Number(evidence.figures['highest'] ?? 0);
    this.#law(said <= Math.ceil(highest), `${name} saw ${said}, the table had ${highest}`);
    const oldest = at - micros(resizePolicy.rightsizer.freshnessMs);
    const late = table.rows.findIndex((row, index) => index >= rows && row.loggedAt <= oldest);
    this.#law(late < 0, `${name} on a table that has not read what came long ago`);
  }

  /** What two of the newest three hours have wanted, by what the table had. */
  #agreed(quotaId: string, { source, windowEnd }: Evidence): number {
    const { table } = this.#world;
    const version = Number(/usage table version (\d+)/.exec(source)?.[1] ?? 0);
    const newest = table
      .rowsOf(version)
      .filter((row) => row.quotaId === quotaId && row.windowEnd <= windowEnd)
      .filter((row) => row.windowStart >= windowEnd - 3n * STEP)
      .map((row) => Number(row.used + row.refused) / 3_600);
    return newest.sort((a, b) => b - a)[1] ?? 0;
  }

  /** The most that was wanted in an hour, of the first rows of the topic. */
  #highest(
    quotaId: string,
    rows: number,
    window: { readonly windowStart: bigint; readonly windowEnd: bigint } | null = null,
  ): number {
    let value = 0;
    for (let index = 0; index < rows; index += 1) {
      const row = this.#world.table.rows[index];
      if (row?.quotaId !== quotaId) continue;
      if (
        window !== null &&
        (row.windowStart < window.windowStart || row.windowEnd > window.windowEnd)
      )
        continue;
      value = Math.max(value, Number(row.used + row.refused) / 3_600);
    }
    return value;
  }

  #law(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(`${this.#world.now}: ${fault}`);
  }
}
