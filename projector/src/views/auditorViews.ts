/**
 * The views that auditors query with tools of their own. Their names and columns are a promise: columns are added at
 * the end, and none is renamed, removed or given another type. `docs/reference/views.md` is made from here.
 */

import * as tables from '../database/tables.ts';
import type { Table } from '../database/tables.ts';
import type { ProjectionName } from '../generations/projections.ts';

export interface ViewColumn {
  readonly type: string;
  /** SQL over the view's source. */
  readonly sql: string;
  readonly about: string;
}

export interface AuditorView {
  readonly name: string;
  /** With whose copies it is switched. */
  readonly projection: ProjectionName;
  readonly about: string;
  /** SQL: what it selects from, with the copy's schema. */
  readonly from: (schema: string) => string;
  /** SQL: the stream that a row belongs to, which a login must have been granted; null: rows are limited in `from`. */
  readonly stream: string | null;
  readonly columns: Readonly<Record<string, ViewColumn>>;
}

/**
 * Raised with every change of a view: what newer code has defined, older code leaves as it is.
 * `recordedViews.json` tells a forgotten one.
 */
export const VIEWS_VERSION = 7;

/** Columns of a table by name, as the view has them, with what they say. */
function columnsOf(
  { name, columns }: Table,
  about: Readonly<Record<string, string>>,
): Record<string, ViewColumn> {
  return Object.fromEntries(
    Object.entries(about).map(([column, text]) => {
      const type = columns[column];
      if (type === undefined) throw new TypeError(`${name} has no column ${column}.`);
      return [column, { type, sql: `t."${column}"`, about: text }];
    }),
  );
}

function viewOf(
  table: Table,
  view: Pick<AuditorView, 'about' | 'stream'> &
    Partial<Pick<AuditorView, 'name' | 'projection'>> & {
      readonly columns: Readonly<Record<string, string>>;
    },
): AuditorView {
  return {
    name: table.name,
    projection: 'quotas',
    ...view,
    from: (schema) => `${schema}."${table.name}" AS t`,
    columns: columnsOf(table, view.columns),
  };
}

const OF_APPLICATION = `'application:' || t.application`;
const OF_QUOTA = `'application:' || split_part(t.quota_id, '/', 1)`;
const OF_ORGANIZATION = `'organization:' || t.organization`;

const ORGANIZATION = 'The organization.';
const APPLICATION = 'The application.';
const RESOURCE = "The application's resource.";

/** Who last changed it, and why. */
const provenance = {
  actor: 'Who last changed it: `kind`, `issuer`, `subject`.',
  reason: 'Why, in their words.',
  command_id: 'The command; null: a timer did it.',
  stream_version: 'The version of its stream that the change made.',
  updated_at: 'When.',
} as const;

const quotas = viewOf(tables.quotas, {
  about: 'Quotas that are in force: what was declared, and what holds now.',
  stream: OF_APPLICATION,
  columns: {
    quota_id: 'The path of the quota.',
    application: APPLICATION,
    parent: 'The quota above, or the application.',
    name: 'The last segment of the id.',
    owner: 'The owning group.',
    project: 'Who pays, <organization>/<project>, inherited or its own; null: nobody.',
    tier: '0 to 4; 0 is the most protected.',
    cut_priority: 'Within a tier, higher numbers are cut first.',
    labels: 'Free labels.',
    version: "The quota's own version.",
    content: 'What its owner declared: limits, match, action, mode.',
    resources: 'Resources of which something is in force.',
    effective: 'Limits in force with every layer; one a row in `limits`, one a layer in `layers`.',
    override_until: "When the quota's own override ends; null: it has none.",
    is_cut: "Whether a budget's cut lies on the quota itself.",
    stream: 'Its stream.',
    stream_version: "The last event that could alter the row, an ancestor's included.",
    partition: 'Where that event stands in `quota.events`.',
    event_offset: 'Where that event stands in the partition.',
    updated_at: 'When it was decided.',
  },
});

const LIMIT = `(e.entry -> 'limit')`;
const UPPER = `coalesce(l.body ->> 'amount', l.body ->> 'max')`;

