import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startHost } from '@prorata/host-sdk';
import type { Handle } from '@prorata/host-sdk';
import { BenchSource, manyRules, rules, usage } from './ours.ts';

/** What a host's decisions and its event loop are like while a large set of rules comes into force. */
export interface WhileLoading {
  readonly rules: number;
  /** Of single decisions of a bound handle, with the reading of the clock around each: nanoseconds. */
  readonly quietP99Nanos: number;
  readonly loadingP99Nanos: number;
  /** Until all are in force, milliseconds. */
  readonly loadMs: number;
  /** The longest turn of the event loop, in the thread's own processor time: others have the machine too. */
  readonly quietStopMs: number;
  readonly loadingStopMs: number;
}

/** Decisions between two turns of the event loop: a service makes some for each request. */
const DECISIONS_A_TURN = 20;
const QUIET_TURNS = 5_000;

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

class Watch {
  readonly nanos: number[] = [];
  longestStopMs = 0;
  readonly #handle: Handle;
  #lastTurn = threadMs();

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  async turn(): Promise<void> {
    for (let each = 0; each < DECISIONS_A_TURN; each += 1) {
      const before = process.hrtime.bigint();
      this.#handle.take('tokens', 1);
      this.nanos.push(Number(process.hrtime.bigint() - before));
    }
    await new Promise((resolve) => setImmediate(resolve));
    const now = threadMs();
    this.longestStopMs = Math.max(this.longestStopMs, now - this.#lastTurn);
    this.#lastTurn = now;
  }

  get p99Nanos(): number {
    const sorted = this.nanos.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
  }
}

/**
 * A host in this process that decides in every turn of its event loop, before and while so many rules come, with
 * its file on disk as in a service; the rules are there as objects already, as a source has read them.
 */
export async function measureWhileLoading(count: number): Promise<WhileLoading> {
  const directory = await mkdtemp(join(tmpdir(), 'prorata-loading-'));
  const source = new BenchSource();
  const host = await startHost({ application: 'bench', rules: source, usage, directory });
  const more = manyRules(count);
  const sink = await source.sink;
  const handle = host.bind({ quota: 'bench/hot' });
  // The compiler and the collector have their first work behind them.
  const warm = new Watch(handle);
  for (let turn = 0; turn < QUIET_TURNS; turn += 1) await warm.turn();
  const quiet = new Watch(handle);
  for (let turn = 0; turn < QUIET_TURNS; turn += 1) await quiet.turn();
  const state = { isLoaded: false };
  const end = host.onApplied((applied) => (state.isLoaded = applied.rules.length > count));
  const loading = new Watch(handle);
  const began = performance.now();
  sink.replaceAll({
    rules: [...rules, ...more],
    unreadable: [],
    completeTo: 2n,
    isCurrent: true,
    appliedOffset: 2n,
  });
  while (!state.isLoaded) await loading.turn();
  const loadMs = performance.now() - began;
  // What is in force is then written to disk.
  const writtenBy = performance.now() + loadMs;
  while (performance.now() < writtenBy) await loading.turn();
  end();
  await host.stop();
  await rm(directory, { recursive: true });
  return {
    rules: count,
    quietP99Nanos: quiet.p99Nanos,
    loadingP99Nanos: loading.p99Nanos,
    loadMs,
    quietStopMs: quiet.longestStopMs,
    loadingStopMs: loading.longestStopMs,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(await measureWhileLoading(Number(process.argv[2]))));
}
