import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { decimalOf, picosOf } from '@prorata/quota-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { UsageDatabase, sqlText } from '../table/usageDatabase.ts';
import { focusColumns, NO_ACCOUNT } from './focusColumns.ts';
import { focusCsv } from './focusCsv.ts';
import { writeFocusParquet } from './focusParquet.ts';
import { focusUnit } from './unitFormat.ts';
import {
  capacity,
  correction,
  credit,
  everyKind,
  idle,
  names,
  nobodys,
  price,
  shared,
  unpriced,
  usage,
} from './testing/chargeLines.ts';

/** The mandatory columns of FOCUS 1.2, from the specification's feature levels. */
const mandatory = [
  ...['BilledCost', 'BillingAccountId', 'BillingAccountName', 'BillingCurrency'],
  ...['BillingPeriodEnd', 'BillingPeriodStart', 'ChargeCategory', 'ChargeClass'],
  ...['ChargeDescription', 'ChargePeriodEnd', 'ChargePeriodStart', 'ContractedCost'],
  ...['EffectiveCost', 'InvoiceIssuerName', 'ListCost', 'PricingQuantity', 'PricingUnit'],
  ...['ProviderName', 'PublisherName', 'ServiceCategory', 'ServiceName'],
];

function rowOf(line: ChargeLine): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    focusColumns.map(({ name, valueOf }) => [name, valueOf(line, names)] as const),
  );
}

async function csvOf(lines: readonly ChargeLine[], more: Partial<typeof names> = {}) {
  let csv = '';
  for await (const part of focusCsv(lines, { ...names, ...more })) csv += part;
  return csv;
}

