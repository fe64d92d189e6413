import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in these; sysconf(_SC_CLK_TCK) is 100 wherever Node runs, milliseconds. */
const TICK_MS = 10;
/** Of what follows the program's name in /proc/<pid>/stat, proc(5): utime and stime. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;
/** And ppid, cutime and cstime: whose child it is, and what its children that have ended used. */
const PARENT_FIELD = 1;
const CHILDREN_USER_FIELD = 13;
const CHILDREN_SYSTEM_FIELD = 14;

/**
 * What the processes have used of processors since they began, all threads, milliseconds. It says what
 * something costs also where others take the machine's time. NaN where there is no /proc.
 */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorMsOf(pid), 0);
}

/**
 * The same of a process and of its children, those that have ended included: of a database's server, which has one
 * for each connection.
 */
export function processorMsWithChildren(pid: number): number {
  const own = fieldsOf(pid);
  if (own === null) return Number.NaN;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => fieldsOf(Number(name)))
    .filter((fields) => fields?.[PARENT_FIELD] === String(pid));
  const ended = ticksIn(own, CHILDREN_USER_FIELD, CHILDREN_SYSTEM_FIELD);
  const running = [own, ...children].map((fields) =>
    ticksIn(fields ?? [], USER_FIELD, SYSTEM_FIELD),
  );
  return [ended, ...running].reduce((sum, ticks) => sum + ticks, 0) * TICK_MS;
}

function processorMsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return fields === null ? Number.NaN : ticksIn(fields, USER_FIELD, SYSTEM_FIELD) * TICK_MS;
}

const ticksIn = (fields: readonly string[], ...wanted: readonly number[]): number =>
  wanted.reduce((sum, field) => sum + Number(fields[field]), 0);

/** null: there is no such process, or no /proc. */
function fieldsOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets; the last bracket ends it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
