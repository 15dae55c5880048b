-- A released version of the tables with a few rows. Never change it.

-- The programme's tables. state holds the whole value as JSON (json, not jsonb: it
-- comes back byte for byte); the columns beside it repeat what is looked up. Empty
-- references are NULL. Ids sort as bytes.

-- Who is who.
CREATE TABLE outreach_person (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_place (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_unit (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_holding (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    person text,
    role text,
    place text,
    unit text,
    team text,
    valid_from date,
    valid_to date
);
CREATE INDEX outreach_holding_person ON outreach_holding (person);
CREATE INDEX outreach_holding_place ON outreach_holding (place);
CREATE INDEX outreach_holding_unit ON outreach_holding (unit);
CREATE INDEX outreach_holding_team ON outreach_holding (team);
CREATE INDEX outreach_holding_role ON outreach_holding (role);

CREATE TABLE outreach_leave (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    person text,
    days_from date,
    days_to date,
    cancelled boolean NOT NULL
);
CREATE INDEX outreach_leave_person ON outreach_leave (person);

-- The programme.
CREATE TABLE outreach_programme (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_team (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_assignment (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    official text,
    place text,
    team text,
    status text,
    valid_from date,
    valid_to date
);
CREATE INDEX outreach_assignment_official ON outreach_assignment (official);
CREATE INDEX outreach_assignment_place ON outreach_assignment (place);
CREATE INDEX outreach_assignment_team ON outreach_assignment (team);

CREATE TABLE outreach_rule (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

-- What is owed, and what happened.
CREATE TABLE outreach_duty (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    kind text,
    subject_type text,
    subject_id text,
    place text,
    person text,
    unit text,
    status text,
    due date,
    wake_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX outreach_duty_subject ON outreach_duty (subject_type, subject_id);
CREATE INDEX outreach_duty_person_due ON outreach_duty (person, due NULLS FIRST);
CREATE INDEX outreach_duty_unit_due ON outreach_duty (unit, due NULLS FIRST);
CREATE INDEX outreach_duty_place_due ON outreach_duty (place, due NULLS FIRST);
CREATE INDEX outreach_duty_wake ON outreach_duty (wake_at, id) WHERE status IN ('running', 'paused') AND wake_at IS NOT NULL;

CREATE TABLE outreach_visit (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    place text,
    team text,
    official text,
    held_by text,
    status text,
    day date
);
CREATE INDEX outreach_visit_place_day ON outreach_visit (place, day NULLS FIRST);
CREATE INDEX outreach_visit_team_day ON outreach_visit (team, day NULLS FIRST);
CREATE INDEX outreach_visit_official_day ON outreach_visit (official, day NULLS FIRST);
CREATE INDEX outreach_visit_held_by ON outreach_visit (held_by, day NULLS FIRST) WHERE held_by IS NOT NULL;
CREATE INDEX outreach_visit_day ON outreach_visit (day NULLS FIRST);

CREATE TABLE outreach_profile (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    place text,
    edition bigint NOT NULL
);
CREATE INDEX outreach_profile_place_edition ON outreach_profile (place, edition);

CREATE TABLE outreach_item (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    valid_from date,
    valid_to date
);

CREATE TABLE outreach_opinion (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    place text,
    visit text,
    issue text,
    speaker text,
    kind text,
    status text,
    topics text,
    happened date
);
CREATE INDEX outreach_opinion_place_happened ON outreach_opinion (place, happened NULLS FIRST);
CREATE INDEX outreach_opinion_visit ON outreach_opinion (visit) WHERE visit IS NOT NULL;
CREATE INDEX outreach_opinion_issue ON outreach_opinion (issue) WHERE issue IS NOT NULL;
CREATE INDEX outreach_opinion_speaker ON outreach_opinion (speaker) WHERE speaker IS NOT NULL;
CREATE INDEX outreach_opinion_happened ON outreach_opinion (happened NULLS FIRST);

CREATE TABLE outreach_speaker (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_issue (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    code text UNIQUE,
    place text,
    team text,
    owner text,
    lead text,
    subject text,
    status text,
    registered date,
    linked_to text
);
CREATE INDEX outreach_issue_place_registered ON outreach_issue (place, registered NULLS FIRST);
CREATE INDEX outreach_issue_team_registered ON outreach_issue (team, registered NULLS FIRST);
CREATE INDEX outreach_issue_owner_registered ON outreach_issue (owner, registered NULLS FIRST);
CREATE INDEX outreach_issue_lead ON outreach_issue (lead, registered NULLS FIRST) WHERE lead IS NOT NULL;
CREATE INDEX outreach_issue_status_registered ON outreach_issue (status, registered NULLS FIRST);
CREATE INDEX outreach_issue_linked_to ON outreach_issue (linked_to) WHERE linked_to IS NOT NULL;
CREATE INDEX outreach_issue_registered ON outreach_issue (registered NULLS FIRST);

CREATE TABLE outreach_route (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

-- Denunciations: nothing of them is in any other table.
CREATE TABLE outreach_sealed_case (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL
);

CREATE TABLE outreach_sealed_access (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    case_id text,
    at timestamptz NOT NULL
);
CREATE INDEX outreach_sealed_access_case_id_at ON outreach_sealed_access (case_id, at);

-- Supervision and reports.
CREATE TABLE outreach_rating_round (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    visit text,
    official text,
    opened date
);
CREATE INDEX outreach_rating_round_visit ON outreach_rating_round (visit);
CREATE INDEX outreach_rating_round_official_opened ON outreach_rating_round (official, opened NULLS FIRST);
CREATE INDEX outreach_rating_round_opened ON outreach_rating_round (opened NULLS FIRST);

CREATE TABLE outreach_rating (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    round text,
    rater text,
    UNIQUE (round, rater)
);

CREATE TABLE outreach_flag (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    official text
);
CREATE INDEX outreach_flag_official ON outreach_flag (official);

CREATE TABLE outreach_report (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    kind text,
    team text,
    official text,
    status text,
    period_from date,
    period_to date
);
CREATE INDEX outreach_report_period_from ON outreach_report (period_from NULLS FIRST);
CREATE INDEX outreach_report_official_period_from ON outreach_report (official, period_from NULLS FIRST);
CREATE INDEX outreach_report_team_period_from ON outreach_report (team, period_from NULLS FIRST);

-- The outbox.
CREATE TABLE outreach_notice (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    key text UNIQUE,
    template text,
    subject_type text,
    subject_id text,
    duty text,
    moot text,
    channel text,
    status text,
    lane bigint NOT NULL,
    next_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    person text,
    merged_into text,
    provider text,
    provider_id text,
    created timestamptz NOT NULL,
    done timestamptz
) WITH (fillfactor = 80);
CREATE INDEX outreach_notice_pending ON outreach_notice (next_at, id) WHERE status = 'pending';
CREATE INDEX outreach_notice_urgent ON outreach_notice (next_at, id) WHERE status = 'pending' AND lane = 0;
CREATE INDEX outreach_notice_lease ON outreach_notice (lease_until) WHERE status = 'sending';
CREATE INDEX outreach_notice_queued ON outreach_notice (next_at) WHERE status = 'queued';
CREATE INDEX outreach_notice_unknown ON outreach_notice (next_at) WHERE status = 'unknown';
CREATE INDEX outreach_notice_moot ON outreach_notice (moot) WHERE moot IS NOT NULL;
CREATE INDEX outreach_notice_duty ON outreach_notice (duty) WHERE duty IS NOT NULL;
CREATE INDEX outreach_notice_subject ON outreach_notice (subject_type, subject_id);
CREATE INDEX outreach_notice_merged_into ON outreach_notice (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX outreach_notice_person ON outreach_notice (person, done) WHERE person IS NOT NULL;
CREATE INDEX outreach_notice_paper ON outreach_notice (status, created) WHERE channel = 'paper_task';
CREATE INDEX outreach_notice_provider ON outreach_notice (provider, provider_id) WHERE provider_id IS NOT NULL;

CREATE TABLE outreach_attempt (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    notice text,
    number bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX outreach_attempt_notice_number ON outreach_attempt (notice, number);

CREATE TABLE outreach_suppression (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    state json NOT NULL,
    channel text,
    address text,
    since timestamptz NOT NULL
);
CREATE INDEX outreach_suppression_channel_address ON outreach_suppression (channel, address);

-- Counters and leases.
CREATE TABLE outreach_issue_series (
    series text PRIMARY KEY,
    last bigint NOT NULL
);

CREATE TABLE outreach_lease (
    name text PRIMARY KEY,
    owner text NOT NULL,
    until timestamptz NOT NULL
);

-- The journal. data is apart from state because it is hashed and keeps every byte.
CREATE TABLE outreach_record (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    recorded timestamptz NOT NULL,
    state json NOT NULL,
    data json,
    UNIQUE (subject_type, subject_id, seq)
);

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

-- What is still owed, by kind and due date: the red list and everybody's own list.
CREATE INDEX outreach_duty_open ON outreach_duty (kind, due NULLS FIRST) WHERE status IN ('running', 'paused');
-- What was owed in a period, for its figures.
CREATE INDEX outreach_duty_kind_due ON outreach_duty (kind, due NULLS FIRST);
-- Locked months, and the reports of a period.
CREATE INDEX outreach_report_kind_status ON outreach_report (kind, status, period_from NULLS FIRST);
CREATE INDEX outreach_report_kind_to ON outreach_report (kind, period_to);
-- Who is away, without all the leaves that are over.
CREATE INDEX outreach_leave_days_to ON outreach_leave (days_to);
-- Speakers by their number, which stands in the state alone.
CREATE INDEX outreach_speaker_phone ON outreach_speaker ((state->>'phone')) WHERE (state->>'phone') IS NOT NULL;
-- Opinions of speakers whose name may have to be scrubbed. A process of the version
-- before writes true, which is looked at once more and does no harm.
ALTER TABLE outreach_opinion ADD COLUMN named boolean NOT NULL DEFAULT true;
UPDATE outreach_opinion o SET named = false WHERE speaker IS NULL
    OR EXISTS (SELECT 1 FROM outreach_speaker s WHERE s.id = o.speaker AND (s.state->>'scrubbed') IS NOT NULL);
CREATE INDEX outreach_opinion_named ON outreach_opinion ((CASE WHEN named THEN happened END));
-- What one official heard in a period, for that official's own figures.
CREATE INDEX outreach_opinion_heard ON outreach_opinion ((state->>'heard'), happened NULLS FIRST);
-- What waits on a channel and is over soon.
ALTER TABLE outreach_notice ADD COLUMN expires timestamptz;
UPDATE outreach_notice SET expires = (state->>'expires')::timestamptz WHERE status = 'pending' AND (state->>'expires') IS NOT NULL;
CREATE INDEX outreach_notice_expires ON outreach_notice (channel, expires) WHERE status = 'pending' AND expires IS NOT NULL;
-- How long a message took to arrive, in microseconds, as its provider told: 0, it did not.
ALTER TABLE outreach_notice ADD COLUMN took bigint NOT NULL DEFAULT 0;

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

-- The figures of periods, added up beforehand in pages of hamlets. Nothing is rolled up
-- yet: until it is, figures are counted from the rows that are there.
CREATE TABLE outreach_rollup (
    period_from date NOT NULL,
    period_to date NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (period_from, period_to)
);
CREATE TABLE outreach_rollup_page (
    period_from date NOT NULL,
    period_to date NOT NULL,
    first text COLLATE "C" NOT NULL,
    counts text NOT NULL,
    hamlets text NOT NULL,
    PRIMARY KEY (period_from, period_to, first)
);
-- What has changed since: for which hamlet, or for those of which official, or, where
-- both are empty, for any, and on which days it counts. Triggers note it, so that it is
-- noted whoever writes, a process of an earlier version too: each statement adds a note
-- for each hamlet it wrote to, from the first of the days to the last. There is no key,
-- so that nobody waits for what another one notes.
CREATE TABLE outreach_touched (
    place text NOT NULL,
    official text NOT NULL,
    day_from date NOT NULL,
    day_to date NOT NULL
);
ALTER TABLE outreach_touched REPLICA IDENTITY FULL;
CREATE FUNCTION outreach_touch_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(day), max(day) FROM written w WHERE day IS NOT NULL GROUP BY place;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(day), max(day) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w WHERE day IS NOT NULL GROUP BY place;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_visit REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_visit();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_visit REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_visit();
CREATE FUNCTION outreach_touch_opinion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(happened), max(happened) FROM written w WHERE happened IS NOT NULL GROUP BY place;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(happened), max(happened) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w WHERE happened IS NOT NULL GROUP BY place;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_opinion REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_opinion();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_opinion REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_opinion();
-- The answers of an issue count when they were approved: at any time from its registration on.
CREATE FUNCTION outreach_touch_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(registered, date '0001-01-01')), date '9999-12-31' FROM written w GROUP BY place;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(registered, date '0001-01-01')), date '9999-12-31' FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w GROUP BY place;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_issue REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_issue();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_issue REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_issue();
-- What a unit owes counts in the month it is due in, and before as not yet due. By the
-- duty to tell an answer the answers of a month are found.
CREATE FUNCTION outreach_touch_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(nullif(state->>'start', '')::date, date '0001-01-01')), max(coalesce(due, date '9999-12-31'))
            FROM written w WHERE kind IN ('unit', 'feedback') GROUP BY place;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(nullif(state->>'start', '')::date, date '0001-01-01')), max(coalesce(due, date '9999-12-31'))
            FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w WHERE kind IN ('unit', 'feedback') GROUP BY place;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_duty REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_duty();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_duty REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_duty();
CREATE FUNCTION outreach_touch_rating_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(state->>'place', ''), '', min(opened), max(opened) FROM written w WHERE opened IS NOT NULL GROUP BY 1;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(state->>'place', ''), '', min(opened), max(opened) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w WHERE opened IS NOT NULL GROUP BY 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_rating_round REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_rating_round();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_rating_round REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_rating_round();
CREATE FUNCTION outreach_touch_rating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(r.state->>'place', ''), '', min(r.opened), max(r.opened) FROM written w JOIN outreach_rating_round r ON r.id = w.round WHERE r.opened IS NOT NULL GROUP BY 1;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(r.state->>'place', ''), '', min(r.opened), max(r.opened) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w JOIN outreach_rating_round r ON r.id = w.round WHERE r.opened IS NOT NULL GROUP BY 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_rating REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_rating();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_rating REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_rating();
CREATE FUNCTION outreach_touch_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(valid_from, date '0001-01-01')), max(coalesce(valid_to, date '9999-12-31')) FROM written w GROUP BY place;
    ELSE
        INSERT INTO outreach_touched SELECT coalesce(place, ''), '', min(coalesce(valid_from, date '0001-01-01')), max(coalesce(valid_to, date '9999-12-31')) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w GROUP BY place;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_assignment REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_assignment();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_assignment REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_assignment();
CREATE FUNCTION outreach_touch_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT '', coalesce(person, ''), min(coalesce(days_from, date '0001-01-01')), max(coalesce(days_to, date '9999-12-31')) FROM written w GROUP BY person;
    ELSE
        INSERT INTO outreach_touched SELECT '', coalesce(person, ''), min(coalesce(days_from, date '0001-01-01')), max(coalesce(days_to, date '9999-12-31')) FROM (SELECT * FROM earlier UNION ALL SELECT * FROM written) w GROUP BY person;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_leave REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_leave();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_leave REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_leave();
-- Where a place lies counts for everything within; how it is best visited for nothing.
CREATE FUNCTION outreach_touch_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outreach_touched SELECT '', '', date '0001-01-01', date '9999-12-31' FROM written LIMIT 1;
    ELSE
        INSERT INTO outreach_touched SELECT '', '', date '0001-01-01', date '9999-12-31' FROM written w JOIN earlier e ON e.id = w.id
            WHERE (e.state->>'names', e.state->>'successors') IS DISTINCT FROM (w.state->>'names', w.state->>'successors') LIMIT 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_added AFTER INSERT ON outreach_place REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_place();
CREATE TRIGGER touch_changed AFTER UPDATE ON outreach_place REFERENCING OLD TABLE AS earlier NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outreach_touch_place();
-- Rounds of ratings by hamlet, for the pages.
CREATE INDEX outreach_rating_round_place ON outreach_rating_round ((state->>'place'), opened NULLS FIRST);

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

CREATE TABLE outreach_migration (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL);

INSERT INTO outreach_attempt (id, version, state, notice, number, provider, started, outcome, segments, body) VALUES ('at', '1', '{"id":"at","version":1,"notice":"00000001","number":1,"generation":0,"provider":"","started":"2017-03-01T05:00:00Z"}', '00000001', '1', NULL, '2017-03-01 05:00:00+00', NULL, '0', NULL);
INSERT INTO outreach_duty (id, version, state, kind, subject_type, subject_id, place, person, unit, status, due, wake_at) VALUES ('d', '1', '{"id":"d","version":1,"kind":"visit","subject":{"type":"visit","id":"v"},"holder":{"person":"o"},"start":"","days":0,"due":"2017-03-01","policy":"","calendar":"","status":"running","step":0,"wake_at":"2017-03-01T05:00:00Z","opened":"0001-01-01T00:00:00Z"}', 'visit', 'visit', 'v', NULL, 'o', NULL, 'running', '2017-03-01', '2017-03-01 05:00:00+00');
INSERT INTO outreach_holding (id, version, state, person, role, place, unit, team, valid_from, valid_to) VALUES ('h', '1', '{"id":"h","version":1,"person":"o","role":"official","place":"suoi-cat","valid":{"from":"2017-03-01"}}', 'o', 'official', 'suoi-cat', NULL, NULL, '2017-03-01', NULL);
INSERT INTO outreach_issue (id, version, state, code, place, team, owner, lead, subject, status, registered, linked_to) VALUES ('i', '1', '{"id":"i","version":1,"code":"XL-17-0001","title":"","place":"suoi-cat","team":"","owner":"","to":"","urgency":"","status":"registered","round":0,"opinions":["op"],"registered":"2017-03-01","promise_due":"","recorded":"0001-01-01T00:00:00Z"}', 'XL-17-0001', 'suoi-cat', NULL, NULL, NULL, NULL, 'registered', '2017-03-01', NULL);
INSERT INTO outreach_issue_series (series, last) VALUES ('XL-17', '1');
INSERT INTO outreach_lease (name, owner, until) VALUES ('relay', 'worker', '2017-03-01 06:00:00+00');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0001_initial.sql', '541b6d372a4060acaec51878411062196153ba00707585cb23eaf5d2c1bcc880', '2026-11-28T03:15:42.219090Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0002_whole_programme.sql', '96d5f1822cbbcb6f00e08c700f35add4efcf3ab3bec5c3bccb5240b8b054f61e', '2026-11-28T03:15:42.235131Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0003_at_scale.sql', '409fe80c9ceab9d7d913d538187a91982b5091ca9a93a23973e953ebfd97a629', '2026-11-28T03:15:42.244590Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0004_at_scale.sql', '37c780ac626be6c58d093da8899a32239eeaf857003d8d7a8def1911b9a121e4', '2026-11-28T03:15:42.261704Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0005_at_scale.sql', '468aa25fe6ebd9abfbbc18620bdcf0e4abdf74308a9f679fa6bb0205161fdeaf', '2026-11-28T03:15:42.275421Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0006_at_scale.sql', '197f8c61adadc2b436ce8d0eda9c61be8526831f18c6965ba39e99205c8df97f', '2026-11-28T03:15:42.287567Z');
INSERT INTO outreach_notice (id, version, state, key, template, subject_type, subject_id, duty, moot, channel, status, lane, next_at, lease_until, person, merged_into, provider, provider_id, created, done, share, expires, took) VALUES ('00000001', '1', '{"id":"00000001","version":1,"key":"visit.reminder/00000001","template":"visit.reminder","subject":{"type":"visit","id":"00000001"},"duty":"00000001","moot":"visit/00000001","to":{"role":"official","person":"o"},"audience":"official","channel":"sms","class":"duty","priority":"normal","on_unknown":"hold","vars":{"place":"ấp Suối Cát"},"not_before":"2017-03-01T05:00:00Z","state":"pending","next_at":"2017-03-01T05:00:00Z","generation":0,"attempts":0,"claims":0,"created":"2017-03-01T05:00:00Z"}', 'visit.reminder/00000001', 'visit.reminder', 'visit', '00000001', '00000001', 'visit/00000001', 'sms', 'pending', '1', '2017-03-01 05:00:00+00', '0001-01-01 00:00:00+00', 'o', NULL, NULL, NULL, '2017-03-01 05:00:00+00', NULL, 'sms', NULL, '0');
INSERT INTO outreach_opinion (id, version, state, place, visit, issue, speaker, kind, status, topics, happened, named) VALUES ('op', '1', E'{"id":"op","version":1,"visit":"v","place":"suoi-cat","kind":"","topics":["đường"],"text":"Đường ấp 2 bị \\"ngập\\"; ''mong'' sửa","confidentiality":"","status":"","heard":"","happened":"2017-03-01","recorded":"0001-01-01T00:00:00Z"}', 'suoi-cat', 'v', NULL, NULL, NULL, NULL, 'đường', '2017-03-01', 'false');
INSERT INTO outreach_person (id, version, state) VALUES ('o', '1', '{"id":"o","version":1,"full_name":"Nguyễn Văn Thử","phone":"+84900000001","phone_sms":false,"valid":{"from":"2017-03-01","to":"2018-02-28"}}');
INSERT INTO outreach_place (id, version, state) VALUES ('suoi-cat', '1', '{"id":"suoi-cat","version":1,"names":[{"valid":{"from":"2017-03-01","to":"2018-02-28"},"kind":"xa","name":"Suối Cát","code":"26443"}],"hosting":{"preferred_time":"00:00"}}');
INSERT INTO outreach_rating (id, version, state, round, rater) VALUES ('ra', '1', '{"id":"ra","version":1,"round":"ro","source":"","rater":"hash","complete":true,"punctual":false,"proper":false,"recorded":"2017-03-01T05:00:00Z"}', 'ro', 'hash');
INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) OVERRIDING SYSTEM VALUE VALUES ('1', 'visit', '1', '1', 'visit.planned', '2017-03-01 05:00:00+00', '{"id":"r1","position":0,"subject":{"type":"visit","id":"1"},"seq":1,"kind":"visit.planned","actor":"system","happened":"2017-03-01T05:00:00Z","recorded":"2017-03-01T05:00:00Z","hash":"316835278342c701cb9bfac2036f99ac31f4e28e14e52dabb758f800cb0138b3"}', '{"place": "ấp Suối Cát"}');
INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) OVERRIDING SYSTEM VALUE VALUES ('2', 'visit', '1', '2', 'visit.held', '2017-03-01 05:00:00.000001+00', '{"id":"r2","position":0,"subject":{"type":"visit","id":"1"},"seq":2,"kind":"visit.held","actor":"","happened":"0001-01-01T00:00:00Z","recorded":"2017-03-01T05:00:00.000001Z","prev":"316835278342c701cb9bfac2036f99ac31f4e28e14e52dabb758f800cb0138b3","hash":"353cb4c6dd8c5ddd22534be5b989255ce87e20ed5a3fda6f39eaad1cd22336e5"}', NULL);
INSERT INTO outreach_sealed_case (id, version, state) VALUES ('c', '1', '{"id":"c","version":1,"code":"M-01","receipt":"","body":"kín","heard":"","status":"","happened":"2017-03-01","recorded":"2017-03-01T05:00:00Z"}');
INSERT INTO outreach_suppression (id, version, state, channel, address, since) VALUES ('s', '1', '{"id":"s","version":1,"channel":"sms","address":"hash","reason":"","since":"2017-03-01T05:00:00Z"}', 'sms', 'hash', '2017-03-01 05:00:00+00');
INSERT INTO outreach_visit (id, version, state, place, team, official, held_by, status, day) VALUES ('v', '1', '{"id":"v","version":1,"kind":"","place":"suoi-cat","team":"","official":"o","planned":"2017-03-01","at":"00:00","status":"planned","recorded":"2017-03-01T05:00:00Z"}', 'suoi-cat', NULL, 'o', NULL, 'planned', '2017-03-01');
SELECT setval(pg_get_serial_sequence('outreach_record', 'position'), (SELECT max(position) FROM outreach_record));
