-- Listings walk by an application's own numbers: p9 before p10.
DROP INDEX proposals_by_application;
DROP INDEX proposals_by_quota;
CREATE INDEX proposals_by_application ON proposals (application, length(proposal_id), proposal_id);
CREATE INDEX proposals_by_quota ON proposals (quota_id, application, length(proposal_id), proposal_id);
