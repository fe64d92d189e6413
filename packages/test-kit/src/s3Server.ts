import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort, pythonTables, startProcess } from '@prorata/infra';

/** A server that speaks S3, for one test file. Its credentials are whatever one likes. */
export interface S3Server {
  readonly endpoint: string;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Python and its imports, on a machine that does much else. */
const READY_MS = 30_000;

/** Moto's, which keeps objects in memory and holds conditional writes to their condition; or why there is none. */
export async function startS3Server(): Promise<S3Server | { readonly missing: string }> {
  const found = await pythonTables();
  if ('missing' in found) return found;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const part = await startProcess({
    name: 's3',
    command: found.python,
    arguments: [path.join(import.meta.dirname, 's3Server.py'), String(port)],
    logFile: path.join(directory, 'log'),
    ready: async () => (await fetch(endpoint).catch(() => null))?.ok ?? false,
    readyTimeoutMs: READY_MS,
    graceMs: 1_000,
  });
  return {
    endpoint,
    async makeBucket(name) {
      const answer = await fetch(`${endpoint}/${name}`, { method: 'PUT' });
      if (!answer.ok) throw new Error(`The bucket ${name} was not made: ${answer.status}.`);
    },
    async stop() {
      await part.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
