import { PassThrough } from 'node:stream';
import { buffer as bytesOf } from 'node:stream/consumers';
import type { Price } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Request, Response, Router } from 'express';
import { describe, expect, it } from 'vitest';
import { LedgerReader } from '../ledger/ledgerReader.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Ledger as LedgerOf } from '../ledger/ledger.ts';
import { groundOf, useAt } from '../ledger/testing/ledgerGround.ts';
import { MemoryUses, SOURCE } from '../ledger/testing/memoryUses.ts';
import { names } from '../focus/testing/chargeLines.ts';
import { TableFault } from '../table/tableFault.ts';
import { costFields } from './costReports.ts';
import { costRoutes } from './costRoutes.ts';

const utc = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const price: Price = {
  application: 'llm',
  resource: 'tokens',
  amount: '1',
  perUnits: 3n,
  effectiveFrom: 0n,
  unit: '',
  steps: [],
  basis: 'used',
};
const uses = [
  { used: 1n, at: utc('2026-01-02T00:00:00Z'), offset: 0n },
  { used: 1n, at: utc('2026-01-02T00:00:00Z'), project: 'acme/ads', offset: 1n },
  { used: 1n, at: utc('2026-01-03T00:00:00Z'), quotaId: 'llm/batch', offset: 2n },
  { used: 5n, at: utc('2026-01-03T00:00:00Z'), resource: 'images', offset: 3n },
  { used: 7n, at: utc('2026-01-04T00:00:00Z'), project: null, offset: 4n },
].map(useAt);

/** The ledger over rows in memory in the table's place. */
class MemoryLedger extends LedgerReader {
  readonly #ledger: Ledger;

  constructor() {
    const ground = groundOf({ prices: [price] });
    super(ground);
    this.#ledger = new LedgerOf(ground);
  }

  override lines(_version: unknown, question: Parameters<LedgerReader['lines']>[1]) {
    const usage = { positions: null, loggedBefore: null };
    return this.#ledger.lines(new MemoryUses(uses), { usage, decidedBy: null, ...question });
  }
}

type Handler = (request: Request, response: Response) => Promise<void>;

async function ask(
  query: Record<string, string>,
  reach: 'everywhere' | string[] = 'everywhere',
  imports = 0,
): Promise<Record<string, unknown>> {
  let handler: Handler | null = null;
  const router = { get: (_path: string, given: Handler) => (handler = given) };
  const version = {
    version: 3,
    snapshotId: 9n,
    positions: new Map([
      [`${SOURCE}/0`, 5n],
      ...Array.from({ length: imports }, (_, index) => [`import/${index}/0`, 1n] as const),
    ]),
    files: () => Promise.resolve([]),
    scan: () => Promise.reject(new Error('no files')),
  };
  costRoutes(router as unknown as Router, () => ({
    ledger: new MemoryLedger(),
    newest: () => Promise.resolve(version),
    snapshot: (id) =>
      id === 9n
        ? Promise.resolve(version)
        : Promise.reject(new TableFault('SNAPSHOT_EXPIRED', 'it is gone')),
    now: () => utc('2026-01-20T00:00:00Z'),
    names,
  }));
  let body: unknown = null;
  const json = (given: unknown) => (body = given);
  const written = Object.assign(new PassThrough(), { json, setHeader: () => undefined });
  const text = query['format'] === undefined ? null : bytesOf(written);
  await handler!({ query, reach } as unknown as Request, written as unknown as Response);
  return (text === null ? body : { file: await text }) as Record<string, unknown>;
}

const codeOf = async (...asked: Parameters<typeof ask>): Promise<string> => {
  const problem: unknown = await ask(...asked).catch((error: unknown) => error);
  return problem instanceof Problem ? problem.code : 'none';
};

