import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '@prorata/kafka-port';
import { timeToJson } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCommandService } from '../src/index.ts';
import { commandSigner } from '../src/signature/commandSigner.ts';
import { commandOf } from '../src/testing/outcomes.ts';
import { createQuota, post, registerApplication } from './commands.ts';
import type { Answer } from './commands.ts';
import { deploy, eventually, servesAll } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';

let deployment: TestDeployment;
let gateway: RunningCommandService;
let writer: RunningCommandService;
let token: string;

beforeAll(async () => {
  deployment = await deploy();
  token = deployment.secrets.token();
  [gateway, writer] = await Promise.all([deployment.start('gateway'), startWriter()]);
  expect((await post(gateway.url, token, registerApplication('moka'))).status).toBe(200);
});
afterAll(() => deployment.close());

async function startWriter(): Promise<RunningCommandService> {
  const started = await deployment.start('writer');
  await eventually('the writer serves all partitions', () => servesAll(started.url));
  return started;
}

const send = (body: unknown, commandId?: string): Promise<Answer> =>
  post(gateway.url, token, body, commandId);

async function outcomeAt(partition: number, code: string): Promise<CommandOutcome> {
  let found: CommandOutcome | undefined;
  await eventually(`there is an outcome ${code}`, async () => {
    found = (await deployment.outcomes(partition)).findLast((each) => each.code === code);
    return found !== undefined;
  });
  return found!;
}

interface Told {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}
const violationsOf = ({ body }: Answer): readonly Told[] => body['violations'] as Told[];

describe('a gateway', () => {
  it('sees with its own rights that a writer owns every partition, and is ready', async () => {
    await eventually('it is ready', async () => (await fetch(`${gateway.url}/readyz`)).ok);
  });
});

