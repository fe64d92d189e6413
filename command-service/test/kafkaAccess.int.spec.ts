import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectKafka, partitionOf } from '@prorata/kafka-port';
import type { AccessRule, LogPort, LogRecord, OutRecord } from '@prorata/kafka-port';
import type { CommandOutcome } from '@prorata/schemas';
import { kafkaConnection } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommandService } from '../src/index.ts';
import { commandSigner } from '../src/signature/commandSigner.ts';
import { signatureHeaders } from '../src/signature/signedBytes.ts';
import { commandOf } from '../src/testing/outcomes.ts';
import { createQuota, post } from './commands.ts';
import { deployServing, eventually } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';

/** Ten seconds where nobody waits for it, milliseconds. */
const KEYS_REREAD_MS = 250;

/** Two users of a real broker: the gateway's, and another who means no good. */
const STREAM = 'application:moka';
const partition = partitionOf(STREAM, 4);
const elsewhere = (partition + 1) % 4;
const DAY_MICROS = 86_400_000_000n;

let deployment: TestDeployment;
let url: string;
let token: string;
let stranger: LogPort;
/** As the gateway wrote it: an accepted command that is worth repeating. */
let genuine: LogRecord;

beforeAll(async () => {
  ({ deployment, url, token } = await deployServing('moka', { keysRereadMs: KEYS_REREAD_MS }));
  expect((await post(url, token, createQuota('moka/genuine'))).status).toBe(200);
  genuine = (await deployment.records('quota.commands', partition)).at(-1)!;
  stranger = connectKafka(kafkaConnection('host'));
});
afterAll(async () => {
  await stranger.close();
  await deployment.close();
});

const micros = (): bigint => BigInt(Date.now()) * 1_000n;

async function writeAsStranger(record: Partial<OutRecord>): Promise<void> {
  const topic = deployment.topic('quota.commands');
  const key = Buffer.from(STREAM);
  const publisher = await stranger.publisher();
  try {
    await publisher.publish([{ topic, partition, key, value: Buffer.from('x'), ...record }]);
  } finally {
    await publisher.close();
  }
}

/** A command that would delete what the gateway has let in, as the codec writes it. */
const deletion = (): Promise<Buffer> =>
  deployment.codec.encode(
    'quota.commands',
    commandOf({ commandId: randomUUID(), roles: ['admin'], submittedAt: micros() }, 'moka/genuine'),
  );

function signedBy(keyId: string, pem: string, value: Buffer, place: Partial<SignedPlace> = {}) {
  const topic = deployment.topic('quota.commands');
  const key = Buffer.from(STREAM);
  return commandSigner(keyId, pem)({ topic, key, value, signedAt: micros(), ...place });
}
type SignedPlace = Parameters<ReturnType<typeof commandSigner>>[0];

const gatewaysKey = (): Promise<string> => readFile(deployment.secrets.keyFile, 'utf8');
const keyOfNobody = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

interface Found {
  readonly outcome: CommandOutcome;
  readonly letter: string | undefined;
}

/** What the writer said of a record that somebody else wrote, and the code of its dead letter. */
async function verdictOn(record: Partial<OutRecord>): Promise<Found> {
  const at = record.partition ?? partition;
  const before = (await deployment.outcomes(at)).length;
  await writeAsStranger(record);
  let outcome: CommandOutcome | undefined;
  await eventually('it is decided', async () => {
    outcome = (await deployment.outcomes(at))[before];
    return outcome !== undefined;
  });
  const letters = await deployment.records('quota.commands.dlq', at);
  const offset = `${outcome!.commandOffset}`;
  const letter = letters.find(({ headers }) => headers.get('source-offset')?.toString() === offset);
  return { outcome: outcome!, letter: letter?.headers.get('error-code')?.toString() };
}

const eventCount = async (): Promise<number> => (await deployment.events()).length;

