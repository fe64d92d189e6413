/**
 * A double of the cluster's API for ResourceQuotas: server-side apply by field manager, the list by label, the
 * delete with preconditions, quantities in the form that the real one writes. What it does was looked at in a real
 * one of 1.34; the nightly spec runs the same dispatcher against such a one.
 */
import type { GuardedAnswer, GuardedRequest } from '@prorata/service-runtime';

interface Stored {
  readonly uid: string;
  resourceVersion: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  hard: Record<string, string>;
  /** Bounds that an apply owns, and so takes away when it does not name them any more. */
  owned: Set<string>;
  scopeSelector: unknown;
}

export interface ClusterDouble {
  /** By `namespace/name`. */
  readonly quotas: Map<string, Stored>;
  readonly namespaces: Set<string>;
  /** Those of ours, as a list tells them. */
  readonly objects: () => readonly Readonly<Record<string, unknown>>[];
  readonly asked: string[];
  isReachable: boolean;
  /** Answered instead, once. */
  failNext: { readonly status: number; readonly message: string } | null;
  readonly request: (request: GuardedRequest) => Promise<GuardedAnswer>;
}

interface Sent {
  readonly metadata?: {
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: {
    readonly hard?: Record<string, string | null>;
    readonly scopeSelector?: unknown;
  };
  readonly preconditions?: { readonly uid: string; readonly resourceVersion: string };
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Small, so that a few objects are several pages. */
const PAGE = 2;

export function clusterDouble(token: string, namespaces: readonly string[]): ClusterDouble {
  let version = 0;
  const double: ClusterDouble = {
    quotas: new Map(),
    namespaces: new Set(namespaces),
    objects: () => [...double.quotas].map(([key, object]) => told(key, object)),
    asked: [],
    isReachable: true,
    failNext: null,
    request(request) {
      if (!double.isReachable) return Promise.reject(new Error('connect ECONNREFUSED'));
      double.asked.push(`${request.method} ${request.url.pathname}`);
      try {
        const failing = double.failNext;
        double.failNext = null;
        if (failing !== null) throw new Refused(failing.status, failing.message);
        if (request.headers?.['authorization'] !== `Bearer ${token}`) {
          throw new Refused(401, 'Unauthorized');
        }
        const body = answered(double, request, () => ++version);
        return Promise.resolve({ status: 200, text: JSON.stringify(body) });
      } catch (error) {
        const { status, message } = error as Refused;
        return Promise.resolve({ status, text: JSON.stringify({ kind: 'Status', message }) });
      }
    },
  };
  return double;
}

function answered(double: ClusterDouble, request: GuardedRequest, next: () => number): object {
  const { url, method, body = '{}' } = request;
  if (method === 'GET') return listed(double, url);
  const [, namespace = '', name = ''] =
    /^\/api\/v1\/namespaces\/([^/]+)\/resourcequotas\/([^/]+)$/.exec(url.pathname) ?? [];
  if (!double.namespaces.has(namespace))
    throw new Refused(404, `namespaces "${namespace}" not found`);
  const key = `${namespace}/${name}`;
  const sent = JSON.parse(body) as Sent;
  const stored = double.quotas.get(key);
  if (method === 'DELETE') {
    if (stored === undefined) throw new Refused(404, `resourcequotas "${name}" not found`);
    const { uid, resourceVersion } = sent.preconditions ?? {};
    if (uid !== stored.uid || resourceVersion !== String(stored.resourceVersion)) {
      throw new Refused(409, 'the object has been modified');
    }
    double.quotas.delete(key);
    return { kind: 'Status', status: 'Success' };
  }
  const isApply = request.headers?.['content-type'] === 'application/apply-patch+yaml';
  if (stored === undefined && !isApply)
    throw new Refused(404, `resourcequotas "${name}" not found`);
  const object = stored ?? emptyStored(`uid-${next()}`);
  if (isApply) apply(object, sent, url);
  else mergeHard(object, sent);
  object.resourceVersion = next();
  double.quotas.set(key, object);
  return told(key, object);
}

function emptyStored(uid: string): Stored {
  return {
    uid,
    resourceVersion: 0,
    labels: {},
    annotations: {},
    hard: {},
    owned: new Set(),
    scopeSelector: undefined,
  };
}

function apply(object: Stored, { metadata, spec }: Sent, url: URL): void {
  if (url.searchParams.get('force') !== 'true') throw new Refused(409, 'conflict');
  if (url.searchParams.get('fieldManager') === null) throw new Refused(400, 'no field manager');
  const hard = spec?.hard ?? {};
  without(object, (key) => object.owned.has(key) && !Object.hasOwn(hard, key));
  object.owned = new Set(Object.keys(hard));
  for (const [key, quantity] of Object.entries(hard)) object.hard[key] = canonical(quantity ?? '');
  object.labels = { ...object.labels, ...metadata?.labels };
  object.annotations = { ...metadata?.annotations };
  object.scopeSelector = spec?.scopeSelector;
}

function mergeHard(object: Stored, { spec }: Sent): void {
  const hard = spec?.hard ?? {};
  without(object, (key) => hard[key] === null);
  for (const [key, quantity] of Object.entries(hard)) {
    if (quantity !== null) object.hard[key] = canonical(quantity);
  }
}

function without(object: Stored, isGone: (key: string) => boolean): void {
  object.hard = Object.fromEntries(Object.entries(object.hard).filter(([key]) => !isGone(key)));
}

/** The largest suffix that leaves no rest, as Kubernetes writes decimal quantities. */
function canonical(quantity: string): string {
  if (!/^\d+m?$/.test(quantity)) throw new Refused(422, `${quantity} is no quantity`);
  let thousandths = quantity.endsWith('m')
    ? BigInt(quantity.slice(0, -1))
    : BigInt(quantity) * 1_000n;
  if (thousandths === 0n) return '0';
  let suffix = 0;
  const suffixes = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'];
  while (thousandths % 1_000n === 0n && suffix < suffixes.length - 1) {
    thousandths /= 1_000n;
    suffix++;
  }
  return `${thousandths}${suffixes[suffix] ?? ''}`;
}

function listed(double: ClusterDouble, url: URL): object {
  const selector = (url.searchParams.get('labelSelector') ?? '')
    .split(',')
    .map((one) => one.split('='));
  const all = [...double.quotas]
    .filter(([, { labels }]) => selector.every(([key = '', value]) => labels[key] === value))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const from = Number(url.searchParams.get('continue') ?? 0);
  const items = all.slice(from, from + PAGE).map(([key, object]) => told(key, object));
  const isMore = from + PAGE < all.length;
  return {
    kind: 'ResourceQuotaList',
    metadata: isMore ? { continue: String(from + PAGE) } : {},
    items,
  };
}

/** Items of a list do not say their kind, and an empty map is left out. */
function told(key: string, object: Stored): Readonly<Record<string, unknown>> {
  const [namespace, name] = key.split('/');
  const { uid, resourceVersion, labels, annotations, hard, scopeSelector } = object;
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: String(resourceVersion),
      labels,
      annotations,
      managedFields: [{ manager: 'prorata', operation: 'Apply' }],
    },
    spec: {
      ...(Object.keys(hard).length === 0 ? {} : { hard }),
      ...(scopeSelector === undefined ? {} : { scopeSelector }),
    },
    status: {},
  };
}
