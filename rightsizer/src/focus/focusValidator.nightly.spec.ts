/** The rules of FOCUS 1.2 as its own validator reads them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pythonFocus } from '@prorata/test-kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageDatabase } from '../table/usageDatabase.ts';
import { focusCsv } from './focusCsv.ts';
import { writeFocusParquet } from './focusParquet.ts';
import { everyKind, names } from './testing/chargeLines.ts';

const run = promisify(execFile);

/** The rules of the model that the validator has; it skips those of columns that nobody must have. */
const RULES = 578;
const SKIPPED_MAX = 441;

/** Where no invoice is, one rule wants InvoiceId to be null and this one wants it not to be. */
const contradictory = ['InvoiceId-C-005-C'];

const found = await pythonFocus();
const missing = 'missing' in found ? found.missing : null;
if (missing !== null) process.stderr.write(`  FOCUS is not validated: ${missing}\n`);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'focus-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** @returns the rules that the file does not keep */
async function failedRules(file: string): Promise<string[]> {
  if ('missing' in found) throw new Error(found.missing);
  const { stdout } = await run(found.python, [
    ...['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'],
  ]);
  const report = `${file}.xml`;
  // It reads a list of currencies relative to where it is run, and exits 0 whatever it finds.
  await run(
    found.python,
    [
      ...['-c', 'from focus_validator.main import main; main()'],
      ...['--validate-version', '1.2.0.1', '--block-download', '--focus-dataset', 'CostAndUsage'],
      ...['--data-file', file, '--output-type', 'unittest', '--output-destination', report],
    ],
    { cwd: stdout.trim(), maxBuffer: 64 * 1024 * 1024 },
  );
  const xml = await readFile(report, 'utf8');
  const cases = xml.split('<testcase').slice(1);
  expect(cases.length).toBe(RULES);
  expect(cases.filter((each) => each.includes('<skipped')).length).toBeLessThanOrEqual(SKIPPED_MAX);
  return cases
    .filter((each) => each.includes('<failure'))
    .map((each) => /name="([\w-]+)/.exec(each)?.[1] ?? each);
}

it.skipIf(missing !== null)('takes the CSV file', async () => {
  const file = path.join(directory, 'costs.csv');
  let csv = '';
  for await (const part of focusCsv(everyKind, names)) csv += part;
  await writeFile(file, csv);
  expect(await failedRules(file)).toEqual(contradictory);
});

it.skipIf(missing !== null)('takes the Parquet file', async () => {
  const file = path.join(directory, 'costs.parquet');
  const database = await UsageDatabase.open(directory);
  const connection = await database.connect();
  try {
    await writeFocusParquet(connection, everyKind, names, file);
  } finally {
    connection.closeSync();
    database.close();
  }
  expect(await failedRules(file)).toEqual(contradictory);
});

it.skipIf(missing !== null)('finds what is wrong in a file', async () => {
  const file = path.join(directory, 'wrong.csv');
  let csv = '';
  for await (const part of focusCsv(everyKind, names)) csv += part.replace(',EUR,', ',EURO,');
  await writeFile(file, csv);
  expect(await failedRules(file)).toContain('BillingCurrency-C-000-M');
});
