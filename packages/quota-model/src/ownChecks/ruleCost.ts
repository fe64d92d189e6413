/**
 * A bound on the work of one rule, from its tree alone: CEL cannot loop, but a macro visits every item
 * of a list for every item of another when one stands in the other. Here none may, and whatever walks
 * a whole value (a comparison, `in`, `contains`) counts as much as the largest value there is.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { celFunctions } from './celEnvironment.ts';

/** The work of a rule over values of size n is at most `flat + linear × n + square × n²` steps. */
export interface RuleCost {
  readonly flat: number;
  readonly linear: number;
  readonly square: number;
}

/** The rule uses what rules may not. */
export class RuleOutsideSubset extends Error {
  override readonly name = 'RuleOutsideSubset';
}

const macros = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);
const walksValues = new Set(['contains', 'endsWith', 'lowerAscii', 'size', 'startsWith', 'string']);
const comparisons = new Set(['==', '!=', 'in', '+']);

/** @throws RuleOutsideSubset for a function that is not taken, or a macro inside another's body */
export function ruleCost(tree: ASTNode): RuleCost {
  return costOf(tree, false);
}

export function stepsOf({ flat, linear, square }: RuleCost, size: number): number {
  return flat + linear * size + square * size * size;
}

function costOf(node: ASTNode, isInMacro: boolean): RuleCost {
  if (node.op === 'call') {
    mustKnow(node.args[0], node.args[1]);
    return sum([ownCost(node), ...node.args[1].map((each) => costOf(each, isInMacro))]);
  }
  if (node.op !== 'rcall') {
    return sum([ownCost(node), ...operandsOf(node).map((each) => costOf(each, isInMacro))]);
  }
  const [name, receiver, parameters] = node.args;
  mustKnow(name, parameters);
  const parts = [receiver, ...parameters];
  if (!macros.has(name)) {
    return sum([ownCost(node), ...parts.map((each) => costOf(each, isInMacro))]);
  }
  if (isInMacro) throw new RuleOutsideSubset(`${name} stands inside another macro.`);
  // Lists are joined by +: one of as many parts as the receiver has nodes is so many times as long.
  const body = sum(parameters.map((each) => costOf(each, true)));
  return sum([costOf(receiver, true), perItem(body, nodesIn(receiver))]);
}

function mustKnow(name: string, parameters: readonly ASTNode[]): void {
  if (!celFunctions.has(name)) throw new RuleOutsideSubset(`${name} is not among the functions.`);
  // `has` looks at one field; the test of what stands before the field would be skipped otherwise.
  if (name === 'has' && parameters.length !== 1) throw new RuleOutsideSubset('has takes a field.');
}

function ownCost(node: ASTNode): RuleCost {
  const name = node.op === 'call' || node.op === 'rcall' ? node.args[0] : node.op;
  const walks = comparisons.has(name) ? !comparesWithLiteral(node) : walksValues.has(name);
  return walks ? { flat: 1, linear: 1, square: 0 } : { flat: 1, linear: 0, square: 0 };
}

/** A literal is as large as the rule writes it, and nothing is compared beyond it. */
function comparesWithLiteral(node: ASTNode): boolean {
  const literal = (each: ASTNode | undefined): boolean =>
    each?.op === 'value' || (each?.op === 'list' && each.args.every((item) => item.op === 'value'));
  const [left, right] = operandsOf(node);
  return node.op === 'in' ? literal(right) : literal(left) || literal(right);
}

function perItem(body: RuleCost, lists: number): RuleCost {
  return { flat: 1, linear: body.flat * lists, square: body.linear * lists };
}

function sum(costs: readonly RuleCost[]): RuleCost {
  return costs.reduce((total, { flat, linear, square }) => ({
    flat: total.flat + flat,
    linear: total.linear + linear,
    square: total.square + square,
  }));
}

function nodesIn(node: ASTNode): number {
  const parts = node.op === 'rcall' ? [node.args[1], ...node.args[2]] : operandsOf(node);
  return parts.reduce((count, each) => count + nodesIn(each), 1);
}

/** What stands below a node, calls with a receiver apart. */
function operandsOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isNode(value)) found.push(value);
  };
  collect(node.args);
  return found;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
