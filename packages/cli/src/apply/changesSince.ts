import { GatewayProblem } from '../gateway/gatewayProblem.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type { Action, PlannedCommand } from '../plan/plan.ts';
import { changeText } from './changeText.ts';

/** Changes of one thing that are named; there may be many. */
const CHANGES_NAMED_MAX = 3;
/** Changes that are looked through for those since a version. */
const CHANGES_READ = '20';

/** Who changed a thing since it was read, when and why; empty: nobody says. */
export async function changesSince(
  client: GatewayClient,
  { stream }: Pick<PlannedCommand, 'stream'>,
  action: Action,
): Promise<readonly string[]> {
  const changes =
    action.what === 'quota'
      ? await quotaChanges(client, action.id)
      : await lastChange(client, stream, action);
  const since = action.version ?? 0n;
  return changes
    .filter((change) => versionOf(change) > since)
    .slice(0, CHANGES_NAMED_MAX)
    .map(changeText);
}

const versionOf = (change: Json): bigint =>
  BigInt(textIn(change, 'quotaVersion') || textIn(change, 'version') || 0);

/** The audit log, for those who may read it; else the versions, which do not tell of overrides and cuts. */
async function quotaChanges(client: GatewayClient, quotaId: string): Promise<readonly Json[]> {
  try {
    const query = { quotaId, kind: 'event', order: 'desc', limit: CHANGES_READ };
    return (await client.get<{ entries: readonly Json[] }>('/v1/audit', query)).entries;
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error;
  }
  const at = `/v1/quotas/${encodeURIComponent(quotaId)}/versions`;
  const found = await client.find<{ versions: readonly Json[] }>(
    `${at}?order=desc&limit=${CHANGES_READ}`,
  );
  return found?.versions ?? [];
}

/** Of anything else the read models keep the last change alone. */
async function lastChange(
  client: GatewayClient,
  stream: string,
  action: Action,
): Promise<readonly Json[]> {
  const row = await rowOf(client, stream.split(':')[1] ?? '', action);
  if (row === null) return [];
  return [{ ...row, type: `changed ${action.what}`, decidedAt: row['updatedAt'] }];
}

const listed = {
  team: { key: 'teamId', member: 'teams' },
  project: { key: 'project', member: 'projects' },
} as const;

async function rowOf(
  client: GatewayClient,
  owner: string,
  { what, id }: Action,
): Promise<Json | null> {
  const at = encodeURIComponent(owner);
  if (what === 'application') return client.find<Json>(`/v1/applications/${at}`);
  if (what === 'price book') return client.find<Json>(`/v1/price-books/${at}`);
  if (what === 'tier policy') return client.find<Json>(`/v1/tier-policies/${at}`);
  if (what === 'budget') {
    const budgets = await client.all('/v1/budgets', 'budgets', { organization: owner });
    return budgets.find(({ budgetId }) => budgetId === id) ?? null;
  }
  if (what === 'organization') {
    const all = await client.all('/v1/organizations', 'organizations');
    return all.find(({ organization }) => organization === id) ?? null;
  }
  if (what !== 'team' && what !== 'project') return null;
  const { key, member } = listed[what];
  const rows = await client.all(`/v1/organizations/${at}/${member}`, member);
  return rows.find((row) => row[key] === id) ?? null;
}
