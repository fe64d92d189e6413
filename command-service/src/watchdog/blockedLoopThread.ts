import { writeSync } from 'node:fs';
import process from 'node:process';
import { workerData } from 'node:worker_threads';

export interface BlockedLoopTask {
  /** One number, which the main thread's event loop raises. */
  readonly beats: SharedArrayBuffer;
  readonly name: string;
  readonly lookEveryMs: number;
  /** Looks in a row without a beat that mean that the loop is blocked. */
  readonly looksMax: number;
}

const { beats, name, lookEveryMs, looksMax } = workerData as BlockedLoopTask;
const counter = new Int32Array(beats);
let last = Atomics.load(counter, 0);
let looks = 0;

// Looks are counted, and not time: a process that was frozen as a whole has not stalled.
setInterval(() => {
  const now = Atomics.load(counter, 0);
  looks = now === last ? looks + 1 : 0;
  last = now;
  if (looks < looksMax) return;
  const msg = `the event loop was blocked for ${looks * lookEveryMs} ms; the process ends`;
  const line = { level: 'fatal', time: new Date().toISOString(), pid: process.pid, name, msg };
  writeSync(1, `${JSON.stringify(line)}\n`);
  // A thread has no gentler way to end a process whose main thread does not listen.
  process.kill(process.pid, 'SIGKILL');
}, lookEveryMs);
