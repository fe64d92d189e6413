import type { ExportedRecord } from './exportedRecord.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Whether what a copy tells of a record in words is what stands in its bytes. A copy that was made before a message
 * gained a field tells nothing of it; of a field that the record's own schema has it must.
 * @param told JSON of an entry
 */
export function tellsTheSame(told: string, { entry, canonical }: ExportedRecord): boolean {
  if (told === JSON.stringify(entry)) return true;
  if (canonical === null) return false;
  const [written] = Object.values(JSON.parse(canonical) as Readonly<Record<string, Members>>);
  const then = JSON.parse(told) as Members;
  const now = JSON.parse(JSON.stringify(entry)) as Members;
  const { body: bodyThen, ...placeThen } = then;
  const { body: bodyNow, ...placeNow } = now;
  return isSame(placeThen, placeNow, placeNow) && isSame(bodyThen, bodyNow, written);
}

/** @param written the same part of the record in the fields of its own schema; undefined: no such part */
function isSame(then: unknown, now: unknown, written: unknown): boolean {
  if (Array.isArray(then) && Array.isArray(now)) {
    return (
      then.length === now.length &&
      then.every((part, at) => isSame(part, now[at], (written as unknown[] | undefined)?.[at]))
    );
  }
  if (!isMembers(then) || !isMembers(now)) return then === now;
  const own = isMembers(written) ? written : {};
  const isTold = (name: string): boolean =>
    Object.hasOwn(then, name)
      ? isSame(then[name], now[name], own[name])
      : !Object.hasOwn(own, name);
  return (
    Object.keys(now).every(isTold) && Object.keys(then).every((name) => Object.hasOwn(now, name))
  );
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