const limits: AuditorView = {
  name: 'limits',
  projection: 'quotas',
  about: 'Limits in force: one row for each quota and resource.',
  stream: OF_APPLICATION,
  from: (schema) =>
    `${schema}."quotas" AS t CROSS JOIN LATERAL jsonb_array_elements(t.effective) AS e (entry) ` +
    `CROSS JOIN LATERAL jsonb_each(${LIMIT} - 'resource') AS l (kind, body)`,
  columns: {
    ...columnsOf(tables.quotas, {
      quota_id: 'The path of the quota.',
      application: APPLICATION,
      project: 'Who pays; null: nobody.',
      owner: 'The owning group.',
      tier: '0 to 4; 0 is the most protected.',
    }),
    resource: { type: 'text', sql: `e.entry ->> 'resource'`, about: RESOURCE },
    kind: {
      type: 'text',
      sql: 'l.kind',
      about: '`rate`, `concurrency`, `capacity` or `consumable`.',
    },
    bound: {
      type: 'text',
      sql: `CASE WHEN ${UPPER} IN ('unlimited', 'blocked') THEN ${UPPER} ELSE 'amount' END`,
      about: '`amount`, `unlimited` or `blocked`.',
    },
    amount: {
      type: 'numeric',
      sql: `CASE WHEN ${UPPER} IN ('unlimited', 'blocked') THEN NULL ELSE ${UPPER} END`,
      about:
        "How much, or the maximum, in the resource's base unit; null unless `bound` is `amount`.",
    },
    guaranteed: {
      type: 'numeric',
      sql: `l.body ->> 'guaranteed'`,
      about: "A capacity's guarantee; null: none.",
    },
    per: { type: 'text', sql: `l.body ->> 'per'`, about: "A rate's time, such as `1s`." },
    bound_by: {
      type: 'text',
      sql: `e.entry ->> 'boundBy'`,
      about: 'The quota whose limit it is: this one, or the ancestor that binds.',
    },
    whole_limit: { type: 'jsonb', sql: LIMIT, about: 'The limit as the API tells it.' },
  },
};

const LAYER = 'l.layer';

