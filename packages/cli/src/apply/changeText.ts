import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** `QuotaChanged by user:ana at 2026-01-01T00:00:00Z: more traffic`. */
export function changeText(change: Json): string {
  return `${textIn(change, 'type')} by ${whoIn(change)} at ${textIn(change, 'decidedAt')}: ${textIn(change, 'reason')}`;
}

/** Whoever changed it; what came due by itself has nobody. */
export function whoIn({ actor }: Json): string {
  return isJson(actor) ? `${textIn(actor, 'kind')}:${textIn(actor, 'subject')}` : 'a timer';
}
