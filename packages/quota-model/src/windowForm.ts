/** Windows of consumables: the one reading of an ISO 8601 duration for the model and for hosts. */
import type { ResourceLimit } from '@prorata/schemas';

/** A period of a zone's calendar; months are counted from January 1970, weeks from Monday. */
export interface CalendarWindow {
  readonly kind: 'calendar';
  readonly unit: 'day' | 'week' | 'month';
  /** How many of them; of days and weeks one. */
  readonly count: number;
  readonly zone: string;
}

/** How the windows of a consumable lie in time: aligned to the epoch, UTC, unless a zone is named. */
export type WindowForm =
  | { readonly kind: 'fixed'; readonly micros: number }
  /** Calendar months, counted from January 1970. */
  | { readonly kind: 'months'; readonly months: number }
  | CalendarWindow;

/** What a limit says of its window. */
export type Windowed = Pick<ResourceLimit, 'window' | 'zone'>;

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
const UTC = 'UTC';

/** What a day and a week are in a calendar, microseconds where no clock is changed. */
const CALENDAR_UNITS: ReadonlyMap<number, 'day' | 'week'> = new Map([
  [86_400_000_000, 'day'],
  [604_800_000_000, 'week'],
]);

/**
 * The form of an ISO 8601 duration, or null when hosts cannot enforce it: nothing at all, longer
 * than 2^53 microseconds, or calendar months mixed with days, which have no common length. In a zone: a day,
 * a week or months, for nothing else has a place in a calendar.
 *
 * @param zone an IANA name, which is not looked up here; null: UTC, aligned to the epoch
 */
export function windowFormOf(duration: string, zone: string | null = null): WindowForm | null {
  const form = durationForm(duration);
  if (form === null || zone === null || form.kind === 'calendar') return form;
  if (form.kind === 'months') return { kind: 'calendar', unit: 'month', count: form.months, zone };
  const unit = CALENDAR_UNITS.get(form.micros);
  return unit === undefined ? null : { kind: 'calendar', unit, count: 1, zone };
}

function durationForm(duration: string): WindowForm | null {
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
export function sameWindow(a: Windowed, b: Windowed): boolean {
  return (a.window === b.window && a.zone === b.zone) || windowKey(a) === windowKey(b);
}

/**
 * One text for all windows that lie alike, P7D for a week and P1D Europe/Berlin for a day there; of what is
 * no window, what was written.
 */
export function windowKey({ window, zone }: Windowed): string {
  if (window === null) return '';
  const form = windowFormOf(window, zone);
  if (form === null) return windowText({ window, zone });
  if (form.kind === 'fixed') return fixedWindow(form.micros);
  if (form.kind === 'months') return `P${form.months}M`;
  const duration = form.unit === 'day' ? 'P1D' : form.unit === 'week' ? 'P7D' : `P${form.count}M`;
  // Days and months of UTC are those of the epoch; its weeks began on a Thursday.
  const isOfEpoch = form.zone === UTC && form.unit !== 'week';
  return isOfEpoch ? duration : `${duration} ${form.zone}`;
}

/** As it was written, in the words of a refusal. */
export function windowText({ window, zone }: Windowed): string {
  return zone === null ? (window ?? '') : `${window ?? ''} ${zone}`;
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
