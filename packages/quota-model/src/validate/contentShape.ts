/** What a quota's content must satisfy by itself, its limits apart (limitShape.ts). */
import type {
  MatchCondition,
  QuotaContent,
  ResourceDeclaration,
  RightsizeBounds,
  Violation,
} from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isProjectId } from '../ids.ts';
import {
  AMOUNT_MAX,
  ATTRIBUTES_BYTES_MAX,
  BASIS_POINTS,
  CUT_PRIORITY_MAX,
  LABELS_MAX,
  LABEL_KEY_LENGTH_MAX,
  LIMITS_PER_QUOTA_MAX,
  MATCH_CONDITIONS_MAX,
  MATCH_PRIORITY_MAX,
  MATCH_VALUES_MAX,
  RAMP_WHOLE,
  TEXT_LENGTH_MAX,
  TIERS,
} from '../modelBounds.ts';
import { givesRange } from '../rightsizingBounds.ts';
import { isJsonObject } from './jsonObject.ts';
import { limitListViolations } from './limitShape.ts';
import type { LimitTerms } from './limitShape.ts';

/** @param path JSON pointer of the content, empty when its fields are the command's own. */
export function contentViolations(
  content: QuotaContent,
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  return [
    ...termViolations(content, path),
    ...labelViolations(content.labels, `${path}/labels`),
    ...attributeViolations(content.attributes, `${path}/attributes`),
    ...matchViolations(content.match, `${path}/match`),
    ...rightsizingViolations(content.rightsizing, `${path}/rightsizing`, resources),
    ...requestViolations(content.requests, `${path}/requests`),
    ...countingViolations(content, `${path}/requests/counting`),
    ...trialViolations(content.requests, `${path}/requests/trial`, resources),
  ];
}

/** Of a content that is given whole: its limits too. @param path JSON pointer of the content */
export function wholeContentViolations(
  content: QuotaContent,
  path: string,
  terms: LimitTerms,
): Violation[] {
  return [
    ...contentViolations(content, path, terms.resources),
    ...limitListViolations(content.limits, `${path}/limits`, terms),
  ];
}

function termViolations(content: QuotaContent, path: string): Violation[] {
  const violations: Violation[] = [];
  const { owner, project, tier, cutPriority, action, degradeTag, limits } = content;
  if (owner === '') violations.push(invalid(`${path}/owner`, 'The owner is empty.'));
  violations.push(...textViolations(owner, `${path}/owner`));
  violations.push(...textViolations(degradeTag ?? '', `${path}/degradeTag`));
  if (project !== null && !isProjectId(project)) {
    const message = `"${project.slice(0, TEXT_LENGTH_MAX)}" is not <organization>/<project>.`;
    violations.push(violation('PROJECT_INVALID', `${path}/project`, message));
  }
  if (!Number.isInteger(tier) || tier < 0 || tier >= TIERS) {
    violations.push(violation('TIER_INVALID', `${path}/tier`, `Tier ${tier} is not 0 to 4.`));
  }
  if (!Number.isInteger(cutPriority) || Math.abs(cutPriority) > CUT_PRIORITY_MAX) {
    const message = `A cut priority lies within ±${CUT_PRIORITY_MAX}.`;
    violations.push(violation('TOO_LARGE', `${path}/cutPriority`, message));
  }
  if (action === 'degrade' && (degradeTag === null || degradeTag === '')) {
    const message = 'To degrade, the application needs a tag that says how.';
    violations.push(invalid(`${path}/degradeTag`, message));
  }
  if (limits.length > LIMITS_PER_QUOTA_MAX) {
    const message = `A quota has at most ${LIMITS_PER_QUOTA_MAX} limits.`;
    violations.push(violation('TOO_MANY', `${path}/limits`, message));
  }
  return violations;
}

function labelViolations(labels: QuotaContent['labels'], path: string): Violation[] {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    return [violation('TOO_MANY', path, `A quota has at most ${LABELS_MAX} labels.`)];
  }
  return entries.flatMap(([key, value]) => {
    if (key === '' || key.length > LABEL_KEY_LENGTH_MAX) {
      const message = `A label's key has 1 to ${LABEL_KEY_LENGTH_MAX} characters.`;
      return [violation('TOO_LARGE', path, message)];
    }
    return textViolations(value, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  });
}

function attributeViolations(attributes: string, path: string): Violation[] {
  if (bytesOf(attributes) > ATTRIBUTES_BYTES_MAX) {
    const message = `Attributes have at most ${ATTRIBUTES_BYTES_MAX} bytes as JSON.`;
    return [violation('TOO_LARGE', path, message)];
  }
  return isJsonObject(attributes)
    ? []
    : [violation('ATTRIBUTES_INVALID', path, 'Attributes are not a JSON object.')];
}

