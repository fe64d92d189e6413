import type { EffectiveJson, LayerJson } from '../rows/effectiveJson.ts';
import type { ActorJson, LimitJson } from '../rows/jsonForms.ts';

/** What a sentence needs to know beside the limit itself. */
export interface SentenceContext {
  readonly quotaId: string;
  readonly tier: number;
  /** The resource's base unit, singular: token, request, milli-vcore. */
  readonly unit: string;
}

const WHOLE_BASIS_POINTS = 10_000;

/** Why this limit is in force, in words that a person would use; times are UTC. */
export function sentenceFor(effective: EffectiveJson, context: SentenceContext): string {
  const layer = decidingLayer(effective, context.quotaId);
  const holds = holdsOf(effective.limit, context.unit);
  if (layer === null) return `${holds}.`;
  const under = underOf(effective, layer, context.unit);
  const because = becauseOf(layer, effective, context);
  return `${holds}${layer.layer === 'base' ? ', ' : ' '}${because}${under}.`;
}

/**
 * The layer that makes the limit what it is: an ancestor where one binds, an override where there is
 * one, and otherwise the last that changed what lies under it.
 */
export function decidingLayer(effective: EffectiveJson, quotaId: string): LayerJson | null {
  const { layers, boundBy } = effective;
  const ancestor = layers.findLast(({ layer }) => layer === 'ancestor');
  if (boundBy !== quotaId && ancestor !== undefined) return ancestor;
  const own = layers.filter(({ layer }) => layer !== 'ancestor');
  const index = own.findLastIndex(
    ({ layer, limit }, at) =>
      layer === 'override' || at === 0 || !isSame(limit, own[at - 1]?.limit),
  );
  return own[index] ?? null;
}

function becauseOf(layer: LayerJson, effective: EffectiveJson, context: SentenceContext): string {
  const who = whoText(layer);
  switch (layer.layer) {
    case 'base':
      return `as declared on ${moment(layer.at)} by ${who}`;
    case 'rightsized':
      return `because it was resized on ${moment(layer.at)} by ${who}${evidenceText(layer)}`;
    case 'haircut':
      return `because ${haircutText(layer, context.tier)}`;
    case 'override':
      return `because of ${layer.suspension ? 'a suspension' : 'an override'}${untilText(layer)}, set on ${moment(layer.at)} by ${who}`;
    case 'ancestor':
      return aboveText(layer, layer.ancestor ?? effective.boundBy);
  }
}

/** What holds above, by its own layer that decides there. */
function aboveText(layer: LayerJson, above: string): string {
  const set = `set on ${moment(layer.at)} by ${whoText(layer)}`;
  if (layer.haircut !== null) {
    return `because it lies under ${above}, where ${haircutText(layer, null)}`;
  }
  if (layer.until !== null) {
    const held = layer.suspension ? 'a suspension' : 'an override';
    return `because it lies under ${above}, and there under ${held}${untilText(layer)}, ${set}`;
  }
  return `because it lies under ${above} (${set})`;
}

/** Of a change that was approved: who wanted it, and who agreed. */
function whoText({ actor, reason, approved }: LayerJson): string {
  const agreed = saidBy(actor, reason);
  if (approved === null) return agreed;
  return `${saidBy(approved.actor, approved.reason)}, approved by ${agreed}`;
}

const saidBy = (actor: ActorJson, reason: string): string =>
  `${actorText(actor)}${reason === '' ? '' : `: “${reason}”`}`;

/** @param tier of the quota that is cut; null: it is another */
function haircutText({ haircut, at, reason }: LayerJson, tier: number | null): string {
  if (haircut === null) return `it was cut on ${moment(at)}: “${reason}”`;
  const share = percent(WHOLE_BASIS_POINTS + haircut.overrunBasisPoints);
  const cut = `${tier === null ? '' : `tier ${tier} `}cut of ${percent(haircut.cutBasisPoints)}`;
  return (
    `project ${haircut.project} is at ${share} of its budget ${haircut.budgetId} ` +
    `(${haircut.spend} of ${haircut.budget} ${haircut.currency} spent; ${cut}, since ${bareMoment(at)}, ` +
    `lifts on ${moment(haircut.windowEnd)} or when the budget is raised)`
  );
}

