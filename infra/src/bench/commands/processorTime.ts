import { readFileSync } from 'node:fs';

/** Linux counts processor time in these; sysconf(_SC_CLK_TCK) is 100 wherever Node runs, milliseconds. */
const TICK_MS = 10;
/** Of what follows the program's name in /proc/<pid>/stat, proc(5): utime and stime. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/**
 * What the processes have used of processors since they began, all threads, milliseconds. It says what
 * something costs also where others take the machine's time. NaN where there is no /proc.
 */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorMsOf(pid), 0);
}

function processorMsOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets; the last bracket ends it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}
