import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-run-service-'));
});
afterAll(() => rm(directory, { recursive: true }));

interface End {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program of one service, and signals it once it says that it is up. */
async function run(body: string, signals = 0): Promise<End> {
  const file = path.join(directory, `${Math.random()}.ts`);
  const runtime = path.join(import.meta.dirname, 'index.ts');
  await writeFile(file, `import { readSettings, runService } from '${runtime}';\n${body}`);
  const child = spawn(process.execPath, [file], { env: { PATH: process.env['PATH'] } });
  let output = '';
  let sent = 0;
  const read = (part: Buffer): void => {
    output += part.toString();
    if (!output.includes('is up')) return;
    for (; sent < signals; sent++) setTimeout(() => child.kill('SIGTERM'), sent * 300);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

const alive = 'setInterval(() => undefined, 1000); process.stdout.write("is up\\n");';

describe("a service's process", () => {
  it('stops cleanly at a signal', async () => {
    const { code, output } = await run(
      `runService('t', async () => { ${alive}
        return { finished: new Promise(() => undefined), stop: async () => { process.stdout.write('stopped'); } };
      });`,
      1,
    );
    expect(output).toContain('stopped');
    expect(code).toBe(0);
  });

  it('ends at once at the second signal', async () => {
    const { code } = await run(
      `runService('t', async () => { ${alive}
        return { finished: new Promise(() => undefined), stop: () => new Promise(() => undefined) };
      });`,
      2,
    );
    expect(code).toBe(1);
  });

  it.each([
    ['start', `runService('t', () => Promise.reject(new Error('a fault')));`],
    [
      'run',
      `runService('t', async () => ({ finished: Promise.reject(new Error('a fault')), stop: async () => undefined }));`,
    ],
    [
      'callback',
      `runService('t', async () => { setTimeout(() => { throw new Error('a fault'); }, 10);
        return { finished: new Promise(() => undefined), stop: async () => undefined }; });`,
    ],
  ])('ends with 1 and says why when it fails in its %s', async (_where, body) => {
    const { code, output } = await run(body);
    expect(code).toBe(1);
    expect(output).toContain('a fault');
  });

  it('names every setting that is missing', async () => {
    const { code, output } = await run(`runService('t', () => { readSettings(); });`);
    expect(code).toBe(1);
    expect(output).toMatch(/KAFKA_BROKERS.*SCHEMA_REGISTRY_URL.*PRORATA_TOKEN_ISSUER/s);
  });
});
