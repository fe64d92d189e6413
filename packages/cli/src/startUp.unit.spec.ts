import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Writes the address of every module that is loaded to stderr, a line each. */
const tracing = `import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;
/** What a question needs nothing of, and what takes longer to load than most questions to answer. */
const heavy =
  /quota-model\/src\/index|schemas\/src\/index|infra\/src\/index|service-runtime\/src\/index|node_modules\/(kafkajs|express|ajv|pg)\//;

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-start-'));
  const state = { ports: { gateway: 8080 }, external: {}, namespace: '' };
  await mkdir(path.join(directory, 'stack'));
  await writeFile(path.join(directory, 'stack', 'stack.json'), JSON.stringify(state));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What a command writes, and which modules it loads on its way. */
async function traced(
  words: readonly string[],
  stack: string,
): Promise<{ readonly out: string; readonly modules: readonly string[] }> {
  const main = path.join(import.meta.dirname, 'main.ts');
  const hook = `data:text/javascript,${encodeURIComponent(tracing)}`;
  const child = spawn(process.execPath, ['--import', hook, main, ...words], {
    env: {
      ...process.env,
      PRORATA_URL: '',
      PRORATA_STACK_DIRECTORY: path.join(directory, stack),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, told] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, modules: told.split('\n').filter((line) => line.startsWith('file:')) };
}

it.each([
  ['--version', 'no stack', /^\d/],
  ['get applications', 'no stack', /^$/],
  ['token', 'stack', /^eyJ/],
])('%s loads nothing that takes longer than its answer', async (words, stack, answer) => {
  const { out, modules } = await traced(words.split(' '), stack);
  expect(out).toMatch(answer);
  expect(modules.some((url) => url.endsWith('program.ts'))).toBe(true);
  expect(modules.filter((url) => heavy.test(url))).toEqual([]);
});