describe('another user of the broker', () => {
  it('is told apart from an outage when its password is not taken', async () => {
    const { sasl, ...connection } = kafkaConnection('host');
    const unknown = connectKafka({ ...connection, sasl: { ...sasl!, password: 'wrong' } });
    const asking = unknown.log.endOffset({ topic: deployment.topic('quota.events'), partition: 0 });
    await expect(asking).rejects.toMatchObject({
      name: 'LogRefused',
      code: 'SASL_AUTHENTICATION_FAILED',
    });
    await unknown.close();
  });

  it.each(['quota.commands', 'quota.events', 'quota.outcomes', 'quota.commands.dlq'])(
    'may not write %s, as the applied access rules say',
    async (name) => {
      const denied: unknown = expect.stringMatching(/^(TOPIC|CLUSTER)_AUTHORIZATION_FAILED$/);
      const writing = writeAsStranger({ topic: deployment.topic(name) });
      await expect(writing).rejects.toMatchObject({ code: denied });
    },
  );
});

describe('another user whom somebody let write commands by mistake', () => {
  beforeAll(async () => {
    const place = { resource: 'topic', name: deployment.topic('quota.commands') } as const;
    const rule = { principal: 'host', pattern: 'literal', ...place } as const;
    const rules: AccessRule[] = (['write', 'describe'] as const).map((operation) => ({
      ...rule,
      operation,
    }));
    const admin = await deployment.port.admin();
    await admin.allow(rules);
    await admin.close();
    const before = (await deployment.outcomes(partition)).length;
    // Brokers hear of new rules a little later.
    await eventually('the rule is in force', () =>
      writeAsStranger({}).then(
        () => true,
        () => false,
      ),
    );
    // The empty record that went through has an outcome too, which is no test's own.
    await eventually(
      'what was written is decided',
      async () => (await deployment.outcomes(partition)).length > before,
    );
  });

  const headersOf = ({ headers }: LogRecord): Record<string, Buffer> => Object.fromEntries(headers);

  it.each<[string, string, () => Promise<Partial<OutRecord>>]>([
    ['unsigned', 'COMMAND_UNSIGNED', async () => ({ value: await deletion() })],
    [
      'signed with a key of its own, under the gateway’s name',
      'COMMAND_SIGNATURE_INVALID',
      async () => {
        const value = await deletion();
        return { value, headers: signedBy('gateway-1', keyOfNobody(), value) };
      },
    ],
    [
      'under a name that nobody knows',
      'COMMAND_SIGNATURE_INVALID',
      async () => {
        const value = await deletion();
        return { value, headers: signedBy('gateway-9', keyOfNobody(), value) };
      },
    ],
    [
      'altered: another command under a genuine signature',
      'COMMAND_SIGNATURE_INVALID',
      async () => ({ value: await deletion(), headers: headersOf(genuine) }),
    ],
    [
      'altered by one bit',
      'COMMAND_SIGNATURE_INVALID',
      () => {
        const value = Buffer.from(genuine.value!);
        value[value.length - 1]! ^= 1;
        return Promise.resolve({ value, headers: headersOf(genuine) });
      },
    ],
    [
      'moved to another stream',
      'COMMAND_SIGNATURE_INVALID',
      () => {
        const key = Buffer.from('application:tidb');
        return Promise.resolve({ key, value: genuine.value!, headers: headersOf(genuine) });
      },
    ],
    [
      'moved from another topic',
      'COMMAND_SIGNATURE_INVALID',
      async () => {
        const value = await deletion();
        const topic = 'another.quota.commands';
        return {
          value,
          headers: signedBy('gateway-1', await gatewaysKey(), value, { topic }),
        };
      },
    ],
    [
      'given a later time',
      'COMMAND_SIGNATURE_INVALID',
      () => {
        const headers = { ...headersOf(genuine), [signatureHeaders.signedAt]: `${micros()}` };
        return Promise.resolve({ value: genuine.value!, headers });
      },
    ],
  ])('is refused when what it writes is %s', async (_how, code, make) => {
    const events = await eventCount();
    const { outcome, letter } = await verdictOn(await make());
    // Nothing of what nobody vouches for is repeated; the bytes are kept for whoever looks into it.
    expect(outcome).toMatchObject({ status: 'refused', code, actor: null, commandId: '' });
    expect(letter).toBe(code);
    expect(await eventCount()).toBe(events);
  });

  it('is refused when it moves a genuine command to another partition', async () => {
    const events = await eventCount();
    const headers = headersOf(genuine);
    const moved = { partition: elsewhere, value: genuine.value!, headers };
    const { outcome } = await verdictOn(moved);
    expect(outcome).toMatchObject({ status: 'refused', code: 'COMMAND_MISROUTED' });
    expect(await eventCount()).toBe(events);
  });

  it('hears the first outcome when it repeats a genuine command, and nothing happens', async () => {
    const events = await eventCount();
    const { outcome } = await verdictOn({ value: genuine.value!, headers: headersOf(genuine) });
    expect(outcome).toMatchObject({ status: 'accepted', firstOffset: genuine.offset });
    expect(await eventCount()).toBe(events);
  });

  it.each([
    ['a day ago', -DAY_MICROS, 'COMMAND_TOO_OLD'],
    ['an hour ahead', DAY_MICROS / 24n, 'COMMAND_SIGNATURE_INVALID'],
  ])('is refused when a genuine command was signed %s', async (_when, shift, code) => {
    const events = await eventCount();
    const value = await deletion();
    const signedAt = micros() + shift;
    const headers = signedBy('gateway-1', await gatewaysKey(), value, { signedAt });
    const { outcome } = await verdictOn({ value, headers });
    expect(outcome).toMatchObject({ status: 'refused', code });
    expect(await eventCount()).toBe(events);
  });

  it('leaves the partition to those who may: the gateway’s commands go on', async () => {
    expect((await post(url, token, createQuota('moka/after'))).status).toBe(200);
  });
});

