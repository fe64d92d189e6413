import { declarationOf } from '../file/readDeclaration.ts';
import { documentsIn } from '../file/readDocuments.ts';
import type { LiveState } from '../plan/computePlan.ts';
import type { Json } from '../plan/json.ts';
import type { Live } from '../plan/liveState.ts';

/** A gateway that knows nothing yet. */
export const nothing: LiveState = {
  priceBooks: new Map(),
  tierPolicies: new Map(),
  organizations: new Map(),
  applications: new Map(),
};

export const declarationIn = (text: string): ReturnType<typeof declarationOf> =>
  declarationOf(documentsIn('q.yaml', text).documents);

const live = (
  all: ReadonlyMap<string, { readonly value: Json }>,
  version: bigint,
): Map<string, Live<Json>> => new Map([...all].map(([id, { value }]) => [id, { value, version }]));

/** What there is once a file has been applied, everything in the same version. */
export function after(text: string, version = 3n): LiveState {
  const { priceBooks, tierPolicies, organizations, applications } = declarationIn(text);
  return {
    priceBooks: live(priceBooks, version),
    tierPolicies: live(tierPolicies, version),
    organizations: new Map(
      organizations.map(({ organization, registration, teams, projects, budgets }) => [
        organization,
        {
          registration: registration && { value: registration.value, version },
          teams: live(teams, version),
          projects: live(projects, version),
          budgets: live(budgets, version),
        },
      ]),
    ),
    applications: new Map(
      applications.map(({ application, registration, entitlements, quotas }) => [
        application,
        {
          registration: registration && { value: registration.value, version },
          entitlements: new Map([...entitlements].map(([key, { value }]) => [key, value])),
          quotas: live(quotas, version),
          isWhole: true,
        },
      ]),
    ),
  };
}
