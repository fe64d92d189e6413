import { SourceFault } from './sourceFault.ts';

/** A column's text; undefined: the line has no such column; null: it has nothing there. */
export type Fields = (column: string) => string | null | undefined;

/** Text with places for columns: `moka/{queue}`. */
export interface Template {
  readonly parts: readonly TemplatePart[];
}

type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'column'; readonly column: string; readonly asId: boolean };

const PLACE = /\{([^{}]+)\}/g;
const AS_ID = ':id';

/** @throws SourceFault MAPPING_WRONG at a brace that nothing closes */
export function templateOf(text: string): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACE)) {
    if (match.index > at) parts.push({ kind: 'text', text: text.slice(at, match.index) });
    const name = match[1] ?? '';
    const asId = name.endsWith(AS_ID);
    parts.push({ kind: 'column', column: asId ? name.slice(0, -AS_ID.length) : name, asId });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) });
  if (parts.some((part) => part.kind === 'text' && /[{}]/.test(part.text))) {
    throw new SourceFault('MAPPING_WRONG', `${text} has a brace that belongs to no {column}`);
  }
  return { parts };
}

export const columnsOf = ({ parts }: Template): readonly string[] =>
  parts.flatMap((part) => (part.kind === 'column' ? [part.column] : []));

/** Other values for what stands in a column; null: lines with it are passed over. */
export type Renames = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

export type Filled =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing'; readonly column: string }
  | { readonly kind: 'passed' };

export function fill({ parts }: Template, fields: Fields, renames: Renames): Filled {
  let text = '';
  for (const part of parts) {
    if (part.kind === 'text') {
      text += part.text;
      continue;
    }
    const given = fields(part.column);
    if (given === undefined || given === null || given === '') {
      return { kind: 'missing', column: part.column };
    }
    const renamed = renames.get(part.column)?.get(given);
    if (renamed === null) return { kind: 'passed' };
    text += part.asId && renamed === undefined ? asIdPath(given) : (renamed ?? given);
  }
  return { kind: 'text', text };
}

/** What ids allow: small letters, digits, and a dash for anything else. */
function asIdPath(text: string): string {
  return text
    .split('/')
    .map((segment) =>
      segment
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 63)
        .replace(/-+$/, ''),
    )
    .join('/');
}
