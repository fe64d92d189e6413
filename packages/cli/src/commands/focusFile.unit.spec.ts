import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { focusFile, formatOf } from './focusFile.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'costs-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

const answering = (body: string | ReadableStream) => {
  const open = vi.fn(() => Promise.resolve(new Response(body)));
  return { open };
};

it('takes its form from its name, and tells what to type where that says neither', () => {
  expect(formatOf('march.parquet')).toBe('parquet');
  expect(() => formatOf('march.xlsx')).toThrow('costs.csv or costs.parquet');
});

it('is the answer of the gateway, under its name when it is whole', async () => {
  const client = answering('BilledCost\r\n1.0\r\n');
  const file = path.join(directory, 'costs.csv');
  expect(await focusFile(client, { organization: 'acme' }, file)).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('BilledCost\r\n1.0\r\n');
  expect(client.open).toHaveBeenCalledWith(
    '/v1/costs',
    { organization: 'acme', format: 'csv' },
    {},
    expect.anything(),
  );
});

it('leaves nothing where the answer breaks off', async () => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('BilledCost'));
      controller.error(new TypeError('terminated'));
    },
  });
  const file = path.join(directory, 'costs.csv');
  await expect(focusFile(answering(broken), {}, file)).rejects.toThrow('broke off');
  expect(await readdir(directory)).toEqual([]);
});
