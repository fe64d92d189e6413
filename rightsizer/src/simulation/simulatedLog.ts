import type { Decision, StreamState } from '@prorata/quota-model';
import { START, TestStream } from '@prorata/quota-model/testing';
import type { CommandBody, Sender } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { CommandMessage, EventMessage } from '@prorata/schemas';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { LoopCommand } from '../commandDesk.ts';

const robot: Sender = {
  actor: { kind: 'robot', issuer: 'https://id.test', subject: 'loops' },
  roles: ['robot'],
};
const person: Sender = { roles: ['admin'] };

/** How long the log remembers what it made of a command, microseconds: as the writer does. */
const REMEMBERED_MICROS = 24n * 3_600_000_000n;

/** A command's first answer, and the moment of it. */
interface First {
  readonly body: string;
  readonly answer: CommandAnswer;
  readonly at: bigint;
}

/**
 * The log and its writers in one process and virtual time: each command is decided by the real model, once in a
 * day, and its events are there for whoever folds them.
 */
export class SimulatedLog {
  /** Of all streams, in the order in which they were appended. */
  readonly events: EventMessage[] = [];
  /** Of an event that a control loop caused, the command. */
  readonly commandOf = new Map<EventMessage, LoopCommand>();
  readonly #streams = new Map<string, TestStream>();
  readonly #first = new Map<string, First>();
  #now: bigint = START;

  get now(): bigint {
    return this.#now;
  }

  state(stream: string): StreamState | null {
    return this.#streams.get(stream)?.state ?? null;
  }

  /** Appends what falls due meanwhile. @param now microseconds */
  advanceTo(now: bigint): void {
    this.#now = now;
    for (const stream of this.#streams.values()) this.#appending(stream, () => undefined);
  }

  /** What a person says, in the JSON form. */
  say(type: CommandMessage['type'], stream: string, data: object, more: Sender = {}): Decision {
    return this.#decide(type, stream, data, { ...person, ...more });
  }

  /** @throws Error when it is refused */
  must(type: CommandMessage['type'], stream: string, data: object): void {
    const decision = this.say(type, stream, data);
    if (decision.kind === 'refused') {
      throw new Error(`${type}: ${JSON.stringify(decision.violations)}`);
    }
  }

  /** What the gateway answers a control loop: the first answer again, where it is not a day old. */
  answer(command: LoopCommand): CommandAnswer {
    const { commandId, type, stream, data, reason, expectedVersion } = command;
    const body = JSON.stringify([type, stream, data, reason, expectedVersion?.toString()]);
    const first = this.#first.get(commandId);
    if (first !== undefined && this.#now - first.at < REMEMBERED_MICROS) {
      return first.body === body ? first.answer : refusal(commandId, 'COMMAND_ID_REUSED', null);
    }
    const sender = { ...robot, reason, expectedVersion: expectedVersion ?? null };
    const before = this.events.length;
    const decision = this.#decide(type, stream, data, sender);
    for (const event of this.events.slice(before)) this.commandOf.set(event, command);
    const answer =
      decision.kind === 'refused'
        ? refusal(commandId, decision.violations[0].code, decision.violations[0].message)
        : accepted(commandId, decision.result);
    this.#first.set(commandId, { body, answer, at: this.#now });
    return answer;
  }

  #decide(type: CommandMessage['type'], name: string, data: object, sender: Sender): Decision {
    const stream = this.#streams.get(name) ?? new TestStream(name);
    this.#streams.set(name, stream);
    const parsed = fromJson(fullNameOf[type], { ...data, envelope: envelopeOf(name) });
    if ('violations' in parsed) throw new Error(`${type}: ${JSON.stringify(parsed.violations)}`);
    return this.#appending(stream, () =>
      stream.send(
        { type, data: parsed.value } as CommandBody,
        {
          ...sender,
          stream: name,
        } as Sender,
      ),
    );
  }

  #appending<Result>(stream: TestStream, work: () => Result): Result {
    const before = stream.events.length;
    stream.advanceTo(this.#now);
    const result = work();
    for (let at = before; at < stream.events.length; at += 1) {
      const event = stream.events[at];
      if (event !== undefined) this.events.push(event);
    }
    return result;
  }
}

/** Read for its form alone: the stream stamps its own. */
function envelopeOf(stream: string): object {
  return {
    commandId: '00000000-0000-4000-8000-000000000000',
    stream,
    actor: { kind: 'user', issuer: 'https://id.test', subject: 'ana' },
    roles: [],
    reason: '',
    expectedVersion: null,
    dryRun: false,
    submittedAt: '2026-01-01T00:00:00Z',
  };
}

export function accepted(commandId: string, result: string | null): CommandAnswer {
  const common = { commandId, detail: null, violations: [], outcome: { result } };
  return { status: 'accepted', code: 'ACCEPTED', ...common };
}

function refusal(commandId: string, code: string, detail: string | null): CommandAnswer {
  return { status: 'refused', commandId, code, detail, violations: [], outcome: null };
}

/** No answer: the command may have been decided, or not. */
export function unanswered(commandId: string): CommandAnswer {
  const nothing = { code: null, detail: null, violations: [], outcome: null };
  return { status: 'unknown', commandId, ...nothing };
}
