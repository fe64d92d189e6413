/** A row as it goes to PostgreSQL: whole numbers as text, times as RFC 3339, jsonb as JSON values. */
export type Row = Readonly<Record<string, unknown>>;

export interface Table {
  readonly name: string;
  readonly key: readonly string[];
  /** Columns and their types, as the migrations made them. */
  readonly columns: Readonly<Record<string, string>>;
}

const provenance = {
  actor: 'jsonb',
  reason: 'text',
  command_id: 'text',
  stream_version: 'bigint',
  updated_at: 'timestamptz',
} as const;

export const applications: Table = {
  name: 'applications',
  key: ['application'],
  columns: {
    application: 'text',
    display_name: 'text',
    levels: 'jsonb',
    resources: 'jsonb',
    default_mode: 'text',
    default_on_stale: 'text',
    robot_changes: 'text',
    proposal_lifetime_micros: 'bigint',
    version: 'bigint',
    attributes_schema: 'jsonb',
    rules: 'jsonb',
    validators: 'jsonb',
    rightsizing: 'jsonb',
    change_policy: 'jsonb',
    dispatchers: 'jsonb',
    ...provenance,
    robot_rollout: 'jsonb',
  },
};

export const quotas: Table = {
  name: 'quotas',
  key: ['quota_id'],
  columns: {
    quota_id: 'text',
    application: 'text',
    parent: 'text',
    owner: 'text',
    project: 'text',
    tier: 'smallint',
    cut_priority: 'integer',
    labels: 'jsonb',
    version: 'bigint',
    stream: 'text',
    stream_version: 'bigint',
    partition: 'integer',
    event_offset: 'bigint',
    content: 'jsonb',
    effective: 'jsonb',
    updated_at: 'timestamptz',
    name: 'text',
    resources: 'text[]',
    override_until: 'timestamptz',
    is_cut: 'boolean',
  },
};

export const quotaVersions: Table = {
  name: 'quota_versions',
  key: ['application', 'stream_version'],
  columns: {
    application: 'text',
    stream_version: 'bigint',
    quota_id: 'text',
    version: 'bigint',
    ended: 'bigint',
    type: 'text',
    from_version: 'bigint',
    content: 'jsonb',
    content_hash: 'text',
    event_id: 'text',
    actor: 'jsonb',
    reason: 'text',
    command_id: 'text',
    decided_at: 'timestamptz',
  },
};

export const streamHeads: Table = {
  name: 'stream_heads',
  key: ['stream'],
  columns: {
    stream: 'text',
    stream_version: 'bigint',
    partition: 'integer',
    log_offset: 'bigint',
    decided_at: 'timestamptz',
  },
};

export const ruleChanges: Table = {
  name: 'rule_changes',
  key: ['application', 'slot'],
  columns: {
    application: 'text',
    slot: 'smallint',
    event_offset: 'bigint',
    decided_at: 'timestamptz',
  },
};

export const commitments: Table = {
  name: 'commitments',
  key: ['node', 'resource'],
  columns: {
    application: 'text',
    node: 'text',
    resource: 'text',
    quotas: 'bigint',
    unlimited: 'bigint',
    guaranteed: 'numeric',
    committed: 'numeric',
    capacity: 'numeric',
    basis_points: 'bigint',
    is_oversubscribed: 'boolean',
  },
};

export const declaredLimits: Table = {
  name: 'declared_limits',
  key: ['quota_id', 'resource'],
  columns: {
    quota_id: 'text',
    resource: 'text',
    application: 'text',
    committed: 'numeric',
    guaranteed: 'numeric',
  },
};

export const quotaHistory: Table = {
  name: 'quota_history',
  key: ['quota_id', 'since'],
  columns: {
    quota_id: 'text',
    since: 'bigint',
    until: 'bigint',
    since_time: 'timestamptz',
    until_time: 'timestamptz',
    below_since: 'bigint',
    below_since_time: 'timestamptz',
    record: 'jsonb',
  },
};

export const registrationHistory: Table = {
  name: 'registration_history',
  key: ['application', 'since'],
  columns: {
    application: 'text',
    since: 'bigint',
    since_time: 'timestamptz',
    version: 'bigint',
    resources: 'jsonb',
  },
};

export const entitlements: Table = {
  name: 'entitlements',
  key: ['application', 'project', 'resource'],
  columns: {
    application: 'text',
    project: 'text',
    resource: 'text',
    bound: 'text',
    amount: 'numeric',
    source: 'jsonb',
    ...provenance,
  },
};

