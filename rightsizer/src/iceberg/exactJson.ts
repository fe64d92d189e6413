/** What a reviver is told beside the value, since V8 13; TypeScript does not declare it yet. */
interface Told {
  readonly source?: string;
}

const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, told: Told) => unknown): unknown;
  rawJSON(text: string): unknown;
};

/** Whole numbers that a double cannot hold become bigints: other engines draw ids of 63 bits. */
export function parseExactly(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
      ? BigInt(source ?? '')
      : value,
  );
}

/** The pair of `parseExactly`: bigints as the numbers that they are. */
export function stringifyExactly(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? json.rawJSON(each.toString()) : each,
  );
}
