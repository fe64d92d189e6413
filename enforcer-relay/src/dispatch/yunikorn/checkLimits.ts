/** What YuniKorn's validator refuses of limits for users and groups (v1.8). */
import { isDeepStrictEqual } from 'node:util';
import { amountsOf, fits, isAllZero, lesser } from './quantity.ts';
import type { Amounts } from './quantity.ts';
import { refused } from './schedulerConfig.ts';
import type { Limit, PartitionConfig, QueueConfig, YunikornFault } from './schedulerConfig.ts';

const names = {
  users: /^[_a-zA-Z][a-zA-Z0-9:#/_.@-]*[$]?$/,
  groups: /^[_a-zA-Z][a-zA-Z0-9:_.-]*$/,
} as const;
const whom = ['users', 'groups'] as const;
const ANYBODY = '*';

/** Limits of the partition are the root queue's; where both have some, they are the same. */
export function withPartitionLimits(
  root: QueueConfig,
  { limits = [] }: PartitionConfig,
): { readonly root: QueueConfig; readonly faults: YunikornFault[] } {
  const own = root.limits ?? [];
  if (limits.length === 0 || own.length > 0) {
    const isOther = limits.length > 0 && !isDeepStrictEqual(limits, own);
    const fault = refused('The limits of the partition are other than those of root.');
    return { root, faults: isOther ? [fault] : [] };
  }
  return { root: { ...root, limits }, faults: [] };
}

export function limitFaults(queue: QueueConfig, path: string): YunikornFault[] {
  const seen = { users: new Set<string>(), groups: new Set<string>() };
  const own = (queue.limits ?? []).flatMap((limit) => oneFaults(limit, queue, path, seen));
  const below = (queue.queues ?? []).flatMap((child) =>
    limitFaults(child, `${path}.${child.name ?? ''}`),
  );
  return [...own, ...below];
}

function oneFaults(
  limit: Limit,
  queue: QueueConfig,
  path: string,
  seen: Readonly<Record<'users' | 'groups', Set<string>>>,
): YunikornFault[] {
  const faults: string[] = [];
  if (whom.every((kind) => (limit[kind] ?? []).length === 0)) faults.push('it is for nobody');
  for (const kind of whom) {
    for (const name of limit[kind] ?? []) {
      if (name !== ANYBODY && !names[kind].test(name)) faults.push(`${name} is no name`);
      if (seen[kind].has(name)) faults.push(`${name} is there twice`);
      seen[kind].add(name);
      if (name !== ANYBODY && seen[kind].has(ANYBODY)) faults.push(`${name} comes after *`);
    }
  }
  if (seen.groups.has(ANYBODY) && seen.groups.size === 1) faults.push('* is the only group');
  faults.push(...amountFaults(limit, queue));
  return faults.map((fault) => refused(`${path}: a limit: ${fault}.`));
}

function amountFaults(limit: Limit, queue: QueueConfig): string[] {
  const { maxapplications = 0n, maxresources = {} } = limit;
  const isNamed = Object.keys(maxresources).length > 0;
  const amounts = amountsOf(maxresources);
  if (amounts === null) return ['a quantity is none'];
  const faults: string[] = [];
  if (isNamed && isAllZero(amounts)) faults.push('its resources are all 0');
  if (maxapplications === 0n && !isNamed) faults.push('it bounds nothing');
  const most = queue.maxapplications ?? 0n;
  if (most !== 0n && most < maxapplications) faults.push('more applications than the queue may');
  if (queue.name === 'root') return faults;
  const max = amountsOf(queue.resources?.max);
  if (max === null || !fits(max, amounts)) faults.push('more than the max of the queue');
  return faults;
}

interface Held {
  readonly resources: Amounts;
  readonly applications: bigint;
}

type HeldByName = ReadonlyMap<string, Held>;

/** A user's or group's limit is no more than the same one's above, or that of anybody there. */
export function inheritedLimitFaults(
  queue: QueueConfig,
  path: string,
  above: Readonly<Record<'users' | 'groups', HeldByName>> = {
    users: new Map(),
    groups: new Map(),
  },
): YunikornFault[] {
  const faults: YunikornFault[] = [];
  const now = { users: new Map(above.users), groups: new Map(above.groups) };
  for (const limit of queue.limits ?? []) {
    const resources = amountsOf(limit.maxresources) ?? new Map<string, bigint>();
    const applications = limit.maxapplications ?? 0n;
    for (const kind of whom) {
      for (const name of limit[kind] ?? []) {
        const own = above[kind].get(name);
        const held = own ?? (name === ANYBODY ? undefined : above[kind].get(ANYBODY));
        if (held !== undefined && isMore({ resources, applications }, held)) {
          faults.push(refused(`${path}: the limit of ${name} is more than that above.`));
        }
        const kept = own === undefined ? resources : lesser(resources, own.resources);
        now[kind].set(name, { resources: kept, applications });
      }
    }
  }
  for (const child of queue.queues ?? []) {
    faults.push(...inheritedLimitFaults(child, `${path}.${child.name ?? ''}`, now));
  }
  return faults;
}

function isMore(limit: Held, above: Held): boolean {
  if (!fits(above.resources, limit.resources)) return true;
  if (above.applications === 0n) return false;
  return limit.applications > above.applications || limit.applications === 0n;
}
