import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fromJson } from '@prorata/schemas';
import { parseIssuers } from '@prorata/service-runtime';
import { expect, it } from 'vitest';
import { policyFrom, productionPolicy } from '../../../rightsizer/src/policy.ts';
import { checkoutDirectory } from '../checkout.ts';

const howTo = path.join(checkoutDirectory, 'docs', 'how-to');

it('shows a policy file that the rightsizer takes, and what it leaves as it is', async () => {
  const file = path.join(howTo, 'examples', 'policy.json');
  const json = JSON.parse(await readFile(file, 'utf8')) as { rightsizer: object };
  const policy = policyFrom(json);
  expect(policy).toMatchObject(json);
  const changed = Object.keys(json.rightsizer);
  expect(changed.length).toBeGreaterThan(0);
  expect(policy.rightsizer.sizing.batch).toEqual(productionPolicy.rightsizer.sizing.batch);
});

it('has a policy file for a trial that the rightsizer takes', async () => {
  const file = path.join(howTo, 'examples', 'policy-for-a-trial.json');
  const json = JSON.parse(await readFile(file, 'utf8')) as object;
  expect(policyFrom(json)).toMatchObject(json);
});

it('shows a file of issuers that services take', async () => {
  const page = await readFile(path.join(howTo, 'connect-an-identity-provider.md'), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(parseIssuers(json)).toMatchObject({ issuers: [{ roles: { staff: ['member'] } }] });
});

it('shows a split of a budget that a command takes', async () => {
  const page = await readFile(path.join(howTo, 'set-a-budget.md'), 'utf8');
  const [, json = ''] = /"split": (\[.*\])/.exec(page) ?? [];
  const shares = JSON.parse(json) as readonly unknown[];
  expect(shares.map((share) => fromJson('io.prorata.type.BudgetShare', share))).toEqual([
    { value: { application: 'moka', resource: 'requests', basisPoints: 6_000 } },
  ]);
});

it.each([
  'set-a-budget',
  'let-limits-resize-themselves',
  'bring-back-an-earlier-version',
  'see-which-hosts-enforce-what',
])('names the script of %s, which a test runs on a stack', async (name) => {
  const page = await readFile(path.join(howTo, `${name}.md`), 'utf8');
  expect(page).toContain(`(examples/${name}.sh)`);
});

it.each([
  ['limit-a-tidb', 'resource-groups'],
  ['limit-namespaces-of-kubernetes', 'resource-quotas'],
])('shows in %s the dispatcher of the file that a test renders', async (page, example) => {
  const text = await readFile(path.join(howTo, `${page}.md`), 'utf8');
  const file = await readFile(path.join(howTo, 'examples', `${example}.yaml`), 'utf8');
  const lines = new Set(file.split('\n').map((line) => line.trim()));
  const [, shown = ''] = /```yaml\n\s+dispatchers:\n([\s\S]*?)```/.exec(text) ?? [];
  const missing = shown.split('\n').filter((line) => !lines.has(line.trim()));
  expect(shown).not.toBe('');
  expect(missing.filter((line) => line.trim() !== '')).toEqual([]);
});
