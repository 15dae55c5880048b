-- A released version of the tables with a few rows. Never change it.

-- The programme's tables. state holds the whole value as JSON; the columns beside
-- it repeat what is looked up. Dates are '2017-03-01', instants UTC text of fixed
-- width ('2017-03-01T01:00:00.000000Z'), empty references NULL.

-- Who is who.
CREATE TABLE outreach_person (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_place (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_unit (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_holding (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    person TEXT,
    role TEXT,
    place TEXT,
    unit TEXT,
    team TEXT,
    valid_from TEXT,
    valid_to TEXT
) STRICT;
CREATE INDEX outreach_holding_person ON outreach_holding (person);
CREATE INDEX outreach_holding_place ON outreach_holding (place);
CREATE INDEX outreach_holding_unit ON outreach_holding (unit);
CREATE INDEX outreach_holding_team ON outreach_holding (team);
CREATE INDEX outreach_holding_role ON outreach_holding (role);

CREATE TABLE outreach_leave (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    person TEXT,
    days_from TEXT,
    days_to TEXT,
    cancelled INTEGER NOT NULL
) STRICT;
CREATE INDEX outreach_leave_person ON outreach_leave (person);

-- The programme.
CREATE TABLE outreach_programme (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_team (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_assignment (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    official TEXT,
    place TEXT,
    team TEXT,
    status TEXT,
    valid_from TEXT,
    valid_to TEXT
) STRICT;
CREATE INDEX outreach_assignment_official ON outreach_assignment (official);
CREATE INDEX outreach_assignment_place ON outreach_assignment (place);
CREATE INDEX outreach_assignment_team ON outreach_assignment (team);

CREATE TABLE outreach_rule (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

-- What is owed, and what happened.
CREATE TABLE outreach_duty (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    kind TEXT,
    subject_type TEXT,
    subject_id TEXT,
    place TEXT,
    person TEXT,
    unit TEXT,
    status TEXT,
    due TEXT,
    wake_at TEXT
) STRICT;
CREATE INDEX outreach_duty_subject ON outreach_duty (subject_type, subject_id);
CREATE INDEX outreach_duty_person_due ON outreach_duty (person, due);
CREATE INDEX outreach_duty_unit_due ON outreach_duty (unit, due);
CREATE INDEX outreach_duty_place_due ON outreach_duty (place, due);
CREATE INDEX outreach_duty_wake ON outreach_duty (wake_at, id) WHERE status IN ('running', 'paused') AND wake_at IS NOT NULL;

CREATE TABLE outreach_visit (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    place TEXT,
    team TEXT,
    official TEXT,
    held_by TEXT,
    status TEXT,
    day TEXT
) STRICT;
CREATE INDEX outreach_visit_place_day ON outreach_visit (place, day);
CREATE INDEX outreach_visit_team_day ON outreach_visit (team, day);
CREATE INDEX outreach_visit_official_day ON outreach_visit (official, day);
CREATE INDEX outreach_visit_held_by ON outreach_visit (held_by, day) WHERE held_by IS NOT NULL;
CREATE INDEX outreach_visit_day ON outreach_visit (day);

CREATE TABLE outreach_profile (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    place TEXT,
    edition INTEGER NOT NULL
) STRICT;
CREATE INDEX outreach_profile_place_edition ON outreach_profile (place, edition);

CREATE TABLE outreach_item (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT
) STRICT;

CREATE TABLE outreach_opinion (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    place TEXT,
    visit TEXT,
    issue TEXT,
    speaker TEXT,
    kind TEXT,
    status TEXT,
    topics TEXT,
    happened TEXT
) STRICT;
CREATE INDEX outreach_opinion_place_happened ON outreach_opinion (place, happened);
CREATE INDEX outreach_opinion_visit ON outreach_opinion (visit) WHERE visit IS NOT NULL;
CREATE INDEX outreach_opinion_issue ON outreach_opinion (issue) WHERE issue IS NOT NULL;
CREATE INDEX outreach_opinion_speaker ON outreach_opinion (speaker) WHERE speaker IS NOT NULL;
CREATE INDEX outreach_opinion_happened ON outreach_opinion (happened);

CREATE TABLE outreach_speaker (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_issue (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    code TEXT UNIQUE,
    place TEXT,
    team TEXT,
    owner TEXT,
    lead TEXT,
    subject TEXT,
    status TEXT,
    registered TEXT,
    linked_to TEXT
) STRICT;
CREATE INDEX outreach_issue_place_registered ON outreach_issue (place, registered);
CREATE INDEX outreach_issue_team_registered ON outreach_issue (team, registered);
CREATE INDEX outreach_issue_owner_registered ON outreach_issue (owner, registered);
CREATE INDEX outreach_issue_lead ON outreach_issue (lead, registered) WHERE lead IS NOT NULL;
CREATE INDEX outreach_issue_status_registered ON outreach_issue (status, registered);
CREATE INDEX outreach_issue_linked_to ON outreach_issue (linked_to) WHERE linked_to IS NOT NULL;
CREATE INDEX outreach_issue_registered ON outreach_issue (registered);

CREATE TABLE outreach_route (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

-- Denunciations: nothing of them is in any other table.
CREATE TABLE outreach_sealed_case (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE outreach_sealed_access (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    case_id TEXT,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX outreach_sealed_access_case_id_at ON outreach_sealed_access (case_id, at);

-- Supervision and reports.
CREATE TABLE outreach_rating_round (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    visit TEXT,
    official TEXT,
    opened TEXT
) STRICT;
CREATE INDEX outreach_rating_round_visit ON outreach_rating_round (visit);
CREATE INDEX outreach_rating_round_official_opened ON outreach_rating_round (official, opened);
CREATE INDEX outreach_rating_round_opened ON outreach_rating_round (opened);

CREATE TABLE outreach_rating (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    round TEXT,
    rater TEXT,
    UNIQUE (round, rater)
) STRICT;

CREATE TABLE outreach_flag (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    official TEXT
) STRICT;
CREATE INDEX outreach_flag_official ON outreach_flag (official);

CREATE TABLE outreach_report (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    kind TEXT,
    team TEXT,
    official TEXT,
    status TEXT,
    period_from TEXT,
    period_to TEXT
) STRICT;
CREATE INDEX outreach_report_period_from ON outreach_report (period_from);
CREATE INDEX outreach_report_official_period_from ON outreach_report (official, period_from);
CREATE INDEX outreach_report_team_period_from ON outreach_report (team, period_from);

-- The outbox.
CREATE TABLE outreach_notice (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    key TEXT UNIQUE,
    template TEXT,
    subject_type TEXT,
    subject_id TEXT,
    duty TEXT,
    moot TEXT,
    channel TEXT,
    status TEXT,
    lane INTEGER NOT NULL,
    next_at TEXT NOT NULL,
    lease_until TEXT NOT NULL,
    person TEXT,
    merged_into TEXT,
    provider TEXT,
    provider_id TEXT,
    created TEXT NOT NULL,
    done TEXT
) STRICT;
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
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    notice TEXT,
    number INTEGER NOT NULL
) STRICT;
CREATE INDEX outreach_attempt_notice_number ON outreach_attempt (notice, number);

CREATE TABLE outreach_suppression (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    channel TEXT,
    address TEXT,
    since TEXT NOT NULL
) STRICT;
CREATE INDEX outreach_suppression_channel_address ON outreach_suppression (channel, address);

-- Counters and leases.
CREATE TABLE outreach_issue_series (
    series TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE outreach_lease (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until TEXT NOT NULL
) STRICT;

-- The journal. data is apart from state because it is hashed and keeps every byte.
CREATE TABLE outreach_record (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    recorded TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT,
    UNIQUE (subject_type, subject_id, seq)
) STRICT;

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

-- What is still owed, by kind and due date: the red list and everybody's own list.
CREATE INDEX outreach_duty_open ON outreach_duty (kind, due) WHERE status IN ('running', 'paused');
-- What was owed in a period, for its figures.
CREATE INDEX outreach_duty_kind_due ON outreach_duty (kind, due);
-- Locked months, and the reports of a period.
CREATE INDEX outreach_report_kind_status ON outreach_report (kind, status, period_from);
CREATE INDEX outreach_report_kind_to ON outreach_report (kind, period_to);
-- Who is away, without all the leaves that are over.
CREATE INDEX outreach_leave_days_to ON outreach_leave (days_to);
-- Speakers by their number, which stands in the state alone.
CREATE INDEX outreach_speaker_phone ON outreach_speaker (state->>'$.phone') WHERE state->>'$.phone' IS NOT NULL;
-- Opinions of speakers whose name may have to be scrubbed. A process of the version
-- before writes true, which is looked at once more and does no harm.
ALTER TABLE outreach_opinion ADD COLUMN named INTEGER NOT NULL DEFAULT 1;
UPDATE outreach_opinion AS o SET named = false WHERE speaker IS NULL
    OR EXISTS (SELECT 1 FROM outreach_speaker s WHERE s.id = o.speaker AND s.state->>'$.scrubbed' IS NOT NULL);
CREATE INDEX outreach_opinion_named ON outreach_opinion ((CASE WHEN named THEN happened END));
-- What one official heard in a period, for that official's own figures.
CREATE INDEX outreach_opinion_heard ON outreach_opinion (state->>'$.heard', happened);
-- What waits on a channel and is over soon. Fractions of a second are left out: it
-- is looked at a little early.
ALTER TABLE outreach_notice ADD COLUMN expires TEXT;
UPDATE outreach_notice SET expires = strftime('%Y-%m-%dT%H:%M:%S', state->>'$.expires') || '.000000Z' WHERE status = 'pending' AND state->>'$.expires' IS NOT NULL;
CREATE INDEX outreach_notice_expires ON outreach_notice (channel, expires) WHERE status = 'pending' AND expires IS NOT NULL;
-- How long a message took to arrive, in microseconds, as its provider told: 0, it did not.
ALTER TABLE outreach_notice ADD COLUMN took INTEGER NOT NULL DEFAULT 0;

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

-- The figures of periods, added up beforehand in pages of hamlets. Nothing is rolled up
-- yet: until it is, figures are counted from the rows that are there.
CREATE TABLE outreach_rollup (
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    basis TEXT NOT NULL,
    PRIMARY KEY (period_from, period_to)
) WITHOUT ROWID;
CREATE TABLE outreach_rollup_page (
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    first TEXT NOT NULL,
    counts TEXT NOT NULL,
    hamlets TEXT NOT NULL,
    PRIMARY KEY (period_from, period_to, first)
);
-- What has changed since: for which hamlet, or for those of which official, or, where
-- both are empty, for any, and on which days it counts. Triggers note it, so that it is
-- noted whoever writes, a process of an earlier version too. What was noted needs
-- no second note, and what has no day counts nowhere: OR IGNORE. What went from one
-- hamlet to another, which is rare, is noted for any.
CREATE TABLE outreach_touched (
    place TEXT NOT NULL,
    official TEXT NOT NULL,
    day_from TEXT NOT NULL,
    day_to TEXT NOT NULL,
    PRIMARY KEY (place, official, day_from, day_to)
) WITHOUT ROWID;
CREATE TRIGGER outreach_touch_visit_added AFTER INSERT ON outreach_visit BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.place, ''), '', NEW.day, NEW.day);
END;
CREATE TRIGGER outreach_touch_visit_changed AFTER UPDATE ON outreach_visit BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.place IS NEW.place OR NEW.day IS NULL, ifnull(OLD.place, ''), ''), '', min(ifnull(OLD.day, NEW.day), ifnull(NEW.day, OLD.day)), max(ifnull(OLD.day, NEW.day), ifnull(NEW.day, OLD.day)));
END;
CREATE TRIGGER outreach_touch_opinion_added AFTER INSERT ON outreach_opinion BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.place, ''), '', NEW.happened, NEW.happened);
END;
CREATE TRIGGER outreach_touch_opinion_changed AFTER UPDATE ON outreach_opinion BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.place IS NEW.place OR NEW.happened IS NULL, ifnull(OLD.place, ''), ''), '', min(ifnull(OLD.happened, NEW.happened), ifnull(NEW.happened, OLD.happened)), max(ifnull(OLD.happened, NEW.happened), ifnull(NEW.happened, OLD.happened)));
END;
-- The answers of an issue count when they were approved: at any time from its registration on.
CREATE TRIGGER outreach_touch_issue_added AFTER INSERT ON outreach_issue BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.place, ''), '', coalesce(NEW.registered, '0001-01-01'), '9999-12-31');
END;
CREATE TRIGGER outreach_touch_issue_changed AFTER UPDATE ON outreach_issue BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.place IS NEW.place, ifnull(OLD.place, ''), ''), '', min(coalesce(OLD.registered, '0001-01-01'), coalesce(NEW.registered, '0001-01-01')), '9999-12-31');
END;
-- What a unit owes counts in the month it is due in, and before as not yet due. By the
-- duty to tell an answer the answers of a month are found. When it wakes counts for nothing.
CREATE TRIGGER outreach_touch_duty_added AFTER INSERT ON outreach_duty
WHEN NEW.kind IN ('unit', 'feedback') BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.place, ''), '', coalesce(nullif(NEW.state->>'$.start', ''), '0001-01-01'), coalesce(NEW.due, '9999-12-31'));
END;
CREATE TRIGGER outreach_touch_duty_changed AFTER UPDATE ON outreach_duty
WHEN (NEW.kind IN ('unit', 'feedback') OR OLD.kind IN ('unit', 'feedback'))
    AND (OLD.status IS NOT NEW.status OR OLD.due IS NOT NEW.due OR OLD.unit IS NOT NEW.unit OR OLD.place IS NOT NEW.place OR OLD.kind IS NOT NEW.kind OR OLD.state->>'$.start' IS NOT NEW.state->>'$.start') BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.place IS NEW.place, ifnull(OLD.place, ''), ''), '', min(coalesce(nullif(OLD.state->>'$.start', ''), '0001-01-01'), coalesce(nullif(NEW.state->>'$.start', ''), '0001-01-01')), max(coalesce(OLD.due, '9999-12-31'), coalesce(NEW.due, '9999-12-31')));
