/** The schema step: a quota's attributes against its application's JSON Schema, by ajv. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import {
  ATTRIBUTES_SCHEMA_LENGTH_MAX,
  ATTRIBUTES_STEPS_MIN,
  ATTRIBUTES_VALUES_MAX,
  CHECK_STEPS_MAX,
  SCHEMA_NODE_STEPS,
} from '../modelBounds.ts';
import type { OwnChecks } from '../model.ts';
import { jsonObjectOf } from '../validate/jsonObject.ts';
import { CheckBudget } from './checkBudget.ts';
import { linearPattern } from './linearPattern.ts';
import { pointerOf } from './pointer.ts';
import { schemaNodes, subsetFault } from './schemaSubset.ts';

/** Faults of one quota's attributes that are told: one by one they are corrected anyway. */
const FAULTS_TOLD_MAX = 20;

/** Formats that are checked; another one is refused at registration. All of them are linear. */
const formats: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  'date-time':
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/,
  hostname:
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
  ipv4: /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
};

/** What is wrong with a schema that a registration brings. */
export function attributesSchemaViolations(text: string | null, path: string): Violation[] {
  if (text === null) return [];
  if (text.length > ATTRIBUTES_SCHEMA_LENGTH_MAX) {
    const message = `A schema has at most ${ATTRIBUTES_SCHEMA_LENGTH_MAX} characters of JSON.`;
    return [violation('TOO_LARGE', path, message)];
  }
  const schema = jsonObjectOf(text);
  if (schema === null) return [violation('ATTRIBUTES_SCHEMA_INVALID', path, 'It is no object.')];
  const outside = subsetFault(schema);
  if (outside !== null) {
    return [violation('ATTRIBUTES_SCHEMA_INVALID', `${path}${outside.at}`, outside.message)];
  }
  try {
    compiled(schema);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : 'It cannot be compiled.';
    return [violation('ATTRIBUTES_SCHEMA_INVALID', path, message)];
  }
}

interface CompiledSchema {
  readonly validate: ValidateFunction;
  readonly nodes: number;
}

const byChecks = new WeakMap<OwnChecks, CompiledSchema | null>();

/**
 * @param path JSON pointer of the attributes in the command
 * @param budget of the command; what it has no steps left for is not checked, and says so
 */
export function attributesViolations(
  checks: OwnChecks,
  attributes: string,
  path: string,
  budget: CheckBudget = new CheckBudget(),
): Violation[] {
  if (checks.attributesSchema === null) return [];
  let compiledSchema = byChecks.get(checks);
  if (compiledSchema === undefined) {
    compiledSchema = compiledOrNull(checks.attributesSchema);
    byChecks.set(checks, compiledSchema);
  }
  if (compiledSchema === null) {
    const message = "The application's schema can no longer be read: register it anew.";
    return [violation('ATTRIBUTES_SCHEMA_INVALID', path, message)];
  }
  const value = jsonObjectOf(attributes);
  if (value === null) return [];
  const { validate, nodes } = compiledSchema;
  const values = valuesIn(value);
  if (values > ATTRIBUTES_VALUES_MAX) {
    const message = `Attributes that a schema checks have at most ${ATTRIBUTES_VALUES_MAX} values.`;
    return [violation('TOO_LARGE', path, message)];
  }
  if (!budget.spend(ATTRIBUTES_STEPS_MIN + SCHEMA_NODE_STEPS * nodes * values))
    return [tooManySteps(path)];
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const told = errors.slice(0, FAULTS_TOLD_MAX).map((error) => {
    const at = `${path}${error.instancePath}${missingIn(error)}`;
    return violation('ATTRIBUTES_INVALID', at, messageOf(error));
  });
  // ajv keeps the last errors on the function: they would hold the attributes in memory.
  validate.errors = null;
  return told;
}

/** Of a command whose own checks would take too long; told once. */
export function tooManySteps(path: string): Violation {
  const message = `The application's own checks would take more than ${CHECK_STEPS_MAX} steps from here on: send fewer changes at once, or less in each.`;
  return violation('TOO_LARGE', path, message);
}

function compiledOrNull(text: string): CompiledSchema | null {
  const schema = jsonObjectOf(text);
  try {
    return schema === null ? null : { validate: compiled(schema), nodes: schemaNodes(schema) };
  } catch {
    return null;
  }
}

/** @throws Error when a keyword or a format is unknown, a value is not its keyword's, or a pattern is not linear */
function compiled(schema: object): ValidateFunction {
  const regExp = Object.assign((pattern: string) => linearPattern(pattern), {
    code: 'linearPattern',
  });
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    ownProperties: true,
    logger: false,
    formats,
    code: { regExp },
  });
  return ajv.compile(schema);
}

/** A property that is missing, or should not be there, is pointed at by its own name. */
function missingIn({ params }: ErrorObject): string {
  const named = params as Readonly<Record<string, unknown>>;
  const name =
    named['missingProperty'] ?? named['additionalProperty'] ?? named['unevaluatedProperty'];
  return typeof name === 'string' ? `/${pointerOf(name)}` : '';
}

function messageOf({ keyword, message, params }: ErrorObject): string {
  const values = (params as { allowedValues?: unknown }).allowedValues;
  const among = Array.isArray(values) ? `: ${values.slice(0, 10).map(String).join(', ')}` : '';
  return `It ${message ?? `does not satisfy ${keyword}`}${among}.`;
}

/** Values, objects and lists, counted no further than the bound. */
function valuesIn(value: unknown): number {
  const open: unknown[] = [value];
  let count = 0;
  while (open.length > 0 && count <= ATTRIBUTES_VALUES_MAX) {
    const next = open.pop();
    count++;
    if (typeof next !== 'object' || next === null) continue;
    for (const item of Object.values(next)) open.push(item);
  }
  return count;
}
