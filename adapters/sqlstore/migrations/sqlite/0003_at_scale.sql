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
