/** Tables that are listed as they stand: a row here is a route, its answer, and what the interface says of it. */

import { applicationCondition, organizationCondition, streamCondition } from './access.ts';
import type { Condition } from './filters.ts';

/** How a column is told. */
export interface Field {
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly isLong?: boolean;
}

export interface Listing {
  /** As the router and the table of access know it. */
  readonly path: string;
  readonly summary: string;
  /** The member of the answer that holds the rows. */
  readonly member: string;
  readonly table: string;
  /** The parameter of the path, and the column that must be it; null: all rows that `inReach` leaves. */
  readonly within: 'organization' | 'application' | null;
  /** Rows of one scope of the caller's; where `within` says whose the rows are, it is asked there. */
  readonly inReach?: (scope: string) => Condition;
  /** Columns by which rows are told apart and ordered, `within` apart; text all of them. */
  readonly key: readonly string[];
  /** By column; the JSON has them in camel case. */
  readonly fields: Readonly<Record<string, Field>>;
  /** Columns that are told of one thing alone, or not at all: they may be long. */
  readonly omits?: readonly string[];
  /** The route of one row by its key, which has one column beside `within`; absent: there is none, or it is written by hand. */
  readonly single?: Single;
}

export interface Single {
  /** Its last parameter is the key, in camel case; one before it is `within`. */
  readonly path: string;
  readonly summary: string;
  /** Of the answer to who asks for what is not there, or is not in reach. */
  readonly unknown: { readonly code: string; readonly detail: string };
}

const text: Field = { schema: { type: 'string' } };
const textOrNull: Field = { schema: { type: ['string', 'null'] } };
const long: Field = {
  schema: { type: ['integer', 'string'], description: 'As text above 2^53-1.' },
  isLong: true,
};
const whole: Field = { schema: { type: 'integer' } };
const time: Field = { schema: { type: 'string', format: 'date-time' } };
const decimal: Field = { schema: { type: 'string', description: 'An exact decimal.' } };
const record: Field = { schema: { type: 'object' } };
const records: Field = { schema: { type: 'array', items: { type: 'object' } } };
const texts: Field = { schema: { type: 'array', items: { type: 'string' } } };
const recordOrNull: Field = { schema: { type: ['object', 'null'] } };
const wholes: Field = { schema: { type: 'array', items: { type: 'integer' } } };
const oneOf = (...values: readonly string[]): Field => ({ schema: { enum: values } });

/** Who last changed it, and why. */
const provenance = {
  actor: {
    schema: {
      type: 'object',
      required: ['kind', 'issuer', 'subject'],
      properties: {
        kind: { enum: ['user', 'service', 'robot'] },
        issuer: { type: 'string' },
        subject: { type: 'string' },
      },
    },
  },
  reason: text,
  command_id: textOrNull,
  stream_version: long,
  updated_at: time,
} as const;

const named = { owner: text, display_name: text, version: long, ...provenance } as const;

