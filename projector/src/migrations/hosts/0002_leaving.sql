-- Its last report: it was stopped in order. The row stays until it is forgotten, so that an earlier report that comes late
-- does not bring it back.
ALTER TABLE hosts ADD COLUMN leaving boolean NOT NULL;
