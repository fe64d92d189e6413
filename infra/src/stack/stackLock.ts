import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';

/** Another command works on the same stack. */
export class StackBusy extends Error {
  override readonly name = 'StackBusy';
  readonly pid: number;

  constructor(pid: number) {
    super(
      `another command (process ${String(pid)}) is working on the stack; wait until it is done`,
    );
    this.pid = pid;
  }
}

/** Two commands given at once are not a mistake: the second waits as long as a first start takes, milliseconds. */
const waitMs = 180_000;
const lookEveryMs = 200;

async function holder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    // Gone meanwhile, or being written.
    return undefined;
  }
}

/** Linked from a whole file, so that nobody ever reads half of one. */
async function tryTake(file: string, self: ProcessIdentity): Promise<boolean> {
  const staged = `${file}.${String(self.pid)}`;
  await writeFile(staged, JSON.stringify({ pid: self.pid, started: self.started }));
  try {
    await link(staged, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(staged, { force: true });
  }
}

/**
 * Runs `work` while no other command changes the stack. A lock whose holder has gone is taken over.
 * @param patienceMs how long to wait for another command, milliseconds
 * @throws StackBusy
 */
export async function withStackLock<T>(
  directory: string,
  work: () => Promise<T>,
  patienceMs = waitMs,
): Promise<T> {
  const self = identify(process.pid);
  if (self === undefined) throw new Error('this process cannot be identified');
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, 'lock.json');
  const until = Date.now() + patienceMs;
  while (!(await tryTake(file, self))) {
    const other = await holder(file);
    if (other !== undefined && !isAlive(other)) await rm(file, { force: true });
    else if (Date.now() >= until) throw new StackBusy(other?.pid ?? 0);
    else await sleep(lookEveryMs);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}
