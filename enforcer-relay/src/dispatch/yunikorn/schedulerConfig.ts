/** YuniKorn's queue file as it decodes it (v1.8): what it would refuse, and what it takes and misreads. */
import { configTree } from './configTree.ts';
import type { Tree } from './tree.ts';

export interface Resources {
  readonly guaranteed?: Readonly<Record<string, string>>;
  readonly max?: Readonly<Record<string, string>>;
}

export interface Limit {
  readonly limit?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly maxresources?: Readonly<Record<string, string>>;
  readonly maxapplications?: bigint;
}

export interface QueueConfig {
  readonly name?: string;
  readonly parent?: boolean;
  readonly resources?: Resources;
  readonly maxapplications?: bigint;
  readonly properties?: Readonly<Record<string, string>>;
  readonly adminacl?: string;
  readonly submitacl?: string;
  readonly childtemplate?: {
    readonly maxapplications?: bigint;
    readonly properties?: Readonly<Record<string, string>>;
    readonly resources?: Resources;
  };
  readonly queues?: readonly QueueConfig[];
  readonly limits?: readonly Limit[];
}

export interface PlacementRule {
  readonly name?: string;
  readonly create?: boolean;
  readonly value?: string;
  readonly parent?: PlacementRule;
  readonly filter?: {
    readonly type?: string;
    readonly users?: readonly string[];
    readonly groups?: readonly string[];
  };
}

export interface PartitionConfig {
  readonly name?: string;
  readonly queues?: readonly QueueConfig[];
  readonly placementrules?: readonly PlacementRule[];
  readonly limits?: readonly Limit[];
  readonly preemption?: { readonly enabled?: boolean; readonly quotapreemptionenabled?: boolean };
  readonly nodesortpolicy?: {
    readonly type?: string;
    readonly resourceweights?: Readonly<Record<string, string>>;
  };
  readonly usergroupresolver?: { readonly type?: string };
}

export interface SchedulerConfig {
  readonly partitions?: readonly PartitionConfig[];
  readonly checksum?: string;
}

export interface YunikornFault {
  readonly message: string;
  /** YuniKorn takes it, and it does not mean what it says: refused here alone. */
  readonly isTrap: boolean;
}

export const refused = (message: string): YunikornFault => ({ message, isTrap: false });
export const trap = (message: string): YunikornFault => ({ message, isTrap: true });

/** What a member is that is not there, or is not what it must be. */
const absent = undefined;

type Shape = 'text' | 'count' | 'flag' | 'weight' | List | Values | Members;
interface List {
  readonly listOf: Shape;
}
interface Values {
  readonly valuesOf: Shape;
}
interface Members {
  readonly members: () => Readonly<Record<string, Shape>>;
}

const texts: Values = { valuesOf: 'text' };
const resources: Members = { members: () => ({ guaranteed: texts, max: texts }) };
const limit: Members = {
  members: () => ({
    limit: 'text',
    users: { listOf: 'text' },
    groups: { listOf: 'text' },
    maxresources: texts,
    maxapplications: 'count',
  }),
};
const queue: Members = {
  members: () => ({
    name: 'text',
    parent: 'flag',
    resources,
    maxapplications: 'count',
    properties: texts,
    adminacl: 'text',
    submitacl: 'text',
    childtemplate: {
      members: () => ({ maxapplications: 'count', properties: texts, resources }),
    },
    queues: { listOf: queue },
    limits: { listOf: limit },
  }),
};
const placementRule: Members = {
  members: () => ({
    name: 'text',
    create: 'flag',
    filter: {
      members: () => ({ type: 'text', users: { listOf: 'text' }, groups: { listOf: 'text' } }),
    },
    parent: placementRule,
    value: 'text',
  }),
};
const partition: Members = {
  members: () => ({
    name: 'text',
    queues: { listOf: queue },
    placementrules: { listOf: placementRule },
    limits: { listOf: limit },
    preemption: { members: () => ({ enabled: 'flag', quotapreemptionenabled: 'flag' }) },
    nodesortpolicy: {
      members: () => ({ type: 'text', resourceweights: { valuesOf: 'weight' } }),
    },
    usergroupresolver: { members: () => ({ type: 'text' }) },
  }),
};
const whole: Members = {
  members: () => ({ partitions: { listOf: partition }, checksum: 'text' }),
};

