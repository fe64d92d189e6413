/** Shares of fleet-wide limits: who holds what, and what a host wants. */
export { fairShares } from './fairShares.ts';
export type { Claim } from './fairShares.ts';
export { sharedTotalOf } from './sharedTotal.ts';
export { MICRO_UNITS } from './heardDemand.ts';
export type { HeardDemand } from './heardDemand.ts';
export { LeaseBook, leaseTimes } from './leaseBook.ts';
export type { GrantedShare, LeaseTimes, Round, SharedLimit } from './leaseBook.ts';
