package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

var (
	notices = newTable("notice", "outreach_notice",
		func(n *notify.Notice) string { return string(n.ID) }, func(n *notify.Notice) *int64 { return &n.Version },
		fixed(text("key", func(n *notify.Notice) string { return n.Key })),
		fixed(text("template", func(n *notify.Notice) string { return n.Template })),
		fixed(text("subject_type", func(n *notify.Notice) string { return n.Subject.Type })),
		fixed(text("subject_id", func(n *notify.Notice) string { return n.Subject.ID })),
		fixed(text("duty", func(n *notify.Notice) string { return n.Duty })),
		fixed(text("moot", func(n *notify.Notice) string { return n.Moot })),
		fixed(text("channel", func(n *notify.Notice) notify.Channel { return n.Channel })),
		text("status", func(n *notify.Notice) notify.State { return n.State }),
		number("lane", lane),
		instant("next_at", func(n *notify.Notice) time.Time { return n.NextAt }),
		instant("lease_until", func(n *notify.Notice) time.Time { return n.LeaseUntil }),
		text("person", func(n *notify.Notice) org.PersonID { return n.For() }),
		text("merged_into", func(n *notify.Notice) notify.ID { return n.MergedInto }),
		text("provider", func(n *notify.Notice) string { return n.Provider }),
		text("provider_id", func(n *notify.Notice) string { return n.ProviderID }),
		fixed(instant("created", func(n *notify.Notice) time.Time { return n.Created })),
		fixed(text("share", func(n *notify.Notice) string { return shareOf(notify.Share{Channel: n.Channel, Owner: n.Owner}) })),
		moment("done", func(n *notify.Notice) time.Time { return n.Done }),
		moment("expires", func(n *notify.Notice) time.Time { return n.Expires }),
		number("took", func(n *notify.Notice) int64 { return n.Took().Microseconds() }))

	attempts = newTable("attempt", "outreach_attempt",
		func(a *notify.Attempt) string { return a.ID }, func(a *notify.Attempt) *int64 { return &a.Version },
		fixed(text("notice", func(a *notify.Attempt) notify.ID { return a.Notice })),
		fixed(number("number", func(a *notify.Attempt) int64 { return int64(a.Number) })),
		fixed(text("provider", func(a *notify.Attempt) string { return a.Provider })),
		fixed(moment("started", func(a *notify.Attempt) time.Time { return a.Started })),
		text("outcome", func(a *notify.Attempt) notify.Result { return a.Outcome }),
		fixed(number("segments", func(a *notify.Attempt) int64 { return int64(a.Segments) })),
		fixed(text("body", func(a *notify.Attempt) string { return a.Body })))

	providers = newTable("provider", "outreach_provider",
		func(p *notify.Provider) string { return p.Name }, func(p *notify.Provider) *int64 { return &p.Version })

	suppressions = newTable("suppression", "outreach_suppression",
		func(s *notify.Suppression) string { return s.ID }, func(s *notify.Suppression) *int64 { return &s.Version },
		text("channel", func(s *notify.Suppression) notify.Channel { return s.Channel }),
		text("address", func(s *notify.Suppression) string { return s.Address }),
		instant("since", func(s *notify.Suppression) time.Time { return s.Since }))
)

// The lanes in which due notices go.
const (
	urgent   = 0
	ordinary = 1
)

func lane(n *notify.Notice) int64 {
	if n.Priority == notify.Critical {
		return urgent
	}
	return ordinary
}

// AddNotice implements [notify.Outbox]; ErrExists when only the id is taken.
func (t *tx) AddNotice(ctx context.Context, n *notify.Notice) (bool, error) {
	added := *n
	added.Version = 0
	written, err := notices.insert(ctx, t, &added)
	if err != nil {
		return false, err
	}
	if !written {
		same, err := t.Notices(ctx, notify.Query{Keys: []string{n.Key}})
		if err == nil && len(same) == 0 {
			err = fault.Exists("notice", string(n.ID))
		}
		return false, err
	}
	n.Version = added.Version
	return true, nil
}

