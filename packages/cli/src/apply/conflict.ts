import { GatewayProblem } from '../gateway/gatewayProblem.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import type { Failure } from '../plan/check.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type { Action } from '../plan/plan.ts';

/** Codes that say that somebody else was there first. */
const CONFLICTS = new Set(['VERSION_MISMATCH', 'QUOTA_EXISTS', 'QUOTA_UNKNOWN', 'BUDGET_EXISTS']);

/** Changes of one thing that are named; there may be many. */
const CHANGES_NAMED_MAX = 3;

export const isConflict = ({ code }: Failure): boolean => CONFLICTS.has(code);

/** Who changed a thing since it was read, when and why; empty: nobody says. */
export async function changesSince(
  client: GatewayClient,
  action: Action,
): Promise<readonly string[]> {
  const changes = action.what === 'quota' ? await quotaChanges(client, action.id) : [];
  const since = action.version ?? 0n;
  return changes
    .filter((change) => BigInt(textIn(change, 'quotaVersion') || textIn(change, 'version')) > since)
    .slice(0, CHANGES_NAMED_MAX)
    .map(changeText);
}

/** The audit log, for those who may read it; else the versions, which do not tell of overrides and cuts. */
async function quotaChanges(client: GatewayClient, quotaId: string): Promise<readonly Json[]> {
  try {
    const query = { quotaId, kind: 'event', order: 'desc', limit: '20' };
    return (await client.get<{ entries: readonly Json[] }>('/v1/audit', query)).entries;
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error;
  }
  const at = `/v1/quotas/${encodeURIComponent(quotaId)}/versions?order=desc&limit=20`;
  return (await client.find<{ versions: readonly Json[] }>(at))?.versions ?? [];
}

/** `QuotaChanged by user:ana at 2026-01-01T00:00:00Z: more traffic`. */
export function changeText(change: Json): string {
  return `${textIn(change, 'type')} by ${whoIn(change)} at ${textIn(change, 'decidedAt')}: ${textIn(change, 'reason')}`;
}

/** Whoever changed it; what came due by itself has nobody. */
export function whoIn({ actor }: Json): string {
  return isJson(actor) ? `${textIn(actor, 'kind')}:${textIn(actor, 'subject')}` : 'a timer';
}
