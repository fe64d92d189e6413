/** Windows of consumables: the one reading of an ISO 8601 duration for the model and for hosts. */

/** How the windows of a consumable lie in time: aligned to the epoch, UTC. */
export type WindowForm =
  | { readonly kind: 'fixed'; readonly micros: number }
  /** Calendar months, counted from January 1970. */
  | { readonly kind: 'months'; readonly months: number };

const PATTERN =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const SECONDS = [7 * 86_400, 86_400, 3_600, 60, 1];
const BELOW_A_WEEK = [
  ['D', 86_400],
  ['H', 3_600],
  ['M', 60],
  ['S', 1],
] as const;
/** Characters of a duration: seven numbers of up to eight digits and their letters. */
const DURATION_LENGTH_MAX = 64;
/** A thousand years. */
const MONTHS_MAX = 12_000;

/**
 * The form of an ISO 8601 duration, or null when hosts cannot enforce it: nothing at all, longer
 * than 2^53 microseconds, or calendar months mixed with days, which have no common length.
 */
export function windowFormOf(duration: string): WindowForm | null {
  if (duration.length > DURATION_LENGTH_MAX) return null;
  const match = PATTERN.exec(duration);
  if (match === null) return null;
  const counts = match.slice(1) as (string | undefined)[];
  const [years = 0, months = 0, ...rest] = counts.map((count) => Number(count ?? '0'));
  const calendar = years * 12 + months;
  const seconds = rest.reduce((sum, count, index) => sum + count * (SECONDS[index] ?? 0), 0);
  if (calendar > 0) {
    return seconds === 0 && calendar <= MONTHS_MAX ? { kind: 'months', months: calendar } : null;
  }
  const micros = seconds * 1_000_000;
  return micros > 0 && Number.isSafeInteger(micros) ? { kind: 'fixed', micros } : null;
}

/** Whether two windows lie alike in time, however they are written: a week is seven days. */
export function sameWindow(a: string | null, b: string | null): boolean {
  return a === b || windowKey(a) === windowKey(b);
}

/** One duration for all windows that lie alike, P7D for a week; of a text that is no window, the text itself. */
export function windowKey(window: string | null): string {
  if (window === null) return '';
  const form = windowFormOf(window);
  if (form === null) return window;
  return form.kind === 'fixed' ? fixedWindow(form.micros) : `P${form.months}M`;
}

/** Whole seconds in the fewest units below a week, as ISO 8601 writes them: P1DT12H. */
function fixedWindow(micros: number): string {
  let rest = micros / 1_000_000;
  const [days = '', ...times] = BELOW_A_WEEK.map(([letter, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? '' : `${count}${letter}`;
  });
  const time = times.join('');
  return `P${days}${time === '' ? '' : `T${time}`}`;
}
