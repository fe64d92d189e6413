import { hashOf } from '@prorata/schemas';
import type { CommandOutcome, EventMessage } from '@prorata/schemas';
import type { ChaosResult } from './chaosResult.ts';
import type { Sent } from './load.ts';

/** A log as somebody read it who had no part in writing it, in its order within each stream. */
export interface ReadLog {
  readonly events: readonly EventMessage[];
  readonly outcomes: readonly CommandOutcome[];
}

export interface Comparison {
  readonly result: ChaosResult;
  /** A sentence for each thing that is wrong. */
  readonly faults: readonly string[];
}

/** What callers were told beside what the log holds. */
export function compareLog(sent: readonly Sent[], log: ReadLog): Comparison {
  const firsts = Map.groupBy(
    log.outcomes.filter(({ firstOffset }) => firstOffset === null),
    ({ commandId }) => commandId,
  );
  const events = Map.groupBy(log.events, ({ value }) => value.envelope.commandId);
  const faults: string[] = [];
  let [inLog, lost, duplicated] = [0, 0, 0];
  for (const { commandId, answer } of sent) {
    const outcomes = firsts.get(commandId) ?? [];
    const own = events.get(commandId) ?? [];
    // Each of these commands yields one event when it is accepted.
    if (outcomes.length > 1 || own.length > 1) {
      duplicated++;
      faults.push(`${commandId} has ${outcomes.length} decisions and ${own.length} events`);
    } else if (!agrees(answer, outcomes[0], own.length)) {
      lost++;
      const found = outcomes[0]?.code ?? 'nothing';
      faults.push(`${commandId} was ${answer}; the log says ${found}, with ${own.length} events`);
    } else if (own.length === 1) inLog++;
  }
  const broken = brokenStreams(log.events);
  faults.push(...broken);
  lost += broken.length;
  const count = (answer: Sent['answer']): number =>
    sent.filter((entry) => entry.answer === answer).length;
  const answers = {
    accepted: count('accepted'),
    refused: count('refused'),
    unknown: count('unknown'),
  };
  return { result: { sent: sent.length, ...answers, inLog, lost, duplicated }, faults };
}

function agrees(
  answer: Sent['answer'],
  outcome: CommandOutcome | undefined,
  events: number,
): boolean {
  if (outcome === undefined) return answer === 'unknown' && events === 0;
  if (answer !== 'unknown' && outcome.status !== answer) return false;
  return events === (outcome.status === 'accepted' ? 1 : 0);
}

/** Every event follows the one before it in its stream, by number and by hash. */
function brokenStreams(events: readonly EventMessage[]): string[] {
  const faults = new Map<string, string>();
  const heads = new Map<string, { version: bigint; hash: Buffer }>();
  for (const event of events) {
    const { stream, streamVersion, previousHash } = event.value.envelope;
    const head = heads.get(stream) ?? { version: 0n, hash: Buffer.alloc(32) };
    const follows = streamVersion === head.version + 1n && head.hash.equals(previousHash);
    if (!follows && !faults.has(stream))
      faults.set(stream, `${stream} is broken at version ${streamVersion}`);
    heads.set(stream, { version: streamVersion, hash: hashOf(event) });
  }
  return [...faults.values()];
}
