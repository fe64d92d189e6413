import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { dataDirectory, freePort, startProcess } from '@prorata/infra';

const run = promisify(execFile);
const VERSION = 'v0.0.0-20250907161309-07c3a429bfed';
/** From an empty module cache, with one processor and others at work on it. */
const BUILD_MS = 3_000_000;
const READY_MS = 60_000;

/** A real server for S3, which checks credentials and signatures. */
export interface Minio {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** Built once a machine by Go; or why there is none. */
export async function startMinio(): Promise<Minio | { readonly missing: string }> {
  const program = path.join(dataDirectory, 'tools', `minio-${VERSION}`, 'minio');
  if (!(await exists(program))) {
    if ((await run('go', ['version']).catch(() => null)) === null)
      return { missing: 'there is no Go to build MinIO with' };
    await mkdir(path.dirname(program), { recursive: true });
    const env = { ...process.env, GOBIN: path.dirname(program), CGO_ENABLED: '0' };
    // One package at a time: more would take all of a small machine's memory.
    const install = ['install', '-p', '1', '-trimpath', '-ldflags', '-s -w'];
    const source = `github.com/minio/minio@${VERSION}`;
    await run('go', [...install, source], { env, timeout: BUILD_MS });
  }
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-minio-'));
  const port = await freePort();
  const credentials = { accessKeyId: 'prorata-test', secretAccessKey: 'prorata-test-secret' };
  const endpoint = `http://127.0.0.1:${port}`;
  const part = await startProcess({
    name: 'minio',
    command: program,
    arguments: [
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${port}`,
      path.join(directory, 'data'),
    ],
    environment: {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    logFile: path.join(directory, 'log'),
    ready: async () =>
      (await fetch(`${endpoint}/minio/health/ready`).catch(() => null))?.ok ?? false,
    readyTimeoutMs: READY_MS,
  });
  return {
    endpoint,
    credentials,
    async stop() {
      await part.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}
