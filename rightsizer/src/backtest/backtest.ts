import type { DemandSeries } from './demandSeries.ts';
import { figuresOf } from './figures.ts';
import type { Figures } from './figures.ts';
import type { LimitProvider } from './limitProvider.ts';
import { replay } from './replay.ts';
import type { ReplayTerms } from './replay.ts';
import { SeriesTally } from './seriesTally.ts';

export interface BacktestTerms extends ReplayTerms {
  /** c in J. */
  readonly changeCost: number;
}

export interface Backtested {
  readonly policy: string;
  readonly kind: LimitProvider['kind'];
  /** Over the sums of all series and windows. */
  readonly pooled: Figures;
  /** In the order of the series. */
  readonly perSeries: readonly Figures[];
  readonly windows: number;
  /** Of these, windows without a report. */
  readonly missing: number;
}

/** One policy over all series, each longer than the warm-up. */
export function backtest(
  all: readonly DemandSeries[],
  provider: LimitProvider,
  terms: BacktestTerms,
): Backtested {
  const tallies = all.map((series) => replay(series, provider, terms).tally);
  const pool = SeriesTally.pooled(tallies);
  return {
    policy: provider.name,
    kind: provider.kind,
    pooled: figuresOf(pool, terms.changeCost),
    perSeries: tallies.map((tally) => figuresOf(tally, terms.changeCost)),
    windows: pool.windows,
    missing: pool.missing,
  };
}
