import fc from 'fast-check';
import { content, registered, sessions, stampEvent, tokens } from '@prorata/quota-model/testing';
import { evolve } from '@prorata/quota-model';
import type { ApplicationState, StreamState } from '@prorata/quota-model';
import { describe, expect, it } from 'vitest';
import type { Resizable } from './findResize.ts';
import { committedOf, withinRails } from './rails.ts';
import type { Candidate } from './rails.ts';

const SECOND = 1_000_000n;
const open = { changesMax: 1_000, applicationChangesMax: 1_000, raisedMaxBasisPoints: 1_000_000 };

const candidate = (quotaId: string, from: bigint, to: bigint, perMicros = SECOND): Candidate => ({
  series: {
    quotaId,
    resource: 'tokens',
    limit: tokens(from, { perMicros }),
    bounds: { resource: 'tokens', min: 1n, max: 10n ** 12n },
  } as unknown as Resizable,
  found: {
    direction: to > from ? 'raise' : 'lower',
    value: to,
    reasons: ['SHORT'],
    inputsHash: '',
    windowStart: 0n,
    windowEnd: 0n,
    figures: { reasons: 'SHORT' },
  },
});

const namesOf = (changes: readonly Candidate[]): readonly string[] =>
  changes.map(({ series }) => series.quotaId);

describe('the rails of an evaluation', () => {
  it('let raises go first, and of these the one that lacks most', () => {
    const changes = [
      candidate('llm/low', 100n, 20n),
      candidate('llm/some', 100n, 120n),
      candidate('llm/most', 10n, 20n),
    ];
    const { posted } = withinRails(changes, new Map([['llm tokens', 1_000n]]), open);
    expect(namesOf(posted)).toEqual(['llm/most', 'llm/some', 'llm/low']);
  });

  it('bound the changes of the fleet, and of each application', () => {
    const changes = ['llm/a', 'llm/b', 'llm/c', 'moka/a', 'moka/b', 'tidb/a'].map((quotaId) =>
      candidate(quotaId, 100n, 50n),
    );
    const rails = { ...open, changesMax: 4, applicationChangesMax: 2 };
    const { posted, putOff } = withinRails(changes, new Map(), rails);
    expect(namesOf(posted)).toEqual(['llm/a', 'llm/b', 'moka/a', 'moka/b']);
    expect(putOff.map(({ series, code }) => [series.quotaId, code])).toEqual([
      ['llm/c', 'APPLICATION_CHANGES_MAX'],
      ['tidb/a', 'CHANGES_MAX'],
    ]);
  });

  it('cut the last raise short where an application has added as much as it may, and say so', () => {
    const changes = [
      candidate('llm/a', 100n, 200n),
      // 60 a minute are one a second.
      candidate('llm/b', 6_000n, 9_000n, 60n * SECOND),
      candidate('llm/c', 100n, 110n),
      candidate('llm/d', 100n, 10n),
    ];
    const rails = { ...open, raisedMaxBasisPoints: 4_000 };
    const committed = new Map([['llm tokens', 300n]]);
    const { posted, putOff } = withinRails(changes, committed, rails);
    expect(posted.map(({ series, found }) => [series.quotaId, found.value])).toEqual([
      ['llm/a', 200n],
      ['llm/b', 7_200n],
      ['llm/d', 10n],
    ]);
    expect(posted[1]?.found).toMatchObject({
      reasons: ['SHORT', 'LIMITED_BY_COMMITTED'],
      figures: { reasons: 'SHORT LIMITED_BY_COMMITTED' },
    });
    expect(putOff.map(({ code }) => code)).toEqual(['RAISED_MAX']);
  });

  it('are never passed, whatever is called for, and hold back nothing that they have room for', () => {
    const anyChange = fc.record({
      application: fc.constantFrom('llm', 'moka'),
      from: fc.bigInt(1n, 1_000n),
      to: fc.bigInt(1n, 2_000n),
      per: fc.constantFrom(SECOND, 7n * SECOND, 60n * SECOND),
    });
    const anyRails = fc.record({
      changesMax: fc.integer({ min: 1, max: 8 }),
      applicationChangesMax: fc.integer({ min: 1, max: 8 }),
      raisedMaxBasisPoints: fc.integer({ min: 1, max: 20_000 }),
    });
    let cutShort = 0;
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 12 }), anyRails, (drawn, rails) => {
        const changes = drawn
          .filter(({ from, to }) => from !== to)
          .map(({ application, from, to, per }, at) =>
            candidate(`${application}/q${at}`, from, to, per),
          );
        const committed = new Map([
          ['llm tokens', 500n],
          ['moka tokens', 3n],
        ]);
        const { posted, putOff } = withinRails(changes, committed, rails);
        expect(posted.length + putOff.length).toBe(changes.length);
        expect(posted.length).toBeLessThanOrEqual(rails.changesMax);
        for (const [key, sum] of committed) {
          const of = posted.filter(({ series }) => key.startsWith(series.quotaId.split('/')[0]!));
          expect(of.length).toBeLessThanOrEqual(rails.applicationChangesMax);
          const added = of
            .filter(({ found }) => found.direction === 'raise')
            .map(({ series, found }) => {
              const { amount, perMicros } = series.limit;
              expect(found.value).toBeGreaterThan(amount);
              return (Number(found.value - amount) * 1e6) / Number(perMicros);
            });
          const most = Math.ceil((Number(sum) * rails.raisedMaxBasisPoints) / 10_000);
          expect(added.reduce((all, each) => all + each, 0)).toBeLessThanOrEqual(most + 1e-6);
        }
        cutShort += posted.filter(({ found }) =>
          found.reasons.includes('LIMITED_BY_COMMITTED'),
        ).length;
        if (putOff.some(({ code }) => code === 'CHANGES_MAX')) {
          expect(posted).toHaveLength(rails.changesMax);
        }
      }),
      { numRuns: 300 },
    );
    expect(cutShort).toBeGreaterThan(20);
  });
});

describe('what an application has committed', () => {
  it('is the sum of its top-most numbers, of rates a second', () => {
    let state: StreamState | null = null;
    const facts = [
      { ...registered, quotaId: null, quotaVersion: null },
      ...Object.entries({
        'moka/a': [tokens(50n), sessions(7n)],
        'moka/a/x': [tokens(20n)],
        'moka/b': [tokens(0n, { bound: 'unlimited' })],
        'moka/b/y': [tokens(600n, { perMicros: 60n * SECOND })],
      }).map(([quotaId, limits]) => ({
        type: 'QuotaCreated' as const,
        data: { content: content(limits) },
        ...{ quotaId, quotaVersion: 1n },
      })),
    ];
    for (const [at, fact] of facts.entries()) {
      const event = stampEvent(fact, { stream: 'application:moka', streamVersion: BigInt(at + 1) });
      state = evolve(state, event);
    }
    expect(Object.fromEntries(committedOf(state as ApplicationState))).toEqual({
      'moka tokens': 60n,
      'moka sessions': 7n,
    });
  });
});
