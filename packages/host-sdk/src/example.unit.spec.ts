import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rate, RecordingChannel, rule, ToldSource, wholeSet } from '../test/fixtures.ts';
import { example } from './example.ts';

it('does what the README says, in the README’s own words', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'prorata-example-'));
  const source = new ToldSource();
  const running = example(directory, { rules: source, usage: new RecordingChannel() });
  const rules = [rule('moka/prod/ads', [rate(1_000n)])];
  (await source.sink).replaceAll(wholeSet(rules));
  expect(await running).toEqual(['served', expect.stringMatching(/^busy: again in \d+ ms$/)]);
  await rm(directory, { recursive: true });
  const text = await readFile(join(import.meta.dirname, 'example.ts'), 'utf8');
  const shown = /#region example\n(.*?)\n *\/\/ #endregion/s
    .exec(text)![1]!
    .replaceAll(/^ {2}/gm, '');
  expect(await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8')).toContain(shown);
});
