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
