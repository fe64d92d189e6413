import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { dispatcherTerms } from '@prorata/quota-model';
import { describe, expect, it } from 'vitest';
import { checkoutDirectory } from '../checkout.ts';

const docs = path.join(checkoutDirectory, 'docs');

describe('the page of dispatchers', () => {
  it.each(['yunikorn', 'file', 'webhook'] as const)('names every setting of %s', async (kind) => {
    const page = await readFile(path.join(docs, 'reference', 'dispatchers.md'), 'utf8');
    const { properties } = dispatcherTerms[kind].settingsSchema as { properties: object };
    const [general = ''] = page.split('\n## ');
    const own = page.split(`\n## ${kind}\n`)[1]?.split('\n## ')[0] ?? '';
    for (const name of Object.keys(properties)) expect(general + own).toContain(`\`${name}\``);
  });

  it.each(['tidb', 'kubernetes'] as const)(
    'has one beside it with every setting of %s',
    async (kind) => {
      const page = await readFile(path.join(docs, 'reference', `dispatcher-${kind}.md`), 'utf8');
      const { properties } = dispatcherTerms[kind].settingsSchema as { properties: object };
      for (const name of Object.keys(properties)) expect(page).toContain(`\`${name}\``);
    },
  );

  it('shows in the how-to what the example declares', async () => {
    const page = await readFile(path.join(docs, 'how-to', 'bring-limits-to-a-target.md'), 'utf8');
    const example = await readFile(path.join(docs, 'how-to', 'examples', 'queues.yaml'), 'utf8');
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    expect(yaml).not.toBe('');
    for (const line of yaml.trim().split('\n')) expect(example).toContain(line.trim());
  });
});
