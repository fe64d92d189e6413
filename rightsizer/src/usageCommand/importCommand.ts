import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { countText, printJson, UsageError } from '@prorata/service-runtime';
import { longToJson, timeToJson } from '@prorata/schemas';
import { tableLines } from '../query/answerText.ts';
import { formatOf, importFormats } from '../sources/importOrder.ts';
import type { ImportFormat, ImportOrder } from '../sources/importOrder.ts';
import { importUsage } from '../sources/importUsage.ts';
import type { ImportReport } from '../sources/importUsage.ts';
import type { MappingJson, ResourceJson } from '../sources/mapping.ts';
import { SourceFault } from '../sources/sourceFault.ts';
import { stageInput } from '../sources/stageInput.ts';
import { withImportTable } from './usagePlace.ts';

/** What the words of `usage import` say. */
export interface ImportWords {
  readonly format?: string | undefined;
  readonly mapping?: string | undefined;
  readonly separator?: string | undefined;
  readonly quota?: string | undefined;
  readonly project?: string | undefined;
  readonly zone?: string | undefined;
  readonly host?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly for?: string | undefined;
  readonly time?: string | undefined;
  readonly resource?: string | undefined;
  readonly used?: string | undefined;
  readonly refused?: string | undefined;
  readonly queued?: string | undefined;
  readonly peak?: string | undefined;
  readonly gauge?: string | undefined;
  readonly scale?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** A mapping is written by hand. */
const MAPPING_BYTES_MAX = 1_000_000;

/** Brings files one after another, and ends at the first that cannot be brought. */
export async function importCommand(files: readonly string[], words: ImportWords): Promise<number> {
  if (files.length === 0) throw new UsageError('Which file?');
  const mapping = await mappingOf(words);
  for (const file of files) {
    const order = orderOf(file, words, mapping);
    const report = await bring(order, words['dry-run'] === true);
    if (words.json === true) printJson(reportJson(file, report));
    else process.stdout.write(`${reportLines(file, report).join('\n')}\n`);
  }
  return 0;
}

async function bring(order: ImportOrder, dryRun: boolean): Promise<ImportReport> {
  return withImportTable(async ({ table, staging, connect }) => {
    const input = await stageInput(order.file, staging);
    try {
      const now = BigInt(Date.now()) * 1_000n;
      return await importUsage(order, input, { table, connect, now, dryRun });
    } finally {
      await input.discard();
    }
  });
}

function orderOf(file: string, words: ImportWords, mapping: MappingJson): ImportOrder {
  const { format = formatOf(file), separator } = words;
  const known = importFormats.find((each) => each === format);
  if (known === undefined) {
    throw new UsageError(
      `--format is one of ${importFormats.join(', ')}; ${file} does not say it.`,
    );
  }
  return { file, format: known, separator: separatorOf(file, separator, known), mapping };
}

function separatorOf(file: string, given: string | undefined, format: ImportFormat): string {
  if (given !== undefined && format !== 'csv') throw new UsageError('--separator is of CSV alone.');
  if (given === 'tab') return '\t';
  return given ?? (path.extname(file).toLowerCase() === '.tsv' ? '\t' : ',');
}

const OWN = ['quota', 'project', 'zone', 'host', 'start', 'end', 'for', 'time'] as const;
const OF_RESOURCE = ['resource', 'used', 'refused', 'queued', 'peak', 'gauge', 'scale'] as const;

/** The mapping file, and over it what the words say. */
async function mappingOf(words: ImportWords): Promise<MappingJson> {
  const written = words.mapping === undefined ? {} : await readMapping(words.mapping);
  const own = Object.fromEntries(given(OWN, words));
  const resource: ResourceJson = Object.fromEntries(given(OF_RESOURCE, words));
  const resources = Object.keys(resource).length === 0 ? {} : { resources: [resource] };
  return { ...written, ...own, ...resources };
}

const given = <Name extends keyof ImportWords>(
  names: readonly Name[],
  words: ImportWords,
): [Name, unknown][] =>
  names.flatMap((name) => (words[name] === undefined ? [] : [[name, words[name]]]));

async function readMapping(file: string): Promise<object> {
  const text = await readFile(file, 'utf8');
  if (text.length > MAPPING_BYTES_MAX) throw new SourceFault('MAPPING_WRONG', 'it is too long');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SourceFault('MAPPING_WRONG', `${file} is no JSON`, { cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw new SourceFault('MAPPING_WRONG', `${file} is no JSON object`);
}

/** Sums shown to a person; `--json` has all that are kept. */
const SUMS_SHOWN = 20;

function reportLines(file: string, { importId, outcome, summary }: ImportReport): string[] {
  const { windowStart, windowEnd, rejected, sums } = summary;
  const time = (micros: bigint | null): string => (micros === null ? '' : timeToJson(micros));
  const more = sums.length - SUMS_SHOWN;
  return [
    `${file}: ${outcome} as import/${importId}`,
    `${countText(Number(summary.lines), 'line')}: ${summary.counted} with usage, ` +
      `${summary.passed} passed over, ${summary.rejectedLines} rejected`,
    `${countText(summary.rows, 'row')} from ${time(windowStart)} until ${time(windowEnd)}`,
    ...tableLines(
      ['quota', 'resource', 'used', 'refused', 'rows'],
      sums
        .slice(0, SUMS_SHOWN)
        .map((sum) => [sum.quotaId, sum.resource, sum.used, sum.refused, sum.rows].map(String)),
    ),
    ...(more > 0 ? [`… and ${more} more`] : []),
    ...(rejected.length === 0
      ? []
      : tableLines(
          ['rejected', 'lines', 'first', 'why'],
          rejected.map(({ reason, lines, line, detail }) =>
            [reason, lines, `line ${line}`, detail].map(String),
          ),
        )),
  ];
}

function reportJson(file: string, { importId, outcome, summary }: ImportReport): object {
  const { windowStart, windowEnd } = summary;
  return {
    file,
    import: importId,
    outcome,
    lines: longToJson(summary.lines),
    counted: summary.counted,
    passed: summary.passed,
    rejectedLines: summary.rejectedLines,
    rows: summary.rows,
    windowStart: windowStart === null ? null : timeToJson(windowStart),
    windowEnd: windowEnd === null ? null : timeToJson(windowEnd),
    sums: summary.sums.map((sum) => ({
      ...sum,
      used: longToJson(sum.used),
      refused: longToJson(sum.refused),
    })),
    sumsAreCut: summary.sumsAreCut,
    rejected: summary.rejected.map((each) => ({ ...each, line: longToJson(each.line) })),
  };
}
