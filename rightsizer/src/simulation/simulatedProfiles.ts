import type { DemandProfile, ProfilesAsked, ProfileSeries } from '../rollups/rolledUsage.ts';
import type { SimulatedRow } from './simulatedTable.ts';

const SECOND = 1_000_000n;

/**
 * What roll-ups would say of demand by the rows of a version, reckoned row by row. Hosts' windows are as long as
 * a step, and each quota is of one host.
 */
export function profilesFrom(
  rows: readonly SimulatedRow[],
  asked: ProfilesAsked,
): readonly DemandProfile[] {
  const byQuota = new Map<string, SimulatedRow[]>();
  for (const row of rows) {
    if (row.windowStart < asked.from || row.windowEnd > asked.to) continue;
    const list = byQuota.get(row.quotaId);
    if (list === undefined) byQuota.set(row.quotaId, [row]);
    else list.push(row);
  }
  return asked.series.map((series) => profileOf(series, byQuota.get(series.quotaId) ?? [], asked));
}

function profileOf(
  series: ProfileSeries,
  rows: readonly SimulatedRow[],
  { from, to, stepMicros, slotMicros, steps: newest }: ProfilesAsked,
): DemandProfile {
  const firstStep = to - BigInt(newest) * stepMicros;
  const slots = new Float64Array(Number((to - from) / slotMicros)).fill(NaN);
  const steps = new Float64Array(newest).fill(NaN);
  const pressed = new Float64Array(newest).fill(NaN);
  let highest = 0;
  const per = Number(series.perMicros ?? SECOND) / Number(stepMicros);
  for (const { windowStart, used, refused } of rows) {
    const wanted = Number(used + refused) * per;
    const slot = Number((windowStart - from) / slotMicros);
    if (slot < slots.length && !((slots[slot] ?? NaN) >= wanted)) slots[slot] = wanted;
    if (wanted > highest) highest = wanted;
    if (windowStart < firstStep) continue;
    const step = Number((windowStart - firstStep) / stepMicros);
    steps[step] = wanted;
    pressed[step] = Number(refused) * per;
  }
  return {
    series,
    slots: { from, stepMicros: slotMicros, values: slots },
    steps: { from: firstStep, stepMicros, values: steps },
    pressed,
    highest: BigInt(Math.ceil(highest)),
  };
}
