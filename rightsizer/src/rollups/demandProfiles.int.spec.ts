import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RowsTable } from '../../test/rowsTable.ts';
import type { TableRow } from '../../test/rowsTable.ts';
import { UsageDatabase } from '../table/usageDatabase.ts';
import { VALUES_AT_ONCE } from './demandProfiles.ts';
import type { DemandProfile, ProfilesAsked, ProfileSeries } from './rolledUsage.ts';
import { Rollups } from './rollups.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const STEP = 5n * MINUTE;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
const start = 20_000n * DAY;
const keeping = { minutesMs: 1e12, hoursMs: 1e12 };

let root: string;
let database: UsageDatabase;
let names = 0;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'profiles-'));
  database = await UsageDatabase.open(root);
});
afterEach(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

const newTable = (): RowsTable => new RowsTable(database, path.join(root, `table-${(names += 1)}`));
const newRollups = (): Promise<Rollups> =>
  Rollups.open({ directory: path.join(root, `rollups-${(names += 1)}`), database, keeping });

const use = (changes: Partial<TableRow> = {}): TableRow => ({
  ...{ source: 'usage.events', partition: 0, hostId: 'host-1', quotaId: 'llm/chat' },
  ...{ project: 'acme/search', zone: null, resource: 'tokens' },
  ...{ windowStart: start, windowEnd: start + 10n * SECOND },
  ...{ used: 10n, refused: 0n, queued: 0n, peak: 0n, trialRefused: 0n },
  ...changes,
});
const useAt = (after: bigint, changes: Partial<TableRow> = {}): TableRow =>
  use({ windowStart: start + after, windowEnd: start + after + MINUTE, ...changes });

const chat: ProfileSeries = {
  ...{ quotaId: 'llm/chat', resource: 'tokens' },
  ...{ demandOf: 'host', perMicros: SECOND },
};
const asked = (changes: Partial<ProfilesAsked> = {}): ProfilesAsked => ({
  ...{ series: [chat], from: start, to: start + 3n * HOUR },
  ...{ stepMicros: STEP, slotMicros: HOUR, steps: 24 },
  ...changes,
});

async function all(pages: AsyncIterable<readonly DemandProfile[]>): Promise<DemandProfile[]> {
  const found: DemandProfile[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

interface Amounts {
  demand: bigint;
  refused: bigint;
  queued: bigint;
  peak: bigint;
}
const nothing = (): Amounts => ({ demand: 0n, refused: 0n, queued: 0n, peak: 0n });
const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);

/** By minute, in plain sums: each host's slices of each window by cumulative floors, then all hosts. */
function minutesOf(rows: readonly TableRow[], series: ProfileSeries): Map<bigint, Amounts> {
  const hosts = new Map<string, Amounts>();
  for (const row of rows) {
    if (row.quotaId !== series.quotaId || row.resource !== series.resource) continue;
    const length = row.windowEnd - row.windowStart;
    for (let at = (row.windowStart / MINUTE) * MINUTE; at < row.windowEnd; at += MINUTE) {
      const begin = at > row.windowStart ? at - row.windowStart : 0n;
      const end = at + MINUTE < row.windowEnd ? at + MINUTE - row.windowStart : length;
      const part = (amount: bigint): bigint => (amount * end) / length - (amount * begin) / length;
      const key = `${at} ${row.hostId}`;
      const known = hosts.get(key) ?? nothing();
      known.demand += part(row.used) + part(row.refused);
      known.refused += part(row.refused);
      known.queued += part(row.queued);
      known.peak = larger(known.peak, row.peak);
      hosts.set(key, known);
    }
  }
  const minutes = new Map<bigint, Amounts>();
  const put = (left: bigint, right: bigint): bigint =>
    series.demandOf === 'fleet' ? left + right : larger(left, right);
  for (const [key, one] of hosts) {
    const minute = BigInt(key.split(' ')[0] ?? '');
    const known = minutes.get(minute) ?? nothing();
    for (const name of ['demand', 'refused', 'queued', 'peak'] as const) {
      known[name] = put(known[name], one[name]);
    }
    minutes.set(minute, known);
  }
  return minutes;
}

function stepsOf(minutes: ReadonlyMap<bigint, Amounts>): Map<bigint, Amounts> {
  const steps = new Map<bigint, Amounts>();
  for (const [minute, one] of minutes) {
    const at = (minute / STEP) * STEP;
    const known = steps.get(at) ?? nothing();
    known.demand += one.demand;
    known.refused += one.refused;
    known.queued += one.queued;
    known.peak = larger(known.peak, one.peak);
    steps.set(at, known);
  }
  return steps;
}

/** In the limit's unit, for rates of up to a step, and for what is there at once. */
function valueOf({ perMicros }: ProfileSeries, { demand, refused, peak }: Amounts): number {
  if (perMicros === null) return Number(peak + (refused < peak ? refused : peak));
  const perStep = Number(demand) * (Number(perMicros) / Number(STEP));
  return perMicros > SECOND
    ? perStep
    : Math.max(perStep, Number(peak) * (Number(perMicros) / Number(SECOND)));
}

function expected(
  rows: readonly TableRow[],
  series: ProfileSeries,
  { from, to, steps: count }: ProfilesAsked,
) {
  const steps = stepsOf(minutesOf(rows, series));
  const slots = new Float64Array(Number((to - from) / HOUR)).fill(Number.NaN);
  for (const [at, one] of steps) {
    const slot = Number((at - from) / HOUR);
    if (at < from || slot >= slots.length) continue;
    const known = slots[slot] ?? Number.NaN;
    slots[slot] = Math.max(Number.isNaN(known) ? 0 : known, valueOf(series, one));
  }
  const newest = Array.from({ length: count }, (_, index) =>
    steps.get(to - BigInt(count - index) * STEP),
  );
  return {
    slots: [...slots],
    steps: newest.map((one) => (one === undefined ? Number.NaN : valueOf(series, one))),
    pressed: newest.map((one) => {
      if (one === undefined) return Number.NaN;
      const amount = Number(one.refused + one.queued);
      const { perMicros } = series;
      return perMicros === null ? amount : amount * (Number(perMicros) / Number(STEP));
    }),
  };
}

/** Doubles of sums above 2^53 may be rounded once or twice. */
function expectNear(found: Float64Array, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((value, at) => {
    const is = found[at] ?? Number.POSITIVE_INFINITY;
    if (Number.isNaN(value)) expect(is).toBeNaN();
    else expect(Math.abs(is - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-12);
  });
}

const rowOf = fc
  .record({
    at: fc.integer({ min: 0, max: 30 * 3_600 }),
    seconds: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 91, max: 1_500 })),
    host: fc.integer({ min: 1, max: 3 }),
    zone: fc.constantFrom(null, 'a', 'b'),
    quotaId: fc.constantFrom('llm/chat', 'llm/code'),
    used: fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, 2n ** 60n)),
    refused: fc.bigInt(0n, 5n),
  })
  .map(({ at, seconds, host, ...row }) =>
    use({
      ...{ ...row, hostId: `host-${host}`, queued: row.refused * 2n, peak: row.used % 50n },
      windowStart: start + BigInt(at) * SECOND,
      windowEnd: start + BigInt(at + seconds) * SECOND,
    }),
  );

