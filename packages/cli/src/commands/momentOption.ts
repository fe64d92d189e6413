import { CommandError } from '../commandError.ts';
import { lengthMs } from './lengthOption.ts';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;
const VERSION = /^\d{1,19}$/;
const FORMS = '10m, 2h or 3d ago, today, yesterday, 2026-01-02 or 2026-01-02T18:00:00Z';

/**
 * A time as people type it: `2h` (ago), `today` and `yesterday` (where the day begins, in UTC), a day, an RFC 3339
 * time. @returns RFC 3339. @throws CommandError (exit 2)
 */
export function timeOf(text: string): string {
  const time = timeIn(text);
  if (time !== null) return time;
  throw new CommandError(`${text} is no time: write ${FORMS}`, 2);
}

/** As `timeOf`, or a version of the stream: `42`. */
export function momentOf(text: string): string {
  const moment = VERSION.test(text) ? text : timeIn(text);
  if (moment !== null) return moment;
  throw new CommandError(`${text} is no moment: write ${FORMS}, or a version such as 42`, 2);
}

function timeIn(text: string): string | null {
  const agoMs = lengthMs(text);
  if (agoMs !== null) return new Date(Date.now() - agoMs).toISOString();
  if (text === 'today') return dayOf(Date.now());
  if (text === 'yesterday') return dayOf(Date.now() - DAY_MS);
  if (DAY.test(text)) return `${text}T00:00:00Z`;
  return TIME.test(text) ? text : null;
}

const dayOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 10)}T00:00:00Z`;
