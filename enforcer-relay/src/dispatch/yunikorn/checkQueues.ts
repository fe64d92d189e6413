/** What YuniKorn's validator refuses of a tree of queues, in its own order of asking (v1.8). */
import { amountsOf, fits, isAllZero, lesser } from './quantity.ts';
import type { Amounts } from './quantity.ts';
import { refused } from './schedulerConfig.ts';
import type { PartitionConfig, QueueConfig, YunikornFault } from './schedulerConfig.ts';

const QUEUE_NAME = /^[a-zA-Z0-9_:#/@-]{1,64}$/;
const ROOT = 'root';

/** The root queue, made where it is missing; null: there are no queues. */
export function rootOf({ queues }: PartitionConfig): QueueConfig | null {
  if (queues === undefined) return null;
  const [only] = queues;
  if (queues.length === 1 && only !== undefined && (only.name ?? '').toLowerCase() === ROOT) {
    return { ...only, parent: true };
  }
  return { name: ROOT, parent: true, queues };
}

export function nameFaults(queue: QueueConfig, path: string): YunikornFault[] {
  const faults = [queue.adminacl, queue.submitacl].flatMap((acl = '') =>
    acl.trim().split(/\s+/).length > 2
      ? [refused(`${path}: "${acl}" has more than two lists.`)]
      : [],
  );
  const seen = new Set<string>();
  for (const child of queue.queues ?? []) {
    const name = child.name ?? '';
    if (!QUEUE_NAME.test(name)) faults.push(refused(`${path}: ${name} is no name of a queue.`));
    if (seen.has(name.toLowerCase())) faults.push(refused(`${path}: ${name} is there twice.`));
    seen.add(name.toLowerCase());
    faults.push(...nameFaults(child, `${path}.${name}`));
  }
  return faults;
}

/** Guarantees within maxima, maxima within those above, sums of guarantees within both. */
export function resourceFaults(root: QueueConfig): YunikornFault[] {
  const faults: YunikornFault[] = [];
  checkResources(root, new Map(), ROOT, faults);
  return faults;
}

/** @returns what the queue claims of its parent's guarantee */
function checkResources(
  queue: QueueConfig,
  parentMax: Amounts,
  path: string,
  faults: YunikornFault[],
): Amounts {
  const guaranteed = amountsOf(queue.resources?.guaranteed);
  const max = amountsOf(queue.resources?.max);
  if (guaranteed === null || max === null) {
    faults.push(refused(`${path}: a quantity is none.`));
    return new Map();
  }
  if (!fits(max, guaranteed)) faults.push(refused(`${path}: guaranteed is more than max.`));
  if (!fits(parentMax, max)) faults.push(refused(`${path}: max is more than that above it.`));
  const most = lesser(max, parentMax);
  const sum = new Map<string, bigint>();
  for (const child of queue.queues ?? []) {
    const claimed = checkResources(child, most, `${path}.${child.name ?? ''}`, faults);
    for (const [type, amount] of claimed) sum.set(type, (sum.get(type) ?? 0n) + amount);
  }
  if (!fits(guaranteed, sum))
    faults.push(refused(`${path}: guarantees below it are more than its.`));
  if (!fits(most, sum)) faults.push(refused(`${path}: guarantees below it are more than its max.`));
  return isAllZero(guaranteed) ? sum : guaranteed;
}

/** Where a queue has a most of applications, each directly below it has one that is no more. */
export function applicationFaults(queue: QueueConfig, path: string): YunikornFault[] {
  const { maxapplications: most = 0n, queues = [] } = queue;
  return queues.flatMap((child) => {
    const at = `${path}.${child.name ?? ''}`;
    const own = child.maxapplications ?? 0n;
    const faults = applicationFaults(child, at);
    if (most !== 0n && own === 0n) faults.push(refused(`${at}: maxapplications must be set here.`));
    if (most !== 0n && own > most) {
      faults.push(refused(`${at}: maxapplications are more than those above.`));
    }
    return faults;
  });
}
