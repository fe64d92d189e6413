import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatNamed } from './formats.ts';
import { loadFormats } from './loadFormats.ts';
import { dispatchedSet, ratePerSecond, resource } from './testing/dispatchedSets.ts';
import { textFor } from './textFor.ts';

const example = path.join(import.meta.dirname, '../../../docs/how-to/examples/formats');
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-formats-'));
});
afterAll(() => rm(directory, { recursive: true }));

it("takes an operator's format by its name, and trusts it no more than its own", async () => {
  expect(await loadFormats(example)).toEqual(['csv']);
  const set = dispatchedSet('moka', [resource('tokens', 'rate', 'token')], {
    'moka/a': { limits: [ratePerSecond('tokens', 5n)] },
    'moka/b': { limits: [ratePerSecond('tokens', 'blocked')] },
  });
  expect(textFor(formatNamed('csv'), set)).toMatchObject({
    kind: 'text',
    text: 'quota,resource,per_second\nmoka/a,tokens,5\nmoka/b,tokens,0\n',
  });
});

it('does not start with a module that is none, and names it', async () => {
  await writeFile(path.join(directory, 'wrong.mjs'), 'export default {};\n');
  await expect(loadFormats(directory)).rejects.toThrow('wrong.mjs exports no format');
});