const layers: AuditorView = {
  name: 'layers',
  projection: 'quotas',
  about: 'What each limit in force comes from: one row a layer, from what was declared upwards.',
  stream: OF_APPLICATION,
  from: (schema) =>
    `${schema}."quotas" AS t CROSS JOIN LATERAL jsonb_array_elements(t.effective) AS e (entry) ` +
    `CROSS JOIN LATERAL jsonb_array_elements(e.entry -> 'layers') WITH ORDINALITY AS l (layer, place)`,
  columns: {
    ...columnsOf(tables.quotas, { quota_id: 'The path of the quota.', application: APPLICATION }),
    resource: { type: 'text', sql: `e.entry ->> 'resource'`, about: RESOURCE },
    place: {
      type: 'bigint',
      sql: 'l.place',
      about: '1 is what was declared; each lies on the one before.',
    },
    layer: {
      type: 'text',
      sql: `${LAYER} ->> 'layer'`,
      about: '`base`, `rightsized`, `haircut`, `override` or `ancestor`.',
    },
    whole_limit: {
      type: 'jsonb',
      sql: `${LAYER} -> 'limit'`,
      about: 'What holds with this layer and all below it.',
    },
    actor: { type: 'jsonb', sql: `${LAYER} -> 'actor'`, about: 'Who set it.' },
    reason: { type: 'text', sql: `${LAYER} ->> 'reason'`, about: 'Why.' },
    command_id: {
      type: 'text',
      sql: `${LAYER} ->> 'commandId'`,
      about: 'The command; null: a timer.',
    },
    set_at: { type: 'timestamptz', sql: `${LAYER} ->> 'at'`, about: 'When.' },
    stream_version: {
      type: 'bigint',
      sql: `${LAYER} ->> 'streamVersion'`,
      about: "The event, by the version of the application's stream.",
    },
    until: {
      type: 'timestamptz',
      sql: `${LAYER} ->> 'until'`,
      about: 'When it ends; null: it has no end.',
    },
    evidence: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'evidence', 'null')`,
      about: "A robot's evidence; null: a person set it.",
    },
    haircut: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'haircut', 'null')`,
      about: 'Of a cut: budget, spend, window, policy and step.',
    },
    ancestor: {
      type: 'text',
      sql: `${LAYER} ->> 'ancestor'`,
      about: 'The quota above that binds.',
    },
    approved: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'approved', 'null')`,
      about: 'Whose proposal it was, when the actor approved it.',
    },
  },
};

const commitments = viewOf(tables.commitments, {
  about: 'What is handed out below each quota, and below each application, by resource.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    node: 'The quota, or the application for its totals.',
    resource: RESOURCE,
    quotas: 'The nearest quotas below that declare the resource.',
    unlimited: 'How many of them are unlimited.',
    guaranteed: 'The sum of their guarantees.',
    committed: 'The sum of their limits in base units, of rates per second; null: unlimited.',
    capacity: 'What there is to hand out; null: nobody says.',
    basis_points: 'The share of it that is handed out; 10,000 is all of it.',
    is_oversubscribed: 'Whether more is handed out than there is.',
  },
});

const declaredLimits = viewOf(tables.declaredLimits, {
  about:
    'What each quota commits by itself: as its owner and the evidence set it, cuts, overrides and ancestors apart.',
  stream: OF_APPLICATION,
  columns: {
    quota_id: 'The quota.',
    resource: RESOURCE,
    application: APPLICATION,
    committed: 'The limit in base units, of a rate per second; Infinity: unlimited.',
    guaranteed: 'What of it is guaranteed.',
  },
});

const quotaVersions = viewOf(tables.quotaVersions, {
  about: 'What each quota declared, version by version.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    stream_version: "The version of the application's stream.",
    quota_id: 'The id that the quota has now, or had last.',
    version: "The quota's version.",
    ended: "The stream's version at which the quota was deleted; null: it is there.",
    type: 'The event.',
    from_version: 'Of a restoration: the version whose content it was.',
    content: 'What was declared.',
    content_hash: '[Its hash](content-hash.md), hex.',
    event_id: 'The event.',
    actor: 'Who declared it.',
    reason: 'Why.',
    command_id: 'The command; null: a timer did it.',
    decided_at: 'When.',
  },
});

const quotaHistory: AuditorView = {
  ...viewOf(tables.quotaHistory, {
    about:
      'What each quota was by itself, layers included: one row for each span in which it did not change.',
    stream: OF_QUOTA,
    columns: {
      quota_id: 'The path that the quota had.',
      since: "The version of the application's stream that began the span.",
      until: 'The version that ended it; null: it lasts.',
      since_time: 'When it began.',
      until_time: 'When it ended; null: it lasts.',
      below_since: 'The last version of the quota that could alter what lies below it.',
      below_since_time: 'When that was.',
      record: "The model's record of the quota; what is in it may change with the model.",
    },
  }),
};

const registrationHistory = viewOf(tables.registrationHistory, {
  about: 'What each registration of an application declared.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    since: 'The version of its stream that began it.',
    since_time: 'When.',
    version: "The registration's version.",
    resources: 'Name, unit, kind and total of each resource.',
  },
});

const applications = viewOf(tables.applications, {
  about: 'Registered applications.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    display_name: 'A name for people.',
    levels: "Names of the tree's levels, outermost first.",
    resources: 'Name, unit, kind and total of each resource.',
    default_mode: 'Of quotas that do not say: `off`, `shadow` or `enforce`.',
    default_on_stale: 'What hosts do when rules are stale and a quota does not say.',
    robot_changes: "Whether a robot's resize applies itself or waits for approval.",
    proposal_lifetime_micros: 'How long a proposal waits before it expires, microseconds.',
    version: "The registration's version.",
    attributes_schema: "JSON Schema of quotas' attributes; null: any object.",
    rules: 'Rules of the application.',
    validators: 'Services that are asked before a command is let in.',
    rightsizing: 'Bounds of the rightsizer where a quota gives none.',
    change_policy: 'How far one change may go without somebody else.',
    dispatchers: 'Targets that its limits are written to, beside hosts.',
    ...provenance,
  },
});

const entitlements = viewOf(tables.entitlements, {
  about: 'How much of a resource a project may hold in quotas.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    project: 'Who holds it, <organization>/<project>.',
    resource: RESOURCE,
    bound: '`amount`, `unlimited` or `blocked`.',
    amount: 'Base units, of a rate per second; null unless `bound` is `amount`.',
    source: 'The allocation that it comes from; null: it was set by hand.',
    ...provenance,
  },
});

const proposals = viewOf(tables.proposals, {
  about: 'Proposals, and what became of them.',
  stream: OF_APPLICATION,
  columns: {
    proposal_id: 'The proposal.',
    application: APPLICATION,
    quota_id: 'The quota; of steps in a tree, the part that they lie in.',
    status: '`open`, `approved`, `rejected`, `expired` or `withdrawn`.',
    steps: 'What it would do where it is more than limits of one quota.',
    limits: 'Limits that it would set.',
    unset_limits: 'Limits that it would unset.',
    evidence: 'What it stands on; null: a person asks.',
    origin: 'What it came from: a robot, or a request.',
    opened_at: 'When it was proposed.',
    opened_by: 'By whom.',
    reason: 'Why.',
    command_id: 'The command; null: a timer did it.',
    expires_at: 'When it ends by itself.',
    closed_at: 'When it was decided; null: it is open.',
    closed_by: 'By whom.',
    closed_reason: 'Why.',
    stream_version: 'The last event about it.',
  },
});

const rollouts = viewOf(tables.rollouts, {
  about: 'Changes that reach hosts in stages, and what became of them.',
  stream: OF_APPLICATION,
  columns: {
    rollout_id: 'The rollout.',
    application: APPLICATION,
    quota_id: 'The quota, or the application, at or above all that it changes.',
    quotas: 'The ids of the quotas that it changes.',
    status: '`on`, `paused`, `promoted` or `rolled_back`.',
    stage: 'The stage that is on, or was last, counted from 0.',
    stages: 'Whom each stage adds, and how long it bakes.',
    entered: 'When each stage began, what led to it, and on what evidence.',
    gate: 'What hosts must report; null: the bake times alone decide.',
    steps: 'What it changes.',
    baked_at: 'When the stage has baked, or had.',
    started_at: 'When it started.',
    started_by: 'By whom.',
    reason: 'Why.',
    command_id: 'The command.',
    ending: 'What led to its end, and on what evidence; null: it is on.',
    changed_at: 'When its last step was taken.',
    changed_by: 'By whom.',
    changed_reason: 'Why.',
    stream_version: 'The last event about it.',
  },
});

const organizations = viewOf(tables.organizations, {
  about: 'Organizations.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

const teams = viewOf(tables.teams, {
  about: "Organizations' teams.",
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    team_id: 'The team.',
    parent: 'The team above; null: right below the organization.',
    owner: 'The owning group.',
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

const projects = viewOf(tables.projects, {
  about: "Organizations' projects: who pays.",
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    project: '<organization>/<project>.',
    team: 'Its team; null: right below the organization.',
    owner: 'The owning group.',
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

const allocations = viewOf(tables.allocations, {
  about: 'What budgets pay for in applications.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    project: 'Who pays.',
    application: APPLICATION,
    resource: RESOURCE,
    status: '`waiting`, `accepted`, `refused` or `released`: how the last intent ended.',
    holds: 'What the budget pays for now; null: nothing.',
    pending: 'What the application has yet to answer; null: nothing.',
    code: 'Of a refusal.',
    detail: 'What the application said.',
    ...provenance,
  },
});

const budgets = viewOf(tables.budgets, {
  about: 'Budgets.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    budget_id: 'The budget, unique within the organization.',
    project: "Whose spend it bounds; empty: a team's, or the whole organization's.",
    team: "Whose spend it bounds; null: a project's, or the whole organization's.",
    amount: 'Money a window.',
    currency: 'ISO 4217.',
    window: 'The time that it is for.',
    price_book: 'What turns usage into money.',
    tier_policy: 'What turns overrun into cuts.',
    version: "The budget's version.",
    ...provenance,
  },
});

const budgetCuts = viewOf(tables.budgetCuts, {
  about: 'The last cut, or lift, that each budget intended in each application.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    budget_id: 'The budget.',
    application: APPLICATION,
    cut_id: "The intent: the version of the organization's stream.",
    status: '`waiting`, `accepted` or `refused`.',
    code: 'Of a refusal.',
    detail: 'What the application said.',
    lift: 'Why it was lifted; null: it is applied.',
    project: 'Whose quotas are cut.',
    window_start: "The budget's window.",
    window_end: 'Its end.',
    spend: 'What was spent in it.',
    budget: 'What it was for.',
    currency: 'ISO 4217.',
    overrun_basis_points: 'By how much, of the budget.',
    tier_policy: 'The tier policy.',
    tier_policy_version: 'Its version.',
    cut_basis_points: 'The cut of each tier, 0 to 4.',
    floor_basis_points: 'The floor of each tier.',
    evidence: 'What was measured.',
    ...provenance,
  },
});

const priceBooks = viewOf(tables.priceBooks, {
  about: 'Price books as they are defined now.',
  stream: `'pricebook:' || t.price_book`,
  columns: {
    price_book: 'The price book.',
    version: 'Its version.',
    currency: 'ISO 4217.',
    prices: 'Money a unit, each from its own day on.',
    ...provenance,
    time_zone: 'Of its days and periods.',
    close_after_micros: 'How long after its end a period may be closed at the earliest.',
    shared_costs: 'What projects pay for together.',
    idle: 'What is charged that stood ready and nobody used.',
  },
});

const credits = viewOf(tables.credits, {
  about: 'Money that was granted, what was taken back included.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    credit_id: 'The credit, unique within the organization.',
    status: '`granted` or `withdrawn`.',
    project: 'Whom it is for; null: the organization as a whole.',
    price_book: 'The price book whose charges it lessens.',
    amount: 'Money.',
    currency: 'ISO 4217.',
    at: 'When it counts.',
    granted_version: "The version of the organization's stream at its grant.",
    ...provenance,
  },
});

const closedPeriods = viewOf(tables.closedPeriods, {
  about: 'Periods that are closed.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    price_book: 'The price book by which usage was charged.',
    period: 'The month, as in `2026-01`.',
    period_start: 'Its start, inclusive.',
    period_end: 'Its end, exclusive.',
    price_book_version: "The book's version.",
    currency: 'ISO 4217.',
    organization_version: "The version of the organization's stream whose credits the lines know.",
    positions: 'What of the usage table the lines know.',
    lines: 'How many lines it has.',
    total: 'Their sum.',
    lines_sha256: 'The SHA-256 of the lines.',
    ...provenance,
  },
});

const tierPolicies = viewOf(tables.tierPolicies, {
  about: 'Tier policies as they were published last.',
  stream: `'tierpolicy:' || t.tier_policy`,
  columns: {
    tier_policy: 'The tier policy.',
    version: 'Its version.',
    steps: 'Overrun, and the cut of each tier.',
    floor_basis_points: 'The floor of each tier.',
    ...provenance,
  },
});

const streamHeads = viewOf(tables.streamHeads, {
  about: 'How far the views of what is in force, and of its history, show each stream.',
  stream: 't.stream',
  columns: {
    stream: 'The stream.',
    stream_version: 'The last version shown.',
    partition: 'Where that event stands in `quota.events`.',
    log_offset: 'Where in the partition.',
    decided_at: 'When it was decided.',
  },
});

const auditColumns = {
  decided_at: 'When it was decided.',
  stream: 'The stream.',
  type: "The event's type.",
  quota_id: 'The quota; null: it is about none.',
  quota_version: "The quota's version.",
  actor_kind: '`user`, `service` or `robot`.',
  actor_issuer: 'Who vouches for the actor.',
  actor_subject: 'The actor; above 512 bytes, its beginning and its SHA-256.',
  reason: 'Why, in their words.',
  command_id: 'The command; null: a timer did it.',
  command_offset: 'Where the command stands in `quota.commands`.',
  topic: 'The topic that it stands in.',
  partition: 'Where it stands in the topic.',
  log_offset: 'Where in the partition.',
  body: 'The whole record.',
} as const;

const auditEvents: AuditorView = {
  ...viewOf(tables.auditLog, {
    name: 'audit_events',
    projection: 'audit',
    about:
      'The audit log of what was accepted: every event, for ever. Ask by `decided_at`: the table is cut by month.',
    stream: 't.stream',
    columns: {
      ...auditColumns,
      stream_version: 'The version of the stream that it made.',
      event_id: 'The event.',
      timer: 'The timer that caused it; the actor is who had set it. Null: a command did.',
      hash: '[Its hash](event-hash.md), hex.',
      previous_hash: 'That of the event before it in its stream.',
    },
  }),
  from: (schema) => `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'event') AS t`,
};

const refusals: AuditorView = {
  ...viewOf(tables.auditLog, {
    name: 'refusals',
    projection: 'audit',
    about:
      'The audit log of what was refused: every refused command. Ask by `decided_at`: the table is cut by month.',
    stream: 't.stream',
    columns: {
      ...auditColumns,
      type: "The command's type.",
      command_id: 'The command.',
      stream_version: 'The version of the stream that it was refused at.',
      code: '[The code](outcome-codes.md).',
    },
  }),
  from: (schema) => `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'refusal') AS t`,
};

const commands = viewOf(tables.commands, {
  projection: 'audit',
  about: 'What became of each command: its decision.',
  stream: 't.stream',
  columns: {
    command_id: 'The command.',
    stream: 'The stream.',
    actor_kind: '`user`, `service` or `robot`.',
    actor_issuer: 'Who vouches for the actor.',
    actor_subject: 'The actor.',
    command_type: "The command's type.",
    command_offset: 'Where the command stands in `quota.commands`.',
    partition: 'Where it stands in the topic.',
    status: '`accepted` or `refused`.',
    code: '[The code](outcome-codes.md).',
    message: 'What it means.',
    violations: 'Which fields or checks, each with its own text.',
    dry_run: 'Whether it was only asked what would become of it.',
    stream_version: 'The version of the stream after it.',
    quota_id: 'The quota; null: it is about none.',
    quota_version: "The quota's version after it.",
    event_ids: 'The events that it became.',
    result: 'What it gave back, such as the id of a proposal.',
    decided_at: 'When it was decided.',
  },
});

const anchors: AuditorView = {
  name: 'anchors',
  projection: 'audit',
  about:
    "[Anchors](anchors.md) that partitions' writers signed. Each names streams of every application.",
  stream: 't.stream',
  // Named one by one, an index finds them.
  from: (schema) =>
    `(SELECT * FROM ${schema}."audit_log" WHERE kind = 'event' AND type = 'HeadsAnchored' AND stream IN ` +
    `(SELECT 'anchor:' || c.partition FROM ${schema}.projection_checkpoint AS c WHERE c.topic = 'quota.events')) AS t`,
  columns: {
    ...columnsOf(tables.auditLog, {
      partition: 'The partition.',
      log_offset: 'Where it stands in the partition: all before it is anchored.',
      stream_version: 'Its number.',
      decided_at: 'When it was signed.',
    }),
    root: { type: 'text', sql: `t.body ->> 'root'`, about: 'The root of the hash tree, hex.' },
    streams: { type: 'bigint', sql: `t.body ->> 'streams'`, about: 'Streams below it.' },
    events: { type: 'bigint', sql: `t.body ->> 'events'`, about: 'Events of those streams.' },
    key_id: { type: 'text', sql: `t.body ->> 'keyId'`, about: 'The key of the signature.' },
    hash: { type: 'text', sql: 't.hash', about: "The event's hash, hex." },
  },
};

const ruleChanges = viewOf(tables.ruleChanges, {
  about:
    'When an application changed what hosts enforce: the last 10 minutes in which it did, the newest change of each 5 ' +
    'seconds. The largest `event_offset` is what every host should have applied.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    event_offset: 'Where the event stands in its partition of `quota.events`.',
    decided_at: 'When it was decided.',
  },
});

/** Reports are kept for a day: so long those are told that have fallen silent. */
function reportedOf(
  table: Table,
  view: Pick<AuditorView, 'about'> & { readonly columns: Readonly<Record<string, string>> },
): AuditorView {
  return {
    ...viewOf(table, { projection: 'hosts', stream: OF_APPLICATION, ...view }),
    from: (schema) =>
      `(SELECT * FROM ${schema}."${table.name}" WHERE heard_at > now() - interval '1 day') AS t`,
  };
}

const HEARD_AT = 'When the log had the report.';

const hosts = reportedOf(tables.hosts, {
  about:
    'What each host said last: which rules it has applied. Who says nothing for a day is forgotten.',
  columns: {
    application: APPLICATION,
    host_id: 'The host.',
    boot_id: 'Its start.',
    sequence: 'The number of the report since then.',
    sdk_version: "The SDK's version.",
    zone: 'Where it runs; null: it does not say.',
    source: 'Where its rules came from: `kafka`, `http` or `disk`.',
    rules: 'How many are in force.',
    rejected_rules: 'Quotas whose newest rule it could not take.',
    applied_offset: 'The newest event that it has applied; -1: none.',
    applied_at: 'When, by its clock; null: never.',
    reported_at: 'When it said so, by its clock.',
    heard_at: HEARD_AT,
    interval_ms: 'After so many milliseconds it reports again.',
    leaving: 'It was stopped in order: this was its last.',
  },
});

const targets = reportedOf(tables.targets, {
  about: 'What each dispatcher said last of its target.',
  columns: {
    application: APPLICATION,
    dispatcher: 'The dispatcher, as the registration names it.',
    kind: 'What kind of target it is.',
    target: 'Where, as the registration says.',
    state:
      '`applied`, `pending`, `drifted` (somebody else changed it), `refused` or `unreachable`.',
    desired_offset: 'The newest event that it should account for; -1: none.',
    delivered_offset: 'The event up to which it was written; -1: never.',
    applied_offset: 'The event up to which it was read back; -1: never.',
    checksum: 'SHA-256 of the text that was delivered last, hex; null: never.',
    problem: 'What hinders it; null: nothing.',
    since: 'Since when it is in this state.',
    reported_at: "When this was said, by the dispatcher's clock.",
    heard_at: HEARD_AT,
  },
});

const deliveries = reportedOf(tables.deliveries, {
  about: "What the relay has written to each application's topic of rules.",
  columns: {
    application: APPLICATION,
    rules: 'How many rules the topic has.',
    delivered_offset: 'The newest event that changed them, as the topic says it.',
    accounted_to: 'The newest event that the relay has looked at.',
    reported_at: "When it said so, by the relay's clock.",
    heard_at: HEARD_AT,
  },
});

const grantedStreams: AuditorView = {
  name: 'granted_streams',
  projection: 'quotas',
  about: 'What the session may read.',
  stream: null,
  from: () => 'projector.session_streams AS t',
  columns: { stream: { type: 'text', sql: 't.stream', about: 'A stream; `*`: every stream.' } },
};

export const auditorViews: readonly AuditorView[] = [
  quotas,
  limits,
  layers,
  commitments,
  declaredLimits,
  quotaVersions,
  quotaHistory,
  registrationHistory,
  auditEvents,
  refusals,
  commands,
  anchors,
  applications,
  entitlements,
  proposals,
  rollouts,
  organizations,
  teams,
  projects,
  allocations,
  budgets,
  budgetCuts,
  credits,
  closedPeriods,
  priceBooks,
  tierPolicies,
  streamHeads,
  ruleChanges,
  hosts,
  targets,
  deliveries,
  grantedStreams,
];
