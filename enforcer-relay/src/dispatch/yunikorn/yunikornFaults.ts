import { inheritedLimitFaults, limitFaults, withPartitionLimits } from './checkLimits.ts';
import { placementFaults } from './checkPlacement.ts';
import { applicationFaults, nameFaults, resourceFaults, rootOf } from './checkQueues.ts';
import { readSchedulerConfig, refused } from './schedulerConfig.ts';
import type { PartitionConfig, YunikornFault } from './schedulerConfig.ts';
import { partitionTraps, queueTraps, rootTraps, textTraps } from './traps.ts';

/** Everything for which YuniKorn would refuse a queue file, and everything that it would take and misread. */
export function yunikornFaults(text: string): readonly YunikornFault[] {
  const { config, faults } = readSchedulerConfig(text);
  if (faults.some(({ isTrap }) => !isTrap)) return faults;
  const partitions = config.partitions ?? [];
  const names = partitions.map(({ name = '' }) => (name === '' ? 'default' : name.toLowerCase()));
  const isTwice = new Set(names).size < names.length;
  return [
    ...faults,
    ...textTraps(text),
    ...(isTwice ? [refused('A partition is there twice.')] : []),
    ...partitionTraps(partitions),
    ...partitions.flatMap(partitionFaults),
  ];
}

function partitionFaults(partition: PartitionConfig): YunikornFault[] {
  const bare = rootOf(partition);
  if (bare === null) return [refused('There are no queues.')];
  if (bare.resources?.max !== undefined || bare.resources?.guaranteed !== undefined) {
    return [refused('root takes no resources.')];
  }
  const { root, faults } = withPartitionLimits(bare, partition);
  return [
    ...faults,
    ...nameFaults(root, 'root'),
    ...limitFaults(root, 'root'),
    ...resourceFaults(root),
    ...placementFaults(partition.placementrules ?? [], root),
    ...sortingFaults(partition),
    ...applicationFaults(root, 'root'),
    ...inheritedLimitFaults(root, 'root'),
    ...rootTraps(partition, root),
    ...queueTraps(root, 'root'),
  ];
}

function sortingFaults({
  nodesortpolicy: { type = '', resourceweights = {} } = {},
}: PartitionConfig): YunikornFault[] {
  const faults: YunikornFault[] = [];
  if (!['', 'fair', 'binpacking'].includes(type)) {
    faults.push(refused(`There is no node sorting policy ${type}.`));
  }
  if (Object.values(resourceweights).some((weight) => Number(weight) < 0)) {
    faults.push(refused('A weight of the node sorting policy is negative.'));
  }
  return faults;
}
