import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSION = '4.32.5';
const INSTALL_MS = 240_000;
const OUTPUT_BYTES_MAX = 64 * 1_048_576;
const folder = path.join(import.meta.dirname, '..', '..', '.prorata', 'python');

/** The fuzzer's Python, installed once, or the reason why there is none. */
export async function fuzzerPython(): Promise<{ python: string } | { missing: string }> {
  const directory = path.join(folder, `schemathesis-${VERSION}`);
  const python = path.join(directory, 'bin', 'python');
  if ((await stat(python).catch(() => null)) !== null) return { python };
  // Made beside and renamed: an interrupted install leaves nothing that looks whole.
  const staging = `${directory}.${String(process.pid)}`;
  try {
    await mkdir(folder, { recursive: true });
    await run('python3', ['-m', 'venv', staging]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const options = { timeout: INSTALL_MS };
    await run(path.join(staging, 'bin', 'python'), [...pip, `schemathesis==${VERSION}`], options);
    await rename(staging, directory);
    return { python };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `python3 could not get the fuzzer: ${why ?? ''}` };
  }
}

export interface FuzzOptions {
  readonly python: string;
  readonly url: string;
  readonly token: string;
  readonly phases: string;
  /** Of each operation. The fuzzer has no bound in time that ends it early. */
  readonly examples: number;
  readonly timeoutMs: number;
}

/**
 * Sends what the document at `<url>/openapi.json` describes, and what it rules out.
 * @returns the fuzzer's exit code, 0 when it found nothing, and its report
 */
export async function fuzz(options: FuzzOptions): Promise<{ code: number; report: string }> {
  const { python, url, token, phases, examples, timeoutMs } = options;
  // It keeps what it found beside itself: nothing of it belongs into the checkout.
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'prorata-fuzz-'));
  const wanted = ['run', `${url}/openapi.json`, '-H', `Authorization: Bearer ${token}`];
  const bounds = [
    '--max-examples',
    String(examples),
    '--phases',
    phases,
    '--request-timeout',
    '10',
  ];
  const unchecked = [
    // What a schema cannot say (streams, ids that exist) is refused with 4xx, as the document says.
    'positive_data_acceptance',
    // A 405 names GET, which the services behind answer, also where a test has none of them.
    'allow_header_conformance',
  ];
  const flags = ['--generation-deterministic', '--suppress-health-check', 'all', '--no-color'];
  const checks = ['--exclude-checks', unchecked.join(','), '--exclude-path', '/metrics'];
  try {
    const args = ['-m', 'schemathesis.cli', ...wanted, ...bounds, ...flags, ...checks];
    const limits = { cwd, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await run(python, args, limits);
    return { code: 0, report: stdout };
  } catch (error) {
    const failed = error as { code?: unknown; stdout?: string };
    const code = typeof failed.code === 'number' ? failed.code : -1;
    return { code, report: failed.stdout ?? String(error) };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
