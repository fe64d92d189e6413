/** What a process of hosts is asked to run. */
export interface HostsOrder {
  readonly transport: 'kafka' | 'http';
  readonly hosts: number;
  /** Of hosts over HTTP: the gateway or the relay, and a token of the role host. */
  readonly url: string;
  readonly token: string;
}

/** What it tells. */
export type FromHosts =
  | { readonly kind: 'ready' }
  /** Every host has decided under this amount; milliseconds since the epoch, in fractions. */
  | {
      readonly kind: 'enforced';
      readonly amount: string;
      readonly firstAtMs: number;
      readonly lastAtMs: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** The application of the bench, its quota, and what of it is limited. */
export const bench = { application: 'bench', quotaId: 'bench/hot', resource: 'requests' } as const;

/** The same in every process of one machine, and finer than a millisecond. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
