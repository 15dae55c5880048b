-- Answers that wait to be told in a hamlet, however many issues it had before.
CREATE INDEX outreach_issue_to_tell ON outreach_issue (place) WHERE status = 'feedback_due';
-- A notice is written to every index of its table when it is queued and when its
-- outcome is known. What it is moot with is mostly the duty it speaks of: then it is
-- found by that. The version before finds what is moot without an index: it is
-- right, and slow where there are millions of notices.
DROP INDEX outreach_notice_moot;
-- Of a provider's attempts the newest come last and are added there; those of one
-- instant are few enough to be sorted.
DROP INDEX outreach_attempt_provider;
-- Keys, references and hashes are compared as bytes, as ids are, and not by the rules
-- of a language, which takes several times as long. Only the indexes are built anew.
ALTER TABLE outreach_notice
    ALTER COLUMN key TYPE text COLLATE "C",
    ALTER COLUMN subject_type TYPE text COLLATE "C",
    ALTER COLUMN subject_id TYPE text COLLATE "C",
    ALTER COLUMN duty TYPE text COLLATE "C",
    ALTER COLUMN moot TYPE text COLLATE "C",
    ALTER COLUMN person TYPE text COLLATE "C",
    ALTER COLUMN merged_into TYPE text COLLATE "C",
    ALTER COLUMN provider_id TYPE text COLLATE "C";
ALTER TABLE outreach_attempt
    ALTER COLUMN notice TYPE text COLLATE "C",
    ALTER COLUMN provider TYPE text COLLATE "C",
    ALTER COLUMN body TYPE text COLLATE "C";
CREATE INDEX outreach_notice_moot ON outreach_notice (moot) WHERE moot IS NOT NULL AND moot IS DISTINCT FROM 'duty/' || duty;
CREATE INDEX outreach_attempt_provider ON outreach_attempt (provider, started);
-- What was known of the columns went with their old type. Of an empty table nothing
-- may be known: it is planned for as one that grows.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM outreach_notice) THEN ANALYZE outreach_notice; END IF;
    IF EXISTS (SELECT 1 FROM outreach_attempt) THEN ANALYZE outreach_attempt; END IF;
END $$;
