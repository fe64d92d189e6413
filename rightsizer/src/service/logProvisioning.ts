import type { createLogger } from '@prorata/service-runtime';
import type { ProvisionEvaluation } from '../provision/provisioner.ts';

type Logger = ReturnType<typeof createLogger>;

/** What no longer fits is said again after this, however long it lasts: not a line an evaluation. */
const REPEAT_MICROS = 3_600_000_000n;
/** Shares that are remembered as said. */
const SAID_MAX = 10_000;

/** Tells what was handed out, and what quotas hold beyond it, which nobody takes from them. */
export function logProvisioning(logger: Logger): (evaluation: ProvisionEvaluation) => void {
  const said = new Map<string, bigint>();
  return ({ at, putOff, budgets }) => {
    if (putOff !== null) logger.info({ putOff }, 'The entitlements of budgets are put off.');
    for (const { organization, plan, posted } of budgets) {
      const budget = plan.budget.budgetId;
      for (const { planned, answer } of posted) {
        const { share, target } = planned;
        const { status, code, commandId } = answer;
        const amount = target?.toString();
        const fields = { organization, budget, ...share, amount, status, code, commandId };
        logger.info(fields, 'An allocation was intended.');
      }
      for (const { share, step, fault, over } of plan.shares) {
        if (step !== 'does_not_fit' && step !== 'not_possible') continue;
        const { application, resource } = share;
        const key = [organization, budget, application, resource, step, fault].join(' ');
        if (at - (said.get(key) ?? -REPEAT_MICROS) < REPEAT_MICROS) continue;
        if (said.size >= SAID_MAX) said.clear();
        said.set(key, at);
        const fields = { organization, budget, application, resource, step, fault };
        const much = over?.toString() ?? 'unlimited';
        logger.warn({ ...fields, over: much }, 'A share of the budget is not handed out.');
      }
    }
  };
}
