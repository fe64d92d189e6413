import type { ResizePolicy } from '../../policy.ts';
import { lookbackSlots } from '../../recommend/classes.ts';
import type { WorkloadClass } from '../../recommend/recommendation.ts';
import { LIMIT_MAX } from '../../recommend/wholeUnits.ts';
import { isResizable } from '../../resize/findResize.ts';
import type { Resizable } from '../../resize/findResize.ts';
import type { Series } from '../../resize/seriesOf.ts';
import { BacktestFault } from '../backtestFault.ts';
import { CHANGE_COST, figuresOf } from '../figures.ts';
import type { Figures } from '../figures.ts';
import { SeriesTally } from '../seriesTally.ts';
import { limitsInForce } from './limitsInForce.ts';
import { replayResizes } from './replayResizes.ts';
import type { ResizeThen } from './replayResizes.ts';
import { isMeasured, readTableDemand } from './tableDemand.ts';
import type { LimitDemand } from './tableDemand.ts';
import { limitsBelow } from './usageHistory.ts';
import type { UsageHistory } from './usageHistory.ts';

export interface AskedWhatIf {
  readonly subtree: string;
  /** null: all. */
  readonly resource: string | null;
  /** null: what each quota says. */
  readonly workload: WorkloadClass | null;
  /** Microseconds; null: a week before `to`. */
  readonly from: bigint | null;
  /** null: the end of the latest usage. */
  readonly to: bigint | null;
}

export interface ChangeThen extends ResizeThen {
  readonly quotaId: string;
  readonly resource: string;
}

export type LeftAloneCode =
  /** Nothing was reported of it. */
  | 'NO_DATA'
  /** Evidence may not move it. */
  | 'PINNED'
  /** It has no limit of its own, is unlimited or blocked, or is consumed over a window. */
  | 'NOT_MEASURED';

export interface WhatIf {
  readonly policy: { readonly name: string; readonly version: number };
  readonly from: bigint;
  readonly to: bigint;
  /** In the order of time. */
  readonly changes: readonly ChangeThen[];
  readonly leftAlone: readonly {
    readonly quotaId: string;
    readonly resource: string;
    readonly code: LeftAloneCode;
  }[];
  /** How many limits were replayed. */
  readonly limits: number;
  readonly windows: number;
  /** Of these, windows without a report, or in which a cut, an override or no limit at all was in force. */
  readonly missing: number;
  readonly then: Figures;
  readonly inForce: Figures;
}

const WEEK_MICROS = 7n * 86_400_000_000n;
/** Each is a recommendation, some tenth of a millisecond. */
export const DECISIONS_MAX = 1_000_000;

/** Runs the policy over the past of a subtree. @throws BacktestFault */
export async function whatIf(history: UsageHistory, asked: AskedWhatIf): Promise<WhatIf> {
  const { view, usage, policy, newest } = history;
  const { rightsizer } = policy;
  const all = limitsBelow(history, asked.subtree).filter(
    ({ resource }) => asked.resource === null || resource === asked.resource,
  );
  const span = spanOf(asked, rightsizer, newest);
  const measured = all.filter(isMeasured);
  const wanted = measured.filter(({ isPinned }) => !isPinned);
  assertDecisions(wanted.length, span, rightsizer);
  const demands = await readTableDemand(usage, wanted, span);
  const replayed = demands.map(({ series, ...demand }) => {
    const resizable = resizableOf(series, asked.workload);
    const held = limitsInForce(view.disturbances, series.quotaId, resizable.limit);
    return {
      ...{ quotaId: series.quotaId, resource: series.resource },
      ...replayResizes(resizable, demand, held, rightsizer, span.judgedFrom),
    };
  });
  const then = SeriesTally.pooled(replayed.map((each) => each.then));
  const inForce = SeriesTally.pooled(replayed.map((each) => each.inForce));
  return {
    policy: { name: policy.name, version: policy.version },
    ...{ from: span.judgedFrom, to: span.to },
    changes: replayed
      .flatMap(({ quotaId, resource, changes }) =>
        changes.map((change) => ({ quotaId, resource, ...change })),
      )
      .sort((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0)),
    leftAlone: leftAlone(all, demands),
    limits: replayed.length,
    ...{ windows: then.windows, missing: then.missing },
    then: figuresOf(then, CHANGE_COST),
    inForce: figuresOf(inForce, CHANGE_COST),
  };
}

interface WhatIfSpan {
  readonly from: bigint;
  readonly judgedFrom: bigint;
  readonly to: bigint;
  readonly stepMicros: bigint;
  readonly slotMicros: bigint;
}

/** Judged from a whole step on; read from as far before it as a class looks back. */
function spanOf(asked: AskedWhatIf, policy: ResizePolicy, newest: bigint): WhatIfSpan {
  const [slotMicros, stepMicros] = [BigInt(policy.slotMs) * 1_000n, BigInt(policy.stepMs) * 1_000n];
  const to = floorTo(asked.to ?? newest, stepMicros);
  const judgedFrom = floorTo(asked.from ?? to - WEEK_MICROS, stepMicros);
  if (judgedFrom >= to) throw new BacktestFault('TOO_SHORT', 'there is no whole step in this time');
  const slots = Math.max(...Object.values(policy.sizing).map((terms) => lookbackSlots(terms)));
  const from = floorTo(judgedFrom, slotMicros) - BigInt(slots) * slotMicros;
  return { from, judgedFrom, to, stepMicros, slotMicros };
}

function assertDecisions(
  limits: number,
  { judgedFrom, to, stepMicros }: WhatIfSpan,
  { stepMs }: ResizePolicy,
): void {
  const decisions = limits * Number((to - judgedFrom) / stepMicros);
  if (decisions <= DECISIONS_MAX) return;
  throw new BacktestFault(
    'TOO_MANY_WINDOWS',
    `${limits} limits and steps of ${stepMs} ms are ${decisions} decisions; at most ${DECISIONS_MAX}: a shorter time, or a smaller subtree`,
  );
}

/** What is in its way today was not then; without bounds it is shown how far it would have gone. */
function resizableOf(series: Series, workload: WorkloadClass | null): Resizable {
  const bounds = series.bounds ?? { resource: series.resource, min: 0n, max: LIMIT_MAX };
  const open = { ...series, bounds };
  const classed = { ...open, workload: workload ?? open.workload };
  if (isResizable(classed)) return classed;
  throw new TypeError(`${series.quotaId} has no limit of ${series.resource} that is measured.`);
}

function leftAlone(all: readonly Series[], demands: readonly LimitDemand[]): WhatIf['leftAlone'] {
  const replayed = new Set(demands.map(({ series }) => series));
  return all
    .filter((series) => !replayed.has(series))
    .map((series) => ({
      ...{ quotaId: series.quotaId, resource: series.resource },
      code: !isMeasured(series) ? 'NOT_MEASURED' : series.isPinned ? 'PINNED' : 'NO_DATA',
    }));
}

const floorTo = (value: bigint, step: bigint): bigint => value - (((value % step) + step) % step);
