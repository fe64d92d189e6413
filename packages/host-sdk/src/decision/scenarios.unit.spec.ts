import type { MatchCondition, ResourceLimit, Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { bench, permits, rate, requestTerms, rule, second } from '../../test/fixtures.ts';
import { explain } from './explanation.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, DEGRADE, DELAY, REFUSE } from './verdict.ts';

const where = (
  attribute: string,
  operator: MatchCondition['operator'],
  ...values: string[]
): MatchCondition => ({ attribute, operator, values });

const named = (resource: string, limit: ResourceLimit): ResourceLimit => ({ ...limit, resource });

function host(rules: readonly Rule[]) {
  const parts = bench();
  parts.table.isKnown = true;
  rules.forEach((each, index) =>
    parts.table.put({ ...each, eventOffset: BigInt(index) }, parts.clock.now),
  );
  const bind = (target: Record<string, string>) =>
    new BoundHandle(parts.limiter, parts.table, target);
  return { ...parts, bind };
}

describe('a database with callers and classes of queries', () => {
  const reads = (amount: bigint) => [named('row-reads', rate(amount))];
  const rules = [
    rule('db/reads', reads(10_000n)),
    rule('db/reads/others', reads(100n), {
      match: [where('caller', 'prefix', '')],
      requests: requestTerms({ eachOf: 'caller' }),
    }),
    rule('db/reads/reports', reads(1_000n), { match: [where('caller', 'equals', 'reports')] }),
    rule('db/reads/reports/scans', reads(200n), {
      match: [where('caller', 'equals', 'reports'), where('class', 'prefix', 'scan')],
      action: 'delay',
    }),
  ];

  it('limits a caller’s scans apart from its lookups, and each other caller alike', () => {
    const { bind, limiter } = host(rules);
    const scans = bind({ caller: 'reports', class: 'scan-orders' });
    const lookups = bind({ caller: 'reports', class: 'lookup' });
    expect(scans.take('row-reads', 200)).toBe(ALLOW);
    expect(scans.take('row-reads', 50)).toBe(DELAY);
    expect(limiter.last.retryAfterMicros).toBe(second / 4);
    // The scans count for the caller, too.
    expect(lookups.take('row-reads', 801)).toBe(REFUSE);
    expect(lookups.take('row-reads', 800)).toBe(ALLOW);
    expect(bind({ caller: 'web' }).take('row-reads', 100)).toBe(ALLOW);
    expect(bind({ caller: 'web' }).take('row-reads', 1)).toBe(REFUSE);
    expect(bind({ caller: 'batch' }).take('row-reads', 100)).toBe(ALLOW);
  });

  it('tells what a query would be held to, nearest first', () => {
    const { table, clock } = host(rules);
    const { quotaId, fitting, limits } = explain(
      table,
      { caller: 'reports', class: 'scan-x' },
      clock.now,
    );
    expect(quotaId).toBe('db/reads/reports/scans');
    expect(fitting.map((fits) => fits.quotaId)).toEqual([
      'db/reads/reports/scans',
      'db/reads/reports',
      'db/reads/others',
    ]);
    expect(limits.map((limit) => [limit.quotaId, limit.action])).toEqual([
      ['db/reads/reports/scans', 'delay'],
      ['db/reads/reports', 'refuse'],
      ['db/reads', 'refuse'],
    ]);
  });
});

describe('a key-value store whose cost is bytes', () => {
  it('charges each tenant what a read turned out to weigh, and the store all of it', () => {
    const bytes = (amount: bigint) => [named('bytes', rate(amount))];
    const { bind, limiter } = host([
      rule('kv/reads', bytes(10_000n)),
      rule('kv/reads/tenants', bytes(4_000n), {
        requests: requestTerms({ eachOf: 'tenant' }),
      }),
    ]);
    const reads = bind({ quota: 'kv/reads/tenants' });
    reads.reserve('bytes', 1_000, 'a').settle(3_500);
    expect(reads.takeFor('a', 'bytes', 501)).toBe(REFUSE);
    expect(limiter.last.quotaId).toBe('kv/reads/tenants');
    expect(reads.takeFor('b', 'bytes', 4_000)).toBe(ALLOW);
    expect(reads.takeFor('c', 'bytes', 4_000)).toBe(REFUSE);
    expect(limiter.last.quotaId).toBe('kv/reads');
    expect(reads.takeFor('c', 'bytes', 2_500)).toBe(ALLOW);
  });
});

describe('a service of language models with tokens and concurrency', () => {
  it('admits by both, settles the tokens, and degrades to a smaller model over the limit', () => {
    const { bind, limiter } = host([
      rule('llm/chat', [rate(1_000n), permits(2n)], {
        action: 'degrade',
        degradeTag: 'small-model',
        match: [where('model', 'equals', 'large')],
      }),
    ]);
    const chat = bind({ model: 'large' });
    expect(chat.acquire('requests')).toBe(ALLOW);
    const answer = chat.reserve('tokens', 800);
    expect(answer.verdict).toBe(ALLOW);
    expect(chat.acquire('requests')).toBe(ALLOW);
    expect(chat.take('tokens', 300)).toBe(DEGRADE);
    expect(limiter.last).toMatchObject({ tag: 'small-model', quotaId: 'llm/chat' });
    answer.settle(500);
    chat.release('requests');
    expect(chat.take('tokens', 300)).toBe(ALLOW);
    chat.release('requests');
    expect(limiter.counters.unmatchedReleases).toBe(0);
  });
});
