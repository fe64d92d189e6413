-- How far this copy shows each stream: what a read waits for that must show a write.
CREATE TABLE stream_heads (
  stream         text        PRIMARY KEY,
  stream_version bigint      NOT NULL,
  partition      integer     NOT NULL,
  log_offset     bigint      NOT NULL,
  decided_at     timestamptz NOT NULL
);

-- What each quota was by itself, ancestors apart: a row for each span in which nothing about it changed.
-- What was in force follows from the rows of a path, so that an ancestor's change costs one row.
CREATE TABLE quota_history (
  -- By bytes: a tree is a range of ids.
  quota_id         text        COLLATE "C" NOT NULL,
  -- The stream's version that began the span, and the one that ended it; NULL: it lasts.
  since            bigint      NOT NULL,
  until            bigint,
  since_time       timestamptz NOT NULL,
  until_time       timestamptz,
  -- The last event of the quota that could alter what is in force below it.
  below_since      bigint      NOT NULL,
  below_since_time timestamptz NOT NULL,
  -- The model's record of the quota.
  record           jsonb       NOT NULL,
  PRIMARY KEY (quota_id, since)
);
CREATE UNIQUE INDEX quota_history_lasting ON quota_history (quota_id) WHERE until IS NULL;

-- What each registration declared.
CREATE TABLE registration_history (
  application text        NOT NULL,
  since       bigint      NOT NULL,
  since_time  timestamptz NOT NULL,
  version     bigint      NOT NULL,
  resources   jsonb       NOT NULL,
  PRIMARY KEY (application, since)
);

-- By bytes here, too: ids order alike now and then, whatever the database's own order is.
ALTER TABLE quotas ALTER COLUMN quota_id TYPE text COLLATE "C";
