import { refusalCodes } from '@prorata/quota-model/refusalCodes';
import type { Place } from '../file/place.ts';
import type { ViolationBody } from '../gateway/gatewayProblem.ts';
import type { Failure } from './check.ts';
import { isJson } from './json.ts';
import type { Action, PlannedCommand } from './plan.ts';

/** What was refused, in the terms of the files: which thing, and where it is declared. */
export function failuresOf(
  command: PlannedCommand,
  code: string | null,
  detail: string | null,
  violations: readonly ViolationBody[],
): readonly Failure[] {
  if (violations.length === 0) {
    const message = detail ?? 'it was refused';
    return [failureOf(command, { path: '', message, ...(code === null ? {} : { code }) }, code)];
  }
  return violations.map((each) => failureOf(command, each, code));
}

function failureOf(
  command: PlannedCommand,
  violation: ViolationBody,
  code: string | null,
): Failure {
  const path = violation.path.split('/').slice(1);
  const within = path[0] === 'data' ? path.slice(1) : path;
  const action = actionAt(command, within);
  const own = violation.code ?? code ?? 'REFUSED';
  return {
    code: own,
    message: violation.message,
    remedy: (refusalCodes as Readonly<Record<string, { remedy: string }>>)[own]?.remedy ?? null,
    action,
    place: placeIn(command, within, action),
  };
}

function actionAt({ type, actions }: PlannedCommand, path: readonly string[]): Action | null {
  if (type !== 'ChangeTree') return actions[0] ?? null;
  return path[0] === 'steps' ? (actions[Number(path[1])] ?? null) : null;
}

/** Members of a step that a file does not write: they follow from the place. */
const unwritten = new Set(['create', 'change', 'delete', 'content', 'quotaId', 'expectedVersion']);

function placeIn(
  { data, type }: PlannedCommand,
  path: readonly string[],
  action: Action | null,
): Place | null {
  if (action?.declared == null) return null;
  const written: string[] = [];
  let value: unknown = data;
  for (const [index, name] of path.entries()) {
    value = memberOf(value, name);
    const isOfStep = type === 'ChangeTree' && index < 2;
    if (isOfStep || unwritten.has(name)) continue;
    // Lists of a command are in an order of their own: what tells an item apart is the same.
    written.push(name === 'setLimits' ? 'limits' : (keyOf(value) ?? name));
  }
  return action.declared.placeOf(written);
}

function memberOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value[Number(name)] as unknown;
  return isJson(value) ? value[name] : undefined;
}

function keyOf(value: unknown): string | null {
  if (!isJson(value)) return null;
  const key = value['resource'] ?? value['name'];
  return typeof key === 'string' ? key : null;
}