// AddNotices implements [store.Gathered]: where a statement is a round trip, with one
// for all, which waits for others where the transaction is the store's own.
func (t *tx) AddNotices(ctx context.Context, ns []notify.Notice, told func(notify.Notice, bool)) error {
	if err := t.writable(); err != nil {
		return err
	}
	if !t.dialect.setBased {
		for _, n := range ns {
			added, err := t.AddNotice(ctx, &n)
			if err != nil {
				return err
			}
			told(n, added)
		}
		return nil
	}
	for _, n := range ns {
		n.Version = 0
		row, err := notices.row(&n)
		if err != nil {
			return err
		}
		n.Version = 1
		l := t.queue(notices.name, t.noticeParts)
		l.insertions.add(string(n.ID), row)
		l.notices, l.told = append(l.notices, n), append(l.told, told)
		if len(l.notices) >= laterMost {
			if err := t.write(ctx, notices.name); err != nil {
				return err
			}
		}
	}
	if t.defers() {
		return nil
	}
	return t.write(ctx, notices.name)
}

// noticeParts add the notices that waited. One alone needs no arrays, which
// PostgreSQL would plan anew each time.
func (t *tx) noticeParts(l *later) []part {
	statement, strictly := notices.insertion, notices.addition
	args := func() []any { return l.insertions.rows[0] }
	if len(l.notices) > 1 {
		statement, strictly, args = notices.additions, notices.strictAdditions, l.insertions.columns
	}
	return []part{{
		kind: notices.kind, table: notices.name, statement: statement, args: args, returning: "id",
		written: func(ctx context.Context, ids string) error {
			added := addedOf(strings.Split(ids, between))
			if err := t.alike(ctx, l.notices, added); err != nil {
				return err
			}
			l.tell(added)
			return nil
		},
		strict: func() strict {
			return strict{
				statement: strictly + " ON CONFLICT (key) DO NOTHING RETURNING id", args: args(), // that an id is taken is an error
				told:    func(ids []string) { l.tell(addedOf(ids)) },
				refusal: func() error { return fault.Exists(notices.kind, strings.Join(l.insertions.ids, ", ")) },
			}
		},
	}}
}

func addedOf(ids []string) map[notify.ID]bool {
	added := make(map[notify.ID]bool)
	for _, id := range ids {
		added[notify.ID(id)] = true
	}
	return added
}

// tell says of each notice that waited whether it was added.
func (l *later) tell(added map[notify.ID]bool) {
	for i, n := range l.notices {
		if !added[n.ID] {
			n.Version = 0
		}
		l.told[i](n, added[n.ID])
		delete(added, n.ID) // an id that comes twice was added once
	}
}

