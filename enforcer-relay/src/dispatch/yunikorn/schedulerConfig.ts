/** YuniKorn's queue file as it decodes it (v1.8): what it would refuse, and what it takes and misreads. */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, Scalar } from 'yaml';

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
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true, schema: 'core' });
  if (!Array.isArray(documents) || documents.length === 0) {
    return { config: {}, faults: [trap('The text is empty: YuniKorn would load its own queues.')] };
  }
  const [document, ...more] = documents as readonly Document.Parsed[];
  if (more.length > 0) faults.push(trap('What follows a line of --- is not read.'));
  for (const { message } of document?.errors ?? []) {
    faults.push(refused(`It is no YAML: ${message.split('\n', 1)[0] ?? ''}`));
  }
  const config = decoded(document?.contents ?? null, whole, '', faults);
  return { config: config === absent ? {} : (config as SchedulerConfig), faults };
}

function decoded(
  node: ParsedNode | null,
  shape: Shape,
  at: string,
  faults: YunikornFault[],
): unknown {
  if (node === null) return undefined;
  if (isAlias(node)) {
    faults.push(trap(`${at}: aliases are not followed here.`));
    return undefined;
  }
  if (isScalar(node) && isNull(node)) return undefined;
  if (typeof shape === 'string') return scalarOf(node, shape, at, faults);
  if ('listOf' in shape) {
    if (!isSeq(node)) return wrong(at, 'a list', faults);
    return node.items.map((item, index) => decoded(item, shape.listOf, `${at}/${index}`, faults));
  }
  if (!isMap(node)) return wrong(at, 'a map', faults);
  const members = 'members' in shape ? shape.members() : null;
  const entries: [string, unknown][] = [];
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? textOf(key) : '';
    const of = members === null ? (shape as Values).valuesOf : members[name];
    if (of === undefined) faults.push(refused(`${at}/${name} is not known.`));
    else {
      const member = decoded(value, of, `${at}/${name}`, faults);
      if (member !== undefined) entries.push([name, member]);
      else if (members === null) entries.push([name, '']);
    }
  }
  return Object.fromEntries(entries);
}

function scalarOf(node: ParsedNode, shape: string, at: string, faults: YunikornFault[]): unknown {
  if (!isScalar(node)) return wrong(at, 'a value', faults);
  const text = textOf(node);
  if (shape === 'text') return text;
  const isPlain = (node as Scalar).type === 'PLAIN';
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

/** As it was written: `1e3` is a text of three characters to YuniKorn. */
const textOf = (node: Scalar): string =>
  node.type === 'PLAIN' ? (node.source ?? String(node.value)) : String(node.value);

const isNull = (node: Scalar): boolean =>
  node.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(node.source ?? '');
