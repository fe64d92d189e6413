-- What hosts, dispatchers and the relay said last. Of the moment: reports are kept for a day.
CREATE TABLE hosts (
  application    text COLLATE "C" NOT NULL,
  host_id        text COLLATE "C" NOT NULL,
  -- A start of the host, and the number of its report since then.
  boot_id        text        NOT NULL,
  sequence       bigint      NOT NULL,
  sdk_version    text        NOT NULL,
  -- NULL: the host does not say.
  zone           text COLLATE "C",
  -- 'kafka', 'http' or 'disk'
  source         text        NOT NULL,
  rules          integer     NOT NULL,
  -- Quotas whose rule the host could not take.
  rejected_rules integer     NOT NULL,
  -- -1: none.
  applied_offset bigint      NOT NULL,
  -- By the host's clock; NULL: never.
  applied_at     timestamptz,
  reported_at    timestamptz NOT NULL,
  -- By the record in the log.
  heard_at       timestamptz NOT NULL,
  interval_ms    integer     NOT NULL,
  PRIMARY KEY (application, host_id)
);
CREATE INDEX hosts_by_time ON hosts (application, heard_at, host_id);

CREATE TABLE targets (
  application      text COLLATE "C" NOT NULL,
  -- As the registration names it.
  dispatcher       text COLLATE "C" NOT NULL,
  kind             text        NOT NULL,
  target           text        NOT NULL,
  -- 'applied', 'pending', 'drifted', 'refused' or 'unreachable', as the dispatcher says
  state            text        NOT NULL,
  desired_offset   bigint      NOT NULL,
  delivered_offset bigint      NOT NULL,
  applied_offset   bigint      NOT NULL,
  checksum         text,
  problem          text,
  since            timestamptz NOT NULL,
  reported_at      timestamptz NOT NULL,
  heard_at         timestamptz NOT NULL,
  PRIMARY KEY (application, dispatcher)
);
CREATE INDEX targets_by_time ON targets (application, heard_at, dispatcher);

-- What the relay has written to each application's topic of rules.
CREATE TABLE deliveries (
  application      text COLLATE "C" PRIMARY KEY,
  rules            integer     NOT NULL,
  -- The event that last changed the rules, as the topic says it.
  delivered_offset bigint      NOT NULL,
  -- The last event that the relay has looked at: none up to it is missing from the topic.
  accounted_to     bigint      NOT NULL,
  reported_at      timestamptz NOT NULL,
  heard_at         timestamptz NOT NULL
);
