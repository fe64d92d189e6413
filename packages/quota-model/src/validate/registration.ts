import type { RegisterApplication, ResourceDeclaration, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { dispatcherViolations } from '../dispatchers/dispatcherViolations.ts';
import {
  AMOUNT_MAX,
  LEVELS_MAX,
  PROPOSAL_LIFETIME_MICROS_MAX,
  RESOURCES_MAX,
} from '../modelBounds.ts';
import { robotRolloutViolations } from '../rollouts/rolloutShape.ts';
import { attributesSchemaViolations } from '../ownChecks/attributesSchema.ts';
import { ruleViolations } from '../ownChecks/ownRules.ts';
import { changePolicyViolations } from './changePolicy.ts';
import { rightsizingViolations, textViolations } from './contentShape.ts';
import { totalSourceViolations, validatorViolations } from './validators.ts';

/** A resource's name appears in tables, metrics and targets: `tokens`, `cpu_milli`, `nvidia.com/gpu`. */
const RESOURCE_NAME = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;

export function isResourceName(name: string): boolean {
  return RESOURCE_NAME.test(name);
}

export function registrationViolations(command: RegisterApplication): Violation[] {
  const { displayName, levels, resources, proposalLifetimeMicros } = command;
  const violations = textViolations(displayName, '/displayName');
  if (levels.length > LEVELS_MAX) {
    violations.push(violation('TOO_MANY', '/levels', `At most ${LEVELS_MAX} levels are taken.`));
  }
  levels.forEach((level, index) => {
    violations.push(...textViolations(level, `/levels/${index}`));
  });
  if (proposalLifetimeMicros < 1n || proposalLifetimeMicros > PROPOSAL_LIFETIME_MICROS_MAX) {
    const message = 'A proposal waits more than 0 and at most 90 days.';
    violations.push(invalid('/proposalLifetimeMicros', message));
  }
  const declared = new Map(resources.map((resource) => [resource.name, resource]));
  return [
    ...violations,
    ...resourceViolations(resources),
    ...totalSourceViolations(resources, command.validators),
    ...attributesSchemaViolations(command.attributesSchema, '/attributesSchema'),
    ...ruleViolations(command.rules, '/rules'),
    ...rightsizingViolations(command.rightsizing, '/rightsizing', declared),
    ...changePolicyViolations(command.changePolicy, '/changePolicy'),
    ...validatorViolations(command.validators, '/validators', declared),
    ...robotRolloutViolations(command.robotRollout, '/robotRollout'),
    ...dispatcherViolations(command.dispatchers, '/dispatchers', declared),
  ];
}

function resourceViolations(resources: readonly ResourceDeclaration[]): Violation[] {
  if (resources.length > RESOURCES_MAX) {
    return [violation('TOO_MANY', '/resources', `At most ${RESOURCES_MAX} resources are taken.`)];
  }
  const seen = new Set<string>();
  return resources.flatMap(({ name, kind, unit, total }, index) => {
    const at = `/resources/${index}`;
    const violations = textViolations(unit, `${at}/unit`);
    if (!isResourceName(name)) {
      violations.push(invalid(`${at}/name`, 'A name has letters, digits and inner . _ / -.'));
    }
    if (seen.has(name)) violations.push(invalid(`${at}/name`, `${name} is declared twice.`));
    seen.add(name);
    if (total === null) return violations;
    if (kind !== 'capacity' && kind !== 'consumable') {
      violations.push(invalid(`${at}/total`, `A ${kind} does not sum: it has no total.`));
    }
    if (total < 0n || total > AMOUNT_MAX) {
      violations.push(invalid(`${at}/total`, 'A total is 0 to 2^63-1.'));
    }
    return violations;
  });
}

function invalid(path: string, message: string): Violation {
  return violation('REGISTRATION_INVALID', path, message);
}