describe('profiles of demand', () => {
  it('say what the rows say, rolled up or not, for the busiest host and the fleet, for rates and what is there at once', async () => {
    const questions = [SECOND, 30n * SECOND, STEP, null].flatMap((perMicros) =>
      (['host', 'fleet'] as const).map((demandOf) =>
        ['llm/chat', 'llm/code', 'llm/none'].map((quotaId) => ({
          ...chat,
          quotaId,
          perMicros,
          demandOf,
        })),
      ),
    );
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowOf, { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 24, max: 31 * 12 }),
        async (rows, steps) => {
          const table = newTable();
          await table.add(rows.slice(0, 10));
          const to = start + BigInt(steps) * STEP;
          const rollups = await newRollups();
          await rollups.of(table.newest(), to);
          await table.add(rows.slice(10));
          const version = table.newest();
          const rolled = await rollups.of(version, to);
          const bare = (await newRollups()).at(version, version.positions);
          for (const series of questions) {
            const question = asked({ series, to });
            for (const usage of [rolled, bare]) {
              for (const found of await all(usage.profiles(question))) {
                const wanted = expected(rows, found.series, question);
                seen += wanted.slots.filter((value) => value > 0).length;
                expectNear(found.slots.values, wanted.slots);
                expectNear(found.steps.values, wanted.steps);
                expectNear(found.pressed, wanted.pressed);
                const known = [...wanted.slots, ...wanted.steps].filter((value) => value > 0);
                const top = Math.max(0, ...known);
                const highest = Number(found.highest);
                expect(highest).toBeGreaterThanOrEqual(top * (1 - 1e-12));
                expect(highest).toBeLessThanOrEqual(Math.max(top + 1, top * (1 + 1e-12)));
              }
            }
          }
        },
      ),
      { numRuns: 1 },
    );
    expect(seen).toBeGreaterThan(20);
  });

  it('of many kinds of limits in one question are those of each asked alone', async () => {
    const table = newTable();
    await table.add([
      useAt(0n, { refused: 3n, peak: 7n }),
      useAt(HOUR, { hostId: 'host-2', used: 600n, peak: 4n }),
      useAt(HOUR, { quotaId: 'llm/code', used: 120n }),
    ]);
    const usage = await (await newRollups()).of(table.newest(), start + 3n * HOUR);
    const series: ProfileSeries[] = [
      { ...chat, perMicros: null },
      { ...chat, quotaId: 'llm/code', demandOf: 'fleet', perMicros: 2n * HOUR },
      { ...chat, resource: 'requests' },
    ];
    const together = await all(usage.profiles(asked({ series })));
    const alone = await Promise.all(
      series.map((each) => all(usage.profiles(asked({ series: [each] })))),
    );
    const byName = (profiles: readonly DemandProfile[]) =>
      new Map(profiles.map((each) => [`${each.series.quotaId} ${each.series.resource}`, each]));
    expect(byName(together)).toEqual(byName(alone.flat()));
    expect(together.map(({ highest }) => highest).sort()).toEqual([0n, 10n, 120n]);
  });

  it('of a rate over several steps count what lies before within its reach, and not the highest step for all of it', async () => {
    const table = newTable();
    // One burst within an hour, and another that is a quarter of an hour later, in the next one.
    await table.add([useAt(50n * MINUTE, { used: 600n }), useAt(65n * MINUTE, { used: 300n })]);
    const usage = await (await newRollups()).of(table.newest(), start + 4n * HOUR);
    const [hourly] = await all(usage.profiles(asked({ series: [{ ...chat, perMicros: HOUR }] })));
    expect([...hourly!.slots.values]).toEqual([600, 900, Number.NaN]);
    const at = (minutes: number): number => hourly!.steps.values[24 - (180 - minutes) / 5] ?? -1;
    expect(at(65)).toBe(900);
    expect(hourly!.highest).toBe(900n);
    const [longer] = await all(
      usage.profiles(asked({ series: [{ ...chat, perMicros: 3n * HOUR }] })),
    );
    expect([...longer!.slots.values]).toEqual([600, 900, Number.NaN]);
  });

  it('end where what is known ends, whatever came since', async () => {
    const table = newTable();
    await table.add([useAt(HOUR, { used: 60n })]);
    const question = asked({ to: start + 2n * HOUR });
    const before = await all(
      (await (await newRollups()).of(table.newest(), start + 3n * HOUR)).profiles(question),
    );
    await table.add([useAt(2n * HOUR, { used: 9_000n }), useAt(30n * HOUR, { used: 9_000n })]);
    const after = await all(
      (await (await newRollups()).of(table.newest(), start + 4n * DAY)).profiles(question),
    );
    expect(after).toEqual(before);
    expect(after[0]?.highest).toBe(1n);
  });

  it('are made from rows where steps are shorter than what is rolled up', async () => {
    const table = newTable();
    const seconds = Array.from({ length: 40 }, (_, at) =>
      use({
        windowStart: start + BigInt(at) * SECOND,
        windowEnd: start + BigInt(at + 1) * SECOND,
        used: BigInt(at),
        refused: at === 39 ? 5n : 0n,
      }),
    );
    await table.add(seconds);
    const version = table.newest();
    const usage = (await newRollups()).at(version, version.positions);
    const question = asked({
      ...{ from: start, to: start + 40n * SECOND, steps: 20 },
      ...{ stepMicros: SECOND, slotMicros: 10n * SECOND },
    });
    const [found] = await all(usage.profiles(question));
    expect([...found!.slots.values]).toEqual([9, 19, 29, 44]);
    expect([...found!.steps.values]).toEqual([
      ...Array.from({ length: 19 }, (_, at) => 20 + at),
      44,
    ]);
    expect(found!.pressed.at(-1)).toBe(5);
    expect(found!.highest).toBe(44n);
  });

  it('of more limits than one query reads come in pages, and who stops early ends the reading', async () => {
    const table = newTable();
    await table.add([use()]);
    const usage = await (await newRollups()).of(table.newest(), start + 3n * HOUR);
    const steps = 3_000;
    const atOnce = Math.floor(VALUES_AT_ONCE / (steps + 1));
    const series = Array.from({ length: atOnce + 1 }, (_, at) => ({
      ...chat,
      quotaId: `llm/q${at}`,
    }));
    const question = asked({ series, from: start + 2n * HOUR, steps });
    const sizes: number[] = [];
    for await (const page of usage.profiles(question)) sizes.push(page.length);
    expect(sizes).toEqual([atOnce, 1]);
    for await (const page of usage.profiles(question)) {
      expect(page).toHaveLength(atOnce);
      break;
    }
  });
});
