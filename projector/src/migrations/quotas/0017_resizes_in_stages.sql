-- How a robot's resize reaches hosts; NULL: it holds at once.
ALTER TABLE applications
  ADD COLUMN robot_rollout jsonb;