export interface ReadConfig {
  readonly config: SchedulerConfig;
  readonly faults: readonly YunikornFault[];
}

/** Strict, as YuniKorn decodes: an unknown key, another case or a repeated one is refused. */
export function readSchedulerConfig(text: string): ReadConfig {
  const faults: YunikornFault[] = [];
  const { tree, errors, documents } = configTree(text);
  if (tree === null) {
    return { config: {}, faults: [trap('The text is empty: YuniKorn would load its own queues.')] };
  }
  if (documents > 1) faults.push(trap('What follows a line of --- is not read.'));
  for (const error of errors) faults.push(refused(`It is no YAML: ${error}`));
  const config = decoded(tree, whole, '', faults);
  return { config: config === absent ? {} : (config as SchedulerConfig), faults };
}

function decoded(tree: Tree, shape: Shape, at: string, faults: YunikornFault[]): unknown {
  if (tree.kind === 'alias') {
    faults.push(trap(`${at}: aliases are not followed here.`));
    return absent;
  }
  if (isNull(tree)) return absent;
  if (typeof shape === 'string') return scalarOf(tree, shape, at, faults);
  if ('listOf' in shape) {
    if (tree.kind !== 'list') return wrong(at, 'a list', faults);
    return tree.items.map((item, index) => decoded(item, shape.listOf, `${at}/${index}`, faults));
  }
  if (tree.kind !== 'map') return wrong(at, 'a map', faults);
  const members = 'members' in shape ? shape.members() : null;
  const entries: [string, unknown][] = [];
  for (const [name, value] of tree.entries) {
    const of = members === null ? (shape as Values).valuesOf : members[name];
    if (of === undefined) faults.push(refused(`${at}/${name} is not known.`));
    else {
      const member = decoded(value, of, `${at}/${name}`, faults);
      if (member !== absent) entries.push([name, member]);
      else if (members === null) entries.push([name, '']);
    }
  }
  return Object.fromEntries(entries);
}

function scalarOf(tree: Tree, shape: string, at: string, faults: YunikornFault[]): unknown {
  if (tree.kind !== 'value') return wrong(at, 'a value', faults);
  const { text, isPlain } = tree;
  if (shape === 'text') return text;
  if (shape === 'weight') {
    return isPlain && text.trim() !== '' && !Number.isNaN(Number(text))
      ? text
      : wrong(at, 'a number', faults);
  }
  if (shape === 'flag') {
    if (isPlain && /^(true|True|TRUE)$/.test(text)) return true;
    if (isPlain && /^(false|False|FALSE)$/.test(text)) return false;
    if (isPlain && /^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text)) {
      faults.push(trap(`${at}: say true or false.`));
      return undefined;
    }
    return wrong(at, 'true or false', faults);
  }
  if (isPlain && /^(0|[1-9][0-9]*)$/.test(text)) {
    const count = BigInt(text);
    return count < 1n << 64n ? count : wrong(at, 'a whole number below 2^64', faults);
  }
  if (isPlain && /^[0-9]/.test(text) && Number(text) >= 0) {
    faults.push(trap(`${at}: ${text} is read as another number.`));
    return undefined;
  }
  return wrong(at, 'a whole number', faults);
}

function wrong(at: string, what: string, faults: YunikornFault[]): unknown {
  faults.push(refused(`${at === '' ? '/' : at} is not ${what}.`));
  return absent;
}

const isNull = (tree: Tree): boolean =>
  tree.kind === 'value' && tree.isPlain && /^(|~|null|Null|NULL)$/.test(tree.text);