export const listings: readonly Listing[] = [
  {
    path: '/v1/organizations',
    summary: 'Organizations, by id.',
    member: 'organizations',
    table: 'organizations',
    within: null,
    inReach: organizationCondition,
    key: ['organization'],
    fields: { organization: text, display_name: text, version: long, ...provenance },
    single: {
      path: '/v1/organizations/:organization',
      summary: 'One organization.',
      unknown: { code: 'ORGANIZATION_UNKNOWN', detail: 'There is no such organization.' },
    },
  },
  {
    path: '/v1/applications',
    summary: 'Registered applications, by id; what checks them is told of one alone.',
    member: 'applications',
    table: 'applications',
    within: null,
    inReach: applicationCondition,
    key: ['application'],
    fields: {
      application: text,
      display_name: text,
      levels: texts,
      resources: records,
      default_mode: text,
      default_on_stale: text,
      robot_changes: text,
      proposal_lifetime_micros: long,
      version: long,
      ...provenance,
    },
    omits: [
      'attributes_schema',
      'rules',
      'validators',
      'rightsizing',
      'change_policy',
      'dispatchers',
      'robot_rollout',
    ],
  },
  {
    path: '/v1/price-books',
    summary: 'Price books as they are defined now, by id.',
    member: 'priceBooks',
    table: 'price_books',
    within: null,
    inReach: streamCondition('pricebook', 'price_book'),
    key: ['price_book'],
    fields: {
      price_book: text,
      version: long,
      currency: text,
      prices: records,
      time_zone: text,
      close_after_micros: long,
      shared_costs: records,
      idle: records,
      ...provenance,
    },
    single: {
      path: '/v1/price-books/:priceBook',
      summary: 'One price book, with every price.',
      unknown: { code: 'PRICE_BOOK_UNKNOWN', detail: 'There is no such price book.' },
    },
  },
  {
    path: '/v1/tier-policies',
    summary: 'Tier policies as they were published last, by id.',
    member: 'tierPolicies',
    table: 'tier_policies',
    within: null,
    inReach: streamCondition('tierpolicy', 'tier_policy'),
    key: ['tier_policy'],
    fields: {
      tier_policy: text,
      version: long,
      steps: records,
      floor_basis_points: wholes,
      ...provenance,
    },
    single: {
      path: '/v1/tier-policies/:tierPolicy',
      summary: 'One tier policy: its table of cuts.',
      unknown: { code: 'TIER_POLICY_UNKNOWN', detail: 'There is no such tier policy.' },
    },
  },
  {
    path: '/v1/organizations/:organization/teams',
    summary: "An organization's teams, by id; `parent` is null right below the organization.",
    member: 'teams',
    table: 'teams',
    within: 'organization',
    key: ['team_id'],
    fields: { organization: text, team_id: text, parent: textOrNull, ...named },
    single: {
      path: '/v1/organizations/:organization/teams/:teamId',
      summary: 'One team.',
      unknown: { code: 'TEAM_UNKNOWN', detail: 'There is no such team.' },
    },
  },
  {
    path: '/v1/organizations/:organization/projects',
    summary: "An organization's projects, by id; `team` is null right below the organization.",
    member: 'projects',
    table: 'projects',
    within: 'organization',
    key: ['project'],
    fields: { organization: text, project: text, team: textOrNull, ...named },
    single: {
      path: '/v1/organizations/:organization/projects/:project',
      summary: 'One project.',
      unknown: { code: 'PROJECT_UNKNOWN', detail: 'There is no such project.' },
    },
  },
  {
    path: '/v1/organizations/:organization/allocations',
    summary:
      'What budgets pay for in applications: what holds, what waits, how the last intent ended.',
    member: 'allocations',
    table: 'allocations',
    within: 'organization',
    key: ['project', 'application', 'resource'],
    fields: {
      organization: text,
      project: text,
      application: text,
      resource: text,
      status: oneOf('waiting', 'accepted', 'refused', 'released'),
      holds: recordOrNull,
      pending: recordOrNull,
      code: textOrNull,
      detail: textOrNull,
      ...provenance,
    },
  },
  {
    path: '/v1/organizations/:organization/cuts',
    summary:
      'The last cut or lift that each budget intended of each project in each application, and its answer.',
    member: 'cuts',
    table: 'budget_cuts',
    within: 'organization',
    key: ['budget_id', 'application', 'project'],
    fields: {
      organization: text,
      budget_id: text,
      application: text,
      cut_id: long,
      status: oneOf('waiting', 'accepted', 'refused'),
      code: textOrNull,
      detail: textOrNull,
      lift: textOrNull,
      project: text,
      window_start: time,
      window_end: time,
      spend: decimal,
      budget: decimal,
      currency: text,
      overrun_basis_points: whole,
      tier_policy: text,
      tier_policy_version: long,
      cut_basis_points: wholes,
      floor_basis_points: wholes,
      priority_min: wholes,
      evidence: record,
      ...provenance,
    },
  },
  {
    path: '/v1/organizations/:organization/rehearsed-cuts',
    summary: 'What each budget in dry_run last told that it would have cut of each project.',
    member: 'rehearsedCuts',
    table: 'rehearsed_cuts',
    within: 'organization',
    key: ['budget_id', 'project'],
    fields: {
      organization: text,
      budget_id: text,
      project: text,
      applications: texts,
      step: whole,
      quotas: whole,
      window_start: time,
      window_end: time,
      spend: decimal,
      budget: decimal,
      currency: text,
      overrun_basis_points: whole,
      tier_policy: text,
      tier_policy_version: long,
      cut_basis_points: wholes,
      floor_basis_points: wholes,
      priority_min: wholes,
      evidence: record,
      ...provenance,
    },
  },
  {
    path: '/v1/organizations/:organization/credits',
    summary: 'Money that was granted, by name; what was taken back is among it, as `withdrawn`.',
    member: 'credits',
    table: 'credits',
    within: 'organization',
    key: ['credit_id'],
    fields: {
      organization: text,
      credit_id: text,
      status: oneOf('granted', 'withdrawn'),
      project: textOrNull,
      price_book: text,
      amount: decimal,
      currency: text,
      at: time,
      granted_version: long,
      ...provenance,
    },
    single: {
      path: '/v1/organizations/:organization/credits/:creditId',
      summary: 'One credit.',
      unknown: { code: 'CREDIT_UNKNOWN', detail: 'There is no such credit.' },
    },
  },
  {
    path: '/v1/organizations/:organization/periods',
    summary:
      'Periods that are closed, by price book and month: what was charged, and the digest of its lines.',
    member: 'periods',
    table: 'closed_periods',
    within: 'organization',
    key: ['price_book', 'period'],
    omits: ['positions'],
    fields: {
      organization: text,
      price_book: text,
      period: text,
      period_start: time,
      period_end: time,
      price_book_version: long,
      currency: text,
      organization_version: long,
      lines: long,
      total: decimal,
      lines_sha256: text,
      ...provenance,
    },
  },
  {
    path: '/v1/applications/:application/entitlements',
    summary: 'How much of each resource projects may hold in quotas of an application.',
    member: 'entitlements',
    table: 'entitlements',
    within: 'application',
    key: ['project', 'resource'],
    fields: {
      application: text,
      project: text,
      resource: text,
      bound: oneOf('amount', 'unlimited', 'blocked'),
      amount: { schema: { type: ['string', 'null'] } },
      source: recordOrNull,
      ...provenance,
    },
  },
];

/** `budget_id` as `budgetId`. */
export function memberOf(column: string): string {
  return column.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

/** The JSON Schema of one row, as `rowJson` writes it. */
export function rowSchema({ fields }: Listing): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([column, { schema }]) => [memberOf(column), schema]);
  return {
    type: 'object',
    required: entries.map(([name]) => name),
    properties: Object.fromEntries(entries) as Record<string, unknown>,
  };
}

export function rowJson({ fields }: Listing, row: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(fields).map(([column, { isLong }]) => {
      const value = row[column] ?? null;
      return [
        memberOf(column),
        isLong === true && typeof value === 'string' ? BigInt(value) : value,
      ];
    }),
  );
}