END;
CREATE TRIGGER outreach_touch_rating_round_added AFTER INSERT ON outreach_rating_round BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.state->>'$.place', ''), '', NEW.opened, NEW.opened);
END;
CREATE TRIGGER outreach_touch_rating_round_changed AFTER UPDATE ON outreach_rating_round BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.state->>'$.place' IS NEW.state->>'$.place' OR NEW.opened IS NULL, ifnull(OLD.state->>'$.place', ''), ''), '', min(ifnull(OLD.opened, NEW.opened), ifnull(NEW.opened, OLD.opened)), max(ifnull(OLD.opened, NEW.opened), ifnull(NEW.opened, OLD.opened)));
END;
CREATE TRIGGER outreach_touch_rating_added AFTER INSERT ON outreach_rating BEGIN
    INSERT OR IGNORE INTO outreach_touched SELECT ifnull(state->>'$.place', ''), '', opened, opened FROM outreach_rating_round WHERE id = NEW.round;
END;
CREATE TRIGGER outreach_touch_rating_changed AFTER UPDATE ON outreach_rating BEGIN
    INSERT OR IGNORE INTO outreach_touched SELECT ifnull(state->>'$.place', ''), '', opened, opened FROM outreach_rating_round WHERE id IN (OLD.round, NEW.round);
