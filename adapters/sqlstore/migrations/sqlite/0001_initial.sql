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
