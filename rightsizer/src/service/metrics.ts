import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ProvisionEvaluation } from '../provision/provisioner.ts';
import type { ResizeEvaluation } from '../resize/rightsizer.ts';
import type { ThrottleEvaluation } from '../throttle/throttle.ts';
import { sinkMetrics } from './sinkMetrics.ts';
import type { SinkMetrics } from './sinkMetrics.ts';
import { throttleMetrics } from './throttleMetrics.ts';

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
    budgets: throttleMetrics(registry),
    resizes(evaluation) {
      findings.reset();
      rehearsing.reset();
      for (const { result } of evaluation.findings) {
        findings.inc({ result });
        if (ANSWERS.has(result)) resizes.inc({ result });
      }
      for (const { application } of evaluation.rehearsals) rehearsing.set({ application }, 1);
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
