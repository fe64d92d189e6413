import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const program = path.join(import.meta.dirname, 'testing', 'pipelineOnFolder.ts');
/** A namespace of its own, in which not even the machine itself can be reached. */
const DENIED = ['unshare', '--map-root-user', '--net'] as const;

describe('the way from rows to an answer', () => {
  let folder: string;
  let server: Server;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'denied-'));
    server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return async () => {
      server.close();
      await rm(folder, { recursive: true });
    };
  });

  async function pipeline(...before: readonly string[]): Promise<unknown> {
    const { port } = server.address() as AddressInfo;
    const line = [...before, process.execPath, program, folder, String(port)];
    return JSON.parse((await run(line[0]!, line.slice(1))).stdout) as unknown;
  }

  /** Five quotas fall into three buckets, a file each of three ranges. */
  const answer = { rows: 30, used: 435, replaced: 9 };

  it('needs no network: it is the same where the kernel denies it', async (context) => {
    const denied = await run(DENIED[0], [...DENIED.slice(1), 'true']).catch(() => null);
    if (denied === null) return context.skip('skipped: this kernel lets nobody deny the network');
    expect(await pipeline(...DENIED)).toEqual({ ...answer, network: false });
  });

  it('is tried by a program that would notice a network', async () => {
    expect(await pipeline()).toEqual({ ...answer, network: true });
  });
});