// alike makes sure that of each notice which was not added there is one with its
// key, and not only one with its id.
func (t *tx) alike(ctx context.Context, ns []notify.Notice, added map[notify.ID]bool) error {
	var keys []string
	for _, n := range ns {
		if !added[n.ID] {
			keys = append(keys, n.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	there, err := t.Notices(ctx, notify.Query{Keys: keys})
	for _, n := range ns {
		if err == nil && !added[n.ID] && !slices.ContainsFunc(there, func(o notify.Notice) bool { return o.Key == n.Key }) {
			err = fault.Exists("notice", string(n.ID))
		}
	}
	return err
}

// Notice implements [notify.Outbox].
func (t *tx) Notice(ctx context.Context, id notify.ID) (notify.Notice, error) {
	return notices.get(ctx, t, string(id))
}

// Notices implements [notify.Outbox].
func (t *tx) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	if err := t.byIndex(ctx, len(q.Persons)+len(q.Keys)+len(q.Duties)); err != nil {
		return nil, err
	}
	if away(q.States) {
		if err := t.inOrder(ctx); err != nil {
			return nil, err
		}
	}
	statement, args := t.noticesAsked("state", q)
	return notices.read(ctx, t, statement, args...)
}

// noticesAsked asks for a column of the notices that q selects. What is on its way to
// many persons is looked for person by person: of a long list PostgreSQL expects that
// it is cheaper to read everything that is on its way.
func (t *tx) noticesAsked(column string, q notify.Query) (statement string, args []any) {
	const order = "created, id"
	persons, each := q.Persons, len(q.Persons) > 0 && away(q.States) && t.dialect.setBased
	if each {
		q.Persons = nil
	}
	where := t.noticesOf(q)
	if each {
		where.add("person = p.person AND done IS NULL")
		return t.oneByOne(where, "p (person)", texts(persons), column, "outreach_notice", order, q.Limit), where.args
	}
	where.open(q)
	return "SELECT " + column + " FROM outreach_notice " + where.ordered(order, q.Limit), where.args
}

// NoticeIDs implements [notify.Outbox].
func (t *tx) NoticeIDs(ctx context.Context, q notify.Query) ([]notify.ID, error) {
	var ids []notify.ID
	statement, args := t.noticesAsked("id", q)
	err := t.query(ctx, func(rows *sql.Rows) error {
		var id notify.ID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, statement, args...)
	return ids, err
}

func (t *tx) noticesOf(q notify.Query) *selection {
	where := t.where()
	oneOf(where, "status", q.States)
	where.about(q.Subject)
	where.moot(q.Moot)
	where.is("duty", q.Duty)
	among(where, "duty", q.Duties)
	where.is("person", string(q.Person))
	among(where, "person", q.Persons)
	if (q.Person != "" || len(q.Persons) > 0) && stillOpen(q.States) {
		where.add("done IS NULL") // so the index of persons leaves their history out
	}
	among(where, "key", q.Keys)
	where.is("template", q.Template)
	if q.Channel != "" {
		oneOf(where, "channel", []notify.Channel{q.Channel})
	}
	where.is("provider", q.Provider)
	where.is("provider_id", q.ProviderID)
	where.is("merged_into", string(q.Into))
	where.since("created", q.Since)
	where.since("done", q.AcceptedSince)
	where.lookedAtBefore(q.States, q.Before)
	if !q.ExpiresBefore.IsZero() {
		where.add("expires < %s", where.param(q.ExpiresBefore))
	}
	return where
}

// What a notice is moot with is not in the index of that where it is the notice's own
// duty, by which it is found as well (see migration 0006).
const (
	mootWithItsDuty = "duty/" // and the id of the duty, as alert.DutyKey has it
	mootOtherwise   = "moot IS DISTINCT FROM '" + mootWithItsDuty + "' || duty"
)

// moot asks for what is moot with the wish.
func (s *selection) moot(wish string) {
	if wish == "" {
		return
	}
	with := "moot = " + s.param(wish)
	if duty, of := strings.CutPrefix(wish, mootWithItsDuty); of {
		s.add("(duty = %s AND %s OR %s AND %s)", s.param(duty), with, with, mootOtherwise)
		return
	}
	s.add("%s AND %s", with, mootOtherwise)
}

// stillOpen reports whether no notice in any of the states has a Done.
func stillOpen(states []notify.State) bool {
	return len(states) > 0 && !slices.ContainsFunc(states, func(s notify.State) bool { return s == notify.Accepted || s.Terminal() })
}

// only reports whether a query asks for some of the states among and for no other.
func only(states []notify.State, among ...notify.State) bool {
	return len(states) > 0 && !slices.ContainsFunc(states, func(s notify.State) bool { return !slices.Contains(among, s) })
}

// away reports whether a query asks for nothing but what a queue or a worker has.
func away(states []notify.State) bool {
	return only(states, notify.Queued, notify.Sending, notify.Unknown)
}

// open says of the states of a query what the columns say that have an index: a
// notice's status has none, because PostgreSQL would write to all indexes of the
// table whenever it changes (see migration 0004).
func (s *selection) open(q notify.Query) {
	switch {
	case q.Channel == notify.PaperTask && len(q.States) > 0:
		oneOf(s, "paper", q.States)
	case q.Channel == notify.PaperTask:
		s.add("paper IS NOT NULL")
	case only(q.States, notify.Pending):
		s.add("due_at IS NOT NULL")
	case away(q.States):
		s.add("away IS NOT NULL")
	case only(q.States, notify.Accepted):
		s.is("ask_of", q.Provider)
	}
}

// lookedAtBefore asks for notices that are to be looked at again before the
// wish: those being sent when their lease ends, others at next_at.
func (s *selection) lookedAtBefore(states []notify.State, wish time.Time) {
	if wish.IsZero() {
		return
	}
	before := s.param(wish)
	switch sending := slices.Contains(states, notify.Sending); {
	case slices.Equal(states, []notify.State{notify.Pending}):
		s.add("due_at < %s", before)
	case slices.Equal(states, []notify.State{notify.Accepted}):
		s.add("ask_at < %s", before)
	case sending && len(states) == 1:
		s.add("lease_until < %s", before)
	case !sending && len(states) > 0:
		s.add("next_at < %s", before)
	default:
		s.add("CASE WHEN status = 'sending' THEN lease_until ELSE next_at END < %s", before)
	}
}

// NoticesByID implements [notify.Outbox]; ordered by id.
func (t *tx) NoticesByID(ctx context.Context, ids []notify.ID) ([]notify.Notice, error) {
	if len(ids) == 0 {
		return nil, t.usable()
	}
	if err := t.byIndex(ctx, len(ids)); err != nil {
		return nil, err
	}
	where := t.where()
	among(where, "id", ids)
	if t.reading {
		return notices.list(ctx, t, where.ordered("id", 0), where.args...)
	}
	found, err := notices.list(ctx, t, where.ordered("id", 0)+t.dialect.lock, where.args...)
	return notices.locked(t, found, err)
}

// DueNotices implements [notify.Outbox]. The ordinary lane is read only as far as
// the urgent one left room.
func (t *tx) DueNotices(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	due, err := t.due(ctx, urgent, now, limit)
	if err != nil || limit > 0 && len(due) == limit {
		return due, err
	}
	if limit > 0 {
		limit -= len(due)
	}
	rest, err := t.due(ctx, ordinary, now, limit)
	return append(due, rest...), err
}

// DueCritical implements [store.Pressing].
func (t *tx) DueCritical(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	return t.due(ctx, urgent, now, limit)
}

func (t *tx) due(ctx context.Context, lane int, now time.Time, limit int) ([]notify.Notice, error) {
	where := t.where()
	where.add("lane = %d AND due_at <= %s", lane, where.param(now))
	found, err := notices.list(ctx, t, where.ordered("due_at, id", limit)+t.claim(), where.args...)
	return notices.locked(t, found, err)
}

// shareOf is a share in one column: in the order of its parts, because no channel
// has a control character in its name.
func shareOf(s notify.Share) string { return string(s.Channel) + shareSeparator + s.Owner }

const shareSeparator = "\x1f"

// shareIn is the share that shareOf made a column of.
func shareIn(column string) notify.Share {
	channel, owner, _ := strings.Cut(column, shareSeparator)
	return notify.Share{Channel: notify.Channel(channel), Owner: owner}
}

// NextShares implements [notify.Outbox]. It steps through the index from one share to
// the next, so what it costs is the number of shares it looks at, not of notices.
func (t *tx) NextShares(ctx context.Context, now time.Time, after map[notify.Channel]string, limit int) ([]notify.Share, error) {
	channels, err := t.pendingChannels(ctx)
	if err != nil {
		return nil, err
	}
	var all []notify.Share
	for _, channel := range channels {
		first, last := shareOf(notify.Share{Channel: channel}), string(channel)+channelEnd
		from := first // all of them
		if owner, begun := after[channel]; begun {
			from = shareOf(notify.Share{Channel: channel, Owner: owner}) + beyond
		}
		shares, err := t.dueShares(ctx, now, from, last, limit)
		if err == nil && from != first && (limit <= 0 || len(shares) < limit) {
			var rest []notify.Share
			rest, err = t.dueShares(ctx, now, first, from, max(0, limit-len(shares)))
			shares = append(shares, rest...)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, shares...)
	}
	return all, nil
}

// What follows the shares of a channel, and what follows one share: no owner begins
// with a control character.
const (
	channelEnd = "\x20"
	beyond     = "\x01"
)

// pendingChannels are the channels on which something is pending, due or not.
func (t *tx) pendingChannels(ctx context.Context) (channels []notify.Channel, err error) {
	err = t.query(ctx, func(rows *sql.Rows) error {
		var share string
		err := rows.Scan(&share)
		channels = append(channels, shareIn(share).Channel)
		return err
	}, `WITH RECURSIVE s (share) AS (
			SELECT min(share) FROM outreach_notice WHERE due_at IS NOT NULL AND share IS NOT NULL
			UNION ALL
			SELECT (SELECT min(n.share) FROM outreach_notice n WHERE n.due_at IS NOT NULL
				AND n.share > substr(s.share, 1, `+t.dialect.find+`(s.share, $1) - 1) || $2) FROM s WHERE s.share IS NOT NULL)
		SELECT share FROM s WHERE share IS NOT NULL`, shareSeparator, channelEnd)
	return channels, err
}

// dueShares are the first shares from one to before another that have something due.
// The order is that of the steps: sorting would have to wait for all of them.
func (t *tx) dueShares(ctx context.Context, now time.Time, from, before string, limit int) (shares []notify.Share, err error) {
	statement := `WITH RECURSIVE s (share) AS (
			SELECT min(share) FROM outreach_notice WHERE due_at IS NOT NULL AND share >= $1 AND share < $2
			UNION ALL
			SELECT (SELECT min(n.share) FROM outreach_notice n WHERE n.due_at IS NOT NULL AND n.share > s.share AND n.share < $2) FROM s WHERE s.share IS NOT NULL)
		SELECT share FROM s WHERE share IS NOT NULL AND (SELECT n.share FROM outreach_notice n WHERE n.share = s.share AND n.due_at <= $3 LIMIT 1) IS NOT NULL`
	if t.dialect.setBased { // a step tells also what is due first of the share it comes to
		statement = `WITH RECURSIVE s (share, due_at) AS (
			(SELECT share, due_at FROM outreach_notice WHERE due_at IS NOT NULL AND share >= $1 AND share < $2 ORDER BY share, due_at LIMIT 1)
			UNION ALL
			SELECT n.share, n.due_at FROM s CROSS JOIN LATERAL (
				SELECT share, due_at FROM outreach_notice WHERE due_at IS NOT NULL AND share > s.share AND share < $2 ORDER BY share, due_at LIMIT 1) n)
		SELECT share FROM s WHERE due_at <= $3`
	}
	args := []any{from, before, now}
	if limit > 0 {
		statement, args = statement+" LIMIT $4", append(args, limit)
	}
	err = t.query(ctx, func(rows *sql.Rows) error {
		var share string
		err := rows.Scan(&share)
		shares = append(shares, shareIn(share))
		return err
	}, statement, args...)
	return shares, err
}

// DueOf implements [notify.Outbox].
func (t *tx) DueOf(ctx context.Context, share notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	where := t.where()
	where.add("share = %s AND due_at <= %s", where.param(shareOf(share)), where.param(now))
	found, err := notices.list(ctx, t, where.ordered("due_at, id", limit)+t.claim(), where.args...)
	return notices.locked(t, found, err)
}

// DueOfEach implements [notify.Outbox]. It goes to the index of shares once for
// each, within one statement.
func (t *tx) DueOfEach(ctx context.Context, shares []notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	if len(shares) == 0 {
		return nil, t.usable()
	}
	keys := make([]string, len(shares))
	for i, share := range shares {
		keys[i] = shareOf(share)
	}
	due := t.dueOfMany
	if t.dialect.setBased {
		due = t.dueOfManyByLateral
	}
	found, err := due(ctx, keys, now, limit)
	return notices.locked(t, found, err)
}

func (t *tx) dueOfManyByLateral(ctx context.Context, shares []string, now time.Time, limit int) ([]notify.Notice, error) {
	var most any // NULL is no limit
	if limit > 0 {
		most = limit
	}
	return notices.read(ctx, t, `SELECT n.state FROM unnest($1::text[]) WITH ORDINALITY AS s (share, place) CROSS JOIN LATERAL (
			SELECT state, due_at, id FROM outreach_notice WHERE share = s.share AND due_at <= $2
			ORDER BY due_at, id LIMIT $3`+t.claim()+`) n ORDER BY s.place, n.due_at, n.id`, t.dialect.list(shares), now, most)
}

// dueOfMany has a row for each share, with the states one after the other.
func (t *tx) dueOfMany(ctx context.Context, shares []string, now time.Time, limit int) ([]notify.Notice, error) {
	most := -1 // is no limit
	if limit > 0 {
		most = limit
	}
	var states []string
	err := t.query(ctx, func(rows *sql.Rows) error {
		var some sql.NullString
		err := rows.Scan(&some)
		if some.Valid {
			states = append(states, strings.Split(some.String, between)...)
		}
		return err
	}, `SELECT (SELECT group_concat(state, char(30)) FROM (
			SELECT state FROM outreach_notice WHERE share = s.value AND due_at <= $2 ORDER BY due_at, id LIMIT $3)
		) FROM json_each($1) s ORDER BY s.key`, t.dialect.list(shares), now, most)
	if err != nil {
		return nil, err
	}
	return notices.values(t, states)
}

// Underway implements [notify.Outbox].
func (t *tx) Underway(ctx context.Context) ([]notify.Underway, error) {
	if err := t.inOrder(ctx); err != nil {
		return nil, err
	}
	var all []notify.Underway
	err := t.query(ctx, func(rows *sql.Rows) error {
		var u notify.Underway
		var next any
		if err := rows.Scan(&u.Channel, &u.Queued, &next); err != nil {
			return err
		}
		end, err := computed(next)
		u.Since = end.Add(-notify.QueuePatience)
		all = append(all, u)
		return err
	}, "SELECT away, count(*), min(next_at) FROM outreach_notice WHERE away IS NOT NULL AND status = 'queued' GROUP BY away ORDER BY away")
	return all, err
}

// computed reads an instant that is the result of a function: SQLite gives it as
// the text it stores, and does not say that it is one.
func computed(v any) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), nil
	case string:
		return time.Parse(fixedWidth, v)
	case []byte:
		return time.Parse(fixedWidth, string(v))
	}
	return time.Time{}, fmt.Errorf("sqlstore: an instant came back as %T", v)
}

