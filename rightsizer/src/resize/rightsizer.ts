import type { CommandAnswer } from '@prorata/service-runtime';
import { BATCH_MAX } from '../commandBatches.ts';
import type { CommandDesk } from '../commandDesk.ts';
import type { Policy } from '../policy.ts';
import type { DemandStep } from '../rollups/rolledUsage.ts';
import type { Rollups } from '../rollups/rollups.ts';
import { MINUTE_MICROS } from '../rollups/rollupSql.ts';
import type { UsageReader, UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { FollowedView } from '../view/followView.ts';
import { demandBuckets } from './demandBuckets.ts';
import { historyMs } from './history.ts';
import { floorTo, recommend } from './recommend.ts';
import type { Resize, SkipReason } from './recommend.ts';
import { resizeCommand } from './resizeCommand.ts';
import { seriesOf } from './seriesOf.ts';
import type { Series } from './seriesOf.ts';

export interface RightsizerParts {
  readonly view: FollowedView;
  readonly reader: UsageReader;
  readonly rollups: Rollups;
  readonly freshness: TableFreshness;
  readonly desk: CommandDesk;
  readonly policy: Policy;
}

/** What became of one resource of one quota in an evaluation. */
export interface ResizeFinding {
  readonly quotaId: string;
  readonly resource: string;
  /** The reason of a skip, or what the gateway answered. */
  readonly result: SkipReason | 'POSTED' | 'REFUSED' | 'UNKNOWN' | 'PUT_OFF';
  readonly code: string | null;
  readonly value: bigint | null;
  readonly current: bigint | null;
}

export interface ResizeEvaluation {
  /** Microseconds. */
  readonly at: bigint;
  /** null: there is no table yet. */
  readonly tableVersion: number | null;
  /** Why nothing at all was looked at. */
  readonly putOff: 'VIEW_BEHIND' | 'TABLE_EMPTY' | null;
  readonly findings: readonly ResizeFinding[];
}

interface Candidate {
  readonly series: Series;
  readonly found: Resize;
}

/** Quotas whose history is read by one query: bounds the query's text and what is sorted at once. */
const QUOTAS_PER_QUERY = 100;

/** Looks at every quota's history, and posts the resizes that it calls for. */
export class Rightsizer {
  readonly #parts: RightsizerParts;
  /** By quota and resource: until when a refused change is not asked for again, microseconds. */
  readonly #rests = new Map<string, bigint>();

  constructor(parts: RightsizerParts) {
    this.#parts = parts;
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ResizeEvaluation> {
    const { freshness, reader, view, policy } = this.#parts;
    const nothing = { at: now, tableVersion: null, findings: [] };
    await freshness.look(now);
    const snapshot = await reader.newest();
    if (snapshot === null) return { ...nothing, putOff: 'TABLE_EMPTY' };
    if (!(await view.settle())) return { ...nothing, putOff: 'VIEW_BEHIND' };
    this.#endRests(now);
    const findings: ResizeFinding[] = [];
    const candidates: Candidate[] = [];
    for await (const { series, buckets } of histories(this.#parts, snapshot, now)) {
      const found = recommend({ ...series, buckets }, policy.rightsizer, now);
      if (found.kind === 'skip') findings.push(finding(series, found.skip, null, null));
      else if (this.#isResting(series, now)) {
        findings.push(finding(series, 'PUT_OFF', 'REFUSED_BEFORE', found.value));
      } else candidates.push({ series, found });
    }
    // Who is refused comes first; of these, the one that lacks most.
    candidates.sort(byUrgency);
    for (let at = 0; at < candidates.length; at += BATCH_MAX) {
      const posting = candidates
        .slice(at, at + BATCH_MAX)
        .map((candidate, place) => this.#post(snapshot.version, candidate, at + place, now));
      findings.push(...(await Promise.all(posting)));
    }
    return { at: now, tableVersion: snapshot.version, putOff: null, findings };
  }

  #isResting(series: Series, now: bigint): boolean {
    return (this.#rests.get(keyOf(series)) ?? 0n) > now;
  }

  /** Also of quotas that are no more. */
  #endRests(now: bigint): void {
    for (const [key, until] of this.#rests) {
      if (until <= now) this.#rests.delete(key);
    }
  }

  async #post(
    tableVersion: number,
    { series, found }: Candidate,
    index: number,
    now: bigint,
  ): Promise<ResizeFinding> {
    if (series.limit === null) throw new TypeError('unreachable: a resize has a limit');
    const { desk, policy } = this.#parts;
    if (index >= policy.rightsizer.changesMax) {
      return finding(series, 'PUT_OFF', 'CHANGES_MAX', found.value);
    }
    const terms = { policyName: policy.name, policyVersion: policy.version, tableVersion };
    const command = resizeCommand(series, series.limit, found, terms);
    const answer = await desk.post(keyOf(series), command);
    if (answer.status === 'refused') {
      this.#rests.set(keyOf(series), now + BigInt(policy.rightsizer.refusalRestMs) * 1_000n);
    }
    return finding(series, resultOf(answer), answer.code, found.value);
  }
}

async function* histories(
  { view, freshness, rollups, policy: { rightsizer: policy } }: RightsizerParts,
  snapshot: UsageSnapshot,
  now: bigint,
): AsyncGenerator<{ series: Series; buckets: ReturnType<typeof demandBuckets> }> {
  const stepMicros = BigInt(policy.stepMs) * 1_000n;
  const to = floorTo(now - BigInt(policy.settleMs) * 1_000n, stepMicros);
  const from = to - BigInt(historyMs(policy)) * 1_000n;
  const caughtUpAt = freshness.caughtUpAt(snapshot.positions);
  const newest = await snapshot.newestUsage(now - BigInt(policy.freshnessMs) * 1_000n);
  const all = view.view
    .applications()
    .flatMap((state) => seriesOf(view.view, state, earlier(caughtUpAt, newest.get(state.id))));
  const wanted = [...new Set(all.filter(({ bounds }) => bounds).map(({ quotaId }) => quotaId))];
  const bySeries = new Map(all.map((series) => [keyOf(series), series]));
  // Shorter steps than those that are rolled up are made from rows: nothing is rolled up for them.
  const isRolledUp = stepMicros % MINUTE_MICROS === 0n;
  const usage = isRolledUp
    ? await rollups.of(snapshot, now)
    : rollups.at(snapshot, snapshot.positions);
  for (let at = 0; at < wanted.length; at += QUOTAS_PER_QUERY) {
    const quotaIds = wanted.slice(at, at + QUOTAS_PER_QUERY);
    const { demandOf } = policy;
    const demand = usage.demand({ quotaIds, from, to, stepMicros, demandOf });
    for await (const steps of grouped(demand)) {
      const series = bySeries.get(keyOf(steps[0]));
      if (series === undefined) continue;
      bySeries.delete(keyOf(series));
      const { limit } = series;
      yield { series, buckets: limit === null ? [] : demandBuckets(steps, limit, stepMicros) };
    }
  }
  for (const series of bySeries.values()) yield { series, buckets: [] };
}

type Steps = readonly [DemandStep, ...DemandStep[]];

/** The steps of one quota and resource at a time; they come in that order. */
async function* grouped(pages: AsyncIterable<readonly DemandStep[]>): AsyncGenerator<Steps> {
  let group: [DemandStep, ...DemandStep[]] | null = null;
  for await (const steps of pages) {
    for (const step of steps) {
      if (group !== null && keyOf(group[0]) === keyOf(step)) {
        group.push(step);
        continue;
      }
      if (group !== null) yield group;
      group = [step];
    }
  }
  if (group !== null) yield group;
}

function resultOf({ status }: CommandAnswer): ResizeFinding['result'] {
  if (status === 'accepted') return 'POSTED';
  return status === 'refused' ? 'REFUSED' : 'UNKNOWN';
}

function finding(
  { quotaId, resource, limit }: Series,
  result: ResizeFinding['result'],
  code: string | null,
  value: bigint | null,
): ResizeFinding {
  return { quotaId, resource, result, code, value, current: limit?.amount ?? null };
}

function byUrgency(left: Candidate, right: Candidate): number {
  if (left.found.direction !== right.found.direction) {
    return left.found.direction === 'raise' ? -1 : 1;
  }
  const [a, b] = [keyOf(left.series), keyOf(right.series)];
  return relative(right) - relative(left) || (a < b ? -1 : 1);
}

/** An order, not a figure: a float is good enough. */
function relative({ series, found }: Candidate): number {
  const current = Number(series.limit?.amount ?? 1n) || 1;
  return Math.abs(Math.log(Number(found.value || 1n) / current));
}

function keyOf({
  quotaId,
  resource,
}: {
  readonly quotaId: string;
  readonly resource: string;
}): string {
  return `${quotaId} ${resource}`;
}

function earlier(left: bigint | null, right: bigint | undefined): bigint | null {
  if (left === null || right === undefined) return null;
  return left < right ? left : right;
}
