import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ThrottleEvaluation } from '../throttle/throttle.ts';

/** What an operator sees of budgets; labels are bounded by the tree of budgets and the tables of codes. */
export function throttleMetrics(registry: Registry): (evaluation: ThrottleEvaluation) => void {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `prorata_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name: `prorata_${name}`, help, labelNames, registers });

  const overrun = gauge('budget_overrun_basis_points', 'Spend over budget; negative below it.', [
    'organization',
    'budget',
  ]);
  const frozen = gauge('budget_frozen', '1 where a cut or a lift is held back, by code.', [
    'organization',
    'budget',
    'code',
  ]);
  const actions = counter('budget_actions_total', 'Cuts and lifts intended, by answer.', [
    'kind',
    'status',
  ]);
  const thresholds = counter('budget_thresholds_total', 'Thresholds crossed, by answer.', [
    'basis',
    'direction',
    'status',
  ]);
  const waiting = gauge('budget_cuts_waiting', 'Cuts put off to the next evaluation.', []);
  const carried = counter(
    'process_commands_total',
    'Commands that carried out cuts and allocations, by answer.',
    ['type', 'status'],
  );
  return (evaluation) => {
    if (evaluation.putOff !== null) return;
    overrun.reset();
    frozen.reset();
    waiting.set(evaluation.waiting);
    for (const { organization, inputs, verdict, posted, crossed } of evaluation.budgets) {
      const labels = { organization, budget: inputs.budget.budgetId };
      if (verdict.overrunBasisPoints !== null) overrun.set(labels, verdict.overrunBasisPoints);
      for (const { code } of verdict.frozen) frozen.set({ ...labels, code }, 1);
      for (const { action, answer } of posted) {
        actions.inc({ kind: action.kind, status: answer.status });
      }
      for (const { threshold, answer } of crossed) {
        const { basis, direction } = threshold;
        thresholds.inc({ basis, direction, status: answer.status });
      }
    }
    for (const { command, answer } of evaluation.carried) {
      carried.inc({ type: command.type, status: answer.status });
    }
  };
}
