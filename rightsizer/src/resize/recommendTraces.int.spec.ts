import { existsSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import type { DemandBucket } from './history.ts';
import { recommend } from './recommend.ts';

const repository = path.join(import.meta.dirname, '../../..');
const directory = process.env['PRORATA_TRACES'] ?? path.join(repository, '../shared/traces');
const trace = path.join(directory, 'nab.parquet');

/** The series' own step: five minutes. */
const stepMs = 300_000;
const policy = { ...productionPolicy.rightsizer, stepMs };
/** Decisions an hour apart: the limits hardly change faster. */
const DECIDE_EVERY = 12;
const DAY_STEPS = 288;
const WARM_UP = 7 * DAY_STEPS;

async function seriesOf(group: string): Promise<bigint[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(`
    SELECT list(round(value * 1000)::BIGINT ORDER BY timestamp) AS demand
    FROM read_parquet('${trace.replaceAll("'", "''")}')
    WHERE "group" = '${group}' GROUP BY series ORDER BY series`);
  const found = result.getRowObjects().map((row) => (row['demand'] as { items: bigint[] }).items);
  connection.closeSync();
  instance.closeSync();
  return found;
}

interface Figures {
  readonly slack: number;
  readonly violations: number;
  readonly unserved: number;
  readonly changesPerDay: number;
}

/** The policy decides on what was wanted up to then; the limit it sets meets what comes next. */
function replay(demand: readonly bigint[]): Figures {
  const most = demand.reduce((left, right) => (left > right ? left : right), 0n);
  const limit: ResourceLimit = {
    resource: 'tokens',
    kind: 'rate',
    bound: 'amount',
    amount: most > 0n ? most : 1n,
    perMicros: 1_000_000n,
    burst: null,
    guaranteed: null,
    window: null,
    zone: null,
  };
  const micros = BigInt(stepMs) * 1_000n;
  const buckets: DemandBucket[] = [];
  let [amount, changedAt, changes] = [limit.amount, 0n, 0];
  let [slack, given, unserved, wanted, violations, steps] = [0, 0, 0, 0, 0, 0];
  for (const [index, each] of demand.entries()) {
    const over = each > amount ? each - amount : 0n;
    buckets.push({
      start: BigInt(index) * micros,
      demand: each,
      peak: 0n,
      refused: over,
      queued: 0n,
    });
    if (buckets.length > 2 * WARM_UP + 12) buckets.shift();
    if (index >= WARM_UP) {
      steps += 1;
      violations += over > 0n ? 1 : 0;
      unserved += Number(over);
      wanted += Number(each);
      given += Number(amount);
      slack += Number(amount - each + over);
    }
    if (over === 0n && index % DECIDE_EVERY !== 0) continue;
    const now = BigInt(index + 1) * micros + 60_000_000n;
    const found = recommend(
      {
        quotaId: 'trace/one',
        quotaVersion: 1n,
        resource: 'tokens',
        limit: { ...limit, amount },
        bounds: { resource: 'tokens', min: 1n, max: 4n * limit.amount },
        isUnderHaircut: false,
        isOverridden: false,
        isProposed: false,
        boundBy: null,
        disturbedUntil: null,
        changedAt,
        declinedAt: null,
        freshAt: now,
        buckets,
      },
      policy,
      now,
    );
    if (found.kind === 'skip') continue;
    [amount, changedAt] = [found.value, now];
    changes += index >= WARM_UP ? 1 : 0;
  }
  return {
    slack: slack / given,
    violations: violations / steps,
    unserved: wanted === 0 ? 0 : unserved / wanted,
    changesPerDay: (changes * DAY_STEPS) / steps,
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

describe('recommend on measured usage (NAB tweets)', () => {
  it('refuses little, changes seldom, and gives back what a peak does not need', async ({
    skip,
  }) => {
    if (!existsSync(trace)) skip(`There is no ${trace}: PRORATA_TRACES says where it is.`);
    const all = (await seriesOf('realTweets')).map(replay);
    expect(all.length).toBeGreaterThan(0);
    const mean = (pick: (figures: Figures) => number): number =>
      all.reduce((sum, figures) => sum + pick(figures), 0) / all.length;
    const figures = {
      slack: mean(({ slack }) => slack),
      violations: mean(({ violations }) => violations),
      unserved: mean(({ unserved }) => unserved),
      changesPerDay: mean(({ changesPerDay }) => changesPerDay),
    };
    process.stdout.write(
      `NAB tweets, ${all.length} series: slack ${percent(figures.slack)}, steps over ${percent(figures.violations)}, ` +
        `unserved ${percent(figures.unserved)}, ${figures.changesPerDay.toFixed(2)} changes a day\n`,
    );
    expect(figures.violations).toBeLessThan(0.005);
    expect(figures.unserved).toBeLessThan(0.05);
    expect(figures.changesPerDay).toBeLessThan(1);
  }, 60_000);
});
