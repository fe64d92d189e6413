import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rate, rule } from '../../test/fixtures.ts';
import { entries, hostSdk, manifestOf, root } from './publishedFiles.ts';
import { packPackage } from './packPackage.ts';

const run = promisify(execFile);
let directory: string;
let consumer: string;
let files: string[];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'prorata-published-'));
  const tarball = await packPackage(directory);
  files = (await run('tar', ['-tzf', tarball])).stdout.trim().split('\n');
  consumer = path.join(directory, 'consumer');
  await mkdir(consumer);
  await writeFile(path.join(consumer, 'package.json'), '{"type":"module","private":true}');
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...quietly, tarball], { cwd: consumer });
}, 120_000);

afterAll(() => rm(directory, { recursive: true }));

/** Runs a program of the consumer's by Node alone. */
async function node(program: string, name = 'program.mjs'): Promise<string> {
  const file = path.join(consumer, name);
  await writeFile(file, program);
  return (await run(process.execPath, [file], { cwd: consumer })).stdout.trim();
}

const literal = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each,
  ).replaceAll(/"(\d+n)"/g, '$1');

it('holds JavaScript, types, README and manifest, and nothing that tests or needs the repository', async () => {
  for (const file of files) {
    expect(file).toMatch(/^package\/(modules\/.*\.js|types\/.*\.d\.ts|README\.md|package\.json)$/);
    expect(file).not.toMatch(/\.spec\.|\/publish\/|fixtures/);
  }
  const manifest = JSON.parse(
    await readFile(path.join(consumer, 'node_modules/@prorata/host-sdk/package.json'), 'utf8'),
  ) as ReturnType<typeof manifestOf> & { readonly private?: boolean };
  expect(manifest.private).toBeUndefined();
  expect(manifest.dependencies).toEqual({
    'eventsource-parser': manifestOf(hostSdk).dependencies['eventsource-parser'],
  });
  expect(Object.keys(manifest.exports)).toEqual(entries.map(({ subpath }) => subpath));
});

it('does what the README says, in the README’s own words, by Node alone', async () => {
  const readme = await readFile(path.join(hostSdk, 'README.md'), 'utf8');
  const [, shown = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const [imports, rest] = shown.split(/(?<=host-sdk';\n)/);
  const rules = literal([rule('moka/prod/ads', [rate(1_000n)])]);
  const program = `${rest === undefined ? "import { isAdmitted, startHost } from '@prorata/host-sdk';" : (imports ?? '')}
    const rules = { kind: 'http', run: async (_application, sink, abort) => {
      sink.replaceAll({ rules: ${rules}, unreadable: [], completeTo: 1n, isCurrent: true, appliedOffset: 1n });
      await new Promise((resolve) => abort.addEventListener('abort', resolve));
    } };
    const taken = async () => undefined;
    const connections = { rules, usage: { sendUsage: taken, sendReport: taken, close: taken } };
    const directory = ${JSON.stringify(path.join(directory, 'rules'))};
    ${rest ?? shown}
    console.log(answers.join());`;
  // Node takes the README's one type away itself, as it does outside node_modules.
  expect(await node(program, 'readme.ts')).toMatch(/^served,busy: again in \d+ ms$/);
});

it('loads each of its parts without what it does not need', async () => {
  const peers: Record<string, string> = {
    './prom-client': 'prom-client',
    './kafka': 'kafkajs|avsc',
  };
  for (const { subpath } of entries) {
    const specifier = path.posix.join('@prorata/host-sdk', subpath);
    const loaded = node(`console.log(Object.keys(await import('${specifier}')).length > 0)`);
    const peer = peers[subpath];
    if (peer === undefined) expect([subpath, await loaded]).toEqual([subpath, 'true']);
    else await expect(loaded).rejects.toThrow(new RegExp(`Cannot find package '(${peer})'`));
  }
}, 60_000);

it('brings its types', async () => {
  const program = `
    import { startHost, isAdmitted } from '@prorata/host-sdk';
    import type { Host, HostOptions } from '@prorata/host-sdk';
    import { expressQuota } from '@prorata/host-sdk/express';
    import { overloadGate } from '@prorata/host-sdk/overload';
    export async function start(options: HostOptions): Promise<Host> {
      const host = await startHost({ ...options, overload: overloadGate() });
      expressQuota({ host, quota: host.bind({ quota: 'a/b' }), resource: 'requests' });
      // @ts-expect-error: a quota's name is text
      host.bind({ quota: 1 });
      const left: number | undefined = host.bind({}).room('requests')[0]?.left;
      if (left === 0 && isAdmitted(host.bind({}).take('requests', 1))) await host.stop();
      return host;
    }`;
  await writeFile(path.join(consumer, 'program.ts'), program);
  const compiler = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');
  const typeRoots = path.join(root, 'node_modules', '@types');
  const flags = `--noEmit --strict --skipLibCheck --module nodenext --target es2024 --types node --lib es2024,esnext.disposable`;
  const args = [compiler, ...flags.split(' '), '--typeRoots', typeRoots, 'program.ts'];
  const compiled = await run(process.execPath, args, { cwd: consumer }).catch(
    (error: unknown) => error,
  );
  expect((compiled as { readonly stdout: string }).stdout).toBe('');
}, 60_000);
