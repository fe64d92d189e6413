import { describe, expect, it } from 'vitest';
import { ruleChangeRow } from './ruleChangeRow.ts';

const SECOND = 1_000_000n;
const at = (seconds: bigint) =>
  ruleChangeRow('moka', {
    ...{ stream: 'application:moka', streamVersion: 1n, partition: 0, offset: seconds },
    decidedAt: 1_800_000_000n * SECOND + seconds * SECOND,
  });

describe('the place of a change of rules', () => {
  it('is shared with what changed within 5 seconds, and with what changed more than 10 minutes before', () => {
    const slots = [0n, 4n, 5n, 639n, 640n].map((seconds) => at(seconds)['slot']);
    expect(slots[1]).toBe(slots[0]);
    expect(slots[2]).not.toBe(slots[0]);
    expect(slots[3]).not.toBe(slots[0]);
    expect(slots[4]).toBe(slots[0]);
    expect(new Set(Array.from({ length: 2_000 }, (_, s) => at(BigInt(s))['slot'])).size).toBe(128);
  });
});
