/**
 * Specs of decisions: `given(...facts).when(command).then(...events)`. Facts and events are drafts; the
 * kit stamps envelopes and counts quota versions itself. It throws what a test runner can show as a
 * difference, and needs none.
 */
import { sameValue } from '../sameValue.ts';
import type { Decision, EventDraft, StreamState } from '../model.ts';
import type { RefusalCode } from '../refusalCodes.ts';
import { stateToText } from '../snapshot.ts';
import { TestStream } from './stream.ts';
import { hashedDraft } from './stamp.ts';
import type { CommandBody, Sender, UnhashedDraft } from './stamp.ts';

/** What has happened: an event, without what the kit counts and computes: versions, and hashes of contents. */
export type Fact = UnhashedDraft extends infer D
  ? D extends UnhashedDraft
    ? Pick<D, 'type' | 'data'> & { readonly quotaId?: string }
    : never
  : never;

/** Facts of one type. */
export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;

export class UnexpectedDecision extends Error {
  /** Read by test runners, which show how they differ. */
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message);
    this.name = 'UnexpectedDecision';
    this.actual = actual;
    this.expected = expected;
  }
}

export interface When {
  when(command: CommandBody, sender?: Sender): Then;
  /** The same at a later time; what came due meanwhile has happened. */
  at(time: bigint): When;
}

export interface Then {
  readonly decision: Decision;
  /** Accepted with exactly these events; versions of quotas are compared where the fact gives a quota. */
  then(...facts: readonly Fact[]): Then;
  thenResult(result: string | null): Then;
  /** Refused, with this code among the violations; the message holds each of `words`. */
  thenRefused(code: RefusalCode, ...words: readonly string[]): Then;
  /** Refused for what stands at this place of the command, among others perhaps. */
  thenRefusedAt(path: string): Then;
  /** Accepted, since it is so already. */
  thenNothing(): Then;
}

export function given(...facts: readonly Fact[]): When {
  return givenIn('application:moka', ...facts);
}

export function givenIn(stream: string, ...facts: readonly Fact[]): When {
  const past = new TestStream(stream);
  for (const fact of facts) past.append([draftOf(past, fact)]);
  return whenOn(past);
}

/** The state after facts; null when there are none. */
export function stateAfter(stream: string, ...facts: readonly Fact[]): StreamState | null {
  const past = new TestStream(stream);
  for (const fact of facts) past.append([draftOf(past, fact)]);
  return past.state;
}

function draftOf(past: TestStream, fact: Fact): EventDraft {
  const quotaId = fact.quotaId ?? null;
  const quota =
    past.state?.kind === 'application' ? past.state.quotas.get(quotaId ?? '') : undefined;
  const quotaVersion = quotaId === null ? null : (quota?.version ?? 0n) + 1n;
  return hashedDraft({ ...fact, quotaId, quotaVersion });
}

function whenOn(past: TestStream): When {
  return {
    at(time) {
      past.advanceTo(time);
      return this;
    },
    when(command, sender = {}) {
      const expectedOf = (facts: readonly Fact[]): EventDraft[] => versioned(past, facts);
      const before = past.state === null ? '' : stateToText(past.state);
      const decision = past.send(command, sender);
      if (
        decision.kind === 'refused' &&
        past.state !== null &&
        stateToText(past.state) !== before
      ) {
        throw new UnexpectedDecision(
          'A refusal changed the state.',
          stateToText(past.state),
          before,
        );
      }
      return thenOf(decision, expectedOf, past);
    },
  };
}

/** The versions that the events must carry, counted from the state before them. */
function versioned(past: TestStream, facts: readonly Fact[]): EventDraft[] {
  const replay = new TestStream(past.stream);
  const decided = facts.length;
  for (const event of past.events.slice(0, past.events.length - decided)) {
    const { envelope, ...data } = event.value;
    const { quotaId, quotaVersion } = envelope;
    replay.append([{ type: event.type, data, quotaId, quotaVersion } as EventDraft]);
  }
  return facts.map((fact) => {
    const draft = draftOf(replay, fact);
    replay.append([draft]);
    return draft;
  });
}

function thenOf(
  decision: Decision,
  expectedOf: (facts: readonly Fact[]) => EventDraft[],
  past: TestStream,
): Then {
  const fail = (message: string, expected: unknown): never => {
    throw new UnexpectedDecision(`${message} ${summaryOf(decision)}`, decision, expected);
  };
  return {
    decision,
    then(...facts) {
      if (decision.kind !== 'accepted') return fail('Expected events, but:', facts);
      if (decision.events.length !== facts.length) {
        return fail(`Expected ${facts.length} events of ${past.stream}, but:`, facts);
      }
      const expected = expectedOf(facts);
      if (!sameValue(decision.events, expected)) {
        throw new UnexpectedDecision('Other events were decided.', decision.events, expected);
      }
      return this;
    },
    thenResult(result) {
      if (decision.kind === 'accepted' && decision.result === result) return this;
      return fail(`Expected the result ${result ?? 'null'}, but:`, result);
    },
    thenRefused(code, ...words) {
      if (decision.kind !== 'refused') return fail(`Expected ${code}, but:`, code);
      const found = decision.violations.find((violation) => violation.code === code);
      if (found === undefined) return fail(`Expected ${code}, but:`, code);
      const missing = words.filter((word) => !found.message.includes(word));
      if (missing.length > 0) return fail(`The message lacks "${missing.join('", "')}":`, words);
      return this;
    },
    thenRefusedAt(path) {
      const paths = decision.kind === 'refused' ? decision.violations.map((each) => each.path) : [];
      return paths.includes(path) ? this : fail(`Expected a refusal of ${path}, but:`, paths);
    },
    thenNothing() {
      if (decision.kind === 'accepted' && decision.events.length === 0) return this;
      return fail('Expected nothing, but:', []);
    },
  };
}

function summaryOf(decision: Decision): string {
  return decision.kind === 'accepted'
    ? `accepted with ${decision.events.map((event) => event.type).join(', ') || 'no events'}`
    : decision.violations.map(({ code, path, message }) => `${code} ${path} ${message}`).join('; ');
}
