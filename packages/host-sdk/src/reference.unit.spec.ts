import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { refusalKinds } from './http/refusalKinds.ts';
import { hostMetrics } from './metrics/hostMetrics.ts';

const folder = path.join(import.meta.dirname, '..');
const page = readFileSync(path.join(folder, '../../docs/reference/host-sdk.md'), 'utf8');

it('has the page show each example in the words that a test runs', () => {
  const examples = path.join(folder, 'test', 'examples');
  for (const name of readdirSync(examples)) {
    const text = readFileSync(path.join(examples, name), 'utf8');
    const [, region = ''] = /#region example\n(.*?)\n *\/\/ #endregion/s.exec(text) ?? [];
    expect([name, region === '']).toEqual([name, false]);
    expect(page).toContain(`\n${region.replaceAll(/^ {2}/gm, '')}\n`);
  }
});

it('has the page name every export, code and figure', () => {
  const { exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  for (const subpath of Object.keys(exports).filter((each) => each !== '.')) {
    expect(page).toContain(`\`${subpath.slice(2)}\``);
  }
  for (const { status, code } of Object.values(refusalKinds)) {
    expect(page).toContain(`| ${status} | \`${code}\` |`);
  }
  for (const { name, help } of hostMetrics) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect([name, row?.includes(help)]).toEqual([name, true]);
  }
});