// PutNotices implements [notify.Outbox].
func (t *tx) PutNotices(ctx context.Context, ns []*notify.Notice) error {
	return notices.replaceAll(ctx, t, ns)
}

// NextNotice implements [notify.Outbox].
func (t *tx) NextNotice(ctx context.Context) (next time.Time, err error) {
	for _, lane := range []int{urgent, ordinary} {
		err := t.query(ctx, func(rows *sql.Rows) error {
			var due any
			if err := rows.Scan(&due); err != nil {
				return err
			}
			at, err := computed(due)
			if next.IsZero() || at.Before(next) {
				next = at
			}
			return err
		}, fmt.Sprintf("SELECT due_at FROM outreach_notice WHERE lane = %d AND due_at IS NOT NULL ORDER BY due_at LIMIT 1", lane))
		if err != nil {
			return time.Time{}, err
		}
	}
	return next, nil
}

// CountNotices implements [notify.Outbox]; states without notices are left out.
func (t *tx) CountNotices(ctx context.Context) (map[notify.State]int, error) {
	counts := map[notify.State]int{}
	err := t.query(ctx, func(rows *sql.Rows) error {
		var state string
		var n int
		err := rows.Scan(&state, &n)
		counts[notify.State(state)] = n
		return err
	}, "SELECT coalesce(status, ''), count(*) FROM outreach_notice GROUP BY 1")
	return counts, err
}

