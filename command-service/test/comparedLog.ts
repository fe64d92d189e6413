import { hashOf } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { expect } from 'vitest';
import type { CommandBody } from './commands.ts';
import type { TestDeployment } from './runningService.ts';

/** What a client sent, and what it was told in the end. */
export interface Sent {
  readonly commandId: string;
  readonly body: CommandBody;
  answer: 'accepted' | 'refused' | 'unknown';
}

const PARTITIONS = [0, 1, 2, 3];

/**
 * Every command that was accepted has its one event, every other has none, and nothing else is in the log.
 * @param besides events of commands that are not among those sent
 */
export async function expectEachOnce(
  deployment: TestDeployment,
  sent: readonly Sent[],
  besides: number,
): Promise<void> {
  const events = await deployment.events();
  const byCommand = Map.groupBy(events, (event) => event.value.envelope.commandId);
  for (const { commandId, answer } of sent) {
    const count = byCommand.get(commandId)?.length ?? 0;
    expect([commandId, count]).toEqual([commandId, answer === 'accepted' ? 1 : 0]);
  }
  const accepted = sent.filter(({ answer }) => answer === 'accepted').length;
  expect(events.length).toBe(accepted + besides);
}

/** Of every command in the log, repetitions included. @returns them by command id */
export async function expectOneOutcomeEach(
  deployment: TestDeployment,
): Promise<ReadonlyMap<string, readonly CommandOutcome[]>> {
  const all: CommandOutcome[] = [];
  for (const partition of PARTITIONS) {
    const outcomes = await deployment.outcomes(partition);
    const commands = await deployment.records('quota.commands', partition);
    expect(outcomes.map(({ commandOffset }) => commandOffset)).toEqual(
      commands.map(({ offset }) => offset),
    );
    all.push(...outcomes);
  }
  return Map.groupBy(all, ({ commandId }) => commandId);
}

/** Versions without a gap, and each event naming the hash of the one before it. */
export async function expectWholeChains(deployment: TestDeployment): Promise<void> {
  const heads = new Map<string, { version: bigint; hash: Buffer }>();
  for (const event of await deployment.events()) {
    const { stream, streamVersion, previousHash } = event.value.envelope;
    const head = heads.get(stream) ?? { version: 0n, hash: Buffer.alloc(32) };
    expect([stream, streamVersion]).toEqual([stream, head.version + 1n]);
    expect(Buffer.compare(previousHash, head.hash)).toBe(0);
    heads.set(stream, { version: streamVersion, hash: hashOf(event) });
  }
}
