import type { Json } from './json.ts';

/** What there is, as the read models tell it. */
export interface Live<T> {
  readonly value: T;
  /** Of the thing itself; what it must still be when it is changed. */
  readonly version: bigint;
}

export interface LiveApplication {
  /** The fields of RegisterApplication; null: it is not registered. */
  readonly registration: Live<Json> | null;
  /** By `<project> <resource>`: the fields of SetEntitlement. */
  readonly entitlements: ReadonlyMap<string, Json>;
  /** By id: contents, normal as in a declaration. */
  readonly quotas: ReadonlyMap<string, Live<Json>>;
  /** Whether `quotas` are all of the application, or only those that are declared. */
  readonly isWhole: boolean;
}

export interface LiveOrganization {
  readonly registration: Live<Json> | null;
  readonly teams: ReadonlyMap<string, Live<Json>>;
  readonly projects: ReadonlyMap<string, Live<Json>>;
  readonly budgets: ReadonlyMap<string, Live<Json>>;
}