// CountCreated implements [notify.Outbox].
func (t *tx) CountCreated(ctx context.Context, before time.Time) (int, error) {
	return t.sum(ctx, "SELECT count(*) FROM outreach_notice WHERE created < $1", before)
}

// sum returns the one whole number that a query yields.
func (t *tx) sum(ctx context.Context, query string, args ...any) (n int, err error) {
	err = t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&n) }, query, args...)
	return n, err
}

// AddAttempts implements [notify.Outbox]; all or, with ErrExists, none.
func (t *tx) AddAttempts(ctx context.Context, as []*notify.Attempt) error {
	return attempts.insertAll(ctx, t, as)
}

// PutAttempts implements [notify.Outbox]; all or, with ErrStale, none.
func (t *tx) PutAttempts(ctx context.Context, as []*notify.Attempt) error {
	return attempts.replaceAll(ctx, t, as)
}

// Attempts implements [notify.Outbox]; ordered by Number, then id.
func (t *tx) Attempts(ctx context.Context, notice notify.ID) ([]notify.Attempt, error) {
	return attempts.list(ctx, t, "WHERE notice = $1 ORDER BY number, id", string(notice))
}

// AttemptLog implements [notify.Outbox].
func (t *tx) AttemptLog(ctx context.Context, q notify.AttemptQuery) ([]notify.Attempt, error) {
	where := t.where()
	where.is("provider", q.Provider)
	where.since("started", q.Since)
	if len(q.Bodies) > 0 && t.dialect.setBased {
		return t.attemptsOf(ctx, where, q)
	}
	among(where, "body", q.Bodies)
	return attempts.list(ctx, t, where.ordered("started DESC, id DESC", q.Limit), where.args...)
}

