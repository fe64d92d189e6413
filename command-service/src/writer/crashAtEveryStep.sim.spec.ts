import { describe, expect, it } from 'vitest';
import { creating, overriding, registering } from '../testing/simulatedCommands.ts';
import { WriterSimulation } from '../testing/writerSimulation.ts';

/** Longer than every session, transaction timeout and override below, virtual milliseconds. */
const QUIET_MS = 40_000;
/** Nothing takes so many steps; a run that did would never end. */
const STEPS_MAX = 1_000;

type Blow = (simulation: WriterSimulation, isFirst: boolean) => void;

/** Two writers, some commands of each kind, a snapshot every two events; `blow` falls on the first writer. */
async function run(step: number | null, blow: Blow): Promise<WriterSimulation> {
  const simulation = new WriterSimulation(21, { snapshotEvents: 2, anchorMicros: 1_000_000n });
  const { clock } = simulation.log;
  const { process } = simulation.startWriter();
  if (step !== null) process.atStep(step, () => blow(simulation, true));
  await clock.advance(300);
  const { now } = simulation;
  await simulation.send(registering(1, 'moka', now));
  await simulation.send(creating(2, 'moka/a', now));
  await simulation.send(creating(3, 'unknown/a', now));
  await clock.advance(100);
  await simulation.send(overriding(4, 'moka/a', now + 5_000_000n, now));
  await simulation.send(creating(2, 'moka/a', now));
  await simulation.send(creating(5, 'moka/a', now));
  await clock.advance(QUIET_MS);
  if (step !== null) blow(simulation, false);
  await simulation.send(creating(3, 'unknown/a', simulation.now));
  await simulation.send(creating(6, 'moka/b', simulation.now));
  await clock.advance(QUIET_MS);
  return simulation;
}

const untouched: Blow = () => undefined;

async function stepsOfAQuietRun(): Promise<number[]> {
  const simulation = await run(null, untouched);
  expect(await simulation.faults()).toEqual([]);
  const steps = simulation.writers[0]!.process.steps();
  // The rest are heartbeats of a writer that has nothing to do.
  const busy = Math.min(steps, 150);
  expect(busy).toBeLessThan(STEPS_MAX);
  return Array.from({ length: busy }, (_, index) => index + 1);
}

async function faultsByStep(blow: Blow): Promise<string[]> {
  const found: string[] = [];
  for (const step of await stepsOfAQuietRun()) {
    const simulation = await run(step, blow);
    const types = (await simulation.events()).map(({ message }) => message.type);
    // When anchors fall due depends on the crash; the witness holds each against the log.
    const events = types.filter((type) => type !== 'HeadsAnchored');
    if (events.length === types.length) found.push(`step ${step}: nothing was anchored`);
    const wanted =
      'ApplicationRegistered QuotaCreated QuotaOverridden QuotaOverrideEnded QuotaCreated';
    if (events.join(' ') !== wanted) found.push(`step ${step}: ${events.join(' ')}`);
    for (const fault of await simulation.faults()) found.push(`step ${step}: ${fault}`);
  }
  return found;
}

describe('a writer', { timeout: 600_000 }, () => {
  it('that dies between any two of its steps leaves nothing undone and nothing done twice', async () => {
    const die: Blow = (simulation, isFirst) => {
      if (!isFirst) return;
      simulation.crash(simulation.writers[0]!);
      simulation.startWriter();
    };
    expect(await faultsByStep(die)).toEqual([]);
  });

  it('that stalls between any two of its steps and wakes up replaced changes nothing', async () => {
    const stall: Blow = (simulation, isFirst) => {
      const { process } = simulation.writers[0]!;
      if (!isFirst) process.resume();
      else {
        process.stall();
        simulation.startWriter();
      }
    };
    expect(await faultsByStep(stall)).toEqual([]);
  });
});
