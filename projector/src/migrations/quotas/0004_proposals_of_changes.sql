-- A proposal may set several limits, unset others, and come from a person without evidence.

ALTER TABLE proposals
  ADD COLUMN limits       jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN unset_limits jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN origin       text  NOT NULL DEFAULT 'robot',
  ALTER COLUMN evidence DROP NOT NULL;
UPDATE proposals SET limits = jsonb_build_array(proposed_limit);
ALTER TABLE proposals
  DROP COLUMN resource,
  DROP COLUMN proposed_limit;