// attemptsOf looks for each of the texts by the index, also where PostgreSQL has no
// statistics of attempts yet and would read them all.
func (t *tx) attemptsOf(ctx context.Context, where *selection, q notify.AttemptQuery) ([]notify.Attempt, error) {
	if err := t.byIndex(ctx, len(q.Bodies)); err != nil {
		return nil, err
	}
	where.add("body = b.body")
	return attempts.read(ctx, t, t.oneByOne(where, "b (body)", q.Bodies, "state", "outreach_attempt", "started DESC, id DESC", q.Limit), where.args...)
}

// SegmentsSpent implements [notify.Outbox].
func (t *tx) SegmentsSpent(ctx context.Context, since time.Time) (int, error) {
	return t.sum(ctx, `SELECT coalesce(sum(segments), 0) FROM outreach_attempt
		WHERE started >= $1 AND segments > 0 AND (outcome IS NULL OR outcome IN ('accepted', 'unknown'))`, since)
}

// Pace implements [notify.Outbox]. What the index of attempts finds is looked up
// notice by notice.
func (t *tx) Pace(ctx context.Context, q notify.PaceQuery) (notify.Pace, error) {
	var p notify.Pace
	err := t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&p.Taken, &p.Arrived, &p.Slow) },
		`SELECT count(*), count(CASE WHEN n.took > 0 THEN 1 END), count(CASE WHEN n.took > $3 OR n.status = 'accepted' AND n.done < $4 THEN 1 END)
		FROM outreach_attempt a JOIN outreach_notice n ON n.id = a.notice
		WHERE a.provider = $1 AND a.started >= $2 AND a.outcome = 'accepted' AND n.status IN ('accepted', 'delivered', 'undelivered')`,
		q.Provider, q.Since, q.Patience.Microseconds(), q.Now.Add(-q.Patience))
	return p, err
}

