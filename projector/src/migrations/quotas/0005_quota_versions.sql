-- What every quota declared, version by version: one row an event that gave it other content.

CREATE TABLE quota_versions (
  application    text        NOT NULL,
  stream_version bigint      NOT NULL,
  -- The id of now, or the last one of a quota that is gone. By bytes: a move looks for a range of ids.
  quota_id       text        COLLATE "C" NOT NULL,
  version        bigint      NOT NULL,
  -- The stream's version at which the quota was deleted; NULL while it is there.
  ended          bigint,
  type           text        NOT NULL,
  -- The version whose content it was, of a restoration.
  from_version   bigint,
  content        jsonb       NOT NULL,
  content_hash   text        NOT NULL,
  event_id       text        NOT NULL,
  actor          jsonb       NOT NULL,
  reason         text        NOT NULL,
  command_id     text,
  decided_at     timestamptz NOT NULL,
  PRIMARY KEY (application, stream_version)
);
-- The present life of an id first, then its last one; within it by version.
CREATE INDEX quota_versions_by_quota ON quota_versions (quota_id, ended, version);
