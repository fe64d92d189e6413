import { describe, expect, it } from 'vitest';
import { runCommandApplier } from '../contract/commandApplier.ts';
import { outRecord, readAll, texts } from '../contract/records.ts';
import { createMemoryLog } from './memoryLog.ts';
import type { MemoryLog, MemoryProcess } from './memoryLog.ts';
import { seededRandom } from './seededRandom.ts';

const partitions = 2;
const commandsSent = 60;
/** Long enough for every session and transaction timeout to pass, virtual milliseconds. */
const quietMs = 60_000;

/** Three members share two partitions while processes stall, crash and lose the answers of commits. */
async function run(
  seed: number,
  identity: 'partition' | 'instance',
): Promise<{ applied: string[]; log: MemoryLog }> {
  const random = seededRandom(seed);
  const log = createMemoryLog({
    seed,
    latencyMsMax: 40,
    markerDelayMsMax: 20,
    faults: {
      unknownCommit: () =>
        random() < 0.1 ? (random() < 0.5 ? 'committed' : 'aborted') : undefined,
    },
  });
  log.createTopic('commands', partitions);
  log.createTopic('events', partitions);
  const members: { process: MemoryProcess; crashed: boolean }[] = [];
  const startMember = (): void => {
    const process = log.connect();
    const name = `m${members.length}`;
    members.push({ process, crashed: false });
    void serve(log, process, identity === 'partition' ? 'g' : name);
  };
  for (let count = 0; count < 3; count++) startMember();

  const publisher = await log.connect().publisher();
  for (let number = 0; number < commandsSent; number++) {
    void publisher.publish([outRecord('commands', number % partitions, `c${number}`)]);
    await log.clock.advance(random() * 800);
    const member = members[Math.floor(random() * members.length)];
    const dice = random();
    if (!member || member.crashed) continue;
    if (dice < 0.15) member.process.stall();
    else if (dice < 0.4) member.process.resume();
    else if (dice < 0.44) {
      member.process.crash();
      member.crashed = true;
      startMember();
    }
  }
  for (const { process } of members) process.resume();
  await log.clock.advance(quietMs);
  return { applied: await appliedOf(log), log };
}

async function serve(log: MemoryLog, process: MemoryProcess, identityGroup: string): Promise<void> {
  await runCommandApplier({
    port: process,
    identityGroup,
    group: 'g',
    commands: 'commands',
    events: 'events',
    sessionTimeoutMs: 6_000,
    reassignOnFault: true,
    beforeAppend: () => log.clock.sleep(50),
  });
}

async function appliedOf(log: MemoryLog): Promise<string[]> {
  const reader = log.connect();
  const reads = Array.from({ length: partitions }, (_, partition) =>
    readAll(reader, { topic: 'events', partition }),
  );
  // The reads wait for virtual latencies, so time has to move under them.
  const all = Promise.all(reads);
  await log.clock.advance(quietMs);
  return (await all).flatMap(({ records }) => texts(records));
}

const sent = Array.from({ length: partitions }, (_, partition) =>
  Array.from({ length: commandsSent }, (_, number) => number)
    .filter((number) => number % partitions === partition)
    .map((number) => `c${number}`),
).flat();

describe('fence, restore, serve under seeded faults', () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

  it.each(seeds)('applies each command once and in order, seed %d', async (seed) => {
    const { applied } = await run(seed, 'partition');
    expect(applied).toEqual(sent);
  });

  it('is the same run for the same seed', async () => {
    const [first, again] = [await run(7, 'partition'), await run(7, 'partition')];
    expect(again.log.clock.nowMs).toBe(first.log.clock.nowMs);
    expect(again.applied).toEqual(first.applied);
  });

  it('finds the fault of an identity per instance within these seeds', async () => {
    const doubled: number[] = [];
    for (const seed of seeds) {
      const { applied } = await run(seed, 'instance');
      if (new Set(applied).size !== applied.length) doubled.push(seed);
    }
    expect(doubled.length).toBeGreaterThan(0);
  });
});
