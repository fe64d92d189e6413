export type JsonObject = Readonly<Record<string, unknown>>;

/** null when the text is not a JSON object. */
export function jsonObjectOf(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : null;
  } catch {
    return null;
  }
}

export function isJsonObject(text: string): boolean {
  return jsonObjectOf(text) !== null;
}
