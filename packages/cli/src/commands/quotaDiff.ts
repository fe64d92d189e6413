import { colours } from '../output/colours.ts';
import { limitText } from '../output/limitText.ts';
import { screenText } from '../output/screenText.ts';
import { differencesOf } from '../plan/differences.ts';
import type { Difference } from '../plan/differences.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** A quota that is not the same in two readings. */
export interface QuotaDiff {
  readonly quotaId: string;
  readonly kind: 'created' | 'changed' | 'deleted';
  readonly differences: readonly Difference[];
}

/** Declared contents and limits in force, quota by quota, of two listings. */
export function quotaDiffs(before: readonly Json[], after: readonly Json[]): readonly QuotaDiff[] {
  const [left, right] = [byId(before), byId(after)];
  const ids = [...new Set([...left.keys(), ...right.keys()])].sort();
  return ids.flatMap((quotaId): readonly QuotaDiff[] => {
    const [was, is] = [left.get(quotaId), right.get(quotaId)];
    const differences = differencesOf(was ?? {}, is ?? {});
    if (was === undefined) return [{ quotaId, kind: 'created', differences }];
    if (is === undefined) return [{ quotaId, kind: 'deleted', differences }];
    return differences.length === 0 ? [] : [{ quotaId, kind: 'changed', differences }];
  });
}

function byId(rows: readonly Json[]): ReadonlyMap<string, Json> {
  return new Map(rows.map((row) => [textIn(row, 'quotaId'), comparable(row)]));
}

/** What is declared, and each limit in force as a field of its own. */
function comparable(row: Json): Json {
  const effective = (row['effective'] ?? []) as readonly Json[];
  const inForce = effective.map((each) => [`in force ${textIn(each, 'resource')}`, each['limit']]);
  return { ...(row['content'] as Json), ...(Object.fromEntries(inForce) as Json) };
}

const marks = {
  created: colours.green('+'),
  changed: colours.yellow('~'),
  deleted: colours.red('-'),
} as const;

/** In lines for people: what was changed is told field by field. */
export function quotaDiffLines({ quotaId, kind, differences }: QuotaDiff): readonly string[] {
  const told = kind === 'changed' ? differences : [];
  return [
    `${marks[kind]} ${screenText(quotaId)}`,
    ...told.map(({ field, before, after }) =>
      screenText(`    ${field}  ${textOf(before)} → ${textOf(after)}`),
    ),
  ];
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (isJson(value) && 'resource' in value) return limitText(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