END;
CREATE TRIGGER outreach_touch_assignment_added AFTER INSERT ON outreach_assignment BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (ifnull(NEW.place, ''), '', coalesce(NEW.valid_from, '0001-01-01'), coalesce(NEW.valid_to, '9999-12-31'));
END;
CREATE TRIGGER outreach_touch_assignment_changed AFTER UPDATE ON outreach_assignment BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES (iif(OLD.place IS NEW.place, ifnull(OLD.place, ''), ''), '', min(coalesce(OLD.valid_from, '0001-01-01'), coalesce(NEW.valid_from, '0001-01-01')), max(coalesce(OLD.valid_to, '9999-12-31'), coalesce(NEW.valid_to, '9999-12-31')));
END;
CREATE TRIGGER outreach_touch_leave_added AFTER INSERT ON outreach_leave BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES ('', ifnull(NEW.person, ''), coalesce(NEW.days_from, '0001-01-01'), coalesce(NEW.days_to, '9999-12-31'));
END;
CREATE TRIGGER outreach_touch_leave_changed AFTER UPDATE ON outreach_leave BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES ('', iif(OLD.person IS NEW.person, ifnull(OLD.person, ''), ''), min(coalesce(OLD.days_from, '0001-01-01'), coalesce(NEW.days_from, '0001-01-01')), max(coalesce(OLD.days_to, '9999-12-31'), coalesce(NEW.days_to, '9999-12-31')));
END;
-- Where a place lies counts for everything within; how it is best visited for nothing.
CREATE TRIGGER outreach_touch_place_added AFTER INSERT ON outreach_place BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES ('', '', '0001-01-01', '9999-12-31');
END;
CREATE TRIGGER outreach_touch_place_changed AFTER UPDATE ON outreach_place
WHEN OLD.state->>'$.names' IS NOT NEW.state->>'$.names' OR OLD.state->>'$.successors' IS NOT NEW.state->>'$.successors' BEGIN
    INSERT OR IGNORE INTO outreach_touched VALUES ('', '', '0001-01-01', '9999-12-31');
