import { limitText, numberText } from '../output/limitText.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';

/** A kind of thing that `get` lists: where it is read, and which of it people see in columns. */
export interface LookUp {
  /** What the second word is; null: there is none. */
  readonly within: 'application' | 'organization' | null;
  readonly isRequired: boolean;
  readonly path: (within: string) => string;
  /** Where the second word is a filter, and no part of the path. */
  readonly query?: string;
  readonly member: string;
  /** Sums come in one answer, which says by `isWhole` whether all was added up; lists come page after page. */
  readonly isSum?: boolean;
  readonly columns: Readonly<Record<string, (row: Json) => string>>;
}

const encode = encodeURIComponent;
const field =
  (name: string) =>
  (row: Json): string =>
    textIn(row, name) || '-';

/** What is in force, resource by resource. */
export function effectiveText(row: Json): string {
  const limits = (row['effective'] ?? []) as readonly Json[];
  return limits
    .map((each) => `${textIn(each, 'resource')} ${limitText(each['limit'] as Json)}`)
    .join('; ');
}

function windowText(row: Json): string {
  const window = row['window'] as Json;
  const count = textIn(window, 'count');
  return `${count === '1' ? '' : `${count} × `}${textIn(window, 'kind')} ${textIn(window, 'timeZone')}`;
}

export function payerText(row: Json): string {
  const team = textIn(row, 'team');
  return textIn(row, 'project') || (team === '' ? 'the organization' : `team ${team}`);
}

/** In base units, of rates per second; null is a sum without an end. */
const sumText =
  (name: string) =>
  (row: Json): string =>
    row[name] === null ? 'unlimited' : decimalText(textIn(row, name));

/** Grouped before the point alone. */
function decimalText(decimal: string): string {
  const [whole = '', ...parts] = decimal.split('.');
  return [numberText(whole), ...parts].join('.');
}

/** A hundredth of a percent is more than people compare by. */
function shareText(row: Json): string {
  const basisPoints = textIn(row, 'basisPoints');
  return basisPoints === '' ? '-' : `${numberText(BigInt(basisPoints) / 100n)} %`;
}

const problemText = ({ problem }: Json): string =>
  isJson(problem) ? `${textIn(problem, 'code')} ${textIn(problem, 'detail')}` : '';

const inOrganization = (
  member: string,
): Pick<LookUp, 'within' | 'isRequired' | 'path' | 'member'> => ({
  ...{ within: 'organization', isRequired: true, member },
  path: (organization) => `/v1/organizations/${encode(organization)}/${member}`,
});

