import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** What tells a price from the others of its book. */
export const priceKey = (price: Json): string =>
  ['application', 'resource', 'effectiveFrom'].map((name) => textIn(price, name)).join(' ');
