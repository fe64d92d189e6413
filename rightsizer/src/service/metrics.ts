import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ProvisionEvaluation } from '../provision/provisioner.ts';
import type { ResizeEvaluation } from '../resize/rightsizer.ts';
import type { ThrottleEvaluation } from '../throttle/throttle.ts';
import { sinkMetrics } from './sinkMetrics.ts';
import type { SinkMetrics } from './sinkMetrics.ts';

export interface RightsizerMetrics extends SinkMetrics {
  resizes(evaluation: ResizeEvaluation): void;
  budgets(evaluation: ThrottleEvaluation): void;
  provisioned(evaluation: ProvisionEvaluation): void;
  failed(loop: string): void;
}

/** What a finding says of a resize that was posted. */
const ANSWERS: ReadonlySet<string> = new Set(['POSTED', 'REFUSED', 'UNKNOWN']);

/** What an operator watches; labels are bounded by the tree of budgets and the tables of codes. */
export function rightsizerMetrics(registry: Registry): RightsizerMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `prorata_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name: `prorata_${name}`, help, labelNames, registers });

  const findings = gauge('resize_findings', 'Limits by what the last evaluation found.', [
    'result',
  ]);
  const rehearsing = gauge(
    'resize_rehearsing',
    '1 for an application whose limits wait for the first dry run of the policy.',
    ['application'],
  );
  const resizes = counter('resizes_total', 'Resizes posted, by answer.', ['result']);
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
  const carried = counter(
    'process_commands_total',
    'Commands that carried out cuts and allocations, by answer.',
    ['type', 'status'],
  );
  const shares = gauge(
    'budget_shares',
    'Shares of budgets as entitlements, by what is to be done.',
    ['organization', 'budget', 'step'],
  );
  const failures = counter('evaluation_failures_total', 'Evaluations that ended in a fault.', [
    'loop',
  ]);

  return {
    ...sinkMetrics(registry),
    resizes(evaluation) {
      findings.reset();
      rehearsing.reset();
      for (const { result } of evaluation.findings) {
        findings.inc({ result });
        if (ANSWERS.has(result)) resizes.inc({ result });
      }
      for (const { application } of evaluation.rehearsals) rehearsing.set({ application }, 1);
    },
    budgets(evaluation) {
      if (evaluation.putOff !== null) return;
      overrun.reset();
      frozen.reset();
      for (const { organization, inputs, verdict, posted } of evaluation.budgets) {
        const labels = { organization, budget: inputs.budget.budgetId };
        if (verdict.overrunBasisPoints !== null) overrun.set(labels, verdict.overrunBasisPoints);
        for (const { code } of verdict.frozen) frozen.set({ ...labels, code }, 1);
        for (const { action, answer } of posted) {
          actions.inc({ kind: action.kind, status: answer.status });
        }
      }
      for (const { command, answer } of evaluation.carried) {
        carried.inc({ type: command.type, status: answer.status });
      }
    },
    provisioned({ putOff, budgets }) {
      if (putOff !== null) return;
      shares.reset();
      for (const { organization, plan } of budgets) {
        for (const { step } of plan.shares) {
          shares.inc({ organization, budget: plan.budget.budgetId, step });
        }
      }
    },
    failed: (loop) => failures.inc({ loop }),
  };
}
