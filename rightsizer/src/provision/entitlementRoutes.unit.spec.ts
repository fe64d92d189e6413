import { describe, expect, it } from 'vitest';
import { planFields } from './entitlementRoutes.ts';
import { planReport } from './planReport.ts';
import { ProvisionStage, share } from './testing/provisionStage.ts';

describe('what the interface says of a plan', () => {
  it('has every member of it, and no other', () => {
    const stage = new ProvisionStage();
    stage.budget([share('tokens', 5_000)]);
    const plan = stage.provisioner.plan('acme', 'month', null, stage.now);
    if (typeof plan === 'string') throw new Error(plan);
    const report = planReport('acme', plan, stage.now) as { shares: readonly object[] };
    expect(Object.keys(report)).toEqual(Object.keys(planFields));
    const { items } = planFields['shares'] as { items: { required: readonly string[] } };
    expect(Object.keys(report.shares[0]!)).toEqual(items.required);
  });
});
