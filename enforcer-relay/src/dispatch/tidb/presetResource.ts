import type { ResourceDeclaration } from '@prorata/schemas';

/** How people call TiDB's measure of work. */
const REQUEST_UNITS: readonly string[] = ['ru', 'request-unit', 'request_unit'];

/**
 * Of an application that is rendered without a dispatcher: its only rate, or its only one in request units; else
 * null, for a guess would hold a database to somebody else's number.
 */
export function presetResource(resources: ReadonlyMap<string, ResourceDeclaration>): string | null {
  const rates = [...resources.values()].filter(({ kind }) => kind === 'rate');
  const inUnits = rates.filter(({ unit }) => REQUEST_UNITS.includes(unit.toLowerCase()));
  const candidates = inUnits.length > 0 ? inUnits : rates;
  return candidates.length === 1 ? (candidates[0]?.name ?? null) : null;
}
