/** Tables that are listed as they stand: a row here is a route, its answer, and what the interface says of it. */

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
  /** The parameter of the path, and the column that must be it; null: rows of every organization in reach. */
  readonly within: 'organization' | 'application' | null;
  /** Columns by which rows are told apart and ordered, `within` apart; text all of them. */
  readonly key: readonly string[];
  /** By column; the JSON has them in camel case. */
  readonly fields: Readonly<Record<string, Field>>;
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
    key: ['organization'],
    fields: { organization: text, display_name: text, version: long, ...provenance },
  },
  {
    path: '/v1/organizations/:organization/teams',
    summary: "An organization's teams, by id; `parent` is null right below the organization.",
    member: 'teams',
    table: 'teams',
    within: 'organization',
    key: ['team_id'],
    fields: { organization: text, team_id: text, parent: textOrNull, ...named },
  },
  {
    path: '/v1/organizations/:organization/projects',
    summary: "An organization's projects, by id; `team` is null right below the organization.",
    member: 'projects',
    table: 'projects',
    within: 'organization',
    key: ['project'],
    fields: { organization: text, project: text, team: textOrNull, ...named },
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
    summary: 'The last cut or lift that each budget intended in each application, and its answer.',
    member: 'cuts',
    table: 'budget_cuts',
    within: 'organization',
    key: ['budget_id', 'application'],
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
      evidence: record,
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