describe('a command through the gateway', () => {
  it('becomes an event and is answered', async () => {
    const answer = await send(createQuota('moka/first'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.body).toMatchObject({
      commandId: answer.commandId,
      status: 'accepted',
      code: 'ACCEPTED',
      quotaId: 'moka/first',
      quotaVersion: 1,
      actor: { kind: 'user', subject: 'tester' },
    });
    const events = await deployment.events();
    const event = events.find((each) => each.value.envelope.commandId === answer.commandId);
    expect(event?.type).toBe('QuotaCreated');
    expect(answer.body['eventIds']).toEqual([event?.value.envelope.eventId]);
  });

  it('that the model refuses is a problem with its code, and no event', async () => {
    const before = (await deployment.events()).length;
    const answer = await send(createQuota('nowhere/a'));
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
    expect(answer.body).toMatchObject({
      code: 'APPLICATION_UNKNOWN',
      outcome: { status: 'refused', commandId: answer.commandId },
    });
    expect((await deployment.events()).length).toBe(before);
  });

  it('is found by its id afterwards, by its sender and by whoever audits, and by nobody else', async () => {
    const { commandId } = await send(createQuota('moka/looked-up'));
    const look = async (by: string): Promise<number> => {
      const headers = { authorization: `Bearer ${by}` };
      return (await fetch(`${gateway.url}/v1/commands/${commandId}`, { headers })).status;
    };
    const { secrets } = deployment;
    expect(await look(token)).toBe(200);
    expect(await look(secrets.token({ sub: 'other', roles: ['auditor'] }))).toBe(200);
    expect(await look(secrets.token({ sub: 'other', roles: ['operator'] }))).toBe(200);
    expect(await look(secrets.token({ sub: 'other', roles: ['member'] }))).toBe(404);
  });

  it('tried dry says what would happen, and changes nothing', async () => {
    const dry = await send({ ...createQuota('moka/dry'), dryRun: true });
    expect(dry.body).toMatchObject({ status: 'accepted', dryRun: true, eventIds: [] });
    expect((await send(createQuota('moka/dry'))).body).toMatchObject({ quotaVersion: 1 });
  });

  it('tried dry tells what would change across the tree, and writes no event', async () => {
    await send(createQuota('moka/tree', 100));
    await send(createQuota('moka/tree/own', 60));
    const { data, ...rest } = createQuota('moka/tree/inherits');
    const content = { ...(data['content'] as object), limits: [] };
    expect((await send({ ...rest, data: { ...data, content } })).status).toBe(200);
    const before = await deployment.events();
    const lowered = { resource: 'requests', rate: { amount: 80, per: '1s' } };
    const dry = await send({
      type: 'ChangeQuota',
      stream: 'application:moka',
      reason: 'for the test',
      dryRun: true,
      data: { quotaId: 'moka/tree', setLimits: [lowered] },
    });
    const rate = (amount: number): object => ({
      resource: 'requests',
      rate: { amount, per: '1s' },
    });
    expect(dry.status).toBe(200);
    expect(dry.body).toMatchObject({
      dryRun: true,
      eventIds: [],
      preview: [
        { quotaId: 'moka/tree', resource: 'requests', before: rate(100), after: lowered },
        { quotaId: 'moka/tree/inherits', before: rate(100), after: lowered },
      ],
      declared: [
        {
          ...{ quotaId: 'moka/tree', resource: 'requests', before: rate(100), after: lowered },
          hiddenBy: null,
        },
      ],
      previewOmitted: 0,
      oversubscription: [
        { quotaId: 'moka/tree', resource: 'requests', before: 6_000, after: 7_500 },
      ],
    });
    expect(await deployment.events()).toEqual(before);
  });

  it('tried dry tells every check that fails at once, with paths and numbers', async () => {
    await send(createQuota('moka/small', 100));
    const before = await deployment.events();
    const { data, ...rest } = createQuota('moka/small/much', 150);
    const content = data['content'] as { limits: object[] };
    const unknown = { resource: 'gpus', capacity: { guaranteed: 1, max: 2 } };
    const limits = [...content.limits, unknown];
    const dry = await send({
      ...rest,
      dryRun: true,
      data: { ...data, content: { ...content, limits, tier: 9 } },
    });
    expect(dry.status).toBeGreaterThanOrEqual(409);
    expect(dry.body['outcome']).toMatchObject({ status: 'refused', dryRun: true, eventIds: [] });
    expect(violationsOf(dry).map(({ code, path }) => [code, path])).toEqual([
      ['TIER_INVALID', '/data/content/tier'],
      ['RESOURCE_UNKNOWN', '/data/content/limits/1'],
    ]);
    const steps = [150, 170].map((amount) => ({
      create: {
        quotaId: `moka/small/of-${amount}`,
        content: { ...content, limits: [{ resource: 'requests', rate: { amount, per: '1s' } }] },
      },
    }));
    const tree = await send({ ...rest, type: 'ChangeTree', dryRun: true, data: { steps } });
    expect(violationsOf(tree)).toEqual(
      [150, 170].map((amount, at) => ({
        code: 'PARENT_LIMIT_EXCEEDED',
        path: expect.stringContaining(`/data/steps/${at}/`) as string,
        message: expect.stringMatching(new RegExp(`${amount}.*100`)) as string,
      })),
    );
    expect(await deployment.events()).toEqual(before);
  });

  it('is refused at the door without a token, a role or a form', async () => {
    const { secrets } = deployment;
    const refused = async (by: string, body: unknown): Promise<unknown[]> => {
      const answer = await post(gateway.url, by, body);
      return [answer.status, answer.body['code']];
    };
    const body = createQuota('moka/x');
    expect(await refused('x', body)).toEqual([401, 'UNAUTHORIZED']);
    expect(await refused(secrets.token({ kind: 'robot', roles: ['robot'] }), body)).toEqual([
      403,
      'FORBIDDEN',
    ]);
    expect(await refused(token, { ...body, data: {} })).toEqual([422, 'INVALID_COMMAND']);
  });

  it('ends an override by itself', async () => {
    await send(createQuota('moka/short'));
    const until = timeToJson(BigInt(Date.now() + 700) * 1_000n);
    const limits = [{ resource: 'requests', rate: { amount: 10, per: '1s' } }];
    const override = {
      type: 'OverrideQuota',
      stream: 'application:moka',
      reason: 'for a moment',
      data: { quotaId: 'moka/short', limits, until },
    };
    expect((await send(override)).status).toBe(200);
    await eventually('the override has ended', async () =>
      (await deployment.events()).some((event) => event.type === 'QuotaOverrideEnded'),
    );
  });

  it('stands in the interface that the gateway describes', async () => {
    const document = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
      paths: object;
    };
    expect(Object.keys(document.paths)).toContain('/v1/commands');
  });
});

describe('the same command id again', () => {
  it('gives the first outcome again, accepted or refused, also after a takeover', async () => {
    const accepted = await send(createQuota('moka/twice'));
    const refused = await send(createQuota('moka/twice'));
    expect([accepted.status, refused.status]).toEqual([200, 409]);
    const again = async (): Promise<void> => {
      const one = await send(createQuota('moka/twice'), accepted.commandId);
      expect(one.status).toBe(200);
      expect(one.body).toEqual({
        ...accepted.body,
        commandOffset: expect.any(Number) as number,
        firstOffset: accepted.body['commandOffset'],
      });
      const other = await send(createQuota('moka/twice'), refused.commandId);
      expect([other.status, other.body['code']]).toEqual([409, refused.body['code']]);
    };
    await again();
    const events = (await deployment.events()).length;
    await writer.stop();
    writer = await startWriter();
    await again();
    expect((await deployment.events()).length).toBe(events);
  });

  it('with another body is refused, and the first outcome stays', async () => {
    const first = await send(createQuota('moka/reused', 100));
    const other = await send(createQuota('moka/reused', 200), first.commandId);
    expect([other.status, other.body['code']]).toEqual([409, 'COMMAND_ID_REUSED']);
    expect((await send(createQuota('moka/reused', 100), first.commandId)).status).toBe(200);
  });

  it('of another sender is another command', async () => {
    const { commandId } = await send(createQuota('moka/mine'));
    const other = deployment.secrets.token({ sub: 'somebody-else' });
    const answer = await post(gateway.url, other, createQuota('moka/theirs'), commandId);
    expect(answer.status).toBe(200);
  });
});

