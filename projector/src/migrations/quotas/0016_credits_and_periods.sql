-- A copy is filled from the log anew, so that no row is there yet.
ALTER TABLE price_books
  ADD COLUMN time_zone          text   NOT NULL,
  ADD COLUMN close_after_micros bigint NOT NULL,
  ADD COLUMN shared_costs       jsonb  NOT NULL,
  ADD COLUMN idle               jsonb  NOT NULL;

-- Also those that were taken back.
CREATE TABLE credits (
  organization         text        NOT NULL,
  credit_id            text        NOT NULL,
  status               text        NOT NULL,
  -- NULL: the organization as a whole.
  project              text,
  price_book           text        NOT NULL,
  amount               numeric     NOT NULL,
  currency             text        NOT NULL,
  at                   timestamptz NOT NULL,
  granted_version      bigint      NOT NULL,
  actor                jsonb       NOT NULL,
  reason               text        NOT NULL,
  command_id           text,
  stream_version       bigint      NOT NULL,
  updated_at           timestamptz NOT NULL,
  PRIMARY KEY (organization, credit_id)
);

CREATE TABLE closed_periods (
  organization         text        NOT NULL,
  price_book           text        NOT NULL,
  -- The month, as in 2026-01.
  period               text        NOT NULL,
  period_start         timestamptz NOT NULL,
  period_end           timestamptz NOT NULL,
  price_book_version   bigint      NOT NULL,
  currency             text        NOT NULL,
  organization_version bigint      NOT NULL,
  positions            jsonb       NOT NULL,
  lines                bigint      NOT NULL,
  total                numeric     NOT NULL,
  lines_sha256         text        NOT NULL,
  actor                jsonb       NOT NULL,
  reason               text        NOT NULL,
  command_id           text,
  stream_version       bigint      NOT NULL,
  updated_at           timestamptz NOT NULL,
  PRIMARY KEY (organization, price_book, period)
);
