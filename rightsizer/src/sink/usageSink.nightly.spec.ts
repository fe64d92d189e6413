import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Crash } from '../../test/dyingProcess.ts';
import { diedOf, SentLedger, SinkScene } from '../../test/sinkScene.ts';
import { commitSteps, compactionSteps } from '../table/commitSteps.ts';
import type { CommitStep, CompactionStep } from '../table/commitSteps.ts';

/** A step that nobody comes to in this time has lost its hook. */
const STEP_MS = 60_000;
/** While nobody has died more is sent: two sinks may have left each other nothing. */
const SEND_AGAIN_MS = 2_000;
/** Of one test, on a machine that does much else: about half a minute on a quiet one. */
const TEST_MS = 600_000;

let scene: SinkScene;
let ledger: SentLedger;

beforeEach(async () => {
  scene = await SinkScene.open();
  ledger = new SentLedger(scene);
});

afterEach(() => scene.close());

/** One of them has died at the step, and the others go on. */
async function died(crash: Crash, processes: readonly ChildProcess[]): Promise<void> {
  const exit = Promise.race(processes.map((each) => once(each, 'exit')));
  const givenUp = Date.now() + STEP_MS;
  while ((await Promise.race([exit, delay(SEND_AGAIN_MS, null)])) === null) {
    if (Date.now() > givenUp) throw new Error(`Nobody came to ${crash.step}.`);
    await ledger.send(40);
  }
  await diedOf(crash, exit);
}

/** The compactor has come to the end of a pass. @throws when it ended instead */
async function passed(compactor: ChildProcess): Promise<void> {
  const ended = once(compactor, 'exit').then(() => 'ended');
  const done = once(compactor.stdout!, 'data').then(() => 'passed');
  expect(await Promise.race([done, ended])).toBe('passed');
  expect(compactor.exitCode).toBeNull();
}

/** Another one with two sinks than with one; 150 records are a range or two of each of four partitions. */
function occurrenceOf(step: CommitStep, sinks: number): number {
  // Metadata is made by the four takeovers first.
  if (step.startsWith('metadata')) return 4 + sinks;
  return step.startsWith('quarantine') ? 1 : sinks;
}

it.each([1, 2])(
  'loses nothing and counts nothing twice, killed at every step, %i sinks at a time',
  async (sinks) => {
    const reading = scene.readMeanwhile();
    for (const step of commitSteps) {
      scene.startAhead(sinks);
      await ledger.send(150);
      const crash = { step, occurrence: occurrenceOf(step, sinks) };
      // Each of another group: all are called the owner of everything, and take it from each other.
      const dying = Array.from({ length: sinks }, (_, index) =>
        scene.startProcess(crash, `usage-sink-${step}-${index}`),
      );
      await died(crash, dying);
      // The others wherever they are.
      scene.killAll();
    }
    scene.startProcess(null, 'usage-sink-last');
    await scene.caughtUp();
    await ledger.expectInTable();
    expect(await reading.end()).toBeGreaterThan(0);
  },
  TEST_MS,
);

/** The first metadata is that of the claim, the second that of what was compacted. */
function compactionOccurrence(step: CompactionStep): number {
  return step.startsWith('compaction-metadata') ? 2 : 1;
}

it(
  'loses nothing and counts nothing twice beside a compactor that is killed at every step',
  async () => {
    const folder = path.join(scene.directory, 'usage', 'data');
    const reading = scene.readMeanwhile();
    scene.startProcess(null, 'usage-sink');
    for (const step of compactionSteps) {
      scene.startAhead(1);
      await ledger.send(150);
      await scene.caughtUp();
      // What nothing names: of compactors that died, and of a sink that did.
      for (const name of ['one', 'other']) {
        await writeFile(path.join(folder, `left-${name}.parquet`), 'torn');
      }
      await scene.makeOld((name) => /^left-|-compacted-/.test(name));
      const crash = { step, occurrence: compactionOccurrence(step) };
      await died(crash, [scene.startCompactor(crash)]);
    }
    await scene.makeOld((name) => /^left-|-compacted-/.test(name));
    const whole = scene.startCompactor(null);
    await passed(whole);
    await ledger.send(100);
    await scene.caughtUp();
    await passed(whole);
    await ledger.expectInTable();
    expect((await readdir(folder)).filter((name) => name.startsWith('left-'))).toEqual([]);
    expect(await reading.end()).toBeGreaterThan(0);
  },
  TEST_MS,
);
