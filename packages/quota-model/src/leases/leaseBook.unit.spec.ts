import { describe, expect, it } from 'vitest';
import { LeaseBook } from './leaseBook.ts';
import type { GrantedShare } from './leaseBook.ts';

const SECOND = 1_000_000n;
const START = 1_800_000_000n * SECOND;
const limit = {
  ...{ kind: 'consumable' as const, total: 10_000n },
  windowEnd: START + 30n * 86_400n * SECOND,
};

/** A start of a host that wants some of the window, is granted it, and crashes. */
function startAndCrash(book: LeaseBook, holder: string, now: bigint) {
  book.hear(
    {
      ...{ holder, hostId: holder, weight: 1, reportedAt: now, used: 10n, refused: 0n },
      ...{ intervalMicros: SECOND, held: 0n, windowEnd: limit.windowEnd, lease: null },
    },
    limit,
    now,
  );
  return book.grants(limit, now);
}

describe('the book of an amount of a long window', () => {
  it('keeps of hosts that are long gone what they may have used, and not the hosts', () => {
    const book = new LeaseBook();
    const granted: GrantedShare[] = [];
    let hosts = 0;
    for (let start = 0; start < 300; start += 1) {
      const now = START + BigInt(start) * 30n * SECOND;
      const round = startAndCrash(book, `start-${start}`, now);
      granted.push(...round.grants);
      hosts = Math.max(hosts, round.hosts);
    }
    expect(book.holders).toBeLessThan(6);
    expect(hosts).toBeLessThan(6);
    const most = new Map<string, bigint>();
    for (const { holder, share } of granted) {
      most.set(holder, share > (most.get(holder) ?? 0n) ? share : (most.get(holder) ?? 0n));
    }
    const sum = [...most.values()].reduce((all, each) => all + each, 0n);
    expect(sum).toBeLessThanOrEqual(limit.total);
    expect(sum).toBeGreaterThan((limit.total * 9n) / 10n);
  });

  it('knows a host again that said nothing for minutes, and counts it once', () => {
    const book = new LeaseBook();
    for (let round = 0; round < 50; round += 1) {
      startAndCrash(book, 'a', START + BigInt(round) * 300n * SECOND);
      book.grants(limit, START + BigInt(round) * 300n * SECOND + 200n * SECOND);
      expect(book.holders).toBe(0);
    }
    const last = startAndCrash(book, 'b', START + 50n * 300n * SECOND);
    const [grant] = last.grants;
    expect(last.hosts).toBe(1);
    expect(grant?.share ?? 0n).toBeGreaterThanOrEqual(150n);
    book.hear(
      {
        ...{ holder: 'c', hostId: 'c', weight: 1, reportedAt: START + 15_001n * SECOND },
        ...{ used: limit.total, refused: 0n, intervalMicros: SECOND, held: 0n },
        ...{ windowEnd: limit.windowEnd, lease: null },
      },
      limit,
      START + 15_001n * SECOND,
    );
    const all = book.grants(limit, START + 15_001n * SECOND).grants;
    expect(all.find(({ holder }) => holder === 'c')?.share).toBeGreaterThan(9_000n);
  });

  it('comes to the same sum by the leases in the log, and begins anew with the next window', () => {
    const book = new LeaseBook();
    const first = startAndCrash(book, 'a', START).grants[0];
    if (first === undefined) throw new Error('Nothing was granted.');
    const successor = new LeaseBook();
    successor.restore({ ...first, share: limit.total });
    const later = START + 3_600n * SECOND;
    expect(startAndCrash(successor, 'b', later).grants[0]?.share ?? 0n).toBe(0n);
    expect(successor.holders).toBe(1);
    expect(successor.takenUntil).toBe(limit.windowEnd);
    const next = { ...limit, windowEnd: limit.windowEnd + SECOND };
    expect(successor.grants(next, limit.windowEnd).hosts).toBe(1);
    expect(successor.takenUntil).toBe(0n);
  });
});
