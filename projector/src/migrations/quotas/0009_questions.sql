-- What people look for.
ALTER TABLE quotas
  -- The last segment of the id.
  ADD COLUMN name           text COLLATE "C" NOT NULL,
  -- Those of which something is in force.
  ADD COLUMN resources      text[]  NOT NULL,
  -- When the quota's own override ends; NULL: it has none.
  ADD COLUMN override_until timestamptz,
  -- Whether a budget's cut lies on the quota itself.
  ADD COLUMN is_cut         boolean NOT NULL;
CREATE INDEX quotas_by_name     ON quotas (name, quota_id);
CREATE INDEX quotas_by_end      ON quotas (override_until, quota_id) WHERE override_until IS NOT NULL;
CREATE INDEX quotas_overridden  ON quotas (quota_id) WHERE override_until IS NOT NULL;
CREATE INDEX quotas_cut         ON quotas (quota_id) WHERE is_cut;
CREATE INDEX quotas_by_label    ON quotas USING gin (labels jsonb_path_ops);
CREATE INDEX quotas_by_resource ON quotas USING gin (resources);

-- What is handed out below each quota, and of each application's totals (node is its id), by resource.
CREATE TABLE commitments (
  application       text    NOT NULL,
  node              text    COLLATE "C" NOT NULL,
  resource          text    COLLATE "C" NOT NULL,
  -- The nearest quotas below that declare the resource, and how many of them are unlimited.
  quotas            bigint  NOT NULL,
  unlimited         bigint  NOT NULL,
  guaranteed        numeric NOT NULL,
  -- Upper bounds in base units, of rates per second; NULL: unlimited.
  committed         numeric,
  -- What there is to hand out; NULL: nobody says.
  capacity          numeric,
  basis_points      bigint,
  is_oversubscribed boolean NOT NULL,
  PRIMARY KEY (node, resource)
);
CREATE INDEX commitments_of_applications ON commitments (resource, node) WHERE node = application;
CREATE INDEX commitments_oversubscribed  ON commitments (node, resource) WHERE is_oversubscribed;