describe('what no gateway sent', () => {
  const place = (partition: number) => ({ topic: deployment.topic('quota.commands'), partition });

  it('and cannot be read goes to the dead letters, and the partition goes on', async () => {
    const partition = partitionOf('application:moka', 4);
    const publisher = await deployment.port.publisher();
    const garbage = Buffer.from('no record');
    await publisher.publish([{ ...place(partition), key: Buffer.from('k'), value: garbage }]);
    const outcome = await outcomeAt(partition, 'COMMAND_UNREADABLE');
    const [letter] = await deployment.records('quota.commands.dlq', partition);
    expect(letter?.value).toEqual(garbage);
    const text = (name: string): string | undefined => letter?.headers.get(name)?.toString();
    expect(text('error-code')).toBe('COMMAND_UNREADABLE');
    expect(text('source-topic')).toBe(deployment.topic('quota.commands'));
    expect(text('source-partition')).toBe(`${partition}`);
    expect(text('source-offset')).toBe(`${outcome.commandOffset}`);
    expect((await send(createQuota('moka/after-garbage'))).status).toBe(200);
  });

  it.each(['unsigned', 'forged'])(
    'but is %s is refused, and says nothing of its sender',
    async (how) => {
      const { codec, port } = deployment;
      const partition = partitionOf('application:moka', 4);
      const command = commandOf({ commandId: randomUUID(), roles: ['admin'] }, 'moka/first');
      const [key, value] = [
        Buffer.from('application:moka'),
        await codec.encode('quota.commands', command),
      ];
      const stranger = generateKeyPairSync('ed25519').privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      });
      const sign = commandSigner('gateway-1', stranger.toString());
      const signedAt = BigInt(Date.now()) * 1_000n;
      const headers = how === 'forged' ? sign({ ...place(partition), key, value, signedAt }) : {};
      await (await port.publisher()).publish([{ ...place(partition), key, value, headers }]);
      const code = how === 'forged' ? 'COMMAND_SIGNATURE_INVALID' : 'COMMAND_UNSIGNED';
      const outcome = await outcomeAt(partition, code);
      expect(outcome).toMatchObject({ status: 'refused', actor: null, commandId: '' });
      expect((await deployment.events()).map(({ type }) => type)).not.toContain('QuotaDeleted');
    },
  );
});

describe('a gateway without a writer', () => {
  it('says that the outcome is not known yet, and where it will be', async () => {
    const alone = await deploy();
    try {
      const door = await alone.start('gateway', { outcomeTimeoutMs: 300 });
      const ready = await fetch(`${door.url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([
        503,
        expect.stringContaining('no writer owns 0, 1, 2, 3') as string,
      ]);
      const own = alone.secrets.token();
      const answer = await post(door.url, own, registerApplication('moka'));
      expect(answer.status).toBe(202);
      expect(answer.headers.get('location')).toBe(`/v1/commands/${answer.commandId}`);
      await alone.start('writer');
      await eventually('the outcome is known', async () => {
        const headers = { authorization: `Bearer ${own}` };
        return (await fetch(`${door.url}/v1/commands/${answer.commandId}`, { headers })).ok;
      });
    } finally {
      await alone.close();
    }
  });
});

describe('an event that cannot be read', () => {
  it('stops its partition, which says so, and no other', async () => {
    const broken = await deploy();
    try {
      const partition = partitionOf('application:moka', 4);
      const other = partitionOf('application:tidb', 4);
      expect(other).not.toBe(partition);
      const events = { topic: broken.topic('quota.events'), partition };
      const intruder = await broken.port.writers.fence({ group: 'intruder', ...events });
      await intruder.append([
        { ...events, key: Buffer.from('k'), value: Buffer.from('no record') },
      ]);
      const [door, stopped] = await Promise.all([
        broken.start('gateway', { outcomeTimeoutMs: 500 }),
        broken.start('writer'),
      ]);
      await eventually('the partition has stopped', async () => {
        const text = await (await fetch(`${stopped.url}/readyz`)).text();
        return text.includes(`${events.topic}[${partition}] cannot be used at offset 0`);
      });
      expect((await fetch(`${stopped.url}/readyz`)).status).toBe(503);
      const metrics = await (await fetch(`${stopped.url}/metrics`)).text();
      expect(metrics).toMatch(new RegExp(`partition_stopped\\{.*partition="${partition}".*\\} 1`));
      const own = broken.secrets.token();
      await eventually(
        'another partition serves',
        async () => (await post(door.url, own, registerApplication('tidb'))).status === 200,
      );
      expect((await post(door.url, own, registerApplication('moka'))).status).toBe(202);
      await delay(100);
      expect(await broken.records('quota.outcomes', partition)).toEqual([]);
    } finally {
      await broken.close();
    }
  });
});
