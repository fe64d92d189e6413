-- What a registration says beside its resources. Events from before these fields have the defaults.

ALTER TABLE applications
  ADD COLUMN version           bigint NOT NULL DEFAULT 1,
  ADD COLUMN attributes_schema jsonb,
  ADD COLUMN rules             jsonb  NOT NULL DEFAULT '[]',
  ADD COLUMN validators        jsonb  NOT NULL DEFAULT '[]',
  ADD COLUMN rightsizing       jsonb  NOT NULL DEFAULT '[]',
  ADD COLUMN change_policy     jsonb  NOT NULL DEFAULT '{}',
  ADD COLUMN dispatchers       jsonb  NOT NULL DEFAULT '[]';
