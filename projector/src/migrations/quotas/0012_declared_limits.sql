-- What each quota commits by itself, as its owner and the evidence set it: cuts, overrides and ancestors apart.
CREATE TABLE declared_limits (
  quota_id    text    COLLATE "C" NOT NULL,
  resource    text    COLLATE "C" NOT NULL,
  application text    COLLATE "C" NOT NULL,
  -- The upper bound in base units, of a rate per second; Infinity: unlimited; blocked is 0.
  committed   numeric NOT NULL,
  guaranteed  numeric NOT NULL,
  PRIMARY KEY (quota_id, resource)
);
-- The largest first, within what can be compared: one resource of one application.
CREATE INDEX declared_limits_by_size ON declared_limits (application, resource, committed DESC, quota_id DESC);
