-- When an application's rules changed last, and before: the newest change of each 5 seconds, in 128 places that are
-- written over in turn. By them it is told what a host should have applied, and since when it lacks it.
CREATE TABLE rule_changes (
  application  text     COLLATE "C" NOT NULL,
  -- The decision's 5 seconds, modulo 128.
  slot         smallint NOT NULL,
  -- Where the event stands in its partition of quota.events.
  event_offset bigint   NOT NULL,
  decided_at   timestamptz NOT NULL,
  PRIMARY KEY (application, slot)
);
