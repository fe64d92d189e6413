import { Codec, memoryIds } from '@prorata/schemas';
import type { Message, UsageRecorded } from '@prorata/schemas';
import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { judgeRecord, objectionToQuota } from './judgeRecord.ts';
import type { QuarantineReason } from './judgeRecord.ts';

const codec = new Codec(memoryIds());
const loggedMs = 1_700_000_000_000;
const logged = BigInt(loggedMs) * 1_000n;
const tokens = {
  resource: 'tokens',
  used: 10n,
  refused: 1n,
  queued: 0n,
  peak: 4n,
  trialRefused: 0n,
};
const usage: UsageRecorded = {
  hostId: 'host-1',
  bootId: '0b6c2f6e-3f6f-4a55-9a53-1d1f3bfb8e11',
  sequence: 7n,
  application: 'llm',
  quotaId: 'llm/chat',
  project: 'acme/search',
  zone: null,
  windowStart: logged - 10_000_000n,
  windowEnd: logged,
  resources: [tokens],
};
const record = (value: Buffer | null): LogRecord => ({
  topic: 'usage.events',
  partition: 2,
  offset: 41n,
  timestampMs: loggedMs,
  key: Buffer.from('llm/chat'),
  value,
  headers: new Map(),
});
const judge = async (changes: Partial<UsageRecorded>) => {
  const message: Message = { type: 'UsageRecorded', value: { ...usage, ...changes } };
  return judgeRecord(codec, record(await codec.encode('usage.events', message)));
};

describe('judgeRecord', () => {
  it('takes a record as it is, with the time of the log', async () => {
    const other = { ...tokens, resource: 'requests', used: 3n };
    expect(await judge({ resources: [other, tokens] })).toEqual({
      kind: 'usage',
      loggedAt: logged,
      usage: { ...usage, resources: [other, tokens] },
    });
  });

  const absurd: readonly [QuarantineReason, Partial<UsageRecorded>][] = [
    ['AMOUNT_NEGATIVE', { resources: [{ ...tokens, used: -1n }] }],
    ['AMOUNT_NEGATIVE', { resources: [{ ...tokens, peak: -1n }] }],
    ['AMOUNT_ABSURD', { resources: [{ ...tokens, refused: 2n ** 60n + 1n }] }],
    ['RESOURCE_REPEATED', { resources: [tokens, tokens] }],
    [
      'RESOURCES_TOO_MANY',
      { resources: Array.from({ length: 65 }, (_, n) => ({ ...tokens, resource: `r${n}` })) },
    ],
    ['ID_MALFORMED', { resources: [{ ...tokens, resource: '' }] }],
    ['WINDOW_EMPTY', { windowStart: logged }],
    ['WINDOW_EMPTY', { windowStart: logged + 1n }],
    ['WINDOW_TOO_LONG', { windowStart: logged - 86_400_000_001n }],
    ['WINDOW_IN_FUTURE', { windowEnd: logged + 600_000_001n }],
    [
      'WINDOW_TOO_OLD',
      {
        windowStart: logged - 35n * 86_400_000_000n - 1n,
        windowEnd: logged - 35n * 86_400_000_000n,
      },
    ],
    ['WINDOW_BEFORE_TIME', { windowStart: -1n, windowEnd: 1n }],
    ['APPLICATION_MISMATCH', { application: 'tidb' }],
    ['ID_MALFORMED', { quotaId: 'LLM//chat' }],
    ['ID_MALFORMED', { hostId: '' }],
    ['ID_MALFORMED', { hostId: 'host\n1' }],
    ['KEY_MISMATCH', { quotaId: 'llm/other' }],
    ['ID_MALFORMED', { sequence: -1n }],
    ['ID_MALFORMED', { project: 'acme' }],
    ['ID_MALFORMED', { bootId: 'b'.repeat(513) }],
  ];
  it.each(absurd)('puts %s aside', async (reason, changes) => {
    expect(await judge(changes)).toMatchObject({
      kind: 'quarantine',
      row: { reason, offset: 41n, timestampMs: loggedMs },
    });
  });

  it('puts bytes aside that are no record, and keeps their beginning', async () => {
    const bytes = Buffer.alloc(10_000, 7);
    expect(await judgeRecord(codec, record(bytes))).toMatchObject({
      kind: 'quarantine',
      row: { reason: 'UNREADABLE', valueBytes: 10_000, value: bytes.subarray(0, 4_096) },
    });
    expect(await judgeRecord(codec, record(null))).toMatchObject({ row: { reason: 'UNREADABLE' } });
  });

  it('puts a torn record aside', async () => {
    const whole = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    for (const length of [4, 6, whole.length - 1]) {
      const judged = await judgeRecord(codec, record(whole.subarray(0, length)));
      expect(judged).toMatchObject({ row: { reason: 'UNREADABLE' } });
    }
  });

  it('judges by the time of the log, whatever this process believes it is', async () => {
    const ago = { windowStart: logged - 20n, windowEnd: logged - 10n };
    expect(await judge(ago)).toMatchObject({ kind: 'usage' });
  });

  it('does not take a registry that is away for a bad record', async () => {
    const away = new Codec({
      idOf: () => Promise.reject(new Error('away')),
      schemaOf: () => Promise.reject(new Error('away')),
    });
    const bytes = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    await expect(judgeRecord(away, record(bytes))).rejects.toThrow('away');
  });

  it('takes nothing for a quota that was not there by then, and no payer who never was', () => {
    const known = {
      has: (quotaId: string, at: bigint) => quotaId === 'llm/chat' && at >= logged,
      wasPaidBy: (_quotaId: string, project: string) => project === 'acme/search',
    };
    const object = (changes: Partial<UsageRecorded>, at = logged) =>
      objectionToQuota({ ...usage, ...changes }, at, known)?.[0] ?? null;
    expect(object({})).toBeNull();
    expect(object({ project: null })).toBeNull();
    expect(object({ quotaId: 'llm/none' })).toBe('QUOTA_UNKNOWN');
    // Ten minutes: so far may the clocks of the broker and of the writer be apart.
    expect(object({}, logged - 600_000_000n)).toBeNull();
    expect(object({}, logged - 600_000_001n)).toBe('QUOTA_UNKNOWN');
    expect(object({ project: 'acme/stranger' })).toBe('PROJECT_MISMATCH');
  });
});