describe('a line in the columns of FOCUS', () => {
  it('has every mandatory column, and our own with x_', () => {
    const found = focusColumns.filter((each) => each.isMandatory).map(({ name }) => name);
    expect(found.sort()).toEqual(mandatory);
    const all = focusColumns.map(({ name }) => name);
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) expect(name).toMatch(/^(x_)?[A-Z][A-Za-z]+$/);
  });

  it.each(everyKind.map((line) => [line.correction ? 'correction' : line.category, line] as const))(
    'is null only where FOCUS lets it be: %s',
    (_kind, line) => {
      for (const { name, allowsNull, valueOf } of focusColumns) {
        if (!allowsNull) expect([name, valueOf(line, names)]).not.toEqual([name, null]);
      }
      const row = rowOf(line);
      const isUsage = row['ChargeCategory'] === 'Usage';
      for (const name of ['PricingQuantity', 'PricingUnit', 'ConsumedQuantity', 'ConsumedUnit']) {
        expect([name, row[name] === null]).toEqual([name, !isUsage]);
      }
      for (const name of ['SkuId', 'SkuPriceId']) {
        if (isUsage) expect([name, row[name]]).not.toEqual([name, null]);
      }
      expect(row['ResourceType'] === null).toBe(row['ResourceId'] === null);
      expect(row['SubAccountType'] === null).toBe(row['SubAccountId'] === null);
    },
  );

  it('has one cost for what is billed, listed, agreed and effective', () => {
    for (const line of everyKind) {
      const row = rowOf(line);
      const costs = ['BilledCost', 'ListCost', 'ContractedCost', 'EffectiveCost'];
      expect(new Set(costs.map((name) => row[name]))).toEqual(new Set([line.cost ?? '0']));
    }
  });

  it('lies in half-open periods, the charge within the bill unless it mends a closed one', () => {
    for (const line of everyKind) {
      const row = rowOf(line);
      const at = (name: string): bigint => BigInt(row[name] ?? '0');
      expect(at('ChargePeriodStart')).toBeLessThan(at('ChargePeriodEnd'));
      const isWithin =
        at('BillingPeriodStart') <= at('ChargePeriodStart') &&
        at('ChargePeriodEnd') <= at('BillingPeriodEnd');
      expect(isWithin).toBe(row['ChargeClass'] === null);
    }
  });

  it('says of use what was used and what is priced', () => {
    expect(rowOf(usage)).toMatchObject({
      ...{ ChargeCategory: 'Usage', ChargeClass: null, ChargeFrequency: 'Usage-Based' },
      ...{ ConsumedQuantity: '2500000', ConsumedUnit: 'Tokens' },
      ...{ PricingQuantity: '2.5', PricingUnit: '1000000 Tokens' },
      ...{ SkuId: 'llm/tokens', SkuPriceId: 'list/llm/tokens/2026-01-01T00:00:00Z' },
      ...{ SubAccountId: 'acme/assistant', SubAccountName: 'The Assistant' },
      ...{ ResourceId: 'llm/prod/chat', Tags: '{"env":"prod","team":"chat"}' },
      ChargeDescription: 'use of tokens of llm by llm/prod/chat',
    });
    expect(rowOf(capacity)).toMatchObject({
      ...{ ConsumedQuantity: '3600000', ConsumedUnit: 'Milli Vcore-Seconds' },
      ...{ PricingQuantity: '2', PricingUnit: 'vCPU-Hours', x_ReservedQuantity: '7200000' },
      ChargeDescription: 'use or reservation of vcores of moka by moka/prod',
    });
    expect(rowOf({ ...usage, price: { ...price, perUnits: 3n } })).toMatchObject({
      PricingQuantity: '833333.333333333333',
    });
  });

  it('says of the other kinds what they are', () => {
    expect(rowOf(idle)).toMatchObject({
      ...{ ChargeCategory: 'Usage', ConsumedQuantity: '0', PricingQuantity: '2' },
      ChargeDescription: 'idle vcores of moka',
    });
    expect(rowOf(shared)).toMatchObject({
      ...{ ChargeCategory: 'Adjustment', ChargeFrequency: 'Recurring', x_Name: 'platform' },
      ...{ ServiceName: 'Prorata', ChargeDescription: 'part of the shared cost platform' },
    });
    expect(rowOf(credit)).toMatchObject({
      ...{ ChargeCategory: 'Credit', ChargeFrequency: 'One-Time', BilledCost: '-25.5' },
      ...{ SubAccountId: null, ChargeDescription: 'credit outage' },
    });
    expect(rowOf(correction)).toMatchObject({
      ...{ ChargeCategory: 'Usage', ChargeClass: 'Correction', BilledCost: '-0.625' },
      ChargeDescription: 'Correction: use of tokens of llm by llm/prod/chat',
    });
  });

  it('is there where nobody pays or nothing is priced, and says so', () => {
    expect(rowOf(nobodys)).toMatchObject({
      ...{ BillingAccountId: NO_ACCOUNT, BillingAccountName: NO_ACCOUNT, SubAccountId: null },
    });
    expect(rowOf(unpriced)).toMatchObject({
      ...{ BilledCost: '0', x_Unpriced: 'true', SkuPriceId: 'list/llm/requests/none' },
      ...{ PricingQuantity: '2500000', PricingUnit: 'Requests', x_PriceAmount: null },
      ChargeDescription: 'use of requests of llm by llm/prod/chat, which has no price',
    });
  });
});

it.each([
  ['token', 1n, 'Tokens'],
  ['requests', 1_000n, '1000 Requests'],
  ['milli-vcore-second', 1n, 'Milli Vcore-Seconds'],
  ['vCPU-hour', 1n, 'vCPU-Hours'],
  ['GiB-hours', 1n, 'GiB-Hours'],
  ['GB', 1n, 'GB'],
  ['byte', 1_000_000n, '1000000 B'],
  ['byte-second', 1n, 'B-Seconds'],
  ['API request', 1n, 'API Requests'],
  ['円', 1n, '円'],
])('names the unit %s as FOCUS does', (name, quantity, expected) => {
  expect(focusUnit(name, quantity)).toBe(expected);
});

