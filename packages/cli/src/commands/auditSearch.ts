import { CommandError } from '../commandError.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { whoIn } from '../apply/changeText.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { tell } from '../print.ts';
import { connected } from './connected.ts';
import { timeOf } from './momentOption.ts';

export interface AuditSearchOptions extends OutputOptions {
  readonly actor?: string;
  readonly type?: readonly string[];
  readonly code?: readonly string[];
  readonly command?: string;
  readonly stream?: string;
  readonly quota?: string;
  readonly within?: string;
  readonly project?: string;
  readonly from?: string;
  readonly until?: string;
  readonly refused?: boolean;
  readonly limit: string;
}

/** What a person can look through; for more there is the export. */
const LIMIT_MAX = 10_000;
/** The gateway's own limit of one answer. */
const PAGE_ROWS_MAX = 1_000;

type Query = Readonly<Record<string, string | undefined>>;

/** What the audit log says, the latest first. */
export async function auditSearch(
  words: readonly string[],
  options: AuditSearchOptions,
): Promise<number> {
  const limit = limitOf(options);
  const query = searchQuery(words, options);
  const client = await connected();
  const found = await withProgress('searching the audit log', () => firstOf(client, query, limit));
  await answerAs(options.output, found.entries, () =>
    found.entries.length === 0 ? [] : tableLines(heads, found.entries.map(rowOf)),
  );
  if (found.entries.length === 0) tell('Nothing that was decided is what was asked for.');
  else if (found.isMore)
    tell(`There is more: --limit shows up to ${LIMIT_MAX}, audit export all of it.`);
  return 0;
}

/** @throws CommandError when the words make no sense */
export function searchQuery(words: readonly string[], options: AuditSearchOptions): Query {
  const { actor, stream, within, project } = options;
  return {
    words: words.length === 0 ? undefined : words.join(' '),
    ...{ actor, stream, within, project },
    type: options.type?.join(','),
    code: options.code?.join(','),
    commandId: options.command,
    quotaId: options.quota,
    from: options.from === undefined ? undefined : timeOf(options.from),
    until: options.until === undefined ? undefined : timeOf(options.until),
    kind: options.refused === true ? 'refusal' : undefined,
    order: 'desc',
  };
}

interface Found {
  readonly entries: readonly Json[];
  readonly isMore: boolean;
}

/** Page after page, each from the place where the one before ended. */
export async function firstOf(
  client: Pick<GatewayClient, 'get'>,
  query: Query,
  limit: number,
): Promise<Found> {
  const entries: Json[] = [];
  let after: string | undefined;
  do {
    const rows = Math.min(PAGE_ROWS_MAX, limit - entries.length);
    const page = await client.get<{ entries: readonly Json[]; next: string | null }>('/v1/audit', {
      ...query,
      after,
      limit: `${rows}`,
    });
    entries.push(...page.entries);
    after = page.next ?? undefined;
  } while (after !== undefined && entries.length < limit);
  return { entries, isMore: after !== undefined };
}

function limitOf({ limit }: AuditSearchOptions): number {
  const count = Number(limit);
  if (Number.isInteger(count) && count >= 1 && count <= LIMIT_MAX) return count;
  throw new CommandError(`--limit must be 1 to ${LIMIT_MAX}; ./prorata audit export takes all.`, 2);
}

const heads = ['when', 'about', 'what', 'by', 'reason'];

function rowOf(entry: Json): readonly string[] {
  const code = textIn(entry, 'code');
  return [
    textIn(entry, 'decidedAt'),
    textIn(entry, 'quotaId') || textIn(entry, 'stream'),
    code === '' ? textIn(entry, 'type') : `${textIn(entry, 'type')} refused: ${code}`,
    whoIn(entry),
    textIn(entry, 'reason'),
  ];
}
