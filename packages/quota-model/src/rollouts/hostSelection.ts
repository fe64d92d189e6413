/**
 * Which hosts take a rollout's candidate: a function of what the rule says and of the host alone, so that
 * hosts, `explain` and a dry run agree, and a restart changes nothing.
 */
import type { HostSelector } from '@prorata/schemas';

/** Buckets that hosts fall into: a hundredth of a percent each. */
export const HOST_BUCKETS = 10_000;
const BUCKETS_PER_PERCENT = HOST_BUCKETS / 100;

/** What a host says of itself. */
export interface HostPlace {
  readonly hostId: string;
  /** null: it names none, and no zone takes it in. */
  readonly zone: string | null;
}

/**
 * Whether the host takes the candidate. A host that a percentage takes in stays in at every greater one; of
 * two rollouts each takes other hosts first.
 */
export function takesCandidate(
  selector: HostSelector,
  rolloutId: string,
  host: HostPlace,
): boolean {
  const { percent, zones, hosts } = selector;
  if (percent >= 100 || hosts.includes(host.hostId)) return true;
  if (host.zone !== null && zones.includes(host.zone)) return true;
  return percent > 0 && bucketOf(rolloutId, host.hostId) < percent * BUCKETS_PER_PERCENT;
}

/**
 * 0 to 9,999: FNV-1a over the UTF-16 code units of `<rollout id> <host id>`, 32 bits, mixed by the finalizer of
 * MurmurHash3, for the last characters of host ids alone would move FNV's high bits little; then modulo.
 */
export function bucketOf(rolloutId: string, hostId: string): number {
  const text = `${rolloutId} ${hostId}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % HOST_BUCKETS;
}

/** The selector of a stage: it takes whom the stages before it take, and whom it adds. */
export function selectorOfStage(
  stages: readonly { readonly selector: HostSelector }[],
  stage: number,
): HostSelector {
  const upTo = stages.slice(0, stage + 1).map(({ selector }) => selector);
  return {
    percent: Math.max(0, ...upTo.map(({ percent }) => percent)),
    zones: [...new Set(upTo.flatMap(({ zones }) => zones))],
    hosts: [...new Set(upTo.flatMap(({ hosts }) => hosts))],
  };
}
