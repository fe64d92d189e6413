import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The process's own group and the one that its terminal sends Ctrl-C to, -1 without a terminal. */
function groupsOnLinux(pid: number): readonly (string | undefined)[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The second field is the name in parentheses and may hold spaces: fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[2], fields[5]];
}

function groupsByPs(pid: number): readonly (string | undefined)[] {
  const columns = ['-o', 'pgid=', '-o', 'tpgid=', '-p', String(pid)];
  return execFileSync('ps', columns, { encoding: 'utf8' }).trim().split(/\s+/);
}

/** Does Ctrl-C of a terminal reach this process, and with it every process of its group? */
export function isInTerminalsForeground(): boolean {
  const { pid, platform } = process;
  const [own, foreground] = platform === 'linux' ? groupsOnLinux(pid) : groupsByPs(pid);
  return own !== undefined && own === foreground;
}
