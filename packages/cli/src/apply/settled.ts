import { setTimeout as delay } from 'node:timers/promises';
import type { Declaration } from '../file/declaration.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import type { Progress } from '../output/progress.ts';
import { computePlan } from '../plan/computePlan.ts';
import { readLive } from '../plan/readLive.ts';

/** The read models follow the log within some tens of milliseconds; a rebuild takes longer than we wait. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 2_000;

/** Waits until what is declared is what there is, as readers see it; false: not within ten seconds. */
export function settled(
  client: GatewayClient,
  declaration: Declaration,
  progress: Progress,
): Promise<boolean> {
  return within(async () => {
    const plan = computePlan(declaration, await readLive(client, declaration, progress));
    return plan.commands.length === 0;
  });
}

/** Waits until proposals can be read, so that the next run finds them; false: not within ten seconds. */
export async function readable(
  client: GatewayClient,
  proposalIds: readonly string[],
): Promise<boolean> {
  const found = await Promise.all(
    proposalIds.map((id) =>
      within(async () => (await client.find(`/v1/proposals/${encodeURIComponent(id)}`)) !== null),
    ),
  );
  return found.every(Boolean);
}

async function within(isSo: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)) {
    if (await isSo()) return true;
    if (performance.now() + pauseMs > endMs) return false;
    await delay(pauseMs);
  }
}
