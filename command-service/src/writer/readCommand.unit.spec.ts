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
  return readCommand(record, { codec, partitions: 4, checkSignature });
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

  it('that nobody vouches for is not even decoded, whatever its bytes ask for', async () => {
    const check = { ok: false, code: 'COMMAND_UNSIGNED', message: 'x' } as const;
    let decodes = 0;
    const decode = (): Promise<never> => Promise.reject(new Error(`decoded ${++decodes} times`));
    const checkSignature = (): Promise<SignatureCheck> => Promise.resolve(check);
    const record = await recordOf(commandOf());
    const found = await readCommand(record, { codec: { decode }, partitions: 4, checkSignature });
    expect(found).toMatchObject({ kind: 'refused', code: 'COMMAND_UNSIGNED' });
    expect(decodes).toBe(0);
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
      checkSignature: () => Promise.resolve({ ok: true, signedAt: now } as const),
    };
    const down = { decode: () => Promise.reject(new Error('registry down')) };
    await expect(readCommand(record, { ...reading, codec: down })).rejects.toThrow('registry down');
  });
});
