import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { HealthReading, HealthSignals } from './healthSignals.ts';

/** Between two looks at how late a timer is, milliseconds; cheap, and finer than what matters. */
const RESOLUTION_MS = 10;
const NANOS_PER_MS = 1_000_000;
const MICROS_PER_MS = 1_000;

/** Looks of ten minutes: then the sum of all is begun anew, before it loses the newest in rounding. */
const LOOKS_MAX = 60_000;

/** What Node knows of its own process; a reading takes some microseconds. */
export function nodeHealth(): HealthSignals {
  const delayMs = eventLoopDelay();
  const cores = availableParallelism();
  const heapLimit = getHeapStatistics().heap_size_limit;
  let utilization = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  let at = performance.now();
  return {
    read(): HealthReading {
      const now = performance.now();
      const utilizationNow = performance.eventLoopUtilization();
      const since = performance.eventLoopUtilization(utilizationNow, utilization);
      const used = process.cpuUsage(cpu);
      const elapsedMs = Math.max(now - at, 1);
      [utilization, cpu, at] = [utilizationNow, process.cpuUsage(), now];
      return {
        eventLoopDelayMs: delayMs.read(),
        eventLoopUtilization: since.utilization,
        heap: getHeapStatistics().used_heap_size / heapLimit,
        cpu: Math.min(1, (used.user + used.system) / MICROS_PER_MS / elapsedMs / cores),
      };
    },
    stop: () => delayMs.stop(),
  };
}

/**
 * How late looks were since the last reading. Node's histogram forgets the look after a `reset`,
 * which where each turn of the loop takes long is every one: so the sum of all is compared instead.
 */
function eventLoopDelay(): { read(): number; stop(): void } {
  const looks = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  looks.enable();
  let count = 0;
  let sum = 0;
  return {
    read(): number {
      const [countNow, sumNow] = [looks.count, looks.count === 0 ? 0 : looks.mean * looks.count];
      // From one look to the next: a look in time is one resolution late.
      const meanMs = countNow > count ? (sumNow - sum) / (countNow - count) / NANOS_PER_MS : 0;
      [count, sum] = [countNow, sumNow];
      if (count > LOOKS_MAX) {
        looks.reset();
        [count, sum] = [0, 0];
      }
      return Math.max(0, meanMs - RESOLUTION_MS);
    },
    stop: () => void looks.disable(),
  };
}
