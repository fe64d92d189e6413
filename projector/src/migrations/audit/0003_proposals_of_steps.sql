-- A proposal of steps is about no one quota: its quotas' histories find it by its steps, and what became of it
-- by its id. Both indexes hold digests, so that no text in the log is too long for them.
CREATE INDEX audit_log_by_step ON audit_log USING gin ((body -> 'steps') jsonb_path_ops)
  WHERE type = 'TreeChangeProposed';
CREATE INDEX audit_log_by_proposal ON audit_log USING hash ((body ->> 'proposalId'))
  WHERE kind = 'event' AND quota_id IS NULL;