export const rollouts: Table = {
  name: 'rollouts',
  key: ['rollout_id'],
  columns: {
    rollout_id: 'text',
    application: 'text',
    quota_id: 'text',
    quotas: 'jsonb',
    status: 'text',
    stage: 'integer',
    stages: 'jsonb',
    entered: 'jsonb',
    gate: 'jsonb',
    steps: 'jsonb',
    baked_at: 'timestamptz',
    started_at: 'timestamptz',
    started_by: 'jsonb',
    reason: 'text',
    command_id: 'text',
    ending: 'jsonb',
    changed_at: 'timestamptz',
    changed_by: 'jsonb',
    changed_reason: 'text',
    stream_version: 'bigint',
  },
};

export const proposals: Table = {
  name: 'proposals',
  key: ['proposal_id'],
  columns: {
    proposal_id: 'text',
    application: 'text',
    quota_id: 'text',
    status: 'text',
    steps: 'jsonb',
    limits: 'jsonb',
    unset_limits: 'jsonb',
    evidence: 'jsonb',
    origin: 'text',
    opened_at: 'timestamptz',
    opened_by: 'jsonb',
    reason: 'text',
    command_id: 'text',
    expires_at: 'timestamptz',
    closed_at: 'timestamptz',
    closed_by: 'jsonb',
    closed_reason: 'text',
    stream_version: 'bigint',
  },
};

export const budgets: Table = {
  name: 'budgets',
  key: ['organization', 'budget_id'],
  columns: {
    organization: 'text',
    budget_id: 'text',
    project: 'text',
    team: 'text',
    amount: 'numeric',
    currency: 'text',
    window: 'jsonb',
    price_book: 'text',
    tier_policy: 'text',
    mode: 'text',
    thresholds: 'jsonb',
    split: 'jsonb',
    crossings: 'jsonb',
    override: 'jsonb',
    version: 'bigint',
    ...provenance,
  },
};

export const organizations: Table = {
  name: 'organizations',
  key: ['organization'],
  columns: { organization: 'text', display_name: 'text', version: 'bigint', ...provenance },
};

export const teams: Table = {
  name: 'teams',
  key: ['organization', 'team_id'],
  columns: {
    organization: 'text',
    team_id: 'text',
    parent: 'text',
    owner: 'text',
    display_name: 'text',
    version: 'bigint',
    ...provenance,
  },
};

export const projects: Table = {
  name: 'projects',
  key: ['organization', 'project'],
  columns: {
    organization: 'text',
    project: 'text',
    team: 'text',
    owner: 'text',
    display_name: 'text',
    version: 'bigint',
    ...provenance,
  },
};

export const allocations: Table = {
  name: 'allocations',
  key: ['organization', 'project', 'application', 'resource'],
  columns: {
    organization: 'text',
    project: 'text',
    application: 'text',
    resource: 'text',
    status: 'text',
    holds: 'jsonb',
    pending: 'jsonb',
    code: 'text',
    detail: 'text',
    ...provenance,
  },
};

export const budgetCuts: Table = {
  name: 'budget_cuts',
  key: ['organization', 'budget_id', 'application', 'project'],
  columns: {
    organization: 'text',
    budget_id: 'text',
    application: 'text',
    cut_id: 'bigint',
    status: 'text',
    code: 'text',
    detail: 'text',
    lift: 'text',
    project: 'text',
    window_start: 'timestamptz',
    window_end: 'timestamptz',
    spend: 'numeric',
    budget: 'numeric',
    currency: 'text',
    overrun_basis_points: 'integer',
    tier_policy: 'text',
    tier_policy_version: 'bigint',
    cut_basis_points: 'jsonb',
    floor_basis_points: 'jsonb',
    priority_min: 'jsonb',
    evidence: 'jsonb',
    ...provenance,
  },
};

export const rehearsedCuts: Table = {
  name: 'rehearsed_cuts',
  key: ['organization', 'budget_id', 'project'],
  columns: {
    organization: 'text',
    budget_id: 'text',
    project: 'text',
    applications: 'jsonb',
    step: 'integer',
    quotas: 'integer',
    window_start: 'timestamptz',
    window_end: 'timestamptz',
    spend: 'numeric',
    budget: 'numeric',
    currency: 'text',
    overrun_basis_points: 'integer',
    tier_policy: 'text',
    tier_policy_version: 'bigint',
    cut_basis_points: 'jsonb',
    floor_basis_points: 'jsonb',
    priority_min: 'jsonb',
    evidence: 'jsonb',
    ...provenance,
  },
};

export const credits: Table = {
  name: 'credits',
  key: ['organization', 'credit_id'],
  columns: {
    organization: 'text',
    credit_id: 'text',
    status: 'text',
    project: 'text',
    price_book: 'text',
    amount: 'numeric',
    currency: 'text',
    at: 'timestamptz',
    granted_version: 'bigint',
    ...provenance,
  },
};

