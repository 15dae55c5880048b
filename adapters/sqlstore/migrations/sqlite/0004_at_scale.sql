-- What waits for somebody who is named is found by that person.
UPDATE outreach_notice SET person = state->>'$.to.person' WHERE status = 'pending' AND person IS NULL AND state->>'$.to.person' <> '';
-- What a notice's status says of some states only has columns, and indexes, of its
-- own: on PostgreSQL a change of the status then leaves the other indexes alone.
DROP INDEX outreach_notice_pending;
DROP INDEX outreach_notice_urgent;
DROP INDEX outreach_notice_lease;
DROP INDEX outreach_notice_queued;
DROP INDEX outreach_notice_unknown;
DROP INDEX outreach_notice_paper;
DROP INDEX outreach_notice_provider;
DROP INDEX outreach_notice_share;
DROP INDEX outreach_notice_accepted;
DROP INDEX outreach_notice_expires;
ALTER TABLE outreach_notice ADD COLUMN due_at TEXT GENERATED ALWAYS AS (CASE WHEN status = 'pending' THEN next_at END) VIRTUAL;
ALTER TABLE outreach_notice ADD COLUMN away TEXT GENERATED ALWAYS AS (CASE WHEN status IN ('queued', 'sending', 'unknown') THEN coalesce(channel, '') END) VIRTUAL;
ALTER TABLE outreach_notice ADD COLUMN ask_of TEXT GENERATED ALWAYS AS (CASE WHEN status = 'accepted' THEN provider END) VIRTUAL;
ALTER TABLE outreach_notice ADD COLUMN ask_at TEXT GENERATED ALWAYS AS (CASE WHEN status = 'accepted' THEN next_at END) VIRTUAL;
ALTER TABLE outreach_notice ADD COLUMN paper TEXT GENERATED ALWAYS AS (CASE WHEN channel = 'paper_task' THEN status END) VIRTUAL;
CREATE INDEX outreach_notice_due ON outreach_notice (lane, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outreach_notice_share ON outreach_notice (share, due_at, id) WHERE due_at IS NOT NULL AND share IS NOT NULL;
CREATE INDEX outreach_notice_expires ON outreach_notice (channel, expires) WHERE due_at IS NOT NULL AND expires IS NOT NULL;
CREATE INDEX outreach_notice_away ON outreach_notice (away) WHERE away IS NOT NULL;
CREATE INDEX outreach_notice_ask ON outreach_notice (ask_of, ask_at) WHERE ask_of IS NOT NULL;
CREATE INDEX outreach_notice_paper ON outreach_notice (paper, created) WHERE paper IS NOT NULL;
CREATE INDEX outreach_notice_provider_id ON outreach_notice (provider_id) WHERE provider_id IS NOT NULL;
