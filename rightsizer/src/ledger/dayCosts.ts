import type { IdleRule, SharedCost } from '@prorata/schemas';
import { dayAt } from './chargeDays.ts';
import { inCodeUnits } from './chargeUse.ts';
import { organizationOf } from './monthTerms.ts';
import type { MonthTerms, ProjectCharge } from './monthTerms.ts';

/** What a project was charged for usage on a day, in picos. */
export interface ProjectCost {
  readonly project: string;
  readonly picos: bigint;
}

/**
 * What shared and idle costs are divided by, kept while the month's usage is charged: costs by day, project and
 * application, and the units that were charged of resources with a rule for what is idle.
 */
export class DayCosts {
  readonly shared: readonly SharedCost[];
  readonly #idle: readonly IdleRule[];
  readonly #timeZone: string;
  readonly #organization: string | null;
  /** By day, then by application, then by project. */
  readonly #costs = new Map<bigint, Map<string, Map<string, bigint>>>();
  /** By day, then by application and resource. */
  readonly #units = new Map<bigint, Map<string, bigint>>();
  #day: { readonly start: bigint; readonly end: bigint } = { start: 0n, end: 0n };

  constructor({ book, month, scope }: Pick<MonthTerms, 'book' | 'month' | 'scope'>) {
    this.#timeZone = book.timeZone;
    this.#organization = scope.organization;
    this.shared = sharedIn(book.sharedCosts, scope.organization, month.start);
    this.#idle = book.idle.filter(
      ({ organization, effectiveFrom }) =>
        organization === scope.organization && effectiveFrom < month.end,
    );
  }

  get needsOrganization(): boolean {
    return this.shared.some(({ split }) => split !== 'kept');
  }

  get needsEverybody(): boolean {
    return this.#idle.length > 0;
  }

  add({ project, charge, picos }: ProjectCharge): void {
    if (!this.needsOrganization && !this.needsEverybody) return;
    const { application, resource, charged } = charge;
    const day = this.#dayOf(charge.charge.start);
    if (this.#idle.length > 0) {
      const units = mapAt(this.#units, day);
      const key = `${application} ${resource}`;
      units.set(key, (units.get(key) ?? 0n) + charged);
    }
    if (project === null || picos === null || organizationOf(project) !== this.#organization)
      return;
    const costs = mapAt(mapAt(this.#costs, day), application);
    costs.set(project, (costs.get(project) ?? 0n) + picos);
  }

  /** Of the organization's projects that were charged anything. @param application null: for all of them */
  costs(day: bigint, application: string | null): ProjectCost[] {
    const sums = new Map<string, bigint>();
    for (const [name, costs] of this.#costs.get(day) ?? []) {
      if (application !== null && application !== name) continue;
      for (const [project, picos] of costs) sums.set(project, (sums.get(project) ?? 0n) + picos);
    }
    return [...sums]
      .filter(([, picos]) => picos > 0n)
      .map(([project, picos]) => ({ project, picos }));
  }

  units(day: bigint, application: string, resource: string): bigint {
    return this.#units.get(day)?.get(`${application} ${resource}`) ?? 0n;
  }

  /** The rules that hold for the day: of each resource the latest at or before its start. */
  idleOn(day: bigint): IdleRule[] {
    const rules = new Map<string, IdleRule>();
    for (const rule of this.#idle) {
      const key = `${rule.application} ${rule.resource}`;
      const known = rules.get(key);
      if (rule.effectiveFrom > day) continue;
      if (known !== undefined && known.effectiveFrom > rule.effectiveFrom) continue;
      rules.set(key, rule);
    }
    return [...rules]
      .sort(([a], [b]) => inCodeUnits(a, b))
      .map(([, rule]) => rule)
      .filter(({ supply }) => supply !== 'none');
  }

  #dayOf(at: bigint): bigint {
    const { start, end } = this.#day;
    if (at < start || at >= end) this.#day = dayAt(this.#timeZone, at);
    return this.#day.start;
  }
}

/** Of each name the latest entry at or before the month's start, but for those that it ends; by name. */
function sharedIn(
  entries: readonly SharedCost[],
  organization: string | null,
  start: bigint,
): SharedCost[] {
  const latest = new Map<string, SharedCost>();
  for (const entry of entries) {
    const known = latest.get(entry.name);
    if (entry.organization !== organization || entry.effectiveFrom > start) continue;
    if (known !== undefined && known.effectiveFrom > entry.effectiveFrom) continue;
    latest.set(entry.name, entry);
  }
  return [...latest.values()]
    .filter(({ amountPerMonth }) => !/^0(\.0+)?$/.test(amountPerMonth))
    .sort((a, b) => inCodeUnits(a.name, b.name));
}

function mapAt<Outer, Key, Value>(maps: Map<Outer, Map<Key, Value>>, key: Outer): Map<Key, Value> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const map = new Map<Key, Value>();
  maps.set(key, map);
  return map;
}
