/** The names under which a ResourceQuota holds a bound, and in what each is counted. */

/** cores, of which thousandths can be said; bytes; whole things. */
export type HardMeasure = 'cpu' | 'bytes' | 'count';

const CPU = new Set(['cpu', 'requests.cpu', 'limits.cpu']);
const COMPUTE_BYTES = new Set(['memory', 'requests.memory', 'limits.memory']);
const OTHER_BYTES = new Set([
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'requests.storage',
]);
const COUNTS = new Set([
  'pods',
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
]);

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
/** `count/jobs.batch`; of the core group `count/pods`. */
const OBJECT_COUNT = new RegExp(`^count/${SUBDOMAIN}$`);
/** `requests.nvidia.com/gpu`: extended resources have no other prefix, for they are never overcommitted. */
const EXTENDED = new RegExp(`^requests\\.${LABEL}(\\.${LABEL})+/${LABEL}$`);
const CLASS_BYTES = new RegExp(
  `^${SUBDOMAIN}\\.storageclass\\.storage\\.k8s\\.io/requests\\.storage$`,
);
const CLASS_CLAIMS = new RegExp(
  `^${SUBDOMAIN}\\.storageclass\\.storage\\.k8s\\.io/persistentvolumeclaims$`,
);

/** A name that Kubernetes takes has at most as many characters before and after the slash: more is not looked at. */
const KEY_LENGTH_MAX = 253 + 1 + 63;

/** null: no bound of a ResourceQuota, such as `limits.nvidia.com/gpu`. */
export function measureOf(key: string): HardMeasure | null {
  if (key.length > KEY_LENGTH_MAX) return null;
  if (CPU.has(key)) return 'cpu';
  if (COMPUTE_BYTES.has(key) || OTHER_BYTES.has(key) || CLASS_BYTES.test(key)) return 'bytes';
  const isCount =
    COUNTS.has(key) || OBJECT_COUNT.test(key) || CLASS_CLAIMS.test(key) || EXTENDED.test(key);
  return isCount ? 'count' : null;
}

/**
 * Whether the bound holds where a quota is for pods of some priority classes alone. Of the others the API server
 * refuses some, and takes `count/...` without ever holding it.
 */
export function holdsByPriority(key: string): boolean {
  return CPU.has(key) || COMPUTE_BYTES.has(key) || key === 'pods' || EXTENDED.test(key);
}

/** Units of a declared resource, and how many thousandths of what Kubernetes counts one is. */
const UNITS: Readonly<Record<HardMeasure, ReadonlyMap<string, bigint>>> = {
  cpu: new Map([
    ['milli-vcore', 1n],
    ['millicore', 1n],
    ['milli-cpu', 1n],
    ['vcore', 1_000n],
    ['core', 1_000n],
    ['cpu', 1_000n],
  ]),
  bytes: new Map([
    ['byte', 1_000n],
    ['bytes', 1_000n],
  ]),
  count: new Map(),
};

/** Parts of what is counted: a number of them, read as a number of things, would be a thousandfold licence. */
const PARTS = /^(milli|micro|nano|kilo|mega|kibi|mebi|gibi)|byte/i;

/**
 * How many thousandths one unit of a resource is under a key; null: the two do not fit. Words that are not known are
 * not guessed: cores that were taken for thousandths would be a thousandfold licence.
 */
export function thousandthsOf(measure: HardMeasure, unit: string): bigint | null {
  if (measure === 'count') return PARTS.test(unit) ? null : 1_000n;
  return UNITS[measure].get(unit) ?? null;
}

/** For a person who has to mend it. */
export function unitsOf(measure: HardMeasure): string {
  return measure === 'count' ? 'whole things' : [...UNITS[measure].keys()].join(', ');
}
