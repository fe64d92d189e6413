import { createMemoryLog, partitionOf } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { EventScript, EventWriter } from '../../test/eventScript.ts';
import { RulesOwner } from './rulesOwner.ts';
import { RuleTopics } from './ruleTopics.ts';

const PARTITIONS = 2;

async function running() {
  const memory = createMemoryLog({ seed: 3 });
  memory.createTopic('quota.events', PARTITIONS);
  const codec = new Codec(memoryIds());
  const port = memory.connect();
  const admin = await port.admin();
  const logger = createLogger('test', 'silent');
  const start = async () => {
    const own = memory.connect();
    const topics = new RuleTopics(own, codec, '');
    const parts = { port: own, codec, topics, namespace: '', logger, wrote: () => undefined };
    const owner = new RulesOwner(parts);
    await owner.start();
    return owner;
  };
  const keys = async (application: string) => {
    const found: string[] = [];
    const place = { topic: `quota.rules.${application}`, partition: 0 };
    await port.log
      .readToEnd(place, 0n, (records) => {
        found.push(
          ...records.map(({ key }) => key?.toString() ?? '').filter((key) => key !== '$complete'),
        );
      })
      .catch(() => undefined);
    return found;
  };
  return { port, admin, start, keys, writer: new EventWriter(port, codec, '', PARTITIONS) };
}

/** Two applications whose events live in different partitions. */
const [one, two] = ['moka', 'tidb', 'llm', 'etl']
  .map((id) => new EventScript(id))
  .reduce<EventScript[]>((found, script) => {
    const taken = found.map(({ stream }) => partitionOf(stream, PARTITIONS));
    return taken.includes(partitionOf(script.stream, PARTITIONS)) ? found : [...found, script];
  }, []) as [EventScript, EventScript];

describe('the owner of partitions', () => {
  it('stops one at a poisoned event, says so, and serves the others', async () => {
    const { port, start, keys, writer } = await running();
    await writer.write(one.register(), one.create('x', 1n));
    const owner = await start();
    await expect.poll(() => keys(one.application)).toEqual([`${one.application}/x`]);
    const partition = partitionOf(one.stream, PARTITIONS);
    const stray = await port.writers.fence({ group: 'stray', topic: 'quota.events', partition });
    await stray.append([
      { topic: 'quota.events', partition, key: null, value: Buffer.from('no event') },
    ]);
    const stateOf = (number: number) =>
      owner.partitions.find((owned) => owned.partition === number);
    await expect.poll(() => stateOf(partition)?.state).toBe('stopped');
    expect(stateOf(partition)?.fault).toMatch(/cannot be folded past 3/);
    await writer.write(two.register(), two.create('y', 1n));
    await expect.poll(() => keys(two.application)).toEqual([`${two.application}/y`]);
    expect(stateOf(1 - partition)?.state).toBe('serving');
    await owner.stop();
  });

  it('restores again when a topic it writes to has gone', async () => {
    const { admin, start, keys, writer } = await running();
    const script = new EventScript('etl');
    await writer.write(script.register(), script.create('x', 1n), script.create('y', 1n));
    const owner = await start();
    await expect.poll(() => keys('etl')).toEqual(['etl/x', 'etl/y']);
    await admin.deleteTopics(['quota.rules.etl']);
    await writer.write(script.change('y', 2n));
    await expect.poll(() => keys('etl')).toEqual(['etl/x', 'etl/y']);
    await owner.stop();
  });
});
