import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommitUnknown, LogUnavailable, OwnershipLost } from '../port.ts';
import type { LogPort, OwnershipHandlers } from '../port.ts';
import { runCommandApplier } from './commandApplier.ts';
import { until } from './logHarness.ts';
import type { LogHarness } from './logHarness.ts';
import { outRecord, readAll, texts } from './records.ts';

export function describeOwnership(start: () => Promise<LogHarness>): void {
  describe('ownership', () => {
    let harness: LogHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(async () => harness.close());

    async function publish(
      port: LogPort,
      topic: string,
      partition: number,
      ...values: string[]
    ): Promise<void> {
      const publisher = await port.publisher();
      await publisher.publish(values.map((text) => outRecord(topic, partition, text)));
      await publisher.close();
    }

    it('shares partitions, and gives a dead member’s to the other, from where it says', async () => {
      const [commands, events] = [await harness.createTopic(4), await harness.createTopic(4)];
      const { sessionTimeoutMs } = harness;
      const run = (port: LogPort) =>
        runCommandApplier({
          port,
          identityGroup: 'g',
          group: `${commands}.g`,
          commands,
          events,
          sessionTimeoutMs,
        });
      const [first, second] = [harness.connect('first'), harness.connect('second')];
      const a = await run(first.port);
      await until(harness, 'the first owns all', () => a.assigned.length === 4);
      const b = await run(second.port);
      await until(harness, 'the second owns its half', () => b.assigned.length === 2);
      await until(harness, 'the first lost that half', () => a.revoked.length >= 2);
      for (const partition of [0, 1, 2, 3])
        await publish(second.port, commands, partition, `before ${partition}`);
      const visible = async (): Promise<string[]> => {
        const places = [0, 1, 2, 3].map((partition) => ({ topic: events, partition }));
        const all = await Promise.all(places.map((place) => readAll(second.port, place)));
        return all.flatMap(({ records }) => texts(records));
      };
      await until(harness, 'all are applied', async () => (await visible()).length === 4);

      first.stall();
      await until(harness, 'the second owns all', () => b.assigned.length >= 4);
      for (const partition of [0, 1, 2, 3])
        await publish(second.port, commands, partition, `after ${partition}`);
      await until(harness, 'all are applied', async () => (await visible()).length === 8);
      expect(
        b.received.filter((text) => a.received.includes(text)),
        'handed over twice',
      ).toEqual([]);
      expect(await visible()).toEqual([0, 1, 2, 3].flatMap((n) => [`before ${n}`, `after ${n}`]));
    });

    it('says which partitions a group owns: all while there is a member, none before and after', async () => {
      const [commands, other] = [await harness.createTopic(4), await harness.createTopic(2)];
      const [first, second] = [harness.connect('first'), harness.connect('second')];
      const admin = await first.port.admin();
      const group = `${commands}.g`;
      const owned = async (topic = commands): Promise<number[]> =>
        [...(await admin.ownedPartitions(group, topic))].sort();
      expect(await owned(), 'of a group that nobody knows').toEqual([]);
      const options = { group, topic: commands, sessionTimeoutMs: harness.sessionTimeoutMs };
      const idle: OwnershipHandlers = {
        assigned: () => Promise.resolve(0n),
        revoked: () => Promise.resolve(),
        batch: () => Promise.resolve(),
      };
      const [a, b] = [
        await first.port.source.run(options, idle),
        await second.port.source.run(options, idle),
      ];
      const isWhole = async (): Promise<boolean> => (await owned()).join() === '0,1,2,3';
      await until(harness, 'two members own all', isWhole);
      expect(await owned(other), 'of a topic that the group does not share').toEqual([]);
      await a.stop();
      await until(harness, 'the one that is left owns all', isWhole);
      await b.stop();
      await until(harness, 'nobody owns any', async () => (await owned()).length === 0);
      await admin.close();
    });

    /** A holds a command and stalls past its session; B takes over and applies it; then A goes on. */
    async function zombie(identityGroupOf: (instance: string) => string) {
      const [commands, events] = [await harness.createTopic(1), await harness.createTopic(1)];
      const { sessionTimeoutMs } = harness;
      const held = Promise.withResolvers<undefined>();
      const applier = (port: LogPort, name: string, beforeAppend?: () => Promise<void>) =>
        runCommandApplier({
          port,
          identityGroup: identityGroupOf(name),
          group: `${commands}.g`,
          commands,
          events,
          sessionTimeoutMs,
          ...(beforeAppend ? { beforeAppend } : {}),
        });
      const [first, second] = [harness.connect('a'), harness.connect('b')];
      const a = await applier(first.port, 'a', async () => {
        await held.promise;
      });
      await until(harness, 'A owns', () => a.assigned.length === 1);
      await publish(second.port, commands, 0, 'command');
      await until(harness, 'A holds the command', () => a.received.length === 1);
      first.stall();
      const b = await applier(second.port, 'b');
      await until(harness, 'B applies the command', () => b.received.length === 1);
      const place = { topic: events, partition: 0 };
      const applied = async () => (await readAll(second.port, place)).records.length;
      await until(harness, 'the event is visible', async () => (await applied()) === 1);
      held.resolve(undefined);
      first.resume();
      await harness.sleep(1_000);
      await until(harness, 'A knows', () => a.revoked.length === 1);
      return { faults: a.faults.map(({ name }) => name), applied: await applied() };
    }

    it('applies a command once when a stalled member goes on, with an identity per partition', async () => {
      expect(await zombie(() => 'g')).toEqual({ faults: ['OwnershipLost'], applied: 1 });
    });

    it('sees the command applied twice when the transactional id is per instance', async () => {
      expect(await zombie((instance) => `g-${instance}`)).toEqual({ faults: [], applied: 2 });
    });

    it('keeps a member whose handlers take longer than a session', async () => {
      const topic = await harness.createTopic(1);
      const [first, second] = [harness.connect('first'), harness.connect('second')];
      const options = { group: `${topic}.g`, topic, sessionTimeoutMs: harness.sessionTimeoutMs };
      const calls: string[] = [];
      const slowly: OwnershipHandlers = {
        async assigned() {
          calls.push('assigned');
          await harness.sleep(harness.sessionTimeoutMs + 2_000);
          calls.push('restored');
          return 1n;
        },
        revoked: () => Promise.resolve(void calls.push('revoked')),
        batch: (_, records) => Promise.resolve(void calls.push(...texts(records))),
      };
      await publish(second.port, topic, 0, 'zero', 'one');
      await first.port.source.run(options, slowly);
      await until(harness, 'assigned', () => calls.length === 1);
      const spare: number[] = [];
      await second.port.source.run(options, {
        assigned: ({ partition }) => Promise.resolve(BigInt(spare.push(partition))),
        revoked: () => Promise.resolve(),
        batch: () => Promise.resolve(),
      });
      await until(harness, 'the record', () => calls.includes('one'));
      expect({ calls, spare }).toEqual({ calls: ['assigned', 'restored', 'one'], spare: [] });
    });

    it('hands a partition back to its owner on request, and ends with a handler’s error', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      const calls: string[] = [];
      const starts = [0n, 1n];
      const options = { group: `${topic}.g`, topic, sessionTimeoutMs: harness.sessionTimeoutMs };
      const source = await port.source.run(options, {
        assigned() {
          calls.push('assigned');
          return Promise.resolve(starts.shift() ?? 0n);
        },
        revoked: () => Promise.resolve(void calls.push('revoked')),
        batch(_, records) {
          calls.push(...texts(records));
          return calls.includes('3')
            ? Promise.reject(new Error('broken invariant'))
            : Promise.resolve();
        },
      });
      await publish(port, topic, 0, '0');
      await until(harness, 'the first record', () => calls.includes('0'));
      await publish(port, topic, 0, '1', '2');
      await until(harness, 'the second and third', () => calls.includes('2'));
      source.reassign({ topic, partition: 0 });
      await publish(port, topic, 0, '3');
      let failure: unknown;
      source.finished.catch((error: unknown) => (failure = error));
      await until(harness, 'the end', () => failure !== undefined);
      expect(String(failure)).toContain('broken invariant');
      await until(harness, 'the last word', () => calls.at(-1) === 'revoked');
      const first = ['assigned', '0', '1', '2', 'revoked'];
      expect(calls).toEqual([...first, 'assigned', '1', '2', '3', 'revoked']);
    });

    it('fences and restores again when a handler’s writer is spent or the log was away', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      const calls: string[] = [];
      const faults = [new LogUnavailable('away'), undefined, new OwnershipLost('fenced')];
      const options = { group: `${topic}.g`, topic, sessionTimeoutMs: harness.sessionTimeoutMs };
      await port.source.run(options, {
        assigned() {
          calls.push('assigned');
          const fault = faults.shift();
          return fault ? Promise.reject(fault) : Promise.resolve(0n);
        },
        revoked: () => Promise.resolve(void calls.push('revoked')),
        batch(_, records) {
          calls.push(...texts(records));
          return calls.includes('again')
            ? Promise.resolve()
            : Promise.reject(new CommitUnknown('lost'));
        },
      });
      await publish(port, topic, 0, 'command');
      await until(harness, 'the second try', () => calls.includes('revoked'));
      calls.push('again');
      await until(
        harness,
        'the last try',
        () => calls.filter((call) => call === 'command').length === 2,
      );
      expect(calls.slice(0, 4)).toEqual(['assigned', 'assigned', 'command', 'revoked']);
      expect(calls.filter((call) => call === 'assigned')).toHaveLength(4);
    });

    it('revokes everything and lets others have it when it stops', async () => {
      const topic = await harness.createTopic(2);
      const [first, second] = [harness.connect('first'), harness.connect('second')];
      const options = { group: `${topic}.g`, topic, sessionTimeoutMs: harness.sessionTimeoutMs };
      const owned = (log: string[]): OwnershipHandlers => ({
        assigned: ({ partition }) => Promise.resolve(log.push(`+${partition}`)).then(() => 0n),
        revoked: ({ partition }) => Promise.resolve(void log.push(`-${partition}`)),
        batch: () => Promise.resolve(),
      });
      const [a, b]: [string[], string[]] = [[], []];
      const source = await first.port.source.run(options, owned(a));
      await until(harness, 'both assigned', () => a.length === 2);
      await source.commitHint({ topic, partition: 0 }, 0n);
      await source.stop();
      await source.finished;
      expect(a.sort()).toEqual(['+0', '+1', '-0', '-1']);
      await second.port.source.run(options, owned(b));
      await until(
        harness,
        'the other has both',
        () => b.length === 2,
        harness.sessionTimeoutMs / 2,
      );
    });
  });
}
