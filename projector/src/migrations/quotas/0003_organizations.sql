-- Who pays, and the processes of the budgets.

CREATE TABLE organizations (
  organization   text        PRIMARY KEY,
  display_name   text        NOT NULL,
  version        bigint      NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL
);

CREATE TABLE teams (
  organization   text        NOT NULL,
  team_id        text        NOT NULL,
  -- NULL: right below the organization.
  parent         text,
  owner          text        NOT NULL,
  display_name   text        NOT NULL,
  version        bigint      NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (organization, team_id)
);

CREATE TABLE projects (
  organization   text        NOT NULL,
  project        text        NOT NULL,
  -- NULL: right below the organization.
  team           text,
  owner          text        NOT NULL,
  display_name   text        NOT NULL,
  version        bigint      NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (organization, project)
);

-- NULL: a project's, or the whole organization's where project is empty.
ALTER TABLE budgets ADD COLUMN team text;

-- The allocation that it comes from; NULL: set by hand.
ALTER TABLE entitlements ADD COLUMN source jsonb;

-- One row for what a project holds of a resource: what the budget pays for now (holds), what the
-- application has yet to answer (pending), and how the last intent ended (status, code, detail).
CREATE TABLE allocations (
  organization   text        NOT NULL,
  project        text        NOT NULL,
  application    text        NOT NULL,
  resource       text        NOT NULL,
  status         text        NOT NULL,
  holds          jsonb,
  pending        jsonb,
  code           text,
  detail         text,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  stream_version bigint      NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (organization, project, application, resource)
);

-- The last cut or lift that a budget intended in an application, and what became of it.
CREATE TABLE budget_cuts (
  organization         text        NOT NULL,
  budget_id            text        NOT NULL,
  application          text        NOT NULL,
  cut_id               bigint      NOT NULL,
  status               text        NOT NULL,
  code                 text,
  detail               text,
  -- NULL: it is applied.
  lift                 text,
  project              text        NOT NULL,
  window_start         timestamptz NOT NULL,
  window_end           timestamptz NOT NULL,
  spend                numeric     NOT NULL,
  budget               numeric     NOT NULL,
  currency             text        NOT NULL,
  overrun_basis_points integer     NOT NULL,
  tier_policy          text        NOT NULL,
  tier_policy_version  bigint      NOT NULL,
  cut_basis_points     jsonb       NOT NULL,
  floor_basis_points   jsonb       NOT NULL,
  evidence             jsonb       NOT NULL,
  actor                jsonb       NOT NULL,
  reason               text        NOT NULL,
  command_id           text,
  stream_version       bigint      NOT NULL,
  updated_at           timestamptz NOT NULL,
  PRIMARY KEY (organization, budget_id, application)
);
