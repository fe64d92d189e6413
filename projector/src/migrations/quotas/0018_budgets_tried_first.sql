-- A copy is filled from the log anew, so that no row is there yet.
ALTER TABLE budgets
  ADD COLUMN mode       text  NOT NULL,
  ADD COLUMN thresholds jsonb NOT NULL,
  ADD COLUMN split      jsonb NOT NULL,
  ADD COLUMN crossings  jsonb,
  ADD COLUMN override   jsonb;

-- The budget of a team cuts several projects in one application.
ALTER TABLE budget_cuts
  ADD COLUMN priority_min jsonb NOT NULL,
  DROP CONSTRAINT budget_cuts_pkey,
  ADD PRIMARY KEY (organization, budget_id, application, project);

-- The last of each budget and project.
CREATE TABLE rehearsed_cuts (
  organization         text        NOT NULL,
  budget_id            text        NOT NULL,
  project              text        NOT NULL,
  applications         jsonb       NOT NULL,
  step                 integer     NOT NULL,
  quotas               integer     NOT NULL,
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
  priority_min         jsonb       NOT NULL,
  evidence             jsonb       NOT NULL,
  actor                jsonb       NOT NULL,
  reason               text        NOT NULL,
  command_id           text,
  stream_version       bigint      NOT NULL,
  updated_at           timestamptz NOT NULL,
  PRIMARY KEY (organization, budget_id, project)
);
