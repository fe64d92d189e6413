import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LATE_HOURS, SeenIds, WORD_IDS } from './seenIds.ts';
import type { IdOfUsage, SeenVerdict } from './seenIds.ts';

const HOUR = 3_600_000_000n;
const id = (sequence: bigint, changes: Partial<IdOfUsage> = {}): IdOfUsage => ({
  application: 'llm',
  hostId: 'host-1',
  bootId: 'boot-1',
  sequence,
  windowStart: 0n,
  ...changes,
});

interface Sent {
  readonly id: IdOfUsage;
  readonly loggedAt: bigint;
}

const nameOf = ({ application, hostId, bootId, sequence }: IdOfUsage): string =>
  [application, hostId, bootId, sequence].join(' ');

/** The definition, without any economy: every row that counts is looked at. */
class EveryRow {
  readonly rows: Sent[] = [];

  verdict({ id: asked, loggedAt }: Sent): 'new' | 'seen' {
    const newest = this.rows.reduce((most, row) => max(most, row.loggedAt / HOUR), 0n);
    const oldest = max(newest, loggedAt / HOUR) - BigInt(LATE_HOURS);
    // A row that was already too old when it came is not remembered, and neither is it after a restore.
    const seen = this.rows.some(
      (row) => nameOf(row.id) === nameOf(asked) && row.loggedAt / HOUR >= oldest,
    );
    return seen ? 'seen' : 'new';
  }
}

const max = (left: bigint, right: bigint): bigint => (left > right ? left : right);

/** As a takeover does it, from the rows of the table. */
function restored(rows: readonly Sent[], chunksMax?: number): SeenIds {
  const seen = new SeenIds(chunksMax);
  for (const { id: one, loggedAt } of rows) {
    seen.restore({
      ...one,
      sequence: one.sequence - (one.sequence % BigInt(WORD_IDS)),
      hour: Number(loggedAt / HOUR),
      bits: 1 << Number(one.sequence % BigInt(WORD_IDS)),
      windowFirst: one.windowStart,
      windowLast: one.windowStart,
    });
  }
  return seen;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  id: fc.record({
    application: fc.constantFrom('llm', 'moka'),
    hostId: fc.constantFrom('host-1', 'host-2'),
    bootId: fc.constantFrom('a', 'b'),
    sequence: fc.oneof(
      fc.bigInt({ min: 0n, max: 6n }),
      fc.bigInt({ min: 510n, max: 514n }),
      fc.constantFrom(2n ** 40n, 2n ** 40n + 3n, 2n ** 63n - 1n),
    ),
    windowStart: fc.constant(7n),
  }),
  loggedAt: fc.bigInt({ min: 400_000n * HOUR, max: 400_060n * HOUR }),
});

describe('the ids that were seen', () => {
  it('tells a record that is sent again from a new one, and from another under its id', () => {
    const seen = new SeenIds();
    seen.add(id(7n, { windowStart: 50n }), HOUR);
    expect(seen.verdict(id(7n, { windowStart: 50n }), 2n * HOUR)).toBe('duplicate');
    expect(seen.verdict(id(7n, { windowStart: 51n }), 2n * HOUR)).toBe('reused');
    const others = [{ sequence: 8n }, { sequence: 519n }, { sequence: 7n + 2n ** 40n }];
    const names = [
      { application: 'moka' },
      { hostId: 'host-2' },
      { bootId: 'boot-2' },
      { bootId: 'b'.repeat(200) },
    ];
    for (const other of [...others, ...names]) {
      expect(seen.verdict({ ...id(7n), ...other }, 2n * HOUR)).toBe('new');
    }
  });

  it('forgets after a whole day of log time, and not a moment before', () => {
    const seen = new SeenIds();
    seen.add(id(1n), 10n * HOUR + 1n);
    expect(seen.verdict(id(1n), 35n * HOUR - 1n)).toBe('duplicate');
    expect(seen.verdict(id(1n), 35n * HOUR)).toBe('new');
    // Another host's row moves the time on for all.
    seen.add(id(1n, { hostId: 'host-2' }), 35n * HOUR);
    expect(seen.verdict(id(1n), 34n * HOUR)).toBe('new');
    expect(seen.chunks).toBe(1);
  });

  it('says as every row would, restored at any place or never', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 60 }), fc.nat(60), (log, crash) => {
        const every = new EveryRow();
        let seen = new SeenIds();
        for (const [index, record] of log.entries()) {
          if (index === crash) seen = restored(every.rows);
          const verdict: SeenVerdict = seen.verdict(record.id, record.loggedAt);
          expect(verdict === 'new' ? 'new' : 'seen').toBe(every.verdict(record));
          if (verdict !== 'new') continue;
          seen.add(record.id, record.loggedAt);
          every.rows.push(record);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('remembers fewer hours where there is no room, the same ones after a restore', () => {
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (log, room) => {
          const rows: Sent[] = [];
          const seen = new SeenIds(room);
          for (const record of log) {
            if (seen.verdict(record.id, record.loggedAt) !== 'new') continue;
            seen.add(record.id, record.loggedAt);
            rows.push(record);
            expect(seen.chunks).toBeLessThanOrEqual(room);
          }
          const again = restored(rows, room);
          expect([again.hours, again.chunks]).toEqual([seen.hours, seen.chunks]);
          for (const { id: one, loggedAt } of log) {
            expect(again.verdict(one, loggedAt)).toBe(seen.verdict(one, loggedAt));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says so when it remembers fewer hours', () => {
    const seen = new SeenIds(3);
    for (const hour of [1n, 2n, 3n]) seen.add(id(512n * hour), hour * HOUR);
    expect(seen.hours).toBe(LATE_HOURS);
    seen.add(id(9_999n), 3n * HOUR);
    expect(seen.hours).toBe(1);
    expect(seen.verdict(id(512n), 3n * HOUR)).toBe('new');
    expect(seen.verdict(id(1024n), 3n * HOUR)).toBe('duplicate');
  });

  it('takes about two bits an id where a host counts on without gaps', () => {
    const seen = new SeenIds();
    for (let sequence = 0n; sequence < 100_000n; sequence += 1n) seen.add(id(sequence), HOUR);
    expect(seen.chunks).toBe(Math.ceil(100_000 / 512));
  });
});