END;
-- Rounds of ratings by hamlet, for the pages.
CREATE INDEX outreach_rating_round_place ON outreach_rating_round ((state->>'$.place'), opened);

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

CREATE TABLE outreach_migration (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL);

INSERT INTO outreach_attempt (id, version, state, notice, number, provider, started, outcome, segments, body) VALUES ('at', 1, '{"id":"at","version":1,"notice":"00000001","number":1,"generation":0,"provider":"","started":"2017-03-01T05:00:00Z"}', '00000001', 1, NULL, '2017-03-01T05:00:00.000000Z', NULL, 0, NULL);
INSERT INTO outreach_duty (id, version, state, kind, subject_type, subject_id, place, person, unit, status, due, wake_at) VALUES ('d', 1, '{"id":"d","version":1,"kind":"visit","subject":{"type":"visit","id":"v"},"holder":{"person":"o"},"start":"","days":0,"due":"2017-03-01","policy":"","calendar":"","status":"running","step":0,"wake_at":"2017-03-01T05:00:00Z","opened":"0001-01-01T00:00:00Z"}', 'visit', 'visit', 'v', NULL, 'o', NULL, 'running', '2017-03-01', '2017-03-01T05:00:00.000000Z');
INSERT INTO outreach_holding (id, version, state, person, role, place, unit, team, valid_from, valid_to) VALUES ('h', 1, '{"id":"h","version":1,"person":"o","role":"official","place":"suoi-cat","valid":{"from":"2017-03-01"}}', 'o', 'official', 'suoi-cat', NULL, NULL, '2017-03-01', NULL);
INSERT INTO outreach_issue (id, version, state, code, place, team, owner, lead, subject, status, registered, linked_to) VALUES ('i', 1, '{"id":"i","version":1,"code":"XL-17-0001","title":"","place":"suoi-cat","team":"","owner":"","to":"","urgency":"","status":"registered","round":0,"opinions":["op"],"registered":"2017-03-01","promise_due":"","recorded":"0001-01-01T00:00:00Z"}', 'XL-17-0001', 'suoi-cat', NULL, NULL, NULL, NULL, 'registered', '2017-03-01', NULL);
INSERT INTO outreach_issue_series (series, last) VALUES ('XL-17', 1);
INSERT INTO outreach_lease (name, owner, until) VALUES ('relay', 'worker', '2017-03-01T06:00:00.000000Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0001_initial.sql', '587972a0a9afcd4cc4adaaaca1e2f54cc9ba1f0f351d1d94f96b01c0936da413', '2026-11-28T03:15:41.270370Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0002_whole_programme.sql', '04005d951c5fe4e45633516b01afbbff218356f954776e73e8a1170903ea08ed', '2026-11-28T03:15:41.273751Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0003_at_scale.sql', '44177d4c58184629a2e40c1391d4a0f60d35d80e87bfa5a2f86e333069a37d96', '2026-11-28T03:15:41.275704Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0004_at_scale.sql', '9b58791581d0c1499692251ec386c4ea28341f932e8b4adfceaaa92c2449db1b', '2026-11-28T03:15:41.278944Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0005_at_scale.sql', 'd1468b9e1098651771274fbf82d64e708f08fe8128527b7094100ff9b2c898f5', '2026-11-28T03:15:41.280067Z');
INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ('0006_at_scale.sql', '8b44e5a2e0186e9d1db70f7e020f803be616757aafde01f3b3d11ee5b16b04df', '2026-11-28T03:15:41.280318Z');
INSERT INTO outreach_notice (id, version, state, key, template, subject_type, subject_id, duty, moot, channel, status, lane, next_at, lease_until, person, merged_into, provider, provider_id, created, done, share, expires, took) VALUES ('00000001', 1, '{"id":"00000001","version":1,"key":"visit.reminder/00000001","template":"visit.reminder","subject":{"type":"visit","id":"00000001"},"duty":"00000001","moot":"visit/00000001","to":{"role":"official","person":"o"},"audience":"official","channel":"sms","class":"duty","priority":"normal","on_unknown":"hold","vars":{"place":"ấp Suối Cát"},"not_before":"2017-03-01T05:00:00Z","state":"pending","next_at":"2017-03-01T05:00:00Z","generation":0,"attempts":0,"claims":0,"created":"2017-03-01T05:00:00Z"}', 'visit.reminder/00000001', 'visit.reminder', 'visit', '00000001', '00000001', 'visit/00000001', 'sms', 'pending', 1, '2017-03-01T05:00:00.000000Z', '0001-01-01T00:00:00.000000Z', 'o', NULL, NULL, NULL, '2017-03-01T05:00:00.000000Z', NULL, 'sms', NULL, 0);
INSERT INTO outreach_opinion (id, version, state, place, visit, issue, speaker, kind, status, topics, happened, named) VALUES ('op', 1, '{"id":"op","version":1,"visit":"v","place":"suoi-cat","kind":"","topics":["đường"],"text":"Đường ấp 2 bị \"ngập\"; ''mong'' sửa","confidentiality":"","status":"","heard":"","happened":"2017-03-01","recorded":"0001-01-01T00:00:00Z"}', 'suoi-cat', 'v', NULL, NULL, NULL, NULL, 'đường', '2017-03-01', 0);
INSERT INTO outreach_person (id, version, state) VALUES ('o', 1, '{"id":"o","version":1,"full_name":"Nguyễn Văn Thử","phone":"+84900000001","phone_sms":false,"valid":{"from":"2017-03-01","to":"2018-02-28"}}');
INSERT INTO outreach_place (id, version, state) VALUES ('suoi-cat', 1, '{"id":"suoi-cat","version":1,"names":[{"valid":{"from":"2017-03-01","to":"2018-02-28"},"kind":"xa","name":"Suối Cát","code":"26443"}],"hosting":{"preferred_time":"00:00"}}');
INSERT INTO outreach_rating (id, version, state, round, rater) VALUES ('ra', 1, '{"id":"ra","version":1,"round":"ro","source":"","rater":"hash","complete":true,"punctual":false,"proper":false,"recorded":"2017-03-01T05:00:00Z"}', 'ro', 'hash');
INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) VALUES (1, 'visit', '1', 1, 'visit.planned', '2017-03-01T05:00:00.000000Z', '{"id":"r1","position":0,"subject":{"type":"visit","id":"1"},"seq":1,"kind":"visit.planned","actor":"system","happened":"2017-03-01T05:00:00Z","recorded":"2017-03-01T05:00:00Z","hash":"316835278342c701cb9bfac2036f99ac31f4e28e14e52dabb758f800cb0138b3"}', '{"place": "ấp Suối Cát"}');
INSERT INTO outreach_record (position, subject_type, subject_id, seq, kind, recorded, state, data) VALUES (2, 'visit', '1', 2, 'visit.held', '2017-03-01T05:00:00.000001Z', '{"id":"r2","position":0,"subject":{"type":"visit","id":"1"},"seq":2,"kind":"visit.held","actor":"","happened":"0001-01-01T00:00:00Z","recorded":"2017-03-01T05:00:00.000001Z","prev":"316835278342c701cb9bfac2036f99ac31f4e28e14e52dabb758f800cb0138b3","hash":"353cb4c6dd8c5ddd22534be5b989255ce87e20ed5a3fda6f39eaad1cd22336e5"}', NULL);
INSERT INTO outreach_sealed_case (id, version, state) VALUES ('c', 1, '{"id":"c","version":1,"code":"M-01","receipt":"","body":"kín","heard":"","status":"","happened":"2017-03-01","recorded":"2017-03-01T05:00:00Z"}');
INSERT INTO outreach_suppression (id, version, state, channel, address, since) VALUES ('s', 1, '{"id":"s","version":1,"channel":"sms","address":"hash","reason":"","since":"2017-03-01T05:00:00Z"}', 'sms', 'hash', '2017-03-01T05:00:00.000000Z');
INSERT INTO outreach_visit (id, version, state, place, team, official, held_by, status, day) VALUES ('v', 1, '{"id":"v","version":1,"kind":"","place":"suoi-cat","team":"","official":"o","planned":"2017-03-01","at":"00:00","status":"planned","recorded":"2017-03-01T05:00:00Z"}', 'suoi-cat', NULL, 'o', NULL, 'planned', '2017-03-01');
