import type { Json } from '../plan/json.ts';
import type { Place } from './place.ts';

/** Something that files declare, in the JSON form of the API, with every default written out. */
export interface Declared<T> {
  readonly value: T;
  /** Where the part of it at the path stands; without a path, where it begins. */
  placeOf(path?: readonly string[]): Place;
}

export interface DeclaredOrganization {
  readonly organization: string;
  /** The fields of RegisterOrganization; null: it is not declared itself. */
  readonly registration: Declared<Json> | null;
  /** By id: the fields of DefineTeam, DefineProject (by `<organization>/<project>`) and DefineBudget. */
  readonly teams: ReadonlyMap<string, Declared<Json>>;
  readonly projects: ReadonlyMap<string, Declared<Json>>;
  readonly budgets: ReadonlyMap<string, Declared<Json>>;
  /** Whether what is not declared of them goes. */
  readonly isManaged: boolean;
}

export interface DeclaredApplication {
  readonly application: string;
  /** The fields of RegisterApplication; null: it is not declared itself. */
  readonly registration: Declared<Json> | null;
  /** By `<project> <resource>`: the fields of SetEntitlement. */
  readonly entitlements: ReadonlyMap<string, Declared<Json>>;
  /** By quota id: contents. */
  readonly quotas: ReadonlyMap<string, Declared<Json>>;
  /** Ids of quotas below which, with themselves, what is not declared goes; the application's id: all. */
  readonly managed: readonly string[];
}

/** All that the files declare, as one. */
export interface Declaration {
  /** By id: the fields of DefinePriceBook and of PublishTierPolicy. */
  readonly priceBooks: ReadonlyMap<string, Declared<Json>>;
  readonly tierPolicies: ReadonlyMap<string, Declared<Json>>;
  readonly organizations: readonly DeclaredOrganization[];
  readonly applications: readonly DeclaredApplication[];
}
