-- Shares of the due notices, and what is queued on each channel.
ALTER TABLE outreach_notice ADD COLUMN share TEXT;
UPDATE outreach_notice SET share = coalesce(channel, '') || char(31);
CREATE INDEX outreach_notice_share ON outreach_notice (share, next_at, id) WHERE status = 'pending' AND share IS NOT NULL;

-- Attempts by provider, text and time.
ALTER TABLE outreach_attempt ADD COLUMN provider TEXT;
ALTER TABLE outreach_attempt ADD COLUMN started TEXT;
ALTER TABLE outreach_attempt ADD COLUMN outcome TEXT;
ALTER TABLE outreach_attempt ADD COLUMN segments INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outreach_attempt ADD COLUMN body TEXT;
UPDATE outreach_attempt SET provider = state->>'$.provider', outcome = state->>'$.outcome', segments = coalesce(state->>'$.segments', 0),
    started = strftime('%Y-%m-%dT%H:%M:%S', state->>'$.started') || '.000000Z';
CREATE INDEX outreach_attempt_provider ON outreach_attempt (provider, started DESC, id DESC);
CREATE INDEX outreach_attempt_started ON outreach_attempt (started) WHERE segments > 0;
CREATE INDEX outreach_attempt_body ON outreach_attempt (body, started) WHERE body IS NOT NULL;

-- Providers, their shares and breakers.
CREATE TABLE outreach_provider (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
-- Receipts of providers, as they came, and what nobody has told yet.
CREATE TABLE outreach_receipt (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    provider TEXT,
    fingerprint TEXT,
    status TEXT,
    notice TEXT,
    received TEXT NOT NULL,
    next_at TEXT NOT NULL,
    UNIQUE (provider, fingerprint)
) STRICT;
CREATE INDEX outreach_receipt_waiting ON outreach_receipt (received, id) WHERE status = 'waiting';
CREATE INDEX outreach_receipt_notice ON outreach_receipt (notice) WHERE notice IS NOT NULL;
CREATE INDEX outreach_notice_accepted ON outreach_notice (provider, next_at) WHERE status = 'accepted' AND provider IS NOT NULL;
