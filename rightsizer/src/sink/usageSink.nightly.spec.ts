import { expect, it } from 'vitest';
import { SentLedger, SinkScene } from '../../test/sinkScene.ts';
import { commitSteps } from '../table/commitSteps.ts';
import type { CommitStep } from '../table/commitSteps.ts';

/** Rounds over all steps, each with its sinks dying at another of their commits. */
const ROUNDS = 3;

/** The so-manieth time that a sink comes to the step, which it does with 200 records to commit. */
function occurrenceOf(step: CommitStep, round: number): number {
  // A takeover comes once a partition; metadata is made by takeovers and commits, in turn of partitions.
  if (step === 'taken-over') return 1 + round;
  if (step.startsWith('metadata')) return 5 + round;
  return step.startsWith('quarantine') ? 1 + (round % 2) : 1 + round;
}

it.each([1, 2])(
  'loses nothing and counts nothing twice, killed at every step, %i sinks at a time',
  async (sinks) => {
    const scene = await SinkScene.open();
    try {
      const ledger = new SentLedger(scene);
      const reading = scene.readMeanwhile();
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const step of commitSteps) {
          const group = `usage-sink-${round}-${step}`;
          await ledger.send(300);
          // Of another group: both are called the owner of everything, and take it from each other.
          if (sinks > 1) scene.startProcess(null, `${group}-other`);
          const dying = scene.startProcess({ step, occurrence: occurrenceOf(step, round) }, group);
          await new Promise((resolve) => dying.once('exit', resolve));
          scene.killAll();
        }
      }
      scene.startProcess(null, 'usage-sink-last');
      await scene.caughtUp();
      await ledger.expectInTable();
      expect(await reading.end()).toBeGreaterThan(0);
    } finally {
      await scene.close();
    }
  },
);
