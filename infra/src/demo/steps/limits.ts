import type { GatewayClient } from '../context.ts';

/** The limit in force as the read side tells it, as JSON text that can be compared. */
export async function limitOf(
  client: GatewayClient,
  quotaId: string,
  resource: string,
): Promise<string> {
  const quota = await client.quota(quotaId);
  const effective = (quota?.['effective'] ?? []) as { resource: string; limit: unknown }[];
  return JSON.stringify(effective.find((entry) => entry.resource === resource)?.limit);
}

/** A 64-bit number as JSON carries it: a number, or text above 2^53; 0 when it is absent. */
export function longOf(json: unknown): bigint {
  return typeof json === 'number' || typeof json === 'string' ? BigInt(json) : 0n;
}
