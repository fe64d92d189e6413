/**
 * The remote step: what validators answered before the command was let in. `decide` asks nobody; it
 * compares their facts with its own sums, and refuses what should have been asked and was not.
 */
import type { Attestation, CommandMessage, RemoteValidator, Violation } from '@prorata/schemas';
import { refusal, violation } from '../decide/answer.ts';
import { ageInWords } from '../limits.ts';
import type { ApplicationState, Decision, DecisionContext, Registration } from '../model.ts';
import { askedValidators } from './validatedCommands.ts';

/** Decides with the facts as totals, and names what the validators object beside what the decision does. */
export function attestedDecision(
  state: ApplicationState,
  command: CommandMessage,
  context: DecisionContext,
  decided: (state: ApplicationState) => Decision,
): Decision {
  const { registration } = state;
  if (registration.validators.length === 0) return decided(state);
  const asked = askedValidators(registration.validators, command);
  if (asked.length === 0) return decided(state);
  const answers = answersOf(registration, command.value.envelope.attestations);
  const objections = [
    ...asked.flatMap((validator) =>
      objectionsOf(validator, answers.get(validator.name), registration),
    ),
    ...staleFacts(registration, asked, answers, context.now),
  ];
  const decision = decided(withFacts(state, answers));
  if (objections.length === 0) return decision;
  return (
    refusal([...objections, ...(decision.kind === 'refused' ? decision.violations : [])]) ??
    decision
  );
}

type Answers = ReadonlyMap<string, Attestation>;

/** An answer that another version of the registration asked for is none. */
function answersOf({ version }: Registration, attestations: readonly Attestation[]): Answers {
  const current = attestations.filter(({ applicationVersion }) => applicationVersion === version);
  return new Map(current.map((attestation) => [attestation.validator, attestation]));
}

function objectionsOf(
  { name, onUnavailable }: RemoteValidator,
  answer: Attestation | undefined,
  { version }: Registration,
): Violation[] {
  if (answer === undefined) {
    const message = `Validator ${name} was not asked by version ${version.toString()} of the registration.`;
    return [violation('VALIDATION_OUTDATED', '', message)];
  }
  if (answer.status === 'denied') {
    return [violation('VALIDATOR_DENIED', '', `Validator ${name}: ${answer.message}`)];
  }
  if (answer.status === 'approved' || onUnavailable === 'flag') return [];
  return [violation('VALIDATOR_UNAVAILABLE', '', `Validator ${name}: ${answer.message}`)];
}

/** Of a validator that answered: of one that did not, its own policy has decided. */
function staleFacts(
  { resources }: Registration,
  asked: readonly RemoteValidator[],
  answers: Answers,
  now: bigint,
): Violation[] {
  return [...resources.values()].flatMap(({ name, totalSource }) => {
    if (totalSource === null || !asked.some(({ name: each }) => each === totalSource.validator)) {
      return [];
    }
    const answer = answers.get(totalSource.validator);
    if (answer?.status !== 'approved') return [];
    if (!Object.hasOwn(answer.facts, name)) {
      const message = `Validator ${totalSource.validator} told no total of ${name}.`;
      return [violation('FACT_MISSING', '', message)];
    }
    const age = now - answer.observedAt;
    // A fact from the future is from a clock that nobody can compare with.
    if (age <= totalSource.maxAgeMicros && -age <= totalSource.maxAgeMicros) return [];
    const told = age < 0n ? `${ageInWords(-age)} ahead` : `${ageInWords(age)} old`;
    const message =
      `The total of ${name} by ${totalSource.validator} is ${told}; ` +
      `at most ${ageInWords(totalSource.maxAgeMicros)} are taken.`;
    return [violation('FACT_STALE', '', message)];
  });
}

/** The state with each fact as the resource's total; the state itself stays as it is. */
function withFacts(state: ApplicationState, answers: Answers): ApplicationState {
  const { registration } = state;
  const resources = new Map(
    [...registration.resources].map(([name, declaration]) => {
      const { totalSource } = declaration;
      const facts = totalSource === null ? undefined : answers.get(totalSource.validator)?.facts;
      if (facts === undefined || !Object.hasOwn(facts, name)) return [name, declaration];
      return [name, { ...declaration, total: facts[name] ?? null }];
    }),
  );
  return { ...state, registration: { ...registration, resources } };
}
