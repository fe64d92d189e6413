/**
 * The part of JSON Schema 2020-12 that an application may use: all of validation, without references
 * to anywhere else and without recursion, so that the work on one quota's attributes has a bound.
 */
import { ATTRIBUTES_SCHEMA_NODES_MAX } from '../modelBounds.ts';
import { pointerOf } from './pointer.ts';

export interface SchemaFault {
  /** JSON pointer into the schema. */
  readonly at: string;
  readonly message: string;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** Objects and lists of a schema inside each other. */
const DEPTH_MAX = 24;
/** A pattern walks its text, and unique items are compared with each other: counted as so many nodes. */
const HEAVY_NODES = 50;

const plain = new Set(
  (
    '$schema $comment title description default examples deprecated readOnly writeOnly ' +
    'type enum const required dependentRequired minProperties maxProperties minItems maxItems ' +
    'minContains maxContains uniqueItems minLength maxLength pattern format minimum maximum ' +
    'exclusiveMinimum exclusiveMaximum multipleOf'
  ).split(' '),
);
const ofOneSchema = new Set(
  (
    'additionalProperties propertyNames items contains not if then else ' +
    'unevaluatedProperties unevaluatedItems'
  ).split(' '),
);
const ofSchemaLists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const ofSchemaMaps = new Set(['$defs', 'properties', 'patternProperties', 'dependentSchemas']);
const heavy = new Set(['pattern', 'uniqueItems', 'unevaluatedProperties', 'unevaluatedItems']);

type Json = Readonly<Record<string, unknown>>;

/** Its nodes, every reference counted as what it stands for; the bound where there are more. */
export function schemaNodes(schema: Json): number {
  const walk = new Walk(schema);
  try {
    walk.nodesOf(schema, '', 1);
    return walk.nodes;
  } catch (error) {
    if (error instanceof OutsideSubset) return ATTRIBUTES_SCHEMA_NODES_MAX;
    throw error;
  }
}

/** The first fault, or null. Counting stops at the bound, so that no schema takes long to refuse. */
export function subsetFault(schema: Json): SchemaFault | null {
  try {
    new Walk(schema).nodesOf(schema, '', 1);
    return null;
  } catch (error) {
    if (error instanceof OutsideSubset) return { at: error.at, message: error.message };
    throw error;
  }
}

class OutsideSubset extends Error {
  override readonly name = 'OutsideSubset';
  readonly at: string;

  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

class Walk {
  readonly #root: Json;
  /** References that lead to where the walk is: one of them again is a recursion. */
  readonly #open = new Set<string>();
  #nodes = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  get nodes(): number {
    return this.#nodes;
  }

  /** Counts a schema with every reference as what it stands for. */
  nodesOf(schema: unknown, at: string, depth: number): void {
    if (depth > DEPTH_MAX) throw new OutsideSubset(at, `It is deeper than ${DEPTH_MAX} levels.`);
    this.#count(1, at);
    if (typeof schema === 'boolean') return;
    if (!isObject(schema)) throw new OutsideSubset(at, 'A schema is an object, true or false.');
    for (const [keyword, value] of Object.entries(schema)) {
      this.#keyword(keyword, value, `${at}/${pointerOf(keyword)}`, depth);
    }
  }

  #keyword(keyword: string, value: unknown, at: string, depth: number): void {
    if (heavy.has(keyword)) this.#count(HEAVY_NODES, at);
    if (keyword === '$ref') {
      this.#reference(value, at, depth);
      return;
    }
    if (keyword === '$schema' && value !== DIALECT) {
      throw new OutsideSubset(at, `The dialect is ${DIALECT}.`);
    }
    if (plain.has(keyword)) return;
    if (ofOneSchema.has(keyword)) {
      this.nodesOf(value, at, depth + 1);
      return;
    }
    if (ofSchemaLists.has(keyword) && Array.isArray(value)) {
      value.forEach((item, index) => {
        this.nodesOf(item, `${at}/${index}`, depth + 1);
      });
      return;
    }
    if (!ofSchemaMaps.has(keyword) || !isObject(value)) {
      throw new OutsideSubset(at, 'This keyword is not taken here.');
    }
    // A definition counts where it is used.
    if (keyword === '$defs' && at !== '/$defs') throw new OutsideSubset(at, 'Only at the top.');
    if (keyword === '$defs') return;
    for (const [name, item] of Object.entries(value)) {
      if (keyword === 'patternProperties') this.#count(HEAVY_NODES, at);
      this.nodesOf(item, `${at}/${pointerOf(name)}`, depth + 1);
    }
  }

  #reference(value: unknown, at: string, depth: number): void {
    const name =
      typeof value === 'string' ? /^#\/\$defs\/([A-Za-z0-9_-]+)$/.exec(value)?.[1] : null;
    const definitions = this.#root['$defs'];
    if (name === undefined || name === null || !isObject(definitions)) {
      throw new OutsideSubset(at, 'A reference is #/$defs/<name>, within this schema.');
    }
    if (!Object.hasOwn(definitions, name)) {
      throw new OutsideSubset(at, `There is no definition ${name}.`);
    }
    if (this.#open.has(name)) throw new OutsideSubset(at, `${name} refers to itself.`);
    this.#open.add(name);
    this.nodesOf(definitions[name], `/$defs/${name}`, depth + 1);
    this.#open.delete(name);
  }

  #count(nodes: number, at: string): void {
    this.#nodes += nodes;
    if (this.#nodes <= ATTRIBUTES_SCHEMA_NODES_MAX) return;
    const message =
      `With all references it has more than ${ATTRIBUTES_SCHEMA_NODES_MAX} nodes ` +
      `(a pattern and unique items count ${HEAVY_NODES}).`;
    throw new OutsideSubset(at, message);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
