-- What waits for somebody who is named is found by that person.
UPDATE outreach_notice SET person = state->'to'->>'person' WHERE status = 'pending' AND person IS NULL AND (state->'to'->>'person') <> '';
-- A notice changes three times on its way, and PostgreSQL writes an entry to every
-- index of a row of which one indexed column changed. So no index holds its status,
-- next_at, lease_until or provider, by which it goes from queued to being sent, but
-- columns that say the same of some states only. PostgreSQL keeps them, whoever
-- writes. The version before finds what is due and what is under way without an
-- index: it is right, and slow where there are millions of notices.
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
ALTER TABLE outreach_notice
    ADD COLUMN due_at timestamptz GENERATED ALWAYS AS (CASE WHEN status = 'pending' THEN next_at END) STORED,
    ADD COLUMN away text GENERATED ALWAYS AS (CASE WHEN status IN ('queued', 'sending', 'unknown') THEN coalesce(channel, '') END) STORED,
    ADD COLUMN ask_of text GENERATED ALWAYS AS (CASE WHEN status = 'accepted' THEN provider END) STORED,
    ADD COLUMN ask_at timestamptz GENERATED ALWAYS AS (CASE WHEN status = 'accepted' THEN next_at END) STORED,
    ADD COLUMN paper text GENERATED ALWAYS AS (CASE WHEN channel = 'paper_task' THEN status END) STORED;
CREATE INDEX outreach_notice_due ON outreach_notice (lane, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outreach_notice_share ON outreach_notice (share, due_at, id) WHERE due_at IS NOT NULL AND share IS NOT NULL;
CREATE INDEX outreach_notice_expires ON outreach_notice (channel, expires) WHERE due_at IS NOT NULL AND expires IS NOT NULL;
CREATE INDEX outreach_notice_away ON outreach_notice (away) WHERE away IS NOT NULL;
CREATE INDEX outreach_notice_ask ON outreach_notice (ask_of, ask_at) WHERE ask_of IS NOT NULL;
CREATE INDEX outreach_notice_paper ON outreach_notice (paper, created) WHERE paper IS NOT NULL;
CREATE INDEX outreach_notice_provider_id ON outreach_notice (provider_id) WHERE provider_id IS NOT NULL;
-- A batch changes all rows of a page together: it stays on it when there is room for
-- the rows once more. Rows that are there already stay as they are.
ALTER TABLE outreach_notice SET (fillfactor = 50);
ALTER TABLE outreach_attempt SET (fillfactor = 50);
