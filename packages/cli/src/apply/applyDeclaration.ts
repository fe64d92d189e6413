import { setTimeout as delay } from 'node:timers/promises';
import type { Declaration } from '../file/declaration.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { withProgress } from '../output/progress.ts';
import { computePlan } from '../plan/computePlan.ts';
import { sameJson } from '../plan/differences.ts';
import { actionsOf } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { readLive } from '../plan/readLive.ts';
import { applyPlan } from './applyPlan.ts';
import type { Application, Applied, ApplyTerms } from './applyPlan.ts';
import { isConflict } from './conflict.ts';

/** Times that a plan is made anew over a conflict that is none: a killed run leaves one command at most. */
const ROUNDS_MAX = 3;
/** What was decided before the conflict is readable by then, milliseconds: the models follow in tens of them. */
const READABLE_MS = 1_500;

/**
 * Applies a plan. A conflict whose reason is that the change was made already (by a run that was killed
 * before it heard the answer, or by somebody with the same file) is none: the rest goes on.
 */
export async function applyDeclaration(
  client: GatewayClient,
  declaration: Declaration,
  first: Plan,
  terms: ApplyTerms,
  told: (applied: Applied) => void,
): Promise<Application> {
  const done: Applied[] = [];
  let plan = first;
  for (let round = 1; ; round += 1) {
    const { applied, left } = await applyPlan(client, plan, terms, told);
    const last = applied.at(-1);
    const all = { applied: [...done, ...applied], left };
    if (last?.kind !== 'refused' || !last.failures.some(isConflict) || round >= ROUNDS_MAX)
      return all;
    await delay(READABLE_MS);
    const next = await withProgress('reading what changed', async (progress) =>
      computePlan(declaration, await readLive(client, declaration, progress)),
    );
    const rest = [last.command, ...left];
    if (!isPartOf(next, { commands: rest })) return all;
    done.push(...applied.slice(0, -1));
    plan = next;
  }
}

/** Whether a plan is what is left of another, and less: nobody else has changed anything of it. */
function isPartOf(plan: Plan, whole: Pick<Plan, 'commands'>): boolean {
  const [left, all] = [actionsOf(plan), actionsOf(whole)];
  const isThere = left.every((action) =>
    all.some(
      (each) =>
        each.kind === action.kind &&
        each.id === action.id &&
        each.version === action.version &&
        sameJson(each.differences, action.differences),
    ),
  );
  return isThere && left.length < all.length && plan.obstacles.length === 0;
}
