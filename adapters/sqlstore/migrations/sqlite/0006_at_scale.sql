-- Whether something is on its way to somebody is asked for hundreds at once.
DROP INDEX outreach_notice_away;
CREATE INDEX outreach_notice_away ON outreach_notice (away, person) WHERE away IS NOT NULL;