const evidenceText = ({ evidence }: LayerJson): string =>
  evidence === null ? '' : ` (${evidence.policy}, from ${evidence.source})`;

const untilText = ({ until }: LayerJson): string =>
  until === null ? '' : ` that ends on ${bareMoment(until)}`;

/** What would hold without the deciding layer, where that is something else. */
function underOf(effective: EffectiveJson, deciding: LayerJson, unit: string): string {
  if (deciding.layer === 'base') return '';
  const under = effective.layers[effective.layers.indexOf(deciding) - 1];
  if (under === undefined || isSame(under.limit, deciding.limit)) return '';
  return `; without that it would be ${amountText(under.limit, unit)}`;
}

function holdsOf(limit: LimitJson, unit: string): string {
  const { bound } = partsOf(limit);
  if (bound === 'blocked') return 'blocked';
  if (bound === 'unlimited') return 'not limited';
  return `limited to ${amountText(limit, unit)}`;
}

interface LimitParts {
  readonly bound: number | string;
  readonly suffix: string;
}

/** A blocked or unlimited rate has no time, and such a consumable no window. */
function partsOf(limit: LimitJson): LimitParts {
  const { rate, concurrency, capacity, consumable } = limit;
  if (rate !== undefined) return { bound: rate.amount, suffix: perText(rate.per) };
  if (concurrency !== undefined) return { bound: concurrency.max, suffix: ' at once' };
  if (consumable !== undefined) {
    return { bound: consumable.amount, suffix: windowText(consumable.window, consumable.zone) };
  }
  const kept = capacity?.guaranteed;
  const suffix = kept === undefined ? '' : ` (${grouped(kept)} of it guaranteed)`;
  return { bound: capacity?.max ?? 'unlimited', suffix };
}

function amountText(limit: LimitJson, unit: string): string {
  const { bound, suffix } = partsOf(limit);
  if (bound === 'blocked') return 'blocked';
  if (bound === 'unlimited') return 'not limited';
  return `${grouped(bound)} ${plural(unit, bound)}${suffix}`;
}

const times: Readonly<Record<string, string>> = { s: 's', m: 'min', h: 'h', d: 'day' };
const windows: Readonly<Record<string, string>> = {
  PT1M: ' a minute',
  PT1H: ' an hour',
  P1D: ' a day',
  P1W: ' a week',
  P1M: ' a month',
  P3M: ' a quarter',
  P1Y: ' a year',
};

/** `1m` → `/min`, `90s` → ` per 90 s`. */
function perText(per: string | undefined): string {
  if (per === undefined) return '';
  const [, count = '', time = ''] = /^(\d+)(\D+)$/.exec(per) ?? [];
  const name = times[time] ?? time;
  return count === '1' ? `/${name}` : ` per ${count} ${name}`;
}

function windowText(window: string | undefined, zone: string | undefined): string {
  if (window === undefined) return '';
  const text = windows[window] ?? ` per ${window}`;
  return zone === undefined ? text : `${text} of ${zone}`;
}

const plural = (unit: string, amount: number | string): string =>
  unit === '' || String(amount) === '1' ? unit : `${unit}s`;

/** `40000` → `40,000`, exact whatever its size. */
function grouped(amount: number | string): string {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, ',');
}

function percent(basisPoints: number): string {
  const whole = Math.trunc(basisPoints / 100);
  const rest = Math.abs(basisPoints % 100);
  return rest === 0
    ? `${whole} %`
    : `${whole}.${String(rest).padStart(2, '0').replace(/0$/, '')} %`;
}

/** `2026-03-02T10:04:30.120Z` → `2026-03-02 10:04:30 UTC`, without the seconds where they are none. */
const moment = (time: string): string => `${bareMoment(time)} UTC`;

/** Where another time follows: that one says the zone of both. */
const bareMoment = (time: string): string =>
  time.slice(0, 19).replace('T', ' ').replace(/:00$/, '');

const actorText = ({ kind, subject }: ActorJson): string => `${kind}:${subject}`;

function isSame(one: LimitJson, other: LimitJson | undefined): boolean {
  return other !== undefined && JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** jsonb gives members back in an order of its own. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
