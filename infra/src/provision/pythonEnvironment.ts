import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { dataDirectory } from '../checkout.ts';
import { processStarted } from '../stack/processIdentity.ts';

const run = promisify(execFile);

/** A virtual environment with exactly these packages. */
export interface PythonPackages {
  /** Names the folder: another list of packages needs another name. */
  readonly name: string;
  readonly packages: readonly string[];
  /** What they are for, in the message that says they are missing. */
  readonly purpose: string;
  /** The one command that they run with, such as `python3.12`; absent: `python3`. */
  readonly interpreter?: string;
}

/** A Python to run, or the reason why there is none: whoever needs it says so and skips. */
export type FoundPython = { readonly python: string } | { readonly missing: string };

/** 750 MB of files from a slow mirror; what takes longer hangs. */
const INSTALL_MS = 240_000;
/** Between two looks at another process that is installing the same. */
const LOOK_MS = 250;

const asked = new Map<string, Promise<FoundPython>>();

/** Installs what is not there yet, once a machine: processes that ask meanwhile wait for the first. */
export function pythonEnvironment(wanted: PythonPackages): Promise<FoundPython> {
  const found = asked.get(wanted.name) ?? provide(wanted);
  asked.set(wanted.name, found);
  return found;
}

async function provide(wanted: PythonPackages): Promise<FoundPython> {
  const directory = path.join(dataDirectory, 'python', wanted.name);
  const python = path.join(directory, 'bin', 'python');
  await mkdir(path.dirname(directory), { recursive: true });
  await otherInstalls(directory);
  if (await exists(python)) return { python };
  const { interpreter = 'python3' } = wanted;
  const version = await run(interpreter, ['--version']).catch(() => null);
  if (version === null) return { missing: `there is no ${interpreter} on this machine` };
  const failure = await install(directory, interpreter, wanted.packages);
  if (await exists(python)) return { python };
  return { missing: `${interpreter} could not get ${wanted.purpose}: ${failure ?? ''}` };
}

/**
 * Made beside and renamed: an interrupted install leaves nothing that looks whole.
 * @returns why it failed, or null
 */
async function install(
  directory: string,
  interpreter: string,
  packages: readonly string[],
): Promise<string | null> {
  const staging = `${directory}.${String(process.pid)}`;
  try {
    await run(interpreter, ['-m', 'venv', staging]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(path.join(staging, 'bin', 'python'), pip, { timeout: INSTALL_MS });
    await rename(staging, directory);
    return null;
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

/** Returns when no live process is installing it; what dead ones left behind is removed. */
async function otherInstalls(directory: string): Promise<void> {
  const until = Date.now() + INSTALL_MS;
  while (Date.now() < until) {
    const stagings = (await readdir(path.dirname(directory)))
      .map((name) => path.join(path.dirname(directory), name))
      .filter(
        (each) => each.startsWith(`${directory}.`) && /^\d+$/.test(path.extname(each).slice(1)),
      );
    const live = stagings.filter((each) => processStarted(Number(path.extname(each).slice(1))));
    for (const dead of stagings.filter((each) => !live.includes(each)))
      await rm(dead, { recursive: true, force: true });
    if (live.length === 0) return;
    await sleep(LOOK_MS);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
