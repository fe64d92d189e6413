import { expect, it } from 'vitest';
import { tableLines } from './table.ts';

it('says the zone of times in the head of their column alone', () => {
  const rows = [
    ['moka', '-', '2026'],
    ['tidb', '2026-01-02T18:00:00.120Z', '7'],
  ];
  const [head = ''] = tableLines(['application', 'until', 'version'], rows);
  expect(head).toMatch(/APPLICATION +UNTIL \(UTC\) +VERSION$/);
});
