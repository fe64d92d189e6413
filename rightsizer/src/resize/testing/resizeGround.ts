import type { Policy } from '../../policy.ts';
import { productionPolicy } from '../../policy.ts';
import type { DemandProfile, ProfilesAsked, ProfileSeries } from '../../rollups/rolledUsage.ts';
import type { Rightsizer, RightsizerParts, WatchedTable } from '../rightsizer.ts';

export const HOUR = 3_600_000_000n;

/** What was wanted of one limit: the same in each slot, and another amount in the newest steps. */
export interface Wanted {
  readonly usual: number;
  readonly newest: number;
  /** In each of the newest steps. */
  readonly pressed: number;
}

export const calm = (usual: number): Wanted => ({ usual, newest: usual, pressed: 0 });
export const pressed = (usual: number, newest: number): Wanted => ({
  usual,
  newest,
  pressed: newest / 10,
});

/** A profile of demand without a table. */
export function profileOf(
  series: ProfileSeries,
  { from, to, slotMicros, stepMicros, steps }: Omit<ProfilesAsked, 'series'>,
  { usual, newest, pressed: held }: Wanted,
): DemandProfile {
  const even = (at: bigint, length: bigint, values: Float64Array) => ({
    ...{ from: at, stepMicros: length, values },
  });
  const slots = new Float64Array(Number((to - from) / slotMicros)).fill(usual);
  return {
    series,
    slots: even(from, slotMicros, slots),
    steps: even(to - BigInt(steps) * stepMicros, stepMicros, new Float64Array(steps).fill(newest)),
    pressed: new Float64Array(steps).fill(held),
    highest: Number.isNaN(usual) ? 0n : BigInt(Math.ceil(Math.max(usual, newest))),
  };
}

export const testPolicy: Policy = {
  ...productionPolicy,
  name: 'test',
  rightsizer: {
    ...productionPolicy.rightsizer,
    rehearsalMs: 3_600_000,
    raisedMaxBasisPoints: 100_000,
  },
};

/**
 * All that a rightsizer looks at but the log: a table that has just caught up, and the demand of each quota by its
 * id; of others nothing is known.
 */
export function usageOf(
  wanted: ReadonlyMap<string, Wanted>,
  now: () => bigint,
): Pick<RightsizerParts, 'reader' | 'rollups' | 'freshness'> {
  const profiles = async function* (asked: ProfilesAsked): AsyncGenerator<DemandProfile[]> {
    await Promise.resolve();
    yield asked.series.map((series) =>
      profileOf(series, asked, wanted.get(series.quotaId) ?? calm(Number.NaN)),
    );
  };
  const table = {
    version: 7,
    positions: new Map(),
    newestUsage: () => Promise.resolve(new Map([['llm', now()]])),
  } as unknown as WatchedTable;
  return {
    reader: { newest: () => Promise.resolve(table) },
    rollups: { of: () => Promise.resolve({ profiles }), at: () => ({ profiles }) },
    freshness: { look: () => Promise.resolve(), caughtUpAt: () => now() },
  };
}

/** What an evaluation found, by quota. */
export async function resultsOf(
  rightsizer: Rightsizer,
  now: bigint,
): Promise<Readonly<Record<string, string>>> {
  const { findings } = await rightsizer.evaluate(now);
  return Object.fromEntries(findings.map(({ quotaId, result }) => [quotaId, result]));
}
