import type { WriterIdentity } from './port.ts';

/** `<group>-<topic>-<partition>`: the same for whoever owns the partition, so that a successor fences. */
export function transactionalId({ group, topic, partition }: WriterIdentity): string {
  return `${group}-${topic}-${partition}`;
}
