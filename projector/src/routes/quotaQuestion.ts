import { isQuotaId } from '@prorata/quota-model';
import { timeFromJson, timeToJson } from '@prorata/schemas';
import type { Request } from 'express';
import { mustReachInto, quotaCondition, treeCondition } from './access.ts';
import { Filters } from './filters.ts';
import type { Parameters } from './parameters.ts';
import { withinIn } from './within.ts';

/** What a listing of now may be narrowed by. */
export const QUESTIONS = [
  'application',
  'owner',
  'project',
  'parent',
  'within',
  'label',
  'resource',
  'tier',
  'state',
  'endsBefore',
  'search',
  'sort',
  'order',
] as const;

const states = ['overridden', 'expiring', 'cut', 'oversubscribed'] as const;
type State = (typeof states)[number];

/** `expiring` without a time: overrides that end within a day, microseconds. */
const EXPIRING_MICROS = 86_400_000_000n;
const LABELS_MAX = 8;
/** Parts of ids. By bytes `~` comes after each of their characters. */
const SEARCHED = /^[a-z0-9/-]{1,511}$/;

export type Sort = 'quotaId' | 'name' | 'overrideUntil';

/** By sort: the columns of its order, of which the last tells rows apart. */
export const sortColumns: Readonly<Record<Sort, readonly string[]>> = {
  quotaId: ['quota_id'],
  name: ['name', 'quota_id'],
  overrideUntil: ['override_until', 'quota_id'],
};

export interface QuotaQuestion {
  readonly filters: Filters;
  readonly sort: Sort;
  readonly order: 'asc' | 'desc';
}

/** @throws Problem 403; what is not understood is reported */
export function questionIn(request: Request, parameters: Parameters): QuotaQuestion {
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const within = withinIn(request, parameters);
  const filters = new Filters()
    .equal('application', application)
    .within(request.reach, quotaCondition)
    .equal('owner', parameters.text('owner'))
    .equal('project', parameters.text('project'))
    .equal('parent', parameters.text('parent'))
    .equal('tier', tierIn(parameters));
  if (within !== null) filters.addCondition(treeCondition(within));
  const resource = parameters.text('resource');
  if (resource !== null) filters.add('resources @> ARRAY[?]::text[]', resource);
  filterLabels(filters, parameters);
  const isEnding = filterState(filters, parameters, within ?? application);
  const isByName = filterSearch(filters, parameters);
  const sorts = Object.keys(sortColumns) as Sort[];
  const sort = parameters.oneOf('sort', sorts, isByName ? 'name' : 'quotaId');
  if (sort === 'overrideUntil' && !isEnding) filters.add('override_until IS NOT NULL');
  const order = parameters.oneOf('order', ['asc', 'desc'], 'asc');
  const after = afterIn(parameters, sort);
  const columns = sortColumns[sort];
  if (after !== null) {
    const places = columns.map(() => '?').join(', ');
    filters.add(`(${columns.join(', ')}) ${order === 'asc' ? '>' : '<'} (${places})`, ...after);
  }
  return { filters, sort, order };
}

/** Of the default order a quota's id, of others their columns as one text. */
export function cursorOfRow(sort: Sort, row: object): string {
  const values = sortColumns[sort].map((column) => (row as Record<string, unknown>)[column]);
  if (sort === 'quotaId') return String(values[0]);
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function afterIn(parameters: Parameters, sort: Sort): readonly string[] | null {
  if (sort === 'quotaId') {
    const after = parameters.cursor(isQuotaId);
    return after === null ? null : [after];
  }
  const text = parameters.cursor((given) => placeIn(given, sort) !== null);
  return text === null ? null : placeIn(text, sort);
}

function placeIn(text: string, sort: Sort): readonly string[] | null {
  try {
    const place = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    if (!Array.isArray(place) || place.length !== 2) return null;
    const [key, id] = place as readonly unknown[];
    if (typeof key !== 'string' || typeof id !== 'string' || !isQuotaId(id)) return null;
    if (sort === 'overrideUntil' && timeFromJson(key) === null) return null;
    return key.includes('\0') ? null : [key, id];
  } catch {
    return null;
  }
}

function tierIn(parameters: Parameters): string | null {
  const tier = parameters.oneOf('tier', ['', '0', '1', '2', '3', '4'], '');
  return tier === '' ? null : tier;
}

/** `env:prod,team:ads`: all of them. */
function filterLabels(filters: Filters, parameters: Parameters): void {
  const text = parameters.text('label');
  if (text === null) return;
  const labels = text.split(',').map((each) => /^([^:]+):(.*)$/s.exec(each));
  if (labels.length > LABELS_MAX || labels.includes(null)) {
    parameters.report('label', `must be name:value, up to ${LABELS_MAX} with commas between`);
    return;
  }
  const wanted = Object.fromEntries(labels.map((each) => [each?.[1] ?? '', each?.[2] ?? '']));
  filters.add('labels @> ?::jsonb', JSON.stringify(wanted));
}

/** @param within what else bounds the ids: a tree. @returns whether it looks for overridden quotas alone */
function filterState(filters: Filters, parameters: Parameters, within: string | null): boolean {
  const endsBefore = endIn(parameters);
  const state = parameters.oneOf<State | ''>('state', ['', ...states], '');
  if (endsBefore !== null && state !== 'expiring' && state !== 'overridden') {
    parameters.report('endsBefore', 'goes with state=expiring or state=overridden');
  }
  if (state === 'cut') filters.add('is_cut');
  if (state === 'oversubscribed') {
    const { sql, values } =
      within === null ? { sql: 'true', values: [] } : treeCondition(within, 'node');
    // DISTINCT keeps their order, by which a page is found without looking at all of them.
    filters.add(
      `quota_id IN (SELECT DISTINCT node FROM commitments WHERE is_oversubscribed AND ${sql})`,
      ...values,
    );
  }
  const soon = BigInt(Date.now()) * 1000n + EXPIRING_MICROS;
  const end = endsBefore ?? (state === 'expiring' ? soon : null);
  // Not both: the planner would take the one for rarer than it is, and walk past the order's own index.
  if (end !== null) filters.add('override_until < ?', timeToJson(end));
  else if (state === 'overridden') filters.add('override_until IS NOT NULL');
  return end !== null || state === 'overridden';
}

function endIn(parameters: Parameters): bigint | null {
  const text = parameters.text('endsBefore');
  if (text === null) return null;
  const end = timeFromJson(text);
  if (end === null) parameters.report('endsBefore', 'must be an RFC 3339 time');
  return end;
}

/** @returns whether it looks for names: the last segments of ids */
function filterSearch(filters: Filters, parameters: Parameters): boolean {
  const text = parameters.text('search');
  if (text === null) return false;
  if (!SEARCHED.test(text)) {
    parameters.report(
      'search',
      'must be the beginning of a name, or of an id where it has a slash',
    );
    return false;
  }
  const column = text.includes('/') ? 'quota_id' : 'name';
  filters.add(`${column} >= ? AND ${column} < ?`, text, `${text}~`);
  return column === 'name';
}
