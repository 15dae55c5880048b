-- Answers that wait to be told in a hamlet, however many issues it had before.
CREATE INDEX outreach_issue_to_tell ON outreach_issue (place) WHERE status = 'feedback_due';
