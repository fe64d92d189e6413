import { timeToJson } from '@prorata/schemas';
import type { createLogger } from '@prorata/service-runtime';
import type { PostedClosing } from '../ledger/periodCloser.ts';
import type { ResizeEvaluation } from '../resize/rightsizer.ts';
import type { BudgetEvaluation, ThrottleEvaluation } from '../throttle/throttle.ts';

type Logger = ReturnType<typeof createLogger>;

/** Freezes are said again after this, however long they last: loud, and not a line an evaluation. */
const REPEAT_MICROS = 600_000_000n;
/** Freezes that are remembered as said. */
const SAID_MAX = 10_000;

export interface EvaluationLog {
  resizes(evaluation: ResizeEvaluation): void;
  budgets(evaluation: ThrottleEvaluation): void;
  closings(posted: readonly PostedClosing[]): void;
}

export function logEvaluations(logger: Logger): EvaluationLog {
  const said = new Map<string, bigint>();

  function freezes({ organization, inputs, verdict }: BudgetEvaluation): void {
    const { budgetId } = inputs.budget;
    for (const { application, project, code, detail } of verdict.frozen) {
      const key = [organization, budgetId, project, application, code].join(' ');
      if (inputs.now - (said.get(key) ?? -REPEAT_MICROS) < REPEAT_MICROS) continue;
      if (said.size >= SAID_MAX) said.clear();
      said.set(key, inputs.now);
      const fields = { organization, budget: budgetId, project, application, code, detail };
      logger.warn(fields, 'The budget is frozen: its cuts stay as they are.');
    }
  }

  return {
    resizes({ putOff, findings, rehearsals }) {
      if (putOff !== null) logger.info({ putOff }, 'The resizes are put off.');
      for (const rehearsal of rehearsals) {
        if (rehearsal.result !== 'WAITING') logger.info(rehearsal, 'A dry run was posted.');
      }
      for (const finding of findings) {
        if (!['POSTED', 'REFUSED', 'UNKNOWN'].includes(finding.result)) continue;
        logger.info(finding, 'A resize was posted.');
      }
    },
    closings(posted) {
      for (const { organization, priceBook, period, answer } of posted) {
        const { status, code, detail, commandId } = answer;
        const start = timeToJson(period.start);
        const fields = { organization, priceBook, start, status, code, commandId };
        if (status === 'accepted') logger.info(fields, 'A period was closed.');
        else logger.warn({ ...fields, detail }, 'A period was not closed.');
      }
    },
    budgets({ putOff, budgets, carried, waiting }) {
      if (putOff !== null) logger.info({ putOff }, 'The budgets are put off.');
      for (const budget of budgets) {
        freezes(budget);
        for (const { action, answer } of budget.posted) {
          const { status, code, commandId } = answer;
          logger.info(
            { ...action, budget: budget.inputs.budget.budgetId, status, code, commandId },
            'A cut or a lift was intended.',
          );
        }
        for (const { threshold, answer } of budget.crossed) {
          const { status, code, commandId } = answer;
          const { organization, inputs } = budget;
          logger.info(
            { organization, budget: inputs.budget.budgetId, ...threshold, status, code, commandId },
            'A budget has crossed a threshold.',
          );
        }
      }
      if (waiting > 0) {
        logger.warn({ waiting }, 'Cuts wait: this evaluation has cut as many quotas as it may.');
      }
      for (const { organization, command, answer } of carried) {
        const { type, stream, commandId } = command;
        const { status, code } = answer;
        logger.info(
          { organization, type, stream, status, code, commandId },
          'An intent was carried on.',
        );
      }
    },
  };
}
