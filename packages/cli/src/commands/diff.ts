import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { limitText } from '../output/limitText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { differencesOf } from '../plan/differences.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { connected } from './connected.ts';

export interface DiffOptions extends OutputOptions {
  readonly from: string;
  readonly to?: string;
}

/** What differs of an application's quotas, or of those at and below one, between two moments. */
export async function diff(place: string, options: DiffOptions): Promise<number> {
  const client = await connected();
  const found = await withProgress(`reading ${place} at both moments`, () =>
    readDiff(client, { within: place, from: options.from, to: options.to }),
  );
  await answerAs(options.output, found, () => {
    const differences = found['differences'] as readonly Json[];
    return differences.length === 0 ? ['Nothing differs.'] : differences.flatMap(linesOf);
  });
  return 0;
}

/** All pages, between the same two moments: now is the one of the first page. */
async function readDiff(
  client: GatewayClient,
  question: Readonly<Record<string, string | undefined>>,
): Promise<Json> {
  const differences: unknown[] = [];
  let query = question;
  for (;;) {
    const page = await client.get<Json>('/v1/diff', query);
    const { from, to, next } = page as {
      readonly from: string;
      readonly to: string;
      readonly next: string | null;
    };
    differences.push(...(page['differences'] as readonly unknown[]));
    if (next === null) return { from, to, differences };
    query = { ...question, from, to, after: next };
  }
}

const marks: Readonly<Record<string, string>> = {
  created: colours.green('+'),
  changed: colours.yellow('~'),
  deleted: colours.red('-'),
};

function linesOf(difference: Json): readonly string[] {
  const change = textIn(difference, 'change');
  const head = `${marks[change] ?? '?'} ${screenText(textIn(difference, 'quotaId'))}`;
  if (change !== 'changed') return [head];
  const fields = (difference['fields'] as readonly Json[]).flatMap(fieldLines);
  const limits = (difference['limits'] as readonly Json[]).map(
    ({ resource, before, after }) =>
      `in force ${String(resource)}  ${inForce(before)} → ${inForce(after)}`,
  );
  return [head, ...[...fields, ...limits].map((line) => screenText(`    ${line}`))];
}

/** Lists of limits are told resource by resource. */
function fieldLines({ field, before, after }: Json): readonly string[] {
  const name = String(field);
  const told = differencesOf({ [name]: before }, { [name]: after });
  return told.map((each) => `${each.field}  ${textOf(each.before)} → ${textOf(each.after)}`);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (isJson(value) && 'resource' in value) return limitText(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const inForce = (value: unknown): string =>
  isJson(value) ? limitText(value['limit'] as Json) : '-';
