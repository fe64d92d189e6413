/** What YuniKorn takes and misreads: each was seen in v1.8, and no text with one of them is written. */
import { amountsOf, isAllZero } from './quantity.ts';
import { trap } from './schedulerConfig.ts';
import type { PartitionConfig, QueueConfig, YunikornFault } from './schedulerConfig.ts';

const RECOVERY = '@recovery@';
/** What stands after these words in the text is left out of its checksum, and then no checksum confirms it. */
const CHECKSUM = 'checksum: ';

export function textTraps(text: string): YunikornFault[] {
  return text.includes(CHECKSUM)
    ? [trap(`The words "${CHECKSUM.trim()}" change what YuniKorn counts its checksum over.`)]
    : [];
}

export function partitionTraps(partitions: readonly PartitionConfig[]): YunikornFault[] {
  if (partitions.length === 0) {
    return [trap('There is no partition: YuniKorn would run without any queue.')];
  }
  const foreign = partitions.some(({ name = '' }) => !['', 'default'].includes(name.toLowerCase()));
  return foreign ? [trap('Kubernetes has the partition default alone.')] : [];
}

export function rootTraps({ queues = [] }: PartitionConfig, root: QueueConfig): YunikornFault[] {
  const [only] = queues;
  const faults: YunikornFault[] = [];
  if (only?.name !== undefined && only.name !== 'root' && only.name.toLowerCase() === 'root') {
    faults.push(trap('root is written in other letters: the partition would not be made.'));
  }
  if ((root.maxapplications ?? 0n) !== 0n) {
    faults.push(trap('maxapplications of root are not taken by a reload.'));
  }
  return faults;
}

export function queueTraps(queue: QueueConfig, path: string): YunikornFault[] {
  const max = amountsOf(queue.resources?.max);
  const faults: YunikornFault[] = [];
  if (max !== null && max.size > 0 && isAllZero(max)) {
    faults.push(trap(`${path}: max is 0 of everything, which removes the bound.`));
  }
  if (queue.parent === false && (queue.queues ?? []).length > 0) {
    faults.push(trap(`${path}: parent is false, and there are queues below it.`));
  }
  const template = queue.childtemplate?.resources;
  if (amountsOf(template?.max) === null || amountsOf(template?.guaranteed) === null) {
    faults.push(trap(`${path}: a quantity of childtemplate is none: the reload would fail.`));
  }
  for (const child of queue.queues ?? []) {
    const name = (child.name ?? '').toLowerCase();
    if (name === 'root') faults.push(trap(`${path}: a queue root takes no resources.`));
    if (name === RECOVERY) faults.push(trap(`${path}: ${RECOVERY} is YuniKorn's own.`));
    faults.push(...queueTraps(child, `${path}.${name}`));
  }
  return faults;
}