/** Bytes of the text as UTF-8; a text longer than the bound is not walked to its end. */
function bytesOf(text: string): number {
  if (text.length > ATTRIBUTES_BYTES_MAX) return text.length;
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function matchViolations(match: readonly MatchCondition[], path: string): Violation[] {
  if (match.length > MATCH_CONDITIONS_MAX) {
    const message = `A match has at most ${MATCH_CONDITIONS_MAX} conditions.`;
    return [violation('TOO_MANY', path, message)];
  }
  return match.flatMap(({ attribute, operator, values }, index) => {
    const at = `${path}/${index}`;
    const violations = textViolations(attribute, `${at}/attribute`);
    if (attribute === '') violations.push(invalid(`${at}/attribute`, 'The attribute is empty.'));
    if (values.length > MATCH_VALUES_MAX) {
      const message = `A condition has at most ${MATCH_VALUES_MAX} values.`;
      return [...violations, violation('TOO_MANY', `${at}/values`, message)];
    }
    if (values.length === 0 || (operator !== 'in' && values.length !== 1)) {
      violations.push(
        invalid(`${at}/values`, `${operator} does not take ${values.length} values.`),
      );
    }
    return [...violations, ...values.flatMap((value) => textViolations(value, `${at}/values`))];
  });
}

function requestViolations(requests: QuotaContent['requests'], path: string): Violation[] {
  if (requests === null) return [];
  const { eachOf, priority, rampPercent, scope, safeShareBasisPoints: safe } = requests;
  const violations = textViolations(eachOf ?? '', `${path}/eachOf`);
  if (eachOf === '') violations.push(invalid(`${path}/eachOf`, 'The attribute is empty.'));
  if (!Number.isInteger(priority) || Math.abs(priority) > MATCH_PRIORITY_MAX) {
    const message = `A priority lies within ±${MATCH_PRIORITY_MAX}.`;
    violations.push(violation('TOO_LARGE', `${path}/priority`, message));
  }
  if (!Number.isInteger(rampPercent) || rampPercent < 0 || rampPercent > RAMP_WHOLE) {
    violations.push(invalid(`${path}/rampPercent`, `A ramp goes from 0 to ${RAMP_WHOLE}.`));
  }
  if (scope === 'fleet' && eachOf !== null) {
    const message = `Limits of each ${eachOf.slice(0, TEXT_LENGTH_MAX)} hold on each host alone.`;
    violations.push(violation('FLEET_OF_EACH', `${path}/scope`, message));
  }
  if (safe !== null && (!Number.isInteger(safe) || safe < 1 || safe > BASIS_POINTS)) {
    const message = `A safe share goes from 1 to ${BASIS_POINTS} parts of as many.`;
    violations.push(invalid(`${path}/safeShareBasisPoints`, message));
  }
  return violations;
}

/** A sliding window lets through its amount and no more: there is nothing that a burst could say. */
function countingViolations({ requests, limits }: QuotaContent, path: string): Violation[] {
  if (requests?.counting !== 'sliding_window') return [];
  const bursts = [...limits, ...(requests.trial ?? [])].filter(({ burst }) => burst !== null);
  return bursts.slice(0, 1).map(({ resource }) => {
    const message = `${resource} has a burst, and a rate in a sliding window has none.`;
    return violation('LIMIT_INCONSISTENT', path, message);
  });
}

/** What hosts can count beside the limits in force. Nothing is summed: a trial hands out nothing. */
function trialViolations(
  requests: QuotaContent['requests'],
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  if (requests === null || requests.trial === null) return [];
  const { trial, eachOf } = requests;
  if (trial.length === 0) return [invalid(path, 'No limit is on trial: write null.')];
  const shape = limitListViolations(trial, path, { resources, roles: [] });
  if (shape.length > 0) return shape;
  return trial.flatMap(({ kind, bound, resource }, index) => {
    const isCounted = kind !== 'capacity' && !(kind === 'concurrency' && eachOf !== null);
    if (isCounted && bound === 'amount') return [];
    const message = isCounted
      ? `${resource} is ${bound} on trial: it takes a number to try.`
      : `${resource} cannot be tried: hosts count rates, consumables, and concurrency that all share.`;
    return [violation('LIMIT_INCONSISTENT', `${path}/${index}`, message)];
  });
}

/** Bounds of the rightsizer, of a quota or of a registration for those that give none. */
export function rightsizingViolations(
  rightsizing: readonly RightsizeBounds[],
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  if (rightsizing.length > LIMITS_PER_QUOTA_MAX) {
    return [violation('TOO_MANY', path, `At most ${LIMITS_PER_QUOTA_MAX} bounds are taken.`)];
  }
  const seen = new Set<string>();
  return rightsizing.flatMap(({ resource, min, max, workload, pinned }, index) => {
    const at = `${path}/${index}`;
    const violations: Violation[] = [];
    if (!resources.has(resource)) {
      violations.push(violation('RESOURCE_UNKNOWN', at, `${resource} is not declared.`));
    }
    if (seen.has(resource)) {
      violations.push(violation('LIMIT_DUPLICATE', at, `${resource} is bounded twice.`));
    }
    seen.add(resource);
    const saysNoRange = !givesRange({ min, max }) && (pinned || workload !== null);
    if (!saysNoRange && (min < 1n || max < min || max > AMOUNT_MAX)) {
      const message =
        'Bounds need 1 ≤ min ≤ max ≤ 2^63-1; neither min nor max beside a class or a pin gives none.';
      violations.push(violation('LIMIT_INCONSISTENT', at, message));
    }
    return violations;
  });
}

export function textViolations(text: string, path: string): Violation[] {
  if (text.length <= TEXT_LENGTH_MAX) return [];
  return [violation('TOO_LARGE', path, `A text has at most ${TEXT_LENGTH_MAX} characters here.`)];
}

function invalid(path: string, message: string): Violation {
  return violation('QUOTA_INVALID', path, message);
}
