import { partitionOf } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { creating, deleting, registering } from '../testing/simulatedCommands.ts';
import { partitions, WriterSimulation } from '../testing/writerSimulation.ts';

const partition = partitionOf('application:moka', partitions);
const quietMs = 60_000;

interface Check {
  readonly ok: boolean;
  readonly detail?: string;
}

async function serving(): Promise<WriterSimulation> {
  const simulation = new WriterSimulation(3, { quotasMax: 2 });
  simulation.startWriter();
  await simulation.log.clock.advance(2_000);
  await simulation.send(registering(1, 'moka', simulation.now));
  await simulation.send(creating(2, 'moka/a', simulation.now));
  await simulation.log.clock.advance(2_000);
  return simulation;
}

/** What readiness says of the partition of moka, and of the other. */
function checks(simulation: WriterSimulation): { readonly own: Check; readonly other: Check } {
  const all = simulation.writers.flatMap(({ isGone, running }) =>
    isGone ? [] : (running?.checks() ?? []),
  );
  const named = (number: number): Check =>
    all.find(({ name }) => name === `partition ${number}`) ?? { ok: false };
  return { own: named(partition), other: named(1 - partition) };
}

describe('readiness', () => {
  it('names a partition that is full, after a takeover too, until there is room again', async () => {
    const simulation = await serving();
    expect(checks(simulation).own.detail).not.toContain('full');
    await simulation.send(creating(3, 'moka/b', simulation.now));
    await simulation.log.clock.advance(2_000);
    expect(checks(simulation).own.detail).toContain('full: as many quotas as it may hold, 2');
    // What it may still do, change and delete, nobody else could do better.
    expect(checks(simulation)).toMatchObject({ own: { ok: true }, other: { ok: true } });
    expect(checks(simulation).other.detail).not.toContain('full');

    simulation.crash(simulation.writers[0]!);
    simulation.startWriter();
    await simulation.log.clock.advance(quietMs);
    expect(checks(simulation).own.detail).toContain('full');

    await simulation.send(deleting(4, 'moka/b', simulation.now));
    await simulation.log.clock.advance(2_000);
    expect(checks(simulation).own.detail).not.toContain('full');
  });

  it('names a partition whose commands go to the dead letters, for ten minutes', async () => {
    const simulation = await serving();
    await simulation.sendRaw(partition, Buffer.from('x'), Buffer.from('garbage'));
    await simulation.log.clock.advance(2_000);
    const { own, other } = checks(simulation);
    expect(own).toMatchObject({ ok: true });
    expect(own.detail).toContain('dead letters: 1 lately, the last is command 2');
    expect(other.detail).not.toContain('dead');
    const counted = await simulation.writers[0]!.metrics.getSingleMetricAsString(
      'prorata_writer_dead_letters_total',
    );
    expect(counted).toContain(`dead_letters_total{partition="${partition}"} 1`);
    await simulation.log.clock.advance(601_000);
    expect(checks(simulation).own.detail).not.toContain('dead');
  });
});
