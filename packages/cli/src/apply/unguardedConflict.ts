import type { GatewayClient } from '../gateway/gatewayClient.ts';
import type { Failure } from '../plan/check.ts';
import type { Json } from '../plan/json.ts';
import type { PlannedCommand } from '../plan/plan.ts';

/**
 * A registration has no expected version of its own (that of its stream moves with every quota), so what the
 * plan read is looked at once more right before it is sent. null: nobody has changed it.
 */
export async function unguardedConflict(
  client: GatewayClient,
  { type, stream, actions: [action] }: PlannedCommand,
): Promise<Failure | null> {
  if (type !== 'RegisterApplication' || action === undefined) return null;
  const id = stream.split(':')[1] ?? '';
  const row = await client.find<Json>(`/v1/applications/${encodeURIComponent(id)}`);
  const version = row === null ? null : BigInt(row['version'] as string | number);
  if (version === action.version) return null;
  const message = `The registration of ${id} is not the one that the plan is of.`;
  const remedy = 'Read it again and decide anew.';
  return {
    code: 'VERSION_MISMATCH',
    message,
    remedy,
    action,
    place: action.declared?.placeOf() ?? null,
  };
}
