import { requestTerms } from '@prorata/quota-model/testing';
import type { LimitDemand, ResourceLimit, Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { rate } from '../../test/eventScript.ts';
import { ruleOf } from '../../test/ruleOf.ts';
import { LeaseDesk } from './leaseDesk.ts';

const SECOND = 1_000_000n;
const START = 1_800_000_000n * SECOND;
const QUOTA = 'moka/prod';

const blocked = (limit: ResourceLimit): ResourceLimit => ({ ...limit, bound: 'blocked' });
const rules = (limit: ResourceLimit): ReadonlyMap<string, Rule> => {
  const requests = requestTerms({ scope: 'fleet' });
  return new Map([[QUOTA, { ...ruleOf(QUOTA, 1n), limits: [limit], requests }]]);
};

function openDesk() {
  const desk = new LeaseDesk('moka');
  const says = (bootId: string, now: bigint, more: Partial<LimitDemand> = {}): boolean =>
    desk.hear(
      {
        ...{ hostId: bootId, bootId, application: 'moka', weight: 1, reportedAt: now },
        demands: [
          {
            ...{ quotaId: QUOTA, resource: 'tokens', used: 400n, refused: 0n, held: 0n },
            ...{ intervalMicros: SECOND, windowEnd: null, sequence: null, share: 0n, until: null },
            ...more,
          },
        ],
      },
      now,
    );
  const shares = (now: bigint): Record<string, number> =>
    Object.fromEntries(
      desk
        .round(now)
        .flatMap((change) =>
          change.kind === 'lease'
            ? [[change.lease.bootId, Number(change.lease.share / SECOND)]]
            : [],
        ),
    );
  return { desk, says, shares };
}

describe('the desk of leases', () => {
  it('counts what was granted before a suspension that is lifted while hosts may still act on it', () => {
    const { desk, says, shares } = openDesk();
    desk.follow(rules(rate(100n)), START);
    says('a', START);
    expect(shares(START)).toEqual({ a: 100 });
    desk.follow(rules(blocked(rate(100n))), START + 2n * SECOND);
    desk.follow(rules(rate(100n)), START + 4n * SECOND);
    says('b', START + 4n * SECOND);
    expect(shares(START + 4n * SECOND)).toMatchObject({ b: 0 });
    says('b', START + 22n * SECOND);
    expect(shares(START + 22n * SECOND)).toMatchObject({ b: 100 });
  });

  it('counts leases of a predecessor whose limit is shared again only later', () => {
    const first = openDesk();
    first.desk.follow(rules(rate(100n)), START);
    first.says('a', START);
    const changes = first.desk.round(START);
    const { desk, says, shares } = openDesk();
    for (const change of changes) if (change.kind === 'lease') desk.restore(change.lease);
    desk.follow(rules(blocked(rate(100n))), START + 2n * SECOND);
    desk.follow(rules(rate(100n)), START + 4n * SECOND);
    says('b', START + 4n * SECOND);
    expect(shares(START + 4n * SECOND)).toMatchObject({ b: 0 });
  });

  it('forgets a limit that is shared no more once its leases are over', () => {
    const { desk, says, shares } = openDesk();
    desk.follow(rules(rate(100n)), START);
    says('a', START);
    shares(START);
    desk.follow(new Map(), START + 1n * SECOND);
    expect(desk.holders).toBe(0);
    desk.follow(new Map(), START + 18n * SECOND);
    desk.follow(rules(rate(100n)), START + 19n * SECOND);
    expect(desk.holders).toBe(0);
  });

  it('takes no word of a lease for which no next number could be written, or that never ends', () => {
    const { desk, says, shares } = openDesk();
    desk.follow(rules(rate(100n)), START);
    const most = 2n ** 63n - 1n;
    expect(says('a', START, { sequence: most, share: most, until: most })).toBe(false);
    expect(says('b', START, { sequence: START, share: most, until: most })).toBe(true);
    says('c', START);
    expect(shares(START)).toMatchObject({ c: 0 });
    says('c', START + 18n * SECOND);
    const later = desk.round(START + 18n * SECOND);
    expect(later).toContainEqual(
      expect.objectContaining({ lease: expect.objectContaining({ bootId: 'c' }) as unknown }),
    );
    for (const change of later) {
      if (change.kind !== 'lease') continue;
      expect(change.lease.sequence).toBeLessThan(START + 3_600n * SECOND);
      if (change.lease.bootId === 'c') expect(change.lease.share).toBe(100n * SECOND);
    }
  });

  it('looks at a limit of which nothing was heard once a second, however often it is asked', () => {
    const { desk, says, shares } = openDesk();
    desk.follow(rules(rate(100n)), START);
    says('a', START);
    expect(shares(START)).toEqual({ a: 100 });
    const over = START + 17n * SECOND;
    expect(desk.round(over - 1n)).toEqual([]);
    expect(desk.round(over + SECOND / 2n)).toEqual([]);
    expect(desk.round(over + SECOND)).toMatchObject([{ kind: 'gone' }]);
  });
});
