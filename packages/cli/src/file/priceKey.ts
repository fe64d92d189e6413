import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

const keyOf =
  (...names: readonly string[]) =>
  (entry: Json): string =>
    names.map((name) => textIn(entry, name)).join(' ');

/** What tells a price from the others of its book. */
export const priceKey = keyOf('application', 'resource', 'effectiveFrom');

/** What tells a shared cost from the others. */
export const sharedCostKey = keyOf('organization', 'name', 'effectiveFrom');

/** What tells a rule of idle from the others. */
export const idleKey = keyOf('organization', 'application', 'resource', 'effectiveFrom');
