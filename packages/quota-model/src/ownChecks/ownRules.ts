/** The semantic step that an application adds: its CEL rules over a quota as it would be. */
import type { Context } from '@marcbachmann/cel-js';
import type { ValidationRule, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { ApplicationState, OwnChecks, QuotaState } from '../model.ts';
import {
  RULE_EXPRESSION_LENGTH_MAX,
  RULE_STEPS_MAX,
  VALIDATION_RULES_MAX,
} from '../modelBounds.ts';
import { textViolations } from '../validate/contentShape.ts';
import { nameViolations } from '../validate/declaredNames.ts';
import { tooManySteps } from './attributesSchema.ts';
import { celEnvironment } from './celEnvironment.ts';
import type { CheckBudget } from './checkBudget.ts';
import { ruleCost, stepsOf } from './ruleCost.ts';
import type { RuleCost } from './ruleCost.ts';
import { SIZE_MIN, ruleVariables } from './ruleVariables.ts';

/** A pointer into the content of a quota. */
const PATH = /^(\/[^/]{1,256}){0,16}$/;

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly cost: RuleCost;
  /** @throws Error of any kind when the rule cannot be evaluated */
  readonly holds: (variables: Context) => unknown;
}

/** What is wrong with the rules that a registration brings. */
export function ruleViolations(rules: readonly ValidationRule[], path: string): Violation[] {
  const names = nameViolations(rules, VALIDATION_RULES_MAX, path);
  if (rules.length > VALIDATION_RULES_MAX) return names;
  const costs: RuleCost[] = [];
  const faults = rules.flatMap((rule, index) => {
    const at = `${path}/${index}`;
    const shape = [
      ...textViolations(rule.message, `${at}/message`),
      ...(PATH.test(rule.path)
        ? []
        : [violation('RULE_INVALID', `${at}/path`, 'It is no JSON pointer.')]),
    ];
    const made = compile(rule);
    if ('cost' in made) costs.push(made.cost);
    else shape.push(violation('RULE_INVALID', `${at}/expression`, made.fault));
    return shape;
  });
  const least = costs.reduce((steps, cost) => steps + stepsOf(cost, SIZE_MIN), 0);
  if (least <= RULE_STEPS_MAX) return [...names, ...faults];
  const message = `Together the rules take ${least} steps; at most ${RULE_STEPS_MAX} are taken.`;
  return [...names, ...faults, violation('TOO_LARGE', path, message)];
}

const byChecks = new WeakMap<
  OwnChecks,
  readonly (CompiledRule | { rule: ValidationRule; fault: string })[]
>();

/**
 * Every rule that does not hold for the quota, and every one that could not be evaluated.
 * @param path JSON pointer of the quota's content in the command
 * @param budget of the command; what it has no steps left for is not evaluated, and says so
 */
export function brokenRules(
  state: ApplicationState,
  quota: QuotaState,
  path: string,
  budget: CheckBudget,
): Violation[] {
  const { checks } = state.registration;
  if (checks.rules.length === 0 || budget.isOver) return [];
  let rules = byChecks.get(checks);
  if (rules === undefined) {
    rules = checks.rules.map(compile);
    byChecks.set(checks, rules);
  }
  const { variables, size } = ruleVariables(state, quota);
  const steps = rules.reduce(
    (sum, each) => sum + ('cost' in each ? stepsOf(each.cost, size) : 0),
    0,
  );
  if (steps > RULE_STEPS_MAX) {
    const message = `The rules of ${state.id} could take ${steps} steps over ${quota.quotaId}; at most ${RULE_STEPS_MAX} are taken.`;
    return [violation('RULE_FAILED', path, message)];
  }
  if (!budget.spend(steps)) return [tooManySteps(path)];
  return rules.flatMap((each) => verdict(each, variables, quota, path));
}

function verdict(
  each: CompiledRule | { rule: ValidationRule; fault: string },
  variables: Context,
  { quotaId }: QuotaState,
  path: string,
): Violation[] {
  const { rule } = each;
  const failed = (why: string): Violation[] => {
    const message = `Rule ${rule.name} could not be evaluated over ${quotaId}: ${why}`;
    return [violation('RULE_FAILED', `${path}${rule.path}`, message)];
  };
  if (!('holds' in each)) return failed(each.fault);
  try {
    const result = each.holds(variables);
    if (result === true) return [];
    if (result !== false) return failed('it is not bool.');
    const message = `Rule ${rule.name} does not hold for ${quotaId}: ${rule.message}`;
    return [violation('RULE_BROKEN', `${path}${rule.path}`, message)];
  } catch (error) {
    return failed(firstLine(error));
  }
}

function compile(rule: ValidationRule): CompiledRule | { rule: ValidationRule; fault: string } {
  if (rule.expression.length > RULE_EXPRESSION_LENGTH_MAX) {
    const fault = `A rule has at most ${RULE_EXPRESSION_LENGTH_MAX} characters.`;
    return { rule, fault };
  }
  try {
    const holds = celEnvironment.parse(rule.expression);
    const cost = ruleCost(holds.ast);
    const checked = holds.check();
    if (!checked.valid) return { rule, fault: firstLine(checked.error) };
    if (checked.type === 'bool') return { rule, cost, holds };
    return { rule, fault: `It is ${String(checked.type)}, not bool.` };
  } catch (error) {
    return { rule, fault: firstLine(error) };
  }
}

/** The library draws the place below its message. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
