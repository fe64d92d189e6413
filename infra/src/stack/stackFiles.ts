import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExternalParts } from './externalParts.ts';
import { isAlive } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { isPartName } from './stackParts.ts';
import type { PartName, Ports } from './stackParts.ts';

/** What a later command has to know of a stack: where it listens and what is not its own. */
export interface StackState {
  readonly ports: Ports;
  readonly external: ExternalParts;
  readonly namespace: string;
}

async function writeWhole(file: string, content: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const staged = `${file}.${String(process.pid)}`;
  await writeFile(staged, JSON.stringify(content, null, 2), { mode: 0o600 });
  await rename(staged, file);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const stateFile = (directory: string): string => path.join(directory, 'stack.json');
const processFile = (directory: string, part: PartName): string =>
  path.join(directory, 'processes', `${part}.json`);

export async function readState(directory: string): Promise<StackState | undefined> {
  return (await readJson(stateFile(directory))) as StackState | undefined;
}

export function writeState(directory: string, state: StackState): Promise<void> {
  return writeWhole(stateFile(directory), state);
}

export function recordProcess(
  directory: string,
  part: PartName,
  { pid, started }: ProcessIdentity,
): Promise<void> {
  return writeWhole(processFile(directory, part), { pid, started });
}

export function forgetProcess(directory: string, part: PartName): Promise<void> {
  return rm(processFile(directory, part), { force: true });
}

/** The recorded processes that still live; a recycled pid does not count. */
export async function liveProcesses(
  directory: string,
): Promise<ReadonlyMap<PartName, ProcessIdentity>> {
  const live = new Map<PartName, ProcessIdentity>();
  const names = await readdir(path.join(directory, 'processes')).catch(() => []);
  for (const name of names) {
    const part = path.basename(name, '.json');
    if (!name.endsWith('.json') || !isPartName(part)) continue;
    const identity = (await readJson(processFile(directory, part))) as ProcessIdentity | undefined;
    if (identity !== undefined && isAlive(identity)) live.set(part, identity);
  }
  return live;
}
