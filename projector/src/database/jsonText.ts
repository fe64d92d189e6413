import { storable } from './storable.ts';

/** As deep as `storable` lets a value be: fewer brackets than this cannot be nested deeper. */
const BRACKETS_MAX = 64;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/**
 * A value as JSON that PostgreSQL takes whatever a client wrote, as `storable` has it. Almost all of them
 * are plain, and are told by their text: what PostgreSQL refuses stands there as an escape.
 */
export function jsonText(value: unknown): string {
  const text = plainText(value);
  if (text === null || text.includes('\\u') || nestsDeep(text)) {
    return JSON.stringify(storable(value));
  }
  return text;
}

/** null: it holds whole numbers that JSON has no form for, or is nested beyond the stack. */
function plainText(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** Brackets within texts count too: that costs a second look and no more. */
function nestsDeep(text: string): boolean {
  if (text.length <= BRACKETS_MAX) return false;
  let brackets = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACE || code === OPEN_BRACKET) brackets += 1;
  }
  return brackets > BRACKETS_MAX;
}
