import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** `300/s, burst 600`, `400 at once`, `8,589,934,592`: in base units; `-` for none. */
export function limitText(limit: Json | null | undefined): string {
  if (limit === null || limit === undefined) return '-';
  const [kind = ''] = Object.keys(limit).filter((name) => name !== 'resource');
  const body = limit[kind] as Json;
  const upper = body['amount'] ?? body['max'];
  if (upper === 'unlimited' || upper === 'blocked') return upper;
  return [withKind(kind, numberText(upper), body), ...more(body)].join(', ');
}

function withKind(kind: string, upper: string, body: Json): string {
  if (kind === 'rate') return `${upper}/${perText(textIn(body, 'per') || '1s')}`;
  if (kind === 'concurrency') return `${upper} at once`;
  if (kind === 'consumable') return `${upper} each ${String(body['window'])}${zoneText(body)}`;
  return upper;
}

const zoneText = (body: Json): string =>
  typeof body['zone'] === 'string' ? ` in ${body['zone']}` : '';

function more(body: Json): string[] {
  return ['burst', 'guaranteed']
    .filter((name) => body[name] !== undefined && body[name] !== null)
    .map((name) => `${name} ${numberText(body[name])}`);
}

const perText = (per: string): string => per.replace(/^1(?=\D)/, '');

/** Groups of three, so that a zero too many is seen. */
export function numberText(value: unknown): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
