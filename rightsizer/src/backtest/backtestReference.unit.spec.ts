import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { backtestCommand } from './command/backtestCommand.ts';
import { allPolicies } from './policies.ts';

const docs = path.join(import.meta.dirname, '../../../docs');
const example = (name: string): string => path.join(docs, 'how-to/examples/backtest', name);
const page = await readFile(path.join(docs, 'reference/backtest.md'), 'utf8');

/** Words in backticks in the first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`)).split('\n## ')[1] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

describe('the reference of the backtest', () => {
  it('has every policy, and no other', () => {
    expect(firstCells('Policies').toSorted()).toEqual(
      allPolicies.map(({ name }) => name).toSorted(),
    );
  });

  it('has every code, and no other', async () => {
    const source = await readFile(path.join(import.meta.dirname, 'backtestFault.ts'), 'utf8');
    const codes = [...source.matchAll(/\| '(\w+)'/g)].map(([, code = '']) => code);
    expect(firstCells('Codes').toSorted()).toEqual(codes.toSorted());
  });
});

describe('the example of the how-to', () => {
  it('shows ours, others, and the terms of a file beside each other', async () => {
    const told: string[] = [];
    const writing = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => told.push(String(text)) > 0);
    const columns = { series: 'tenant', time: 'time', value: 'used', refused: 'refused' };
    const policy = [`ours,${example('roomier.json')},${example('bursty.json')}`, 'krr-memory'];
    try {
      await backtestCommand([example('demand.csv')], {
        ...columns,
        step: '1h',
        policy,
        json: true,
      });
    } finally {
      writing.mockRestore();
    }
    const lines = told.map((line) => JSON.parse(line) as Record<string, number | string>);
    const slackOf = (name: string): number =>
      Number(lines.find((line) => line['policy'] === name)?.['slack']);
    expect(lines.map((line) => line['policy'])).toContain('krr-memory');
    expect(slackOf('roomier-serving')).toBeGreaterThan(slackOf('prorata-serving'));
    expect(slackOf('bursty-serving')).toBeGreaterThan(slackOf('prorata-serving'));
    expect(lines[0]).toMatchObject({ series: 2, windows: 2 * 3 * 24, missing: 0, ignored: 0 });
  });
});
