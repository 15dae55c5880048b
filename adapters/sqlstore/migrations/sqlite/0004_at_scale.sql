-- What waits for somebody who is named is found by that person.
UPDATE outreach_notice SET person = state->>'$.to.person' WHERE status = 'pending' AND person IS NULL AND state->>'$.to.person' <> '';
