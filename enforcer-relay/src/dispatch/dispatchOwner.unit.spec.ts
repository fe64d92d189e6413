import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryLog } from '@prorata/kafka-port';
import type { Dispatcher, EventMessage, TargetReport } from '@prorata/schemas';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventScript, EventWriter } from '../../test/eventScript.ts';
import { PartitionRelay } from '../rules/partitionRelay.ts';
import { RuleTopics } from '../rules/ruleTopics.ts';
import { DispatchOwner } from './dispatchOwner.ts';
import { keepTargets } from './keepTargets.ts';

const events = { topic: 'quota.events', partition: 0 };
const file: Dispatcher = {
  name: 'limits',
  kind: 'file',
  target: 'limits.json',
  secretRef: null,
  settings: '{"pollSeconds":1}',
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-dispatch-'));
});
afterEach(() => rm(directory, { recursive: true }));

function registered(script: EventScript, dispatchers: readonly Dispatcher[]): EventMessage {
  const event = script.register();
  return { ...event, value: { ...event.value, dispatchers } } as EventMessage;
}

function setUp() {
  const memory = createMemoryLog({ seed: 7 });
  memory.createTopic('quota.events', 1);
  const codec = new Codec(memoryIds());
  const port = memory.connect();
  const script = new EventScript('moka');
  const writer = new EventWriter(port, codec, '', 1);
  const reports: TargetReport[] = [];
  const logger = createLogger('test', 'silent');
  const owner = new DispatchOwner(
    keepTargets({
      settings: {
        dispatch: { hosts: [], directory, formatsDirectory: null },
        validators: { hosts: [], secretsDirectory: null },
      },
      logger,
      report: (report) => Promise.resolve(void reports.push(report)),
    }),
    logger,
  );
  const restored = () => {
    const own = memory.connect();
    const topics = new RuleTopics(own, codec, '');
    const wrote = (): void => undefined;
    return PartitionRelay.restore(events, { port: own, codec, topics, namespace: '', wrote });
  };
  const serve = async (relay: PartitionRelay): Promise<void> => {
    await port.log.readToEnd(events, relay.next, async (records) => relay.serve(records));
    owner.folded(relay);
  };
  return { script, writer, reports, owner, restored, serve };
}

const amountIn = async (name = 'limits.json'): Promise<string | null> => {
  const text = await readFile(path.join(directory, 'moka', name), 'utf8').catch(() => null);
  return text === null ? null : (/"amount":"?(\d+)/.exec(text)?.[1] ?? '');
};

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error('It has not come to be so.');
    await sleep(20);
  }
}

describe('the targets of an owned partition', () => {
  it('are brought what the events say, told of by the event that they account for', async () => {
    const { script, writer, reports, owner, restored, serve } = setUp();
    await writer.write(registered(script, [file]), script.create('prod', 9n));
    const relay = await restored();
    owner.began(relay);
    await until(async () => (await amountIn()) === '9');
    await writer.write(script.change('prod', 4n));
    await serve(relay);
    await until(async () => (await amountIn()) === '4');
    await until(() => reports.at(-1)?.appliedOffset === relay.next - 1n);
    expect(reports.at(-1)).toMatchObject({
      application: 'moka',
      dispatcher: 'limits',
      kind: 'file',
      state: 'applied',
      problem: null,
    });
    await owner.ended(relay);
  });

  it('come and go with the registration, another target with other terms', async () => {
    const { script, writer, owner, restored, serve } = setUp();
    await writer.write(registered(script, []), script.create('prod', 9n));
    const relay = await restored();
    owner.began(relay);
    await writer.write(registered(script, [file]));
    await serve(relay);
    await until(async () => (await amountIn()) === '9');
    await writer.write(registered(script, [{ ...file, target: 'other.json' }]));
    await serve(relay);
    await until(async () => (await amountIn('other.json')) === '9');
    await until(() => owner.keepers.length === 1);
    await writer.write(registered(script, []));
    await serve(relay);
    await until(() => owner.keepers.length === 0);
    await owner.ended(relay);
  });

  it('get nothing from an owner of yesterday, who does not know what was decided since', async () => {
    const { script, writer, owner, restored } = setUp();
    await writer.write(registered(script, [file]), script.create('prod', 9n));
    const frozen = await restored();
    await writer.write(script.change('prod', 4n));
    owner.began(frozen);
    await sleep(300);
    expect(await amountIn()).toBeNull();
    const successor = await restored();
    owner.began(successor);
    await until(async () => (await amountIn()) === '4');
    await sleep(200);
    expect(await amountIn()).toBe('4');
    await frozen.close();
    await owner.ended(frozen);
    await owner.ended(successor);
  });

  it('that this relay cannot have are refused by name, and hold nobody else up', async () => {
    const { script, writer, reports, owner, restored } = setUp();
    const foreign = { ...file, name: 'foreign', target: 'x', settings: '{"format":"nobodys"}' };
    await writer.write(registered(script, [foreign, file]), script.create('prod', 9n));
    const relay = await restored();
    owner.began(relay);
    await until(async () => (await amountIn()) === '9');
    await until(() => reports.some(({ dispatcher }) => dispatcher === 'foreign'));
    expect(reports.find(({ dispatcher }) => dispatcher === 'foreign')).toMatchObject({
      state: 'refused',
      problem: 'The operator has no format nobodys.',
    });
    await owner.ended(relay);
  });

  it('are kept by terms of today, though the log has registrations from before there were any', async () => {
    const { script, writer, reports, owner, restored } = setUp();
    const old = [
      { ...file, name: 'outside', target: '../outside.json' },
      { ...file, name: 'restless', target: 'r.json', settings: '{"pollSeconds":"often"}' },
      { ...file, name: 'garbled', target: 'g.json', settings: '{' },
      { ...file, name: 'nowhere', kind: 'webhook', target: 'nowhere' } as const,
    ];
    await writer.write(registered(script, [...old, file]), script.create('prod', 9n));
    const relay = await restored();
    owner.began(relay);
    await until(async () => (await amountIn()) === '9');
    await until(() => new Set(reports.map(({ dispatcher }) => dispatcher)).size === 5);
    const refused = reports.filter(({ dispatcher }) => dispatcher !== 'limits');
    expect(new Set(refused.map(({ state }) => state))).toEqual(new Set(['refused']));
    expect(refused.find(({ dispatcher }) => dispatcher === 'outside')?.problem).toMatch(
      /^target: /,
    );
    expect(await amountIn('../outside.json')).toBeNull();
    expect(await amountIn('r.json')).toBeNull();
    await owner.ended(relay);
  });
});
