-- The newest change of an application, and the first after one: a look each.
CREATE INDEX rule_changes_by_offset ON rule_changes (application, event_offset);
