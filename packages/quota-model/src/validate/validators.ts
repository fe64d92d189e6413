/** The form of remote validators in a registration, and of totals that their facts give. */
import type { RemoteValidator, ResourceDeclaration, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { validatedCommands } from '../attestations/validatedCommands.ts';
import {
  FACT_AGE_MICROS_MAX,
  VALIDATORS_MAX,
  VALIDATOR_DEADLINE_MILLIS_MAX,
  VALIDATOR_FILTER_MAX,
  VALIDATOR_RETRIES_MAX,
} from '../modelBounds.ts';
import { invalid, nameViolations, secretNameViolations } from './declaredNames.ts';
import { isHttpUrl } from './httpUrl.ts';

export function validatorViolations(
  validators: readonly RemoteValidator[],
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  const names = nameViolations(validators, VALIDATORS_MAX, path);
  if (validators.length > VALIDATORS_MAX) return names;
  return [
    ...names,
    ...validators.flatMap((validator, index) => {
      const at = `${path}/${index}`;
      return [...termViolations(validator, at), ...filterViolations(validator, at, resources)];
    }),
  ];
}

function termViolations(validator: RemoteValidator, at: string): Violation[] {
  const { url, deadlineMillis, retries, secretRef } = validator;
  const violations = secretNameViolations(secretRef, `${at}/secretRef`);
  if (!isHttpUrl(url)) {
    const message = 'An address is http(s)://host[:port][/path], without user, query or fragment.';
    violations.push(invalid(`${at}/url`, message));
  }
  if (deadlineMillis < 1 || deadlineMillis > VALIDATOR_DEADLINE_MILLIS_MAX) {
    const message = `A deadline is 1 to ${VALIDATOR_DEADLINE_MILLIS_MAX} milliseconds.`;
    violations.push(invalid(`${at}/deadlineMillis`, message));
  }
  if (retries < 0 || retries > VALIDATOR_RETRIES_MAX) {
    violations.push(invalid(`${at}/retries`, `0 to ${VALIDATOR_RETRIES_MAX} retries are taken.`));
  }
  return violations;
}

function filterViolations(
  validator: RemoteValidator,
  at: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  const { commands } = validator;
  const tooMany = [commands, validator.resources].some(
    (list) => list.length > VALIDATOR_FILTER_MAX,
  );
  if (tooMany) {
    return [violation('TOO_MANY', at, `At most ${VALIDATOR_FILTER_MAX} are named.`)];
  }
  return [
    ...commands.flatMap((command, index) =>
      validatedCommands.has(command)
        ? []
        : [
            invalid(
              `${at}/commands/${index}`,
              `It is one of ${[...validatedCommands].join(', ')}.`,
            ),
          ],
    ),
    ...validator.resources.flatMap((resource, index) =>
      resources.has(resource)
        ? []
        : [violation('RESOURCE_UNKNOWN', `${at}/resources/${index}`, 'It is not declared.')],
    ),
  ];
}

/** A total has one source, whose validator is asked about every command that could raise the sum. */
export function totalSourceViolations(
  resources: readonly ResourceDeclaration[],
  validators: readonly RemoteValidator[],
): Violation[] {
  return resources.flatMap(({ name, kind, total, totalSource }, index) => {
    if (totalSource === null) return [];
    const at = `/resources/${index}/totalSource`;
    const violations: Violation[] = [];
    if (total !== null) violations.push(invalid(at, 'A total is declared or a fact, not both.'));
    if (kind !== 'capacity' && kind !== 'consumable') {
      violations.push(invalid(at, `A ${kind} does not sum: it has no total.`));
    }
    const validator = validators.find((candidate) => candidate.name === totalSource.validator);
    if (validator === undefined) {
      violations.push(invalid(`${at}/validator`, 'No validator of this name is declared.'));
    } else if (!isAskedAbout(validator, name)) {
      const message = `${validator.name} must be asked about all commands that speak of ${name}.`;
      violations.push(invalid(`${at}/validator`, message));
    }
    if (totalSource.maxAgeMicros < 1n || totalSource.maxAgeMicros > FACT_AGE_MICROS_MAX) {
      violations.push(invalid(`${at}/maxAgeMicros`, 'It is more than 0 and at most 31 days.'));
    }
    return violations;
  });
}

function isAskedAbout(validator: RemoteValidator, resource: string): boolean {
  const { commands, resources } = validator;
  return commands.length === 0 && (resources.length === 0 || resources.includes(resource));
}
