import { describeLogPort } from '../contract/logPort.contract.ts';
import { createMemoryLog } from './memoryLog.ts';
import type { MemoryLog, MemoryLogOptions } from './memoryLog.ts';
import type { LogHarness } from '../contract/logHarness.ts';

function memoryHarness(log: MemoryLog): LogHarness {
  let topics = 0;
  return {
    sessionTimeoutMs: 6_000,
    connect() {
      const process = log.connect();
      return { port: process, stall: () => process.stall(), resume: () => process.resume() };
    },
    createTopic(partitions) {
      const topic = `topic-${topics++}`;
      log.createTopic(topic, partitions);
      return Promise.resolve(topic);
    },
    leaveOpen: (identity, records) => log.leaveOpen(identity, records),
    sleep: (milliseconds) => log.clock.advance(milliseconds),
    close: () => Promise.resolve(),
  };
}

function start(options: MemoryLogOptions): Promise<LogHarness> {
  return Promise.resolve(memoryHarness(createMemoryLog(options)));
}

for (const seed of [1, 2, 3]) describeLogPort(`memory, seed ${seed}`, () => start({ seed }));
