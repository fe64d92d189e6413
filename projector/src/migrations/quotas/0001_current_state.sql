-- What is in force now. Every column follows from the log alone: no default reads a clock or a
-- sequence. Amounts inside jsonb are whole numbers, as text above 2^53-1.

CREATE TABLE applications (
  application              text        PRIMARY KEY,
  display_name             text        NOT NULL,
  levels                   jsonb       NOT NULL,
  resources                jsonb       NOT NULL,
  default_mode             text        NOT NULL,
  default_on_stale         text        NOT NULL,
  robot_changes            text        NOT NULL,
  proposal_lifetime_micros bigint      NOT NULL,
  actor                    jsonb       NOT NULL,
  reason                   text        NOT NULL,
  command_id               text,
  stream_version           bigint      NOT NULL,
  updated_at               timestamptz NOT NULL
);

-- stream_version, event_offset and updated_at are those of the last event that could alter the row,
-- an ancestor's included; version rises with the quota's own events alone.
CREATE TABLE quotas (
  quota_id       text        PRIMARY KEY,
  application    text        NOT NULL,
  parent         text        NOT NULL,
  owner          text        NOT NULL,
  project        text,
  tier           smallint    NOT NULL,
  cut_priority   integer     NOT NULL,
  labels         jsonb       NOT NULL,
  version        bigint      NOT NULL,
  stream         text        NOT NULL,
  stream_version bigint      NOT NULL,
  partition      integer     NOT NULL,
  event_offset   bigint      NOT NULL,
  content        jsonb       NOT NULL,
  effective      jsonb       NOT NULL,
  updated_at     timestamptz NOT NULL
);
-- Listings walk by id within one filter.
CREATE INDEX quotas_by_application ON quotas (application, quota_id);
CREATE INDEX quotas_by_owner       ON quotas (owner, quota_id);
CREATE INDEX quotas_by_project     ON quotas (project, quota_id);
CREATE INDEX quotas_by_parent      ON quotas (parent, quota_id);

CREATE TABLE entitlements (
  application    text        NOT NULL,
  project        text        NOT NULL,
  resource       text        NOT NULL,
  bound          text        NOT NULL,
  -- NULL unless bound is 'amount'.
  amount         numeric,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (application, project, resource)
);

CREATE TABLE proposals (
  proposal_id    text        PRIMARY KEY,
  application    text        NOT NULL,
  quota_id       text        NOT NULL,
  resource       text        NOT NULL,
  status         text        NOT NULL,
  proposed_limit jsonb       NOT NULL,
  evidence       jsonb       NOT NULL,
  opened_at      timestamptz NOT NULL,
  opened_by      jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  expires_at     timestamptz NOT NULL,
  closed_at      timestamptz,
  closed_by      jsonb,
  closed_reason  text,
  stream_version bigint      NOT NULL
);
CREATE INDEX proposals_by_application ON proposals (application, proposal_id);
CREATE INDEX proposals_by_quota       ON proposals (quota_id, proposal_id);

CREATE TABLE budgets (
  organization   text        NOT NULL,
  budget_id      text        NOT NULL,
  project        text        NOT NULL,
  amount         numeric     NOT NULL,
  currency       text        NOT NULL,
  "window"       jsonb       NOT NULL,
  price_book     text        NOT NULL,
  tier_policy    text        NOT NULL,
  version        bigint      NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (organization, budget_id)
);

CREATE TABLE price_books (
  price_book     text        PRIMARY KEY,
  version        bigint      NOT NULL,
  currency       text        NOT NULL,
  prices         jsonb       NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL
);

CREATE TABLE tier_policies (
  tier_policy        text        PRIMARY KEY,
  version            bigint      NOT NULL,
  steps              jsonb       NOT NULL,
  floor_basis_points jsonb       NOT NULL,
  actor              jsonb       NOT NULL,
  reason             text        NOT NULL,
  command_id         text,
  stream_version     bigint      NOT NULL,
  updated_at         timestamptz NOT NULL
);
