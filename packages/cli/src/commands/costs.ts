import { CommandError } from '../commandError.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputForm } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { withProgress } from '../output/progress.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { answer } from '../print.ts';
import { connected } from './connected.ts';
import { focusFile, formatOf } from './focusFile.ts';
import { timeOf } from './momentOption.ts';

export interface CostOptions {
  readonly output: OutputForm;
  readonly csv?: boolean;
  readonly focus?: string;
  readonly lines?: boolean;
  readonly by: string;
  readonly project?: string;
  readonly priceBook?: string;
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly category?: string;
  readonly application?: string;
  readonly resource?: string;
  readonly quota?: string;
}

/** Lines of one question to the gateway. */
const PAGE_LINES = 5_000;
/** Other pages know what the first one knew, so that what arrives meanwhile does not shift them. */
const POSITIONS = /^snapshot:|[=@]/;

/** What an organization is charged, as sums or as lines; `nobody`: usage that nobody pays for. */
export async function costs(organization: string, options: CostOptions): Promise<number> {
  if (options.focus !== undefined) formatOf(options.focus);
  const client = await connected();
  const { project, priceBook, category, application, resource, quota, from, to, asOf } = options;
  if (options.csv === true && options.output !== 'table') {
    throw new CommandError('--csv is a form of its own: leave -o out', 2);
  }
  const query: Record<string, string> = {
    ...(organization === 'nobody' ? { payer: 'nobody' } : { organization }),
    ...(project === undefined ? {} : { project }),
    ...(priceBook === undefined ? {} : { priceBook }),
    ...(category === undefined ? {} : { category }),
    ...(application === undefined ? {} : { application }),
    ...(resource === undefined ? {} : { resource }),
    ...(quota === undefined ? {} : { quota }),
    ...(from === undefined ? {} : { from: timeOf(from) }),
    ...(to === undefined ? {} : { to: timeOf(to) }),
    ...(asOf === undefined ? {} : { asOf: POSITIONS.test(asOf) ? asOf : timeOf(asOf) }),
  };
  if (options.focus !== undefined) return focusFile(client, query, options.focus);
  const form = options.lines === true ? { limit: `${PAGE_LINES}` } : { by: options.by };
  const body = await withProgress(`adding up what ${organization} is charged`, async () => {
    const first = await client.get<Json>('/v1/costs', { ...query, ...form });
    const lines = [...((first['lines'] ?? []) as readonly Json[])];
    for (let next = first['next']; typeof next === 'string';) {
      const more = { ...query, ...form, asOf: textIn(first, 'asOf'), after: next };
      const page = await client.get<Json>('/v1/costs', more);
      lines.push(...(page['lines'] as readonly Json[]));
      next = page['next'];
    }
    return options.lines === true ? { ...first, lines, next: null } : first;
  });
  if (options.csv === true) for (const line of csvLines(body)) answer(line);
  else await answerAs(options.output, body, () => costLines(body));
  return 0;
}

/** For people: the rows, what they add up to, and what to type for the same answer again. */
export function costLines(body: Json): readonly string[] {
  const { heads, rows } = rowsOf(body);
  const total = body['total'] as Json | undefined;
  const unpriced = rows.filter((row) => row.at(-1) === '').length;
  const currency = textIn(body, 'currency');
  return [
    colours.bold(`${textIn(body, 'from')} to ${textIn(body, 'to')}, in ${currency}`),
    ...(rows.length === 0 ? ['Nothing is charged.'] : tableLines(heads, rows)),
    ...(total === undefined ? [] : ['', `Total: ${textIn(total, 'cost')} ${currency}`]),
    ...(unpriced === 0
      ? []
      : [colours.yellow(`${unpriced} without a price: they are in no sum of money`)]),
    colours.dim(`The same again, whatever arrives: --as-of ${textIn(body, 'asOf')}`),
  ];
}

/** RFC 4180, the heads first. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvLines(body: Json): readonly string[] {
  const { heads, rows } = rowsOf(body);
  return [heads, ...rows].map((row) => row.map(cellText).join(','));
}

const NUMBER = /^-?\d+(\.\d+)?$/;

function cellText(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const lineHeads = [
  ...['day', 'project', 'category', 'correction', 'application', 'resource', 'quota', 'name'],
  ...['used', 'reserved', 'charged', 'cost'],
] as const;

function rowsOf(body: Json): { heads: readonly string[]; rows: string[][] } {
  const lines = body['lines'] as readonly Json[] | undefined;
  if (lines !== undefined) {
    const days = lines.map((line) => ({ ...line, day: textIn(line['charge'] as Json, 'start') }));
    return { heads: lineHeads, rows: days.map((line) => cells(line, lineHeads)) };
  }
  const by = (body['by'] ?? []) as readonly string[];
  const sums = by.includes('resource') ? ['used', 'charged', 'cost'] : ['lines', 'cost'];
  const heads = [...by, ...sums];
  const groups = (body['groups'] ?? []) as readonly Json[];
  return { heads, rows: groups.map((group) => cells(group, heads)) };
}

function cells(row: Json, heads: readonly string[]): string[] {
  return heads.map((head) => textIn(row, head));
}