describe('the CSV file', () => {
  it('is of RFC 4180: a head, fields in quotes where they need them, CRLF', async () => {
    const csv = await csvOf([usage], { projectName: () => 'The "new", big\none' });
    const [head = '', ...rest] = csv.split('\r\n');
    expect(head.split(',').slice(0, 3)).toEqual([
      ...['BilledCost', 'BillingAccountId', 'BillingAccountName'],
    ]);
    expect(rest.join('\r\n')).toContain('"The ""new"", big\none"');
    expect(csv.endsWith('\r\n')).toBe(true);
    expect(csv).toContain('"{""env"":""prod"",""team"":""chat""}"');
  });

  it('has times of FOCUS, and decimals that nobody takes for whole numbers', async () => {
    const [, line = ''] = (await csvOf([{ ...usage, cost: '3' }])).split('\r\n');
    expect(line.startsWith('3.0,acme,Acme,Organization,EUR,2026-02-28T23:00:00Z')).toBe(true);
    expect(line).toContain('2026-03-31T22:00:00Z');
    expect(line).toContain(',2500000.0,Tokens,');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'runs no formula that a name carries: %j',
    async (name) => {
      const csv = await csvOf([credit], { organizationName: () => name });
      expect(csv.split(',').some((field) => field.replace('"', '').startsWith(`'${name}`))).toBe(
        true,
      );
      expect(csv).toContain('-25.5,acme');
    },
  );
});

describe('the Parquet file', () => {
  let directory: string;
  let database: UsageDatabase;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'focus-'));
    database = await UsageDatabase.open(directory);
  });
  afterAll(async () => {
    database.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('has exact decimals and times, and adds up to the lines', async () => {
    const file = path.join(directory, 'costs.parquet');
    const connection = await database.connect();
    try {
      expect(await writeFocusParquet(connection, everyKind, names, file)).toBe(everyKind.length);
      const types = await connection.runAndReadAll(
        `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${sqlText(file)})`,
      );
      expect(Object.fromEntries(types.getRows() as [string, string][])).toMatchObject({
        ...{ BilledCost: 'DECIMAL(38,12)', ConsumedQuantity: 'DECIMAL(38,12)' },
        ...{ BillingPeriodStart: 'TIMESTAMP WITH TIME ZONE', ChargeClass: 'VARCHAR' },
      });
      const read = await connection.runAndReadAll(
        `SELECT sum(BilledCost)::VARCHAR, min(ChargePeriodStart)::VARCHAR, count(ChargeClass)::VARCHAR FROM ${sqlText(file)}`,
      );
      const sum = everyKind.reduce((total, { cost }) => total + picosOf(cost ?? '0'), 0n);
      expect(read.getRows()).toEqual([[decimalOf(sum), '2026-02-15 23:00:00+00', '1']]);
      expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');
    } finally {
      connection.closeSync();
    }
  });

  it('has the values that the CSV file has', async () => {
    const connection = await database.connect();
    try {
      const lines = fc.array(
        fc.record({
          line: fc.constantFrom(...everyKind),
          cost: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(decimalOf),
          charged: fc.bigInt({ min: 0n, max: 2n ** 63n }),
        }),
        { maxLength: 20 },
      );
      const asked = fc.asyncProperty(lines, async (drawn) => {
        const all = drawn.map(({ line, cost, charged }) => ({ ...line, cost, charged }));
        const file = path.join(directory, 'same.parquet');
        await writeFocusParquet(connection, all, names, file);
        const read = await connection.runAndReadAll(
          `SELECT BilledCost::VARCHAR, PricingQuantity::VARCHAR FROM ${sqlText(file)}`,
        );
        const plain = (text: unknown) => (text === null ? null : picosOf(text as string));
        const expected = all.map((line) => {
          const row = rowOf(line);
          return [plain(row['BilledCost']), plain(row['PricingQuantity'])];
        });
        expect(read.getRows().map((row) => row.map(plain))).toEqual(expected);
      });
      await fc.assert(asked, { numRuns: 20 });
    } finally {
      connection.closeSync();
    }
  });

  it('is refused where a number does not fit, and the next one is written', async () => {
    const connection = await database.connect();
    try {
      const file = path.join(directory, 'large.parquet');
      const large = { ...usage, price: null, charged: 10n ** 26n };
      await expect(writeFocusParquet(connection, [large], names, file)).rejects.toThrow(
        'PricingQuantity',
      );
      expect(await writeFocusParquet(connection, [usage], names, file)).toBe(1);
    } finally {
      connection.closeSync();
    }
  });
});

it('is explained column by column in the reference', async () => {
  const page = await readFile(
    path.join(import.meta.dirname, '../../../docs/reference/focus.md'),
    'utf8',
  );
  const named = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(focusColumns.map(({ name }) => name));
});
