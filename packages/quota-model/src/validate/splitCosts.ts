/** Costs that no project caused alone: what the terms of a book may say of them. */
import type { IdleRule, ProjectWeight, SharedCost, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isDecimal, isNegative } from '../decimals.ts';
import { isProjectId, isSegment } from '../ids.ts';
import { SPLIT_COSTS_MAX, SPLIT_PROJECTS_MAX, SPLIT_WEIGHT_MAX } from '../modelBounds.ts';
import { isResourceName } from './registration.ts';

type Split = Pick<SharedCost, 'organization' | 'split' | 'weights'>;

export function splitCostViolations(
  sharedCosts: readonly SharedCost[],
  idle: readonly IdleRule[],
): Violation[] {
  const most = Math.max(sharedCosts.length, idle.length);
  if (most > SPLIT_COSTS_MAX) {
    const message = `A book has at most ${SPLIT_COSTS_MAX} shared costs, and as many rules of idle.`;
    return [violation('TOO_MANY', '', message)];
  }
  const named = [...sharedCosts, ...idle].reduce((sum, { weights }) => sum + weights.length, 0);
  if (named > SPLIT_PROJECTS_MAX) {
    const message = `A book names at most ${SPLIT_PROJECTS_MAX} projects, each time counted.`;
    return [violation('TOO_MANY', '', message)];
  }
  return [...sharedViolations(sharedCosts), ...idleViolations(idle)];
}

function sharedViolations(costs: readonly SharedCost[]): Violation[] {
  const seen = new Set<string>();
  return costs.flatMap((cost, index) => {
    const path = `/sharedCosts/${index}`;
    const { name, application, amountPerMonth, organization, effectiveFrom } = cost;
    const key = `${organization} ${name} ${effectiveFrom.toString()}`;
    const fault = faultsAt(path);
    fault.unless(isSegment(name), '/name', 'It is named by a-z, 0-9 and inner hyphens.');
    fault.unless(
      application === null || isSegment(application),
      '/application',
      'The application is not named.',
    );
    const isAmount = isDecimal(amountPerMonth) && !isNegative(amountPerMonth);
    fault.unless(isAmount, '/amountPerMonth', 'The amount is a decimal from 0.');
    fault.unless(!seen.has(key), '', 'Two entries of the name start at the same time.');
    seen.add(key);
    return [...fault.found, ...splitViolations(cost, path)];
  });
}

function idleViolations(rules: readonly IdleRule[]): Violation[] {
  const seen = new Set<string>();
  return rules.flatMap((rule, index) => {
    const path = `/idle/${index}`;
    const { organization, application, resource, effectiveFrom } = rule;
    const key = `${organization} ${application} ${resource} ${effectiveFrom.toString()}`;
    const fault = faultsAt(path);
    fault.unless(isSegment(application), '/application', 'The application is not named.');
    fault.unless(isResourceName(resource), '/resource', 'The resource is not named.');
    fault.unless(!seen.has(key), '', 'Two rules of the resource start at the same time.');
    seen.add(key);
    return [...fault.found, ...splitViolations(rule, path)];
  });
}

function splitViolations({ organization, split, weights }: Split, path: string): Violation[] {
  const fault = faultsAt(path);
  fault.unless(isSegment(organization), '/organization', 'The organization is not named.');
  fault.unless(split !== 'weights' || weights.length > 0, '/weights', 'Weights are needed.');
  fault.unless(split !== 'kept' || weights.length === 0, '/weights', 'What is kept has no parts.');
  const seen = new Set<string>();
  weights.forEach((each, index) => {
    const isFirst = !seen.has(each.project);
    seen.add(each.project);
    fault.unless(
      isFirst && isPart(each, organization),
      `/weights/${index}`,
      `Each project of the organization is named once, with a weight from 1 to ${SPLIT_WEIGHT_MAX}.`,
    );
  });
  return fault.found;
}

function isPart({ project, weight }: ProjectWeight, organization: string): boolean {
  const isOurs = isProjectId(project) && project.startsWith(`${organization}/`);
  return isOurs && weight >= 1n && weight <= SPLIT_WEIGHT_MAX;
}

function faultsAt(path: string) {
  const found: Violation[] = [];
  return {
    found,
    unless(holds: boolean, field: string, message: string): void {
      if (!holds) found.push(violation('PRICE_BOOK_INVALID', `${path}${field}`, message));
    },
  };
}
