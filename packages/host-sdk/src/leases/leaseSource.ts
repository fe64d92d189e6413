import type { Lease } from '@prorata/schemas';

/** Where leases of this start of the host go. No call throws. */
export interface LeaseSink {
  /** Older ones than what is held are not taken. */
  lease(lease: Lease): void;
  /** Something failed; the source goes on by itself. */
  failed(error: unknown): void;
}

/** For whom leases are followed. */
export interface LeaseHolder {
  readonly application: string;
  /** The start of the host. */
  readonly bootId: string;
}

/** The key of a lease in its topic. */
export const leaseKeyOf = ({
  quotaId,
  resource,
  bootId,
}: Pick<Lease, 'quotaId' | 'resource' | 'bootId'>): string => `${quotaId} ${resource} ${bootId}`;

/** The start of a host that the lease of this key is for. */
export const bootOfLeaseKey = (key: string): string => key.slice(key.lastIndexOf(' ') + 1);

/** How far back leases are looked for that were granted before anybody followed, milliseconds: a lease's life. */
export const leaseLookBackMs = 15_000;
