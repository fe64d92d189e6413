/** An object of JSON, as files and answers have them. */
export type Json = Readonly<Record<string, unknown>>;

/** A member that is text or a number, as text; empty when it is neither. */
export function textIn(json: Json, name: string): string {
  const value = json[name];
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