/** The table of what `get` lists. */
export const lookUps: Readonly<Record<string, LookUp>> = {
  applications: {
    ...{ within: null, isRequired: false, member: 'applications' },
    path: () => '/v1/applications',
    columns: {
      application: field('application'),
      name: field('displayName'),
      mode: field('defaultMode'),
      version: field('version'),
    },
  },
  quotas: {
    ...{ within: 'application', isRequired: true, query: 'within', member: 'quotas' },
    path: () => '/v1/quotas',
    columns: {
      quota: field('quotaId'),
      owner: field('owner'),
      project: field('project'),
      tier: field('tier'),
      'in force': effectiveText,
      version: field('version'),
    },
  },
  unused: {
    ...{ within: 'application', isRequired: false, query: 'application', member: 'quotas' },
    path: () => '/v1/unused',
    columns: {
      quota: field('quotaId'),
      resource: field('resource'),
      committed: (row) => textIn(row, 'committed') || 'unlimited',
      'last used': (row) =>
        row['state'] === 'noData' ? 'no data' : textIn(row, 'lastUsedAt') || 'never',
      owner: field('owner'),
      project: field('project'),
    },
  },
  holdings: {
    ...{ within: null, isRequired: false, member: 'holdings', isSum: true },
    path: () => '/v1/holdings',
    columns: {
      application: field('application'),
      resource: field('resource'),
      quotas: field('quotas'),
      'in force': sumText('limit'),
      guaranteed: sumText('guaranteed'),
    },
  },
  commitments: {
    ...{ within: 'application', isRequired: false, query: 'application', member: 'commitments' },
    path: () => '/v1/commitments',
    columns: {
      place: field('node'),
      resource: field('resource'),
      quotas: field('quotas'),
      committed: sumText('committed'),
      guaranteed: sumText('guaranteed'),
      // Nothing was declared to compare with: no promise that there is no end.
      of: (row) => (row['capacity'] === null ? 'no capacity declared' : sumText('capacity')(row)),
      share: shareText,
      state: ({ isOversubscribed }) => (isOversubscribed === true ? 'oversubscribed' : '-'),
    },
  },
  proposals: {
    ...{ within: 'application', isRequired: false, query: 'application', member: 'proposals' },
    path: () => '/v1/proposals',
    columns: {
      proposal: field('proposalId'),
      quota: field('quotaId'),
      status: field('status'),
      by: ({ openedBy }) => (isJson(openedBy) ? textIn(openedBy, 'subject') : '-'),
      expires: field('expiresAt'),
      reason: field('reason'),
    },
  },
  targets: {
    ...{ within: 'application', isRequired: false, query: 'application', member: 'targets' },
    path: () => '/v1/targets',
    columns: {
      application: field('application'),
      dispatcher: field('dispatcher'),
      kind: field('kind'),
      target: field('target'),
      state: field('state'),
      desired: field('desiredOffset'),
      delivered: field('deliveredOffset'),
      applied: field('appliedOffset'),
      problem: field('problem'),
    },
  },
  entitlements: {
    ...{ within: 'application', isRequired: true, member: 'entitlements' },
    path: (application) => `/v1/applications/${encode(application)}/entitlements`,
    columns: {
      project: field('project'),
      resource: field('resource'),
      holds: (row) => (row['bound'] === 'amount' ? textIn(row, 'amount') : textIn(row, 'bound')),
      from: ({ source }) =>
        isJson(source) ? `budget ${textIn(source, 'budgetId')}` : 'set by hand',
    },
  },
  organizations: {
    ...{ within: null, isRequired: false, member: 'organizations' },
    path: () => '/v1/organizations',
    columns: { organization: field('organization'), name: field('displayName') },
  },
  'price-books': {
    ...{ within: null, isRequired: false, member: 'priceBooks' },
    path: () => '/v1/price-books',
    columns: {
      'price book': field('priceBook'),
      currency: field('currency'),
      prices: (row) => `${(row['prices'] as readonly Json[]).length}`,
      version: field('version'),
    },
  },
  'tier-policies': {
    ...{ within: null, isRequired: false, member: 'tierPolicies' },
    path: () => '/v1/tier-policies',
    columns: { 'tier policy': field('tierPolicy'), version: field('version') },
  },
  teams: {
    ...inOrganization('teams'),
    columns: {
      team: field('teamId'),
      parent: field('parent'),
      owner: field('owner'),
      name: field('displayName'),
    },
  },
  projects: {
    ...inOrganization('projects'),
    columns: {
      project: field('project'),
      team: field('team'),
      owner: field('owner'),
      name: field('displayName'),
    },
  },
  allocations: {
    ...inOrganization('allocations'),
    columns: {
      project: field('project'),
      application: field('application'),
      resource: field('resource'),
      status: field('status'),
      code: field('code'),
    },
  },
  cuts: {
    ...inOrganization('cuts'),
    columns: {
      budget: field('budgetId'),
      project: field('project'),
      application: field('application'),
      status: field('status'),
      lift: field('lift'),
      spend: field('spend'),
      'of budget': field('budget'),
      until: field('windowEnd'),
    },
  },
  'rehearsed-cuts': {
    ...inOrganization('rehearsedCuts'),
    path: (organization) => `/v1/organizations/${encode(organization)}/rehearsed-cuts`,
    columns: {
      budget: field('budgetId'),
      project: field('project'),
      step: field('step'),
      quotas: field('quotas'),
      spend: field('spend'),
      'of budget': field('budget'),
      told: field('updatedAt'),
    },
  },
  credits: {
    ...inOrganization('credits'),
    columns: {
      credit: field('creditId'),
      status: field('status'),
      for: (row) => textIn(row, 'project') || 'the organization',
      amount: (row) => `${textIn(row, 'amount')} ${textIn(row, 'currency')}`,
      'price book': field('priceBook'),
      at: field('at'),
      reason: field('reason'),
    },
  },
  periods: {
    ...inOrganization('periods'),
    columns: {
      'price book': field('priceBook'),
      period: field('period'),
      total: (row) => `${textIn(row, 'total')} ${textIn(row, 'currency')}`,
      lines: field('lines'),
      closed: field('updatedAt'),
    },
  },
  budgets: {
    ...{ within: 'organization', isRequired: false, query: 'organization', member: 'budgets' },
    path: () => '/v1/budgets',
    columns: {
      budget: (row) => `${textIn(row, 'organization')}/${textIn(row, 'budgetId')}`,
      of: payerText,
      amount: (row) => `${textIn(row, 'amount')} ${textIn(row, 'currency')}`,
      each: windowText,
      mode: field('mode'),
      problem: problemText,
    },
  },
};