describe('GET /v1/costs', () => {
  it('lists lines a page at a time, which add up to the total', async () => {
    const first = await ask({ organization: 'acme', limit: '3' });
    expect(first).toMatchObject({
      currency: 'USD',
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-02-01T00:00:00.000Z',
      asOf: `${SOURCE}/0=5@2026-01-20T00:00:00.000Z`,
      total: { lines: 4, cost: '1', used: 8n, unpriced: 5n },
      next: '3',
    });
    const lines = first['lines'] as { cost: string }[];
    expect(lines.map(({ cost }) => cost)).toEqual(['0.333333333333', '0.333333333333', null]);
    const asOf = String(first['asOf']);
    const rest = await ask({ organization: 'acme', limit: '3', after: '3', asOf });
    expect(rest).toMatchObject({
      lines: [{ quota: 'llm/batch', cost: '0.333333333334' }],
      next: null,
    });
    for (const member of Object.keys(first)) expect(Object.keys(costFields)).toContain(member);
  });

  it('sums by anything, and the groups add up', async () => {
    const { groups } = await ask({ organization: 'acme', by: 'day,project' });
    expect(groups).toEqual([
      {
        project: 'acme/ads',
        day: '2026-01-02',
        lines: 1,
        used: null,
        charged: null,
        cost: '0.333333333333',
        unpriced: 0,
      },
      {
        project: 'acme/search',
        day: '2026-01-02',
        lines: 1,
        used: null,
        charged: null,
        cost: '0.333333333333',
        unpriced: 0,
      },
      {
        project: 'acme/search',
        day: '2026-01-03',
        lines: 2,
        used: null,
        charged: null,
        cost: '0.333333333334',
        unpriced: 1,
      },
    ]);
    const by = await ask({ organization: 'acme', by: 'resource', resource: 'tokens' });
    expect(by['groups']).toMatchObject([{ resource: 'tokens', used: 3n, cost: '1' }]);
  });

  it('is a file of all lines in the columns of FOCUS', async () => {
    const csv = String((await ask({ organization: 'acme', format: 'csv', limit: '1' }))['file']);
    const [head = '', ...rows] = csv.trimEnd().split('\r\n');
    expect(head).toMatch(/^BilledCost,BillingAccountId,/);
    expect(rows.map((row) => row.split(',')[0])).toEqual([
      ...['0.333333333333', '0.333333333333', '0.0', '0.333333333334'],
    ]);
    const { file } = await ask({ organization: 'acme', format: 'parquet' });
    expect(String(file).slice(0, 4)).toBe('PAR1');
  });

  it('knows what was known: as of a moment, and as of positions', async () => {
    const then = await ask({ organization: 'acme', asOf: '2026-01-02T12:00:00Z' });
    expect(then).toMatchObject({ total: { lines: 2 } });
    const asOf = `${SOURCE}/0=1@2026-01-20T00:00:00.000Z`;
    expect(await ask({ organization: 'acme', asOf })).toMatchObject({ total: { lines: 1 }, asOf });
  });

  it('names the snapshot where its positions are too many for a URL', async () => {
    const first = await ask({ organization: 'acme', limit: '3' }, 'everywhere', 1_000);
    const { asOf } = first;
    expect(asOf).toBe('snapshot:9@2026-01-20T00:00:00.000Z');
    const again = { organization: 'acme', limit: '3', asOf: String(asOf) };
    expect(await ask(again, 'everywhere', 1_000)).toEqual(first);
  });

  it('says what nobody pays for, to those who may see everything', async () => {
    expect(await ask({ payer: 'nobody', priceBook: 'list' })).toMatchObject({
      total: { lines: 1, used: 7n },
    });
    expect(await codeOf({ payer: 'nobody' }, ['organization:acme'])).toBe('FORBIDDEN');
    expect(await codeOf({ organization: 'zeta' }, ['organization:acme'])).toBe('FORBIDDEN');
    expect(await codeOf({ organization: 'acme' }, ['organization:acme'])).toBe('none');
  });

  it.each([
    [{}, 'PARAMETER_INVALID'],
    [{ organization: 'acme', payer: 'nobody' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', project: 'zeta/lab' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', by: 'colour' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', colour: 'red' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', limit: '5001' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', asOf: 'yesterday' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', asOf: '2026-01-20T00:02:00Z' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', asOf: 'snapshot:9@yesterday' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', asOf: 'usage.events/0=x@2026-01-20T00:00:00Z' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', from: '2024-01-01T00:00:00Z' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', to: '2025-01-01T00:00:00Z' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', format: 'xml' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', format: 'csv', by: 'day' }, 'PARAMETER_INVALID'],
    [{ organization: 'acme', asOf: 'snapshot:7' }, 'SNAPSHOT_EXPIRED'],
    [{ organization: 'acme', asOf: '1969-01-01T00:00:00Z' }, 'PRICE_BOOK_UNKNOWN'],
  ])('refuses %o: %s', async (query, code) => {
    expect(await codeOf(query)).toBe(code);
  });
});
