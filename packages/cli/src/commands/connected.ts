import { findConnection } from '../gateway/connection.ts';
import { GatewayClient } from '../gateway/gatewayClient.ts';

/** The gateway that the environment names, or the local stack's. @throws CommandError when there is none */
export async function connected(): Promise<GatewayClient> {
  return new GatewayClient(await findConnection());
}
