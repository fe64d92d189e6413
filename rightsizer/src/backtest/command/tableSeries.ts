import { lookbackSlots } from '../../recommend/classes.ts';
import type { DemandSeries } from '../demandSeries.ts';
import { isMeasured, nameOf, readTableDemand } from '../whatIf/tableDemand.ts';
import { limitsBelow, withUsageHistory } from '../whatIf/usageHistory.ts';

export interface AskedSeries {
  readonly subtree: string | null;
  readonly resource: string | null;
  /** Microseconds; null: as long as a class looks back, and a week. */
  readonly from: bigint | null;
  readonly to: bigint | null;
}

const WEEK_MICROS = 7n * 86_400_000_000n;
const HOUR_MICROS = 3_600_000_000n;

/** What was wanted of each measured limit, from the usage table, from its first report to its last. @throws BacktestFault */
export function readTableSeries(
  asked: AskedSeries,
  stepMicros: bigint,
): Promise<readonly DemandSeries[]> {
  return withUsageHistory(null, async (history) => {
    const limits = limitsBelow(history, asked.subtree).filter(
      (series) =>
        isMeasured(series) && (asked.resource === null || series.resource === asked.resource),
    );
    // Slots are read beside the steps and not used: the step itself where it does not divide an hour.
    const slotMicros = HOUR_MICROS % stepMicros === 0n ? HOUR_MICROS : stepMicros;
    const { sizing, slotMs } = history.policy.rightsizer;
    const slots = Math.max(...Object.values(sizing).map((terms) => lookbackSlots(terms)));
    const to = floorTo(asked.to ?? history.newest, stepMicros);
    const before = BigInt(slots) * BigInt(slotMs) * 1_000n + WEEK_MICROS;
    const from = floorTo(asked.from ?? to - before, slotMicros);
    const found = await readTableDemand(history.usage, limits, {
      from,
      to,
      stepMicros,
      slotMicros,
    });
    return found.map(({ series, steps }) => trimmed({ name: nameOf(series), ...steps }));
  });
}

/** Before its first report, and after its last, a limit may not have been there. */
function trimmed(series: DemandSeries): DemandSeries {
  const { from, stepMicros, values } = series;
  const first = values.findIndex((value) => !Number.isNaN(value));
  const last = values.findLastIndex((value) => !Number.isNaN(value));
  const reported = values.subarray(Math.max(0, first), last + 1);
  return { ...series, from: from + BigInt(Math.max(0, first)) * stepMicros, values: reported };
}

const floorTo = (value: bigint, step: bigint): bigint => value - (((value % step) + step) % step);
