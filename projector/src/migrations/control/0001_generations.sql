-- The copies of each projection: what is asked for, built, read, and about to go. A copy's tables and
-- checkpoints stand in a schema of its own, <projection>_<generation>.
CREATE TABLE projector.generations (
  projection text        NOT NULL,
  generation integer     NOT NULL,
  -- The version of the code that fills it.
  version    integer     NOT NULL,
  -- asked: no tables yet; building: filled beside; live: read; former: read no more, and still fed
  -- until it is dropped, so that who reads it a moment longer reads nothing stale.
  state      text        NOT NULL CHECK (state IN ('asked', 'building', 'live', 'former')),
  -- When it came into its state.
  since      timestamptz NOT NULL DEFAULT now(),
  -- What keeps it from being filled, as an instance said last.
  trouble    text,
  PRIMARY KEY (projection, generation)
);
-- Whatever instances do at once: one copy is read, and one is built beside it.
CREATE UNIQUE INDEX generations_live     ON projector.generations (projection) WHERE state = 'live';
CREATE UNIQUE INDEX generations_building ON projector.generations (projection)
  WHERE state IN ('asked', 'building');

-- Tables from before there were copies hold nothing of their own: the log fills new ones.
DO $$
BEGIN
  IF to_regclass('public.projection_checkpoint') IS NOT NULL THEN
    DROP TABLE IF EXISTS
      public.projection_checkpoint, public.schema_migration, public.applications, public.quotas,
      public.quota_versions, public.entitlements, public.proposals, public.budgets,
      public.organizations, public.teams, public.projects, public.allocations, public.budget_cuts,
      public.price_books, public.tier_policies, public.audit_log, public.commands;
  END IF;
END $$;
