import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { problemCodes } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { checkoutDirectory } from '../checkout.ts';

const folders = '{command-service,projector,enforcer-relay,rightsizer,packages/service-runtime}';
const PROBLEM = /new Problem\(\s*(\d{3}),\s*'([A-Z_]+)'/g;

describe('the table of problems', () => {
  it('has every code that a service answers with by itself, and its status', () => {
    const files = globSync(`${folders}/src/**/*.ts`, {
      cwd: checkoutDirectory,
      exclude: (name) => name.endsWith('.spec.ts') || name === 'node_modules',
    });
    const said = files.flatMap((file) => {
      const text = readFileSync(path.join(checkoutDirectory, file), 'utf8');
      return [...text.matchAll(PROBLEM)].map(([, status, code = '']) => ({ file, status, code }));
    });
    expect(said.length).toBeGreaterThan(20);
    const table: Readonly<Record<string, { readonly status: number }>> = problemCodes;
    const strange = said.filter(({ code, status }) => table[code]?.status !== Number(status));
    expect(strange).toEqual([]);
  });
});
