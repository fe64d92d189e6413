-- What a proposal would do where it is more than limits of one quota; empty: its limits are it.
ALTER TABLE proposals ADD COLUMN steps jsonb NOT NULL DEFAULT '[]';
