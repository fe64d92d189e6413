import type { Actor } from '@prorata/schemas';
import { Codec, memoryIds } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOf, created } from '../../../test/drafts.ts';
import { alice, EventStamper, testStart } from '../../../test/eventStamper.ts';
import { wholeLog } from '../../../test/exported.ts';
import { MemorySource, rawRecords } from '../../../test/memorySource.ts';
import { ExportFilter } from './exportFilter.ts';
import type { ExportQuestion } from './exportFilter.ts';
import { exportLog } from './exportLog.ts';

const PARTITIONS = 2;
const codec = new Codec(memoryIds());
const bob: Actor = { kind: 'service', issuer: 'https://other', subject: 'bob' };
/** A subject that looks like another's. */
const odd: Actor = { kind: 'user', issuer: 'https://other', subject: 'service:bob' };

/** One command, as the oracle knows it. */
interface Told {
  readonly application: string;
  readonly quota: string;
  readonly actor: Actor;
  readonly becomes: 'event' | 'refusal' | 'timer';
  /** Seconds after the beginning. */
  readonly second: number;
}

const quotas = fc.constantFrom('a', 'a/b', 'a/b/c', 'ab', 'b');
const told: fc.Arbitrary<Told> = fc.record({
  application: fc.constantFrom('moka', 'llm', 'tidb'),
  quota: quotas,
  actor: fc.constantFrom(alice, bob, odd),
  becomes: fc.constantFrom('event', 'event', 'refusal', 'timer'),
  second: fc.integer({ min: 0, max: 20 }),
});
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 2 });
const time = fc
  .integer({ min: 0, max: 21 })
  .map((second) => testStart + BigInt(second) * 1_000_000n);
const question: fc.Arbitrary<ExportQuestion> = fc.record({
  what: orNull(fc.subarray(['events', 'refusals', 'outcomes'] as const, { minLength: 1 })),
  from: orNull(time),
  until: orNull(time),
  stream: orNull(fc.constantFrom('application:moka', 'application:nope')),
  quota: orNull(quotas.map((path) => `moka/${path}`)),
  within: orNull(
    fc.oneof(
      fc.constantFrom('moka', 'llm'),
      quotas.map((path) => `moka/${path}`),
    ),
  ),
  actor: orNull(fc.constantFrom('alice', 'user:alice', 'service:bob', 'service:alice')),
});

/** What each record of a command is, and at which place of the story. */
interface Expected extends Told {
  readonly kind: 'event' | 'refusal' | 'acceptance';
}

/** By the words of the reference, and not by the code: each filter for itself. */
function isWanted(asked: ExportQuestion, record: Expected): boolean {
  const id = `${record.application}/${record.quota}`;
  const { subject, kind } = record.actor;
  const at = testStart + BigInt(record.second) * 1_000_000n;
  const words: Readonly<Record<string, readonly string[]>> = {
    event: ['events'],
    refusal: ['refusals', 'outcomes'],
    acceptance: ['outcomes'],
  };
  return (
    (asked.what === null || asked.what.some((word) => words[record.kind]!.includes(word))) &&
    (asked.from === null || at >= asked.from) &&
    (asked.until === null || at < asked.until) &&
    (asked.stream === null || asked.stream === `application:${record.application}`) &&
    (asked.quota === null || (asked.quota === id && record.kind !== 'refusal')) &&
    (asked.within === null || isBelow(asked.within, record, id)) &&
    (asked.actor === null ||
      asked.actor === (asked.actor.includes(':') ? `${kind}:${subject}` : subject))
  );
}

/** A refusal of the stamper names no quota: it is in its application alone. */
function isBelow(within: string, { application, kind }: Expected, id: string): boolean {
  if (within === application) return true;
  return kind !== 'refusal' && `${id}/`.startsWith(`${within}/`);
}

/** The records of the story, by the offset that each has in its topic and partition. */
async function logOf(commands: readonly Told[]) {
  const stamper = new EventStamper(PARTITIONS);
  const stamped = commands.map(({ application, quota, actor, becomes, second }, number) => {
    const stream = `application:${application}`;
    const options = { actor, at: testStart + BigInt(second) * 1_000_000n, reason: `${number}` };
    if (becomes === 'refusal') return stamper.refuse(stream, 'QUOTA_UNKNOWN', options);
    const draft = created(`${application}/${quota}`, contentOf());
    return stamper.stamp(
      stream,
      [draft],
      becomes === 'timer' ? { ...options, timer: 't' } : options,
    );
  });
  const expected = commands.flatMap((command, at): (Expected & { readonly at: number })[] => [
    ...(command.becomes === 'timer'
      ? []
      : [
          {
            ...command,
            at,
            kind: command.becomes === 'refusal' ? 'refusal' : 'acceptance',
          } as const,
        ]),
    ...(command.becomes === 'refusal' ? [] : [{ ...command, at, kind: 'event' } as const]),
  ]);
  return { records: await rawRecords(stamped, codec), expected };
}

/** kind and time of what was exported: the reason of an event is its command's number. */
async function exportedOf(records: Awaited<ReturnType<typeof rawRecords>>, asked: ExportQuestion) {
  const filter = new ExportFilter(asked);
  const found: { kind: string; stream: string; quotaId: string | null; decidedAt: string }[] = [];
  await exportLog(new MemorySource(PARTITIONS, records), codec, filter, null, {
    add: ({ entry }) => {
      const { kind, stream, quotaId, decidedAt } = entry;
      found.push({ kind, stream, quotaId, decidedAt: decidedAt! });
      return Promise.resolve();
    },
  });
  return found;
}

const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();

describe('the filters of an export', () => {
  it('take what each of them says, however they are combined', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(told, { maxLength: 12 }), question, async (commands, asked) => {
        const { records, expected } = await logOf(commands);
        const wanted = expected
          .filter((record) => isWanted(asked, record))
          .map(({ kind, application, quota, second }) => ({
            kind,
            stream: `application:${application}`,
            quotaId: kind === 'refusal' ? null : `${application}/${quota}`,
            decidedAt: new Date(Number(testStart / 1_000n) + second * 1_000).toISOString(),
          }));
        expect(sorted(await exportedOf(records, asked))).toEqual(sorted(wanted));
      }),
      { numRuns: 150 },
    );
  });

  it('ask for all of the log when there are none, and else for a part', () => {
    expect(new ExportFilter(wholeLog).isWhole).toBe(true);
    for (const name of Object.keys(wholeLog)) {
      expect(new ExportFilter({ ...wholeLog, [name]: 'events' }).isWhole, name).toBe(false);
    }
  });
});