// Providers implements [notify.Outbox].
func (t *tx) Providers(ctx context.Context) ([]notify.Provider, error) {
	return providers.list(ctx, t, "ORDER BY id")
}

// PutProvider implements [notify.Outbox].
func (t *tx) PutProvider(ctx context.Context, p *notify.Provider) error {
	return providers.put(ctx, t, p)
}

// AddSuppression implements [notify.Outbox]; ErrExists when the id is taken.
func (t *tx) AddSuppression(ctx context.Context, s *notify.Suppression) error {
	return suppressions.insertAll(ctx, t, []*notify.Suppression{s})
}

// Suppressions implements [notify.Outbox]; ordered by Since, then id.
func (t *tx) Suppressions(ctx context.Context, channel notify.Channel, addresses ...string) ([]notify.Suppression, error) {
	where := t.where()
	where.add("channel = %s", where.param(string(channel)))
	among(where, "address", addresses)
	return suppressions.list(ctx, t, where.ordered("since, id", 0), where.args...)
}

// Lease implements [notify.Outbox]. A transaction that waits with its turn to write
// takes the lease then, and is overtaken when somebody else was quicker.
func (t *tx) Lease(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	if !t.waits() || len(t.turn.owed) > 0 { // a second one has to see the first
		return t.takeLease(ctx, name, owner, now, until)
	}
	others, err := t.sum(ctx, "SELECT count(*) FROM outreach_lease WHERE name = $1 AND owner <> $2 AND until > $3", name, owner, now)
	if err != nil || others > 0 {
		return false, err
	}
	t.turn.owed = append(t.turn.owed, func(ctx context.Context) error {
		ok, err := t.takeLease(ctx, name, owner, now, until)
		if err == nil && !ok {
			t.overtaken, err = true, fault.Stale("lease", name)
		}
		return err
	})
	return true, nil
}

func (t *tx) takeLease(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	n, err := t.exec(ctx, `INSERT INTO outreach_lease AS l (name, owner, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET owner = $2, until = $3 WHERE l.owner = $2 OR l.until <= $4`,
		name, owner, until, now)
	return n == 1, err
}