export const closedPeriods: Table = {
  name: 'closed_periods',
  key: ['organization', 'price_book', 'period'],
  columns: {
    organization: 'text',
    price_book: 'text',
    period: 'text',
    period_start: 'timestamptz',
    period_end: 'timestamptz',
    price_book_version: 'bigint',
    currency: 'text',
    organization_version: 'bigint',
    positions: 'jsonb',
    lines: 'bigint',
    total: 'numeric',
    lines_sha256: 'text',
    ...provenance,
  },
};

export const priceBooks: Table = {
  name: 'price_books',
  key: ['price_book'],
  columns: {
    price_book: 'text',
    version: 'bigint',
    currency: 'text',
    prices: 'jsonb',
    time_zone: 'text',
    close_after_micros: 'bigint',
    shared_costs: 'jsonb',
    idle: 'jsonb',
    ...provenance,
  },
};

export const tierPolicies: Table = {
  name: 'tier_policies',
  key: ['tier_policy'],
  columns: {
    tier_policy: 'text',
    version: 'bigint',
    steps: 'jsonb',
    floor_basis_points: 'jsonb',
    ...provenance,
  },
};

export const auditLog: Table = {
  name: 'audit_log',
  key: ['topic', 'partition', 'log_offset', 'decided_at'],
  columns: {
    topic: 'text',
    partition: 'integer',
    log_offset: 'bigint',
    kind: 'text',
    stream: 'text',
    stream_version: 'bigint',
    event_id: 'text',
    type: 'text',
    quota_id: 'text',
    quota_version: 'bigint',
    command_id: 'text',
    command_offset: 'bigint',
    timer: 'text',
    actor_kind: 'text',
    actor_issuer: 'text',
    actor_subject: 'text',
    reason: 'text',
    code: 'text',
    decided_at: 'timestamptz',
    hash: 'text',
    previous_hash: 'text',
    body: 'jsonb',
  },
};

export const commands: Table = {
  name: 'commands',
  key: ['command_id', 'stream', 'actor_kind', 'actor_issuer', 'actor_subject'],
  columns: {
    command_id: 'text',
    stream: 'text',
    actor_kind: 'text',
    actor_issuer: 'text',
    actor_subject: 'text',
    command_type: 'text',
    command_offset: 'bigint',
    partition: 'integer',
    status: 'text',
    code: 'text',
    message: 'text',
    violations: 'jsonb',
    dry_run: 'boolean',
    stream_version: 'bigint',
    quota_id: 'text',
    quota_version: 'bigint',
    event_ids: 'jsonb',
    result: 'text',
    decided_at: 'timestamptz',
  },
};

export const hosts: Table = {
  name: 'hosts',
  key: ['application', 'host_id'],
  columns: {
    application: 'text',
    host_id: 'text',
    boot_id: 'text',
    sequence: 'bigint',
    sdk_version: 'text',
    zone: 'text',
    source: 'text',
    rules: 'integer',
    rejected_rules: 'integer',
    applied_offset: 'bigint',
    applied_at: 'timestamptz',
    reported_at: 'timestamptz',
    heard_at: 'timestamptz',
    interval_ms: 'integer',
    leaving: 'boolean',
  },
};

export const targets: Table = {
  name: 'targets',
  key: ['application', 'dispatcher'],
  columns: {
    application: 'text',
    dispatcher: 'text',
    kind: 'text',
    target: 'text',
    state: 'text',
    desired_offset: 'bigint',
    delivered_offset: 'bigint',
    applied_offset: 'bigint',
    checksum: 'text',
    problem: 'text',
    since: 'timestamptz',
    reported_at: 'timestamptz',
    heard_at: 'timestamptz',
  },
};

export const deliveries: Table = {
  name: 'deliveries',
  key: ['application'],
  columns: {
    application: 'text',
    rules: 'integer',
    delivered_offset: 'bigint',
    accounted_to: 'bigint',
    reported_at: 'timestamptz',
    heard_at: 'timestamptz',
  },
};

/** What the projection `quotas` writes. */
export const quotaTables: readonly Table[] = [
  applications,
  quotas,
  commitments,
  declaredLimits,
  quotaVersions,
  quotaHistory,
  registrationHistory,
  streamHeads,
  ruleChanges,
  entitlements,
  proposals,
  rollouts,
  budgets,
  organizations,
  teams,
  projects,
  allocations,
  budgetCuts,
  rehearsedCuts,
  credits,
  closedPeriods,
  priceBooks,
  tierPolicies,
];

/** What the projection `hosts` writes. */
export const hostTables: readonly Table[] = [hosts, targets, deliveries];

/** What the projection `audit` writes. */
export const auditTables: readonly Table[] = [auditLog, streamHeads, commands];
