import { setTimeout as delay } from 'node:timers/promises';
import type { Declaration } from '../file/declaration.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { countText } from '../output/countText.ts';
import type { Progress } from '../output/progress.ts';
import type { Check } from './check.ts';
import { checkPlan } from './checkPlan.ts';
import type { SendingTerms } from './checkPlan.ts';
import { computePlan } from './computePlan.ts';
import type { Plan } from './plan.ts';
import { readLive } from './readLive.ts';

export interface Planned {
  readonly declaration: Declaration;
  readonly plan: Plan;
  readonly checks: readonly Check[];
}

/** Times that everything is read again, where somebody changes it between the reading and the checks. */
const ROUNDS_MAX = 3;
/** What the gateway has just decided is readable by then, milliseconds. */
const READABLE_MS = 1_000;

/** Reads what there is, and finds out what would become of the difference. */
export async function planDeclaration(
  client: GatewayClient,
  declaration: Declaration,
  terms: SendingTerms,
  progress: Progress,
): Promise<Planned> {
  for (let round = 1; ; round += 1) {
    const live = await readLive(client, declaration, progress);
    const plan = computePlan(declaration, live);
    progress.say(`checking ${countText(plan.commands.length, 'command')}`);
    const checks = await checkPlan(client, plan, live, terms);
    const isStale = checks.some(({ failures }) =>
      failures.some(({ code }) => code === 'VERSION_MISMATCH'),
    );
    if (!isStale || round >= ROUNDS_MAX) return { declaration, plan, checks };
    await delay(READABLE_MS);
  }
}
