import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { fileSchema } from './fileSchema.ts';

/** Something wrong at a place of the document; `isKey`: the name itself, not what it stands for. */
export interface DocumentFault {
  readonly path: readonly string[];
  readonly isKey: boolean;
  readonly message: string;
}

let validate: ValidateFunction | null = null;

/** What is wrong with one document of a file by its JSON Schema, in the words of somebody who writes it. */
export function checkDocument(document: unknown): readonly DocumentFault[] {
  validate ??= new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: false,
    validateFormats: false,
    // It is our own, and a test holds it against the metaschema; here that is half of the time.
    validateSchema: false,
  }).compile(fileSchema());
  if (validate(document)) return [];
  return faultsOf(validate.errors ?? []);
}

function faultsOf(errors: readonly ErrorObject[]): readonly DocumentFault[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const plain = errors.filter((error) => !isSummary(error) && !liesInUnion(error, unions));
  // A union within a union is told by the outer one.
  const outer = unions.filter((union) => !liesInUnion(union, unions));
  const faults = [...plain.map(faultOf), ...outer.map((union) => faultOfUnion(union, errors))];
  const seen = new Set<string>();
  return faults.filter(({ path, message }) => {
    const key = JSON.stringify([path, message]);
    return !seen.has(key) && seen.add(key);
  });
}

/** The error of a key's pattern is told by the pattern's own. */
const isSummary = ({ keyword }: ErrorObject): boolean =>
  ['anyOf', 'oneOf', 'propertyNames', 'if'].includes(keyword);

/** ajv reports every branch of a union that does not fit, below the union's own error. */
function liesInUnion(error: ErrorObject, unions: readonly ErrorObject[]): boolean {
  return unions.some((union) => union !== error && isBelow(error, union));
}

/** A branch of a union may be a reference: so the place in the document counts, and no schema path. */
function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  const { instancePath: at } = union;
  if (error.instancePath.startsWith(`${at}/`)) return true;
  if (error.instancePath !== at || error.keyword === 'propertyNames') return false;
  return error.keyword !== union.keyword || error.schemaPath !== union.schemaPath;
}

const pathOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

function faultOf(error: ErrorObject): DocumentFault {
  const path = pathOf(error.instancePath);
  const { keyword } = error;
  const params = error.params as Readonly<Record<string, string>>;
  const named = params['additionalProperty'];
  if (keyword === 'additionalProperties' && named !== undefined) {
    return { path: [...path, named], isKey: true, message: unknownKey(named, error) };
  }
  if (error.propertyName !== undefined) {
    const message = `"${error.propertyName}" cannot be an id here: segments of a-z, 0-9 and inner hyphens`;
    return { path: [...path, error.propertyName], isKey: true, message };
  }
  const missing = params['missingProperty'];
  const message =
    missing === undefined
      ? wanted(error.parentSchema, error)
      : `needs "${missing}", which is left out`;
  return { path, isKey: missing !== undefined, message };
}

function unknownKey(name: string, { parentSchema }: ErrorObject): string {
  const known = Object.keys((parentSchema?.['properties'] ?? {}) as object);
  const near = known.find((each) => each.toLowerCase() === name.toLowerCase());
  const meant = near === undefined ? `there is ${known.join(', ')}` : `did you mean "${near}"?`;
  return `"${name}" is not known here; ${meant}`;
}

function faultOfUnion(union: ErrorObject, errors: readonly ErrorObject[]): DocumentFault {
  const branches = union.schema as readonly Readonly<Record<string, unknown>>[];
  const chosen = chosenBranch(union, branches);
  if (chosen !== null) {
    const [first] = errors.filter(({ instancePath }) =>
      instancePath.startsWith(`${union.instancePath}/${chosen}`),
    );
    if (first !== undefined) {
      // The outer of two unions comes last, and names all that may stand there.
      const deeper = errors.findLast(
        (each) =>
          each.keyword === 'anyOf' && each !== union && each.instancePath === first.instancePath,
      );
      return deeper === undefined ? faultOf(first) : faultOfUnion(deeper, []);
    }
  }
  const path = pathOf(union.instancePath);
  return {
    path,
    isKey: false,
    message: `must be ${branches.map(branchText).filter(Boolean).join(', or ')}`,
  };
}

/** Of records that are told apart by one key each, the key that is there. */
function chosenBranch(
  { data }: ErrorObject,
  branches: readonly Readonly<Record<string, unknown>>[],
): string | null {
  if (typeof data !== 'object' || data === null) return null;
  const titles = branches.map(({ title }) => title).filter((title) => typeof title === 'string');
  return titles.find((title) => Object.hasOwn(data, title)) ?? null;
}

function branchText(branch: Readonly<Record<string, unknown>>): string {
  const { $ref, title, type, enum: values, pattern } = branch;
  if (typeof $ref === 'string')
    return $ref.endsWith('/Long') ? 'a whole number' : `a ${$ref.split('/').at(-1) ?? ''}`;
  if (typeof title === 'string') return `{ resource, ${title}: … }`;
  if (Array.isArray(values)) return values.map((each) => JSON.stringify(each)).join(' or ');
  if (type === 'null') return 'null';
  if (type === 'integer') return 'a whole number';
  if (type === 'string' && typeof pattern === 'string') return 'one in quotes';
  return typeof type === 'string' ? (articles[type] ?? type) : '';
}

const articles: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function wanted(schema: unknown, { keyword, message, params }: ErrorObject): string {
  const { type, enum: values } = (schema ?? {}) as { type?: string; enum?: readonly unknown[] };
  if (keyword === 'enum' && values !== undefined) {
    return `must be one of ${values.map(String).join(', ')}`;
  }
  if (keyword === 'type' && type !== undefined)
    return `must be ${articles[type] ?? 'a whole number'}`;
  if (keyword === 'pattern') return `must have the form ${(params as { pattern: string }).pattern}`;
  const { minimum, maximum } = (schema ?? {}) as { minimum?: number; maximum?: number };
  if (keyword === 'minimum' || keyword === 'maximum') {
    return maximum === undefined
      ? `must be at least ${minimum}`
      : `must be ${minimum} to ${maximum}`;
  }
  const { minItems } = (schema ?? {}) as { minItems?: number };
  if (keyword === 'minItems' || keyword === 'maxItems') return `must have ${minItems} items`;
  return message ?? 'is not right here';
}
