-- How far this copy shows each stream: what a read waits for that must show a write.
CREATE TABLE stream_heads (
  stream         text        PRIMARY KEY,
  stream_version bigint      NOT NULL,
  partition      integer     NOT NULL,
  log_offset     bigint      NOT NULL,
  decided_at     timestamptz NOT NULL
);
