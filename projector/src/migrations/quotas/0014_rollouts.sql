-- Changes that reach hosts in stages, and what became of them. Listings walk by an application's own numbers:
-- r9 before r10. `quotas` are the ids that it changes, for who asks what is on at a quota.
CREATE TABLE rollouts (
  rollout_id     text        PRIMARY KEY,
  application    text        NOT NULL,
  quota_id       text        NOT NULL,
  quotas         jsonb       NOT NULL,
  status         text        NOT NULL,
  stage          integer     NOT NULL,
  stages         jsonb       NOT NULL,
  entered        jsonb       NOT NULL,
  gate           jsonb,
  steps          jsonb       NOT NULL,
  baked_at       timestamptz NOT NULL,
  started_at     timestamptz NOT NULL,
  started_by     jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  ending         jsonb,
  changed_at     timestamptz NOT NULL,
  changed_by     jsonb       NOT NULL,
  changed_reason text        NOT NULL,
  stream_version bigint      NOT NULL
);
CREATE INDEX rollouts_by_application ON rollouts (application, length(rollout_id), rollout_id);
CREATE INDEX rollouts_by_quota ON rollouts USING gin (quotas jsonb_ops);
