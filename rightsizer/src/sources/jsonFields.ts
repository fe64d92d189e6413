import type { Fields } from './template.ts';

/** Levels of objects that a column's name may reach into: `usage.cpu.seconds`. */
const DEPTH_MAX = 8;

/**
 * The members of an object as columns, of objects inside it as `outer.inner`. Numbers are taken as they
 * are written: a double would have cut them. Lists are no columns.
 * @returns null when the line is no JSON object
 */
export function jsonFields(line: string): Fields | null {
  let parsed: unknown;
  try {
    // The reviver sees numbers as they are written.
    parsed = JSON.parse(line, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' ? (context?.source ?? String(value)) : value,
    );
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const top = parsed;
  return (column) => {
    const own = Object.hasOwn(top, column) ? textOf(top[column]) : undefined;
    return own === undefined && column.includes('.') ? within(top, column.split('.')) : own;
  };
}

function within(
  top: Readonly<Record<string, unknown>>,
  path: readonly string[],
): string | null | undefined {
  if (path.length > DEPTH_MAX) return undefined;
  let at: unknown = top;
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return textOf(at);
}

function textOf(value: unknown): string | null | undefined {
  if (typeof value === 'string' || value === null) return value;
  return typeof value === 'boolean' ? String(value) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