describe('the public keys of gateways', () => {
  it('rotate: the new gateway’s commands pass, and what the old key signs is refused once it is gone', async () => {
    const { directory, publicKeysFile } = deployment.secrets;
    const pair = generateKeyPairSync('ed25519');
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const keyFile = path.join(directory, 'gateway-2.pem');
    await writeFile(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const old = JSON.parse(await readFile(publicKeysFile, 'utf8')) as object;
    await writeFile(publicKeysFile, JSON.stringify({ ...old, 'gateway-2': pem }));
    // For a key that it does not know, a writer reads the file at most so often.
    await delay(2 * KEYS_REREAD_MS);
    const settings = deployment.settings('gateway');
    const signing = { ...settings.signing, keyFile, keyId: 'gateway-2' };
    const second = await startCommandService('gateway', { ...settings, signing });
    try {
      expect((await post(second.url, token, createQuota('moka/second-key'))).status).toBe(200);
      await writeFile(publicKeysFile, JSON.stringify({ 'gateway-2': pem }));
      await delay(2 * KEYS_REREAD_MS);
      await verdictOn({ value: await deletion(), headers: headersUnder('gateway-3') });
      const value = await deletion();
      const headers = signedBy('gateway-1', await gatewaysKey(), value);
      const { outcome } = await verdictOn({ value, headers });
      expect(outcome.code).toBe('COMMAND_SIGNATURE_INVALID');
      expect((await post(second.url, token, createQuota('moka/still'))).status).toBe(200);
    } finally {
      await second.stop();
    }
  });

  /** Of a key that was never there, which has the writer look again. */
  function headersUnder(keyId: string): Record<string, Buffer | string> {
    return {
      [signatureHeaders.keyId]: keyId,
      [signatureHeaders.signedAt]: `${micros()}`,
      [signatureHeaders.signature]: Buffer.alloc(64),
    };
  }
});
