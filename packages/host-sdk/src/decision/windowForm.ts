/** How the windows of a consumable lie in time: aligned to the epoch, UTC. */
export type WindowForm =
  | { readonly kind: 'fixed'; readonly micros: number }
  /** Calendar months, counted from January 1970. */
  | { readonly kind: 'months'; readonly months: number };

const PATTERN =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const SECONDS = [7 * 86_400, 86_400, 3_600, 60, 1];

/**
 * The form of an ISO 8601 duration, or null when hosts cannot enforce it: nothing at all, longer
 * than 2^53 microseconds, or calendar months mixed with days, which have no common length.
 */
export function windowFormOf(duration: string): WindowForm | null {
  const match = PATTERN.exec(duration);
  if (match === null) return null;
  const counts = match.slice(1) as (string | undefined)[];
  const [years = 0, months = 0, ...rest] = counts.map((count) => Number(count ?? '0'));
  const calendar = years * 12 + months;
  const seconds = rest.reduce((sum, count, index) => sum + count * (SECONDS[index] ?? 0), 0);
  if (calendar > 0) {
    return seconds === 0 && calendar <= 12_000 ? { kind: 'months', months: calendar } : null;
  }
  const micros = seconds * 1_000_000;
  return micros > 0 && Number.isSafeInteger(micros) ? { kind: 'fixed', micros } : null;
}

/** The half-open window that holds the moment, in microseconds since the epoch. */
export function windowAt(form: WindowForm, wallMicros: number): { start: number; end: number } {
  if (form.kind === 'fixed') {
    const start = Math.floor(wallMicros / form.micros) * form.micros;
    return { start, end: start + form.micros };
  }
  const date = new Date(wallMicros / 1000);
  const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  const first = Math.floor(month / form.months) * form.months;
  return { start: Date.UTC(1970, first) * 1000, end: Date.UTC(1970, first + form.months) * 1000 };
}

export function sameWindow(a: WindowForm, b: WindowForm): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
