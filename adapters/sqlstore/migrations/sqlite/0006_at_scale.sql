-- Answers that wait to be told in a hamlet, however many issues it had before.
CREATE INDEX outreach_issue_to_tell ON outreach_issue (place) WHERE status = 'feedback_due';
-- What a notice is moot with is mostly the duty it speaks of: then it is found by that.
-- The version before finds what is moot without an index: it is right, and slow where
-- there are millions of notices.
DROP INDEX outreach_notice_moot;
CREATE INDEX outreach_notice_moot ON outreach_notice (moot) WHERE moot IS NOT NULL AND moot IS DISTINCT FROM 'duty/' || duty;
-- Of a provider's attempts the newest come last and are added there; those of one
-- instant are few enough to be sorted.
DROP INDEX outreach_attempt_provider;
CREATE INDEX outreach_attempt_provider ON outreach_attempt (provider, started);
