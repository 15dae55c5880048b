-- Shares of the due notices, and what is queued on each channel.
ALTER TABLE outreach_notice ADD COLUMN share text COLLATE "C";
UPDATE outreach_notice SET share = coalesce(channel, '') || chr(31);
CREATE INDEX outreach_notice_share ON outreach_notice (share, next_at, id) WHERE status = 'pending' AND share IS NOT NULL;

-- Attempts by provider, text and time.
ALTER TABLE outreach_attempt ADD COLUMN provider text;
ALTER TABLE outreach_attempt ADD COLUMN started timestamptz;
ALTER TABLE outreach_attempt ADD COLUMN outcome text;
ALTER TABLE outreach_attempt ADD COLUMN segments bigint NOT NULL DEFAULT 0;
ALTER TABLE outreach_attempt ADD COLUMN body text;
UPDATE outreach_attempt SET provider = state->>'provider', started = (state->>'started')::timestamptz,
    outcome = state->>'outcome', segments = coalesce((state->>'segments')::bigint, 0);
CREATE INDEX outreach_attempt_provider ON outreach_attempt (provider, started DESC, id DESC);
CREATE INDEX outreach_attempt_started ON outreach_attempt (started) WHERE segments > 0;
CREATE INDEX outreach_attempt_body ON outreach_attempt (body, started) WHERE body IS NOT NULL;

-- Providers, their shares and breakers.
CREATE TABLE outreach_provider (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);
-- Receipts of providers, as they came, and what nobody has told yet.
CREATE TABLE outreach_receipt (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    provider text,
    fingerprint text,
    status text,
    notice text,
    received timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    UNIQUE (provider, fingerprint)
);
CREATE INDEX outreach_receipt_waiting ON outreach_receipt (received, id) WHERE status = 'waiting';
CREATE INDEX outreach_receipt_notice ON outreach_receipt (notice) WHERE notice IS NOT NULL;
CREATE INDEX outreach_notice_accepted ON outreach_notice (provider, next_at) WHERE status = 'accepted' AND provider IS NOT NULL;
