import { partitionOf } from '@prorata/kafka-port';
import type { LogRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { Message } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { SignatureCheck } from '../signature/verifySignature.ts';
import { commandOf, outcomeOf } from '../testing/outcomes.ts';
import { readCommand } from './readCommand.ts';
import type { ReadCommand } from './readCommand.ts';
import { RECENT_MICROS } from './recentCommands.ts';

const codec = new Codec(memoryIds());
const home = partitionOf('application:moka', 4);
const now = 2n * RECENT_MICROS;

async function recordOf(
  message: Message | null,
  topic = 'quota.commands',
  changes: Partial<LogRecord> = {},
): Promise<LogRecord> {
  return {
    topic,
    partition: home,
    offset: 5n,
    timestampMs: 0,
    key: Buffer.from('application:moka'),
    value: message === null ? Buffer.from('garbage') : await codec.encode(topic, message),
    headers: new Map(),
    ...changes,
  };
}

function read(
  record: LogRecord,
  check: SignatureCheck = { ok: true, signedAt: now },
): Promise<ReadCommand> {
  const checkSignature = (): Promise<SignatureCheck> => Promise.resolve(check);
  return readCommand(record, { codec, partitions: 4, checkSignature, now: () => now });
}

describe('a record of quota.commands', () => {
  it('that is signed, fresh and at home is a command', async () => {
    const command = commandOf();
    expect(await read(await recordOf(command))).toMatchObject({ kind: 'command', command });
  });

  it('that is no Avro, or no command, is unreadable', async () => {
    expect(await read(await recordOf(null))).toMatchObject({ kind: 'unreadable' });
    const outcome = await codec.encode('quota.outcomes', {
      type: 'CommandOutcome',
      value: outcomeOf(),
    });
    const record = await recordOf(null, 'quota.commands', { value: outcome });
    expect(await read(record)).toMatchObject({ kind: 'unreadable' });
  });

  it('that nobody vouches for tells nothing about its sender', async () => {
    const check = { ok: false, code: 'COMMAND_UNSIGNED', message: 'x' } as const;
    expect(await read(await recordOf(commandOf()), check)).toMatchObject({
      kind: 'refused',
      code: 'COMMAND_UNSIGNED',
      command: null,
    });
  });

  it.each<[string, bigint, string | null]>([
    ['as old as ids are remembered', now - RECENT_MICROS, null],
    ['older than ids are remembered', now - RECENT_MICROS - 1n, 'COMMAND_TOO_OLD'],
    ['a little ahead', now + 300_000_000n, null],
    ['far ahead', now + 300_000_001n, 'COMMAND_SIGNATURE_INVALID'],
  ])('signed at a time %s', async (_what, signedAt, code) => {
    const found = await read(await recordOf(commandOf()), { ok: true, signedAt });
    expect(found.kind === 'refused' ? found.code : null).toBe(code);
  });

  it('in the partition of another stream, or under another key, is refused', async () => {
    const elsewhere = await recordOf(commandOf(), 'quota.commands', { partition: (home + 1) % 4 });
    const rekeyed = await recordOf(commandOf(), 'quota.commands', { key: Buffer.from('x') });
    expect(await read(elsewhere)).toMatchObject({ code: 'COMMAND_MISROUTED' });
    expect(await read(rekeyed)).toMatchObject({ code: 'COMMAND_MISROUTED' });
  });

  it('says nothing yet while the registry does not answer', async () => {
    const record = await recordOf(commandOf());
    const reading = {
      partitions: 4,
      now: () => now,
      checkSignature: () => Promise.reject(new Error()),
    };
    const down = { decode: () => Promise.reject(new Error('registry down')) };
    await expect(readCommand(record, { ...reading, codec: down })).rejects.toThrow('registry down');
  });
});
