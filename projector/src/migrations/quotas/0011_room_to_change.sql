-- A row is written anew with each change that reaches it, and no index names what changes then: where its page has
-- room for it, no index is touched. An edit above a million quotas changes them all at once.
ALTER TABLE quotas SET (fillfactor = 70);
