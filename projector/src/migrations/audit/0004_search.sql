-- What people look for in the log. Words of a reason: what stands between separators, in small letters; a query cuts
-- its own in the same way. Made once, when the row is written: to cut them again for each row that is looked at took
-- longer than all else of a search. Longer reasons than a command may have count by their beginning.
ALTER TABLE audit_log ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
  strip(to_tsvector('simple', translate(left(reason, 1024), '-_./:@#+=&?%~<>', '               ')))
) STORED;
-- What waits to be sorted into it is read by every search: little may wait.
CREATE INDEX audit_log_by_words ON audit_log USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX audit_log_by_type  ON audit_log (type, decided_at, topic, partition, log_offset);
CREATE INDEX audit_log_by_code  ON audit_log (code, decided_at, topic, partition, log_offset)
  WHERE code IS NOT NULL;
-- A digest: a refused command's id may be any text.
CREATE INDEX audit_log_by_command ON audit_log USING hash (command_id);
-- What lies below a quota is a range of ids, by bytes.
ALTER TABLE audit_log ALTER COLUMN quota_id TYPE text COLLATE "C";
