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
import { connected } from './connected.ts';

export interface HistoryOptions extends OutputOptions {
  readonly limit: string;
  readonly refused?: boolean;
}

interface Question {
  readonly quotaId: string;
  readonly limit: number;
  readonly isWithRefused: boolean;
}

const LIMIT_MAX = 1_000;

/** What happened to a quota, the latest first. */
export async function history(quotaId: string, options: HistoryOptions): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new CommandError(`--limit must be 1 to ${LIMIT_MAX}`, 2);
  }
  const client = await connected();
  const question = { quotaId, limit, isWithRefused: options.refused === true };
  const entries = await withProgress(`reading ${quotaId}`, () => entriesOf(client, question));
  if (entries.length === 0) {
    throw new CommandError(
      `Nothing is known of ${quotaId}: ./prorata tree <application> shows which quotas there are.`,
    );
  }
  await answerAs(options.output, entries, () => tableLines(heads, entries.map(rowOf)));
  return 0;
}

const heads = ['when', 'version', 'what', 'by', 'reason'];

/** Who was refused stands in the audit log, which is the auditor's to read. */
async function entriesOf(
  client: GatewayClient,
  { quotaId, limit, isWithRefused }: Question,
): Promise<readonly Json[]> {
  const query = { order: 'desc', limit: `${limit}` };
  if (isWithRefused) {
    const asked = { quotaId, kind: 'all', ...query };
    return (await client.get<{ entries: readonly Json[] }>('/v1/audit', asked)).entries;
  }
  const path = `/v1/quotas/${encodeURIComponent(quotaId)}/history`;
  try {
    return (await client.get<{ events: readonly Json[] }>(path, query)).events;
  } catch (error) {
    if (error instanceof GatewayProblem && error.code === 'QUOTA_UNKNOWN') return [];
    throw error;
  }
}

function rowOf(entry: Json): readonly string[] {
  const code = textIn(entry, 'code');
  return [
    textIn(entry, 'decidedAt'),
    textIn(entry, 'quotaVersion'),
    code === '' ? textIn(entry, 'type') : `${textIn(entry, 'type')} refused: ${code}`,
    whoIn(entry),
    textIn(entry, 'reason'),
  ];
}
