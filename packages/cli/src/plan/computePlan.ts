import type { Declaration } from '../file/declaration.ts';
import type { LiveApplication, LiveOrganization } from './liveState.ts';
import type { Plan } from './plan.ts';
import { planApplication } from './planApplication.ts';
import { planMoney } from './planMoney.ts';
import type { LiveMoney } from './planMoney.ts';
import { planOrganization } from './planOrganization.ts';

/** All that there is of what a declaration speaks of, by id. */
export interface LiveState extends LiveMoney {
  readonly organizations: ReadonlyMap<string, LiveOrganization>;
  readonly applications: ReadonlyMap<string, LiveApplication>;
}

const noOrganization: LiveOrganization = {
  registration: null,
  teams: new Map(),
  projects: new Map(),
  budgets: new Map(),
};
const noApplication: LiveApplication = {
  registration: null,
  entitlements: new Map(),
  quotas: new Map(),
  isWhole: true,
};

/** What makes what there is what is declared: what budgets name first, then organizations, since applications' payers stand in them. */
export function computePlan(declaration: Declaration, live: LiveState): Plan {
  const plans = [
    ...declaration.organizations.map((each) =>
      planOrganization(each, live.organizations.get(each.organization) ?? noOrganization),
    ),
    ...declaration.applications.map((each) =>
      planApplication(each, live.applications.get(each.application) ?? noApplication),
    ),
  ];
  return {
    commands: [...planMoney(declaration, live), ...plans.flatMap(({ commands }) => commands)],
    obstacles: plans.flatMap(({ obstacles }) => obstacles),
  };
}
