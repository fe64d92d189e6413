import { evolve, stateToText } from '@prorata/quota-model';
import type { StreamState } from '@prorata/quota-model';
import { hashOf } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import type { WriterSimulation } from './writerSimulation.ts';

/** What is wrong with a log by the laws that the writer keeps; empty: nothing. */
export async function faultsOfLog(simulation: WriterSimulation): Promise<string[]> {
  const [outcomes, events, commands] = [
    await simulation.outcomes(),
    await simulation.events(),
    await simulation.read('commands'),
  ];
  const faults: string[] = [];
  const answered = new Map<string, number>();
  for (const { partition, commandOffset } of outcomes) {
    const place = `${partition}:${commandOffset}`;
    answered.set(place, (answered.get(place) ?? 0) + 1);
  }
  for (const { partition, offset } of commands) {
    const times = answered.get(`${partition}:${offset}`) ?? 0;
    if (times !== 1) faults.push(`command ${partition}:${offset} has ${times} outcomes`);
  }
  faults.push(...faultsOfFirsts(outcomes));
  const offsetsOf = new Map<string, Set<string>>();
  const heads = new Map<string, { version: bigint; hash: Buffer; at: bigint }>();
  for (const { message } of events) {
    const { stream, streamVersion, previousHash, commandId, commandOffset, decidedAt } =
      message.value.envelope;
    const head = heads.get(stream) ?? { version: 0n, hash: Buffer.alloc(32), at: 0n };
    if (streamVersion !== head.version + 1n)
      faults.push(`${stream} ${streamVersion} after ${head.version}`);
    if (!head.hash.equals(previousHash))
      faults.push(`${stream} ${streamVersion}: the chain is broken`);
    if (decidedAt < head.at) faults.push(`${stream} ${streamVersion}: time goes back`);
    heads.set(stream, { version: streamVersion, hash: hashOf(message), at: decidedAt });
    if (commandId === null) continue;
    const offsets = offsetsOf.get(`${stream} ${commandId}`) ?? new Set();
    offsetsOf.set(`${stream} ${commandId}`, offsets.add(`${commandOffset}`));
  }
  for (const [command, offsets] of offsetsOf) {
    if (offsets.size > 1)
      faults.push(`${command} was applied at offsets ${[...offsets].join(', ')}`);
  }
  const written = new Set(events.map(({ message }) => message.value.envelope.eventId));
  for (const outcome of outcomes) {
    const missing = outcome.eventIds.filter((id) => !written.has(id));
    if (missing.length > 0) faults.push(`${outcome.commandId} names events that are not there`);
  }
  return faults;
}

/** Refusals that are no command's first outcome. */
const neverFirst = new Set(['COMMAND_ID_REUSED', 'COMMAND_TOO_OLD', 'TOO_MANY_COMMANDS']);

/** Within the window a command has one first outcome, and its repetitions say the same. */
function faultsOfFirsts(outcomes: readonly CommandOutcome[]): string[] {
  const faults: string[] = [];
  const firsts = new Map<string, CommandOutcome>();
  for (const outcome of outcomes) {
    if (outcome.actor === null || neverFirst.has(outcome.code)) continue;
    const key = `${outcome.stream} ${outcome.commandId}`;
    const first = firsts.get(key);
    if (outcome.firstOffset === null) {
      if (first !== undefined)
        faults.push(`${key} was decided at ${first.commandOffset} and ${outcome.commandOffset}`);
      firsts.set(key, outcome);
    } else if (first?.commandOffset !== outcome.firstOffset || first.code !== outcome.code) {
      faults.push(`${key} at ${outcome.commandOffset} does not repeat its first outcome`);
    }
  }
  return faults;
}

/** Every stream's state as text, folded from the events. */
export async function foldedStates(simulation: WriterSimulation): Promise<Map<string, string>> {
  const states = new Map<string, StreamState>();
  for (const { message } of await simulation.events()) {
    const { stream } = message.value.envelope;
    states.set(stream, evolve(states.get(stream) ?? null, message));
  }
  return new Map([...states].map(([stream, state]) => [stream, stateToText(state)]));
}
