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
