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
