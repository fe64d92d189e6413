import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** `QuotaChanged by user:ana at 2026-01-01T00:00:00Z: more traffic`. */
export function changeText(change: Json): string {
  return `${textIn(change, 'type')} by ${whoIn(change)} at ${textIn(change, 'decidedAt')}: ${textIn(change, 'reason')}`;
}

/** Whoever changed it; what came due by itself nobody did, though its actor is who had set the timer. */
export function whoIn({ actor, cause }: Json): string {
  if (!isJson(actor)) return 'a timer';
  const who = `${textIn(actor, 'kind')}:${textIn(actor, 'subject')}`;
  return cause === 'timer' ? `a timer of ${who}` : who;
}
