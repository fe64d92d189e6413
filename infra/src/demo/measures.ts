/** The value below which the share `quantile` of the sorted values lies (nearest rank). */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(quantile * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export const rounded = (value: number, places = 2): number => Number(value.toFixed(places));

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

const POLL_MS = 50;

/** Asks until there is an answer that is not undefined. @throws NotInTime, naming what was awaited. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new NotInTime(`${what}: not within ${limitMs / 1000} s`);
    await delay(POLL_MS);
  }
}
