/** What an application's rules may speak of, and with what; docs/reference/rules.md is the same for people. */
import { Environment } from '@marcbachmann/cel-js';

/** A limit as a rule sees it: a number that is not there is 0. */
export class CelLimit {
  readonly kind: string;
  readonly bound: string;
  readonly amount: bigint;
  readonly guaranteed: bigint;
  readonly burst: bigint;
  readonly perMicros: bigint;
  readonly window: string;

  constructor(fields: Omit<CelLimit, never>) {
    this.kind = fields.kind;
    this.bound = fields.bound;
    this.amount = fields.amount;
    this.guaranteed = fields.guaranteed;
    this.burst = fields.burst;
    this.perMicros = fields.perMicros;
    this.window = fields.window;
  }
}

/** A quota as a rule sees it: a text that is not there is empty. */
export class CelQuota {
  readonly id: string;
  readonly name: string;
  readonly depth: bigint;
  readonly owner: string;
  readonly project: string;
  readonly tier: bigint;
  readonly cutPriority: bigint;
  readonly action: string;
  readonly mode: string;
  readonly onStale: string;

  constructor(fields: Omit<CelQuota, never>) {
    this.id = fields.id;
    this.name = fields.name;
    this.depth = fields.depth;
    this.owner = fields.owner;
    this.project = fields.project;
    this.tier = fields.tier;
    this.cutPriority = fields.cutPriority;
    this.action = fields.action;
    this.mode = fields.mode;
    this.onStale = fields.onStale;
  }
}

/** A resource's declaration as a rule sees it. */
export class CelResource {
  readonly kind: string;
  readonly unit: string;

  constructor(kind: string, unit: string) {
    this.kind = kind;
    this.unit = unit;
  }
}

/** The variables of one evaluation. */
export interface CelVariables {
  readonly quota: CelQuota;
  readonly limits: ReadonlyMap<string, CelLimit>;
  readonly labels: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly hasParent: boolean;
  readonly parent: CelQuota;
  readonly parentLimits: ReadonlyMap<string, CelLimit>;
  readonly parentLabels: ReadonlyMap<string, string>;
  readonly parentAttributes: ReadonlyMap<string, unknown>;
  readonly resources: ReadonlyMap<string, CelResource>;
}

/** Nodes of one rule's tree: what evaluating it once costs. */
export const RULE_NODES_MAX = 256;
const RULE_DEPTH_MAX = 24;

const texts = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, 'string']));
const ints = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'int']));

/** Nothing here knows a clock, a time zone or chance: equal states and commands decide equally. */
export const celEnvironment = new Environment({
  limits: {
    maxAstNodes: RULE_NODES_MAX,
    maxDepth: RULE_DEPTH_MAX,
    maxListElements: 64,
    maxMapEntries: 16,
    maxCallArguments: 4,
  },
})
  .registerType('Limit', {
    ctor: CelLimit,
    fields: {
      ...texts(['kind', 'bound', 'window']),
      ...ints(['amount', 'guaranteed', 'burst', 'perMicros']),
    },
  })
  .registerType('Quota', {
    ctor: CelQuota,
    fields: {
      ...texts(['id', 'name', 'owner', 'project', 'action', 'mode', 'onStale']),
      ...ints(['depth', 'tier', 'cutPriority']),
    },
  })
  .registerType('Resource', { ctor: CelResource, fields: texts(['kind', 'unit']) })
  .registerVariable('quota', 'Quota')
  .registerVariable('limits', 'map<string, Limit>')
  .registerVariable('labels', 'map<string, string>')
  .registerVariable('attributes', 'map<string, dyn>')
  .registerVariable('hasParent', 'bool')
  .registerVariable('parent', 'Quota')
  .registerVariable('parentLimits', 'map<string, Limit>')
  .registerVariable('parentLabels', 'map<string, string>')
  .registerVariable('parentAttributes', 'map<string, dyn>')
  .registerVariable('resources', 'map<string, Resource>');

/** Functions and macros that a rule may call: each at most walks what it is given, once. */
export const celFunctions: ReadonlySet<string> = new Set([
  'all',
  'bool',
  'contains',
  'double',
  'dyn',
  'endsWith',
  'exists',
  'exists_one',
  'filter',
  'has',
  'int',
  'lowerAscii',
  'map',
  'size',
  'startsWith',
  'string',
  'trim',
  'type',
  'upperAscii',
]);
