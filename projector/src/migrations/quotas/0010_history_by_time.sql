-- What held at a time is the last span that had begun: one look, however many spans a quota has.
CREATE INDEX quota_history_by_time ON quota_history (quota_id, since_time, since);
-- The span that lasts is the last one; its end moves no index entry so.
DROP INDEX quota_history_lasting;
