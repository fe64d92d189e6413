import { CommandError } from '../commandError.ts';
import { whoIn } from '../apply/changeText.ts';
import { GatewayProblem } from '../gateway/gatewayProblem.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { tell } from '../print.ts';
import { connected } from './connected.ts';

export interface HistoryOptions extends OutputOptions {
  readonly limit: string;
  readonly refused?: boolean;
}

const LIMIT_MAX = 1_000;

/** What happened to a quota, the latest first. */
export async function history(quotaId: string, options: HistoryOptions): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new CommandError(`--limit must be 1 to ${LIMIT_MAX}`, 2);
  }
  const client = await connected();
  const kind = options.refused === true ? 'all' : 'event';
  const query = { quotaId, kind, order: 'desc', limit: `${limit}` };
  const entries = await withProgress(`reading ${quotaId}`, () => entriesOf(client, query));
  if (entries.length === 0) {
    throw new CommandError(
      `Nothing is known of ${quotaId}: ./prorata tree <application> shows which quotas there are.`,
    );
  }
  await answerAs(options.output, entries, () => tableLines(heads, entries.map(rowOf)));
  return 0;
}

const heads = ['when', 'version', 'what', 'by', 'reason'];

/** The audit log, with overrides, cuts and refusals; who may not read it sees what was declared when. */
async function entriesOf(
  client: GatewayClient,
  query: Readonly<Record<string, string>>,
): Promise<readonly Json[]> {
  try {
    return (await client.get<{ entries: readonly Json[] }>('/v1/audit', query)).entries;
  } catch (error) {
    if (!(error instanceof GatewayProblem) || error.status !== 403) throw error;
  }
  tell('The audit log needs the role auditor: these are the versions of what was declared.');
  const { quotaId = '', order, limit } = query;
  const path = `/v1/quotas/${encodeURIComponent(quotaId)}/versions`;
  return (await client.get<{ versions: readonly Json[] }>(path, { order, limit })).versions;
}

function rowOf(entry: Json): readonly string[] {
  const code = textIn(entry, 'code');
  return [
    textIn(entry, 'decidedAt'),
    textIn(entry, 'quotaVersion') || textIn(entry, 'version'),
    code === '' ? textIn(entry, 'type') : `${textIn(entry, 'type')} refused: ${code}`,
    whoIn(entry),
    textIn(entry, 'reason'),
  ];
}
