package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// fieldwork are the promises of the queries of duty, visit, opinion and issue.
func fieldwork() []promise {
	return []promise{
		{"duty/query", "Duties selects by ids, subject or subjects, kind, status, holder, place, due date and limit.", selectsDuties},
		{"duty/wake", "DutiesToWake returns open duties whose WakeAt has come, earliest first, as many as asked for.", wakesDuties},
		{"duty/next wake", "NextWake is the earliest WakeAt of all open duties, zero when there is none.", findsNextWake},
		{"duty/woken once", "Units of work that wake duties at the same time wake each of them once.", wakesEachOnce},
		{"visit/query", "Visits selects by place, team, official, status, period and limit.", selectsVisits},
		{"visit/order", "Visits come ordered by the day they happened, else by the day planned, then by id.", ordersVisits},
		{"visit/profiles", "Profiles lists those of the place in ascending edition.", listsProfiles},
		{"visit/latest profiles", "LatestProfiles lists the last edition that is no draft of each of the places.", listsLatestProfiles},
		{"visit/items", "Items selects those valid in a period, ordered by id.", selectsItems},
		{"opinion/query", "Opinions selects by place, visit, issue, speaker, who heard it, kind, status, topic, period, whether the speaker's name is kept, and limit.", selectsOpinions},
		{"opinion/by phone", "SpeakersByPhone finds everybody who has a number, ordered by id, until it is taken away.", findsSpeakers},
		{"opinion/order", "Opinions come ordered by Happened, then by id.", ordersOpinions},
		{"issue/query", "Issues selects by place, team, owner, lead unit, subject, status, day of registration, link and limit.", selectsIssues},
		{"issue/order", "Issues come ordered by Registered, then by id.", ordersIssues},
		{"issue/code", "IssueByCode finds an issue by its code; two issues cannot have the same one.", findsIssueByCode},
		{"issue/routes", "Routes lists all routes, ordered by id.", listsRoutes},
		{"issue/numbers", "NextIssueNumber counts each series 1, 2, 3 without holes or doubles, also when units of work count at the same time or fail.", countsIssues},
	}
}

var dutiesAsked = question[duty.Query, duty.State]{name: "Duties", of: duties, inSets: true,
	find: func(ctx context.Context, tx store.Tx, q duty.Query) ([]duty.State, error) { return tx.Duties(ctx, q) }}

func selectsDuties(k kit) {
	type (
		q = duty.Query
		v = duty.State
	)
	a := dutiesAsked
	filters := []filter[q, v]{
		{"subject", func(q *q) { q.Subject = thisIssue }, func(s *v) { s.Subject.ID = "b" }},
		{"kind", func(q *q) { q.Kinds = []duty.Kind{duty.Triage, duty.Unit} }, func(s *v) { s.Kind = duty.Promise }},
		{"status", func(q *q) { q.Statuses = []duty.Status{duty.Running, duty.Paused} }, func(s *v) { s.Status = duty.Met }},
		{"person", func(q *q) { q.Person = "person" }, func(s *v) { s.Holder.Person = "other" }},
		{"unit", func(q *q) { q.Unit = "unit" }, func(s *v) { s.Holder.Unit = "other" }},
		{"place", func(q *q) { q.Place = "place" }, func(s *v) { s.Place = "other" }},
		{"due date", func(q *q) { q.Due = march }, func(s *v) { s.Due = march.To.Add(1) }},
	}
	others := []duty.ID{"model", "nowhere"}
	for _, f := range filters {
		others = append(others, duty.ID("not "+f.name))
	}
	filters = append(filters, filter[q, v]{"ids", func(q *q) { q.IDs = others }, plain[v]})
	a.filters(k, func(s *v) {
		s.Subject, s.Kind, s.Status, s.Place, s.Due = thisIssue, duty.Unit, duty.Running, "place", march.From
		s.Holder = org.Party{Person: "person", Unit: "unit", Place: "elsewhere"}
	}, filters)
	a.expect(k, "subject of another type", q{Subject: event.Subject{Type: "visit", ID: thisIssue.ID}})
	about := func(id, of string, kind duty.Kind) v {
		return a.model(id, func(s *v) { s.Subject, s.Kind = event.Subject{Type: of, ID: "many"}, kind })
	}
	a.insert(k, about("of a visit", "visit", duty.Visit), about("of a report", "report", duty.RoundReport), about("of a round", "round", duty.Visit))
	many := []event.Subject{thisIssue, {Type: "visit", ID: "many"}, {Type: "report", ID: "many"}, {Type: "visit", ID: "nowhere"}}
	for n := range 200 {
		many = append(many, event.Subject{Type: "visit", ID: strconv.Itoa(n)})
	}
	a.expect(k, "any of a few subjects", q{Subjects: many[1:3]}, "of a visit", "of a report")
	a.expect(k, "any of many subjects, one of them", q{Subjects: many[1:], Subject: many[1]}, "of a visit")
	a.expect(k, "any of many subjects, by kind", q{Subjects: many[1:], Kinds: []duty.Kind{duty.Visit}}, "of a visit")
	a.within(k, func(s *v) { s.Place = "due" }, func(s *v, on calendar.Date) { s.Due = on },
		func(p calendar.Period) q { return q{Place: "due", Due: p} })
	k.view(func(ctx context.Context, tx store.Tx) error {
		if some, err := tx.Duties(ctx, q{Place: "due", Limit: 2}); err != nil || len(some) != 2 {
			k.Errorf("Duties, limit 2: %d duties (error %v)", len(some), err)
		}
		return nil
	})
}

// asleep returns duties that wake from morning on, at steps of a microsecond,
// some of which do not wake. Those that do have ids in the order they wake.
func asleep() []duty.State {
	at := func(id duty.ID, status duty.Status, after int) duty.State {
		return duty.State{ID: id, Status: status, WakeAt: morning.Add(time.Duration(after) * time.Microsecond)}
	}
	return []duty.State{
		at("1", duty.Running, -3_600_000_001), at("2", duty.Paused, -1), at("3", duty.Running, 0), at("4", duty.Running, 1), at("5", duty.Paused, 9),
		at("met", duty.Met, -9), at("cancelled", duty.Cancelled, -9), at("superseded", duty.Superseded, -9), at("met late", duty.MetLate, -9),
		{ID: "running, never wakes", Status: duty.Running},
	}
}

func wakesDuties(k kit) {
	type q struct {
		now   time.Time
		limit int
	}
	a := question[q, duty.State]{name: "DutiesToWake", of: duties,
		find: func(ctx context.Context, tx store.Tx, q q) ([]duty.State, error) {
			return tx.DutiesToWake(ctx, q.now, q.limit)
		}}
	a.insert(k, asleep()...)
	// What can be locked is asked for where it can be locked.
	expect := func(what string, q q, want ...string) {
		k.Helper()
		k.update(func(ctx context.Context, tx store.Tx) error {
			woken, err := a.find(ctx, tx, q)
			if diff := differ(want, a.ids(woken)); diff != "" {
				k.Errorf("%s (-want +got):\n%s", what, diff)
			}
			return err
		})
	}
	expect("an hour before", q{morning.Add(-2 * time.Hour), 10})
	expect("in the morning", q{morning, 10}, "1", "2", "3")
	expect("in another zone", q{morning.In(calendar.Zone()), 10}, "1", "2", "3")
	expect("later", q{morning.Add(time.Hour), 10}, "1", "2", "3", "4", "5")
	expect("two of them", q{morning, 2}, "1", "2")
}

func findsNextWake(k kit) {
	expect := func(want time.Time) {
		k.Helper()
		k.view(func(ctx context.Context, tx store.Tx) error {
			if next, err := tx.NextWake(ctx); err != nil || !next.Equal(want) || next.IsZero() != want.IsZero() {
				k.Errorf("NextWake is %v (error %v), want %v", next, err, want)
			}
			return nil
		})
	}
	expect(time.Time{})
	all := asleep()
	dutiesAsked.insert(k, all[5:]...)
	expect(time.Time{})
	dutiesAsked.insert(k, all[3:5]...)
	expect(all[3].WakeAt)
	dutiesAsked.insert(k, all[1])
	expect(all[1].WakeAt)
}

func wakesEachOnce(k kit) {
	const n = 24
	var sleeping []duty.State
	for i := range n {
		sleeping = append(sleeping, duty.State{ID: duty.ID(fmt.Sprintf("%02d", i)), Status: duty.Running, WakeAt: morning.Add(-time.Duration(i))})
	}
	dutiesAsked.insert(k, sleeping...)
	var woken tally
	k.together(3, func(int) error {
		for {
			var mine []string
			if err := k.retry(func(ctx context.Context, tx store.Tx) error {
				mine = nil
				duties, err := tx.DutiesToWake(ctx, morning, 4)
				if err != nil {
					return err
				}
				time.Sleep(time.Millisecond) // the others look as well
				for _, d := range duties {
					mine = append(mine, string(d.ID))
					d.WakeAt = time.Time{}
					if err := tx.PutDuty(ctx, &d); err != nil {
						return err
					}
				}
				return nil
			}); err != nil || len(mine) == 0 {
				return err
			}
			woken.count(mine)
		}
	})
	woken.expectOnce(k, n)
}

// tally counts what was done to whom by several goroutines.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func (t *tally) count(ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == nil {
		t.times = map[string]int{}
	}
	for _, id := range ids {
		t.times[id]++
	}
}

// expectOnce complains unless n were counted once each.
func (t *tally) expectOnce(k kit, n int) {
	k.Helper()
	for id, times := range t.times {
		if times != 1 {
			k.Errorf("%q was given out %d times", id, times)
		}
	}
	if len(t.times) != n {
		k.Errorf("%d were given out, want %d", len(t.times), n)
	}
}

var visitsAsked = question[visit.Query, visit.State]{name: "Visits", of: visits,
	find: func(ctx context.Context, tx store.Tx, q visit.Query) ([]visit.State, error) { return tx.Visits(ctx, q) }}

func selectsVisits(k kit) {
	type (
		q = visit.Query
		v = visit.State
	)
	a := visitsAsked
	a.filters(k, func(s *v) {
		s.Place, s.Team, s.Official, s.Status, s.Planned = "place", "team", "official", visit.Held, march.From
	}, []filter[q, v]{
		{"place", func(q *q) { q.Place = "place" }, func(s *v) { s.Place = "other" }},
		{"team", func(q *q) { q.Team = "team" }, func(s *v) { s.Team = "other" }},
		{"official", func(q *q) { q.Official = "official" }, func(s *v) { s.Official, s.HeldBy = "", "other" }},
		{"status", func(q *q) { q.Statuses = []visit.Status{visit.Planned, visit.Held} }, func(s *v) { s.Status = visit.Missed }},
		{"period", func(q *q) { q.During = march }, func(s *v) { s.Happened = march.To.Add(1) }},
	})
	a.insert(k, a.model("stands in", func(s *v) { s.Official, s.HeldBy = "other", "substitute" }))
	a.expect(k, "official who held it", q{Official: "substitute"}, "stands in")
	a.within(k, func(s *v) { s.Place = "planned" }, func(s *v, on calendar.Date) { s.Planned = on },
		func(p calendar.Period) q { return q{Place: "planned", During: p} })
	a.insert(k,
		a.model("moved in", func(s *v) { s.Place, s.Planned, s.Happened = "happened", march.From.Add(-9), march.From }),
		a.model("moved out", func(s *v) { s.Place, s.Planned, s.Happened = "happened", march.From, march.From.Add(-9) }))
	a.expect(k, "what happened in the month", q{Place: "happened", During: march}, "moved in")
	a.inOrder(k, "limit 2", q{Place: "planned", Limit: 2}, "no date", "before")
	many := []org.PlaceID{"happened", "nowhere"}
	a.inOrder(k, "any of a few places", q{Places: many}, "moved out", "moved in")
	for n := range 200 {
		many = append(many, org.PlaceID(strconv.Itoa(n)))
	}
	a.inOrder(k, "any of many places, in the month", q{Places: many, During: march}, "moved in")
}

func ordersVisits(k kit) {
	visitsAsked.byDate(k, plain, func(s *visit.State, on calendar.Date) {
		if s.Planned = on; s.ID == "B" || s.ID == "c" {
			s.Planned, s.Happened = march.From.Add(-9), on
		}
	})
}

func listsProfiles(k kit) {
	a := question[org.PlaceID, visit.Profile]{name: "Profiles", of: profiles,
		find: func(ctx context.Context, tx store.Tx, place org.PlaceID) ([]visit.Profile, error) {
			return tx.Profiles(ctx, place)
		}}
	edition := func(id string, place org.PlaceID, n int) visit.Profile {
		return a.model(id, func(p *visit.Profile) { p.Place, p.Edition = place, n })
	}
	a.insert(k, edition("c", "here", 1), edition("b", "here", 2), edition("a", "here", 10), edition("x", "there", 1))
	a.inOrder(k, "of one place", "here", "c", "b", "a")
	a.inOrder(k, "of a place without", "nowhere")
}

func listsLatestProfiles(k kit) {
	a := question[[]org.PlaceID, visit.Profile]{name: "LatestProfiles", of: profiles, inSets: true,
		find: func(ctx context.Context, tx store.Tx, places []org.PlaceID) ([]visit.Profile, error) {
			return tx.LatestProfiles(ctx, places)
		}}
	edition := func(id string, place org.PlaceID, n int, status visit.ProfileStatus) visit.Profile {
		return a.model(id, func(p *visit.Profile) { p.Place, p.Edition, p.Status = place, n, status })
	}
	a.insert(k,
		edition("c", "there", 1, visit.ProfileAccepted), edition("b", "there", 2, visit.ProfileStale), edition("a", "there", 10, visit.ProfileSubmitted),
		edition("d", "there", 11, visit.ProfileDraft), edition("x", "here", 1, visit.ProfileAccepted), edition("y", "beyond", 1, visit.ProfileAccepted),
		edition("z", "only drafts", 1, visit.ProfileDraft))
	many := []org.PlaceID{"there", "here", "nowhere", "here", "only drafts"}
	a.expect(k, "of a few places", many, "a", "x")
	for n := range 200 {
		many = append(many, org.PlaceID(strconv.Itoa(n)))
	}
	a.expect(k, "of many places", many, "a", "x")
	a.expect(k, "of no place", nil)
}

func selectsItems(k kit) {
	a := question[calendar.Period, visit.Item]{name: "Items", of: items,
		find: func(ctx context.Context, tx store.Tx, during calendar.Period) ([]visit.Item, error) {
			return tx.Items(ctx, during)
		}}
	a.overlapping(k, plain, func(i *visit.Item) *calendar.Period { return &i.Valid },
		func(p calendar.Period) calendar.Period { return p })
	var values []visit.Item
	long := calendar.Period{From: calendar.MustDate(2018, 1, 1)}
	for _, id := range disorder {
		values = append(values, a.model(id, func(i *visit.Item) { i.Valid = long }))
	}
	a.insert(k, values...)
	year := calendar.Period{From: long.From, To: long.From.Add(364)}
	var open []string
	for _, p := range around {
		if p.valid.Open() && p.valid.Valid() {
			open = append(open, p.name)
		}
	}
	want := append(open, disorder...)
	slices.Sort(want)
	a.inOrder(k, "order", year, want...)
}

var opinionsAsked = question[opinion.Query, opinion.State]{name: "Opinions", of: opinions,
	find: func(ctx context.Context, tx store.Tx, q opinion.Query) ([]opinion.State, error) {
		return tx.Opinions(ctx, q)
	}}

func selectsOpinions(k kit) {
	type (
		q = opinion.Query
		v = opinion.State
	)
	a := opinionsAsked
	a.filters(k, func(s *v) {
		s.Place, s.Visit, s.Issue, s.Speaker, s.Kind, s.Status = "place", "visit", "issue", "speaker", opinion.Petition, opinion.Linked
		s.Heard = "official"
		s.Topics, s.Happened = []string{"đường", "điện"}, march.From
	}, []filter[q, v]{
		{"place", func(q *q) { q.Place = "place" }, func(s *v) { s.Place = "other" }},
		{"visit", func(q *q) { q.Visit = "visit" }, func(s *v) { s.Visit = "" }},
		{"issue", func(q *q) { q.Issue = "issue" }, func(s *v) { s.Issue = "" }},
		{"speaker", func(q *q) { q.Speaker = "speaker" }, func(s *v) { s.Speaker = "other" }},
		{"kind", func(q *q) { q.Kinds = []opinion.Kind{opinion.Petition, opinion.Report} }, func(s *v) { s.Kind = opinion.Wish }},
		{"status", func(q *q) { q.Statuses = []opinion.Status{opinion.Recorded, opinion.Linked} }, func(s *v) { s.Status = opinion.Withdrawn }},
		{"who heard it", func(q *q) { q.Heard = "official" }, func(s *v) { s.Heard = "other" }},
		{"topic", func(q *q) { q.Topic = "điện" }, func(s *v) { s.Topics = []string{"đường", "điện nước", "Điện"} }},
		{"period", func(q *q) { q.During = march }, func(s *v) { s.Happened = march.To.Add(1) }},
	})
	namesOpinions(k)
	a.insert(k, a.model("odd", func(s *v) { s.Topics = []string{"100%", "a,b", `c"d`, "e_f", "x\ty"} }))
	for _, topic := range []string{"100%", "a,b", `c"d`, "e_f", "x\ty"} {
		a.expect(k, "topic "+topic, q{Topic: topic}, "odd")
	}
	for _, topic := range []string{"100", "a", "b", "%", "exf", "x", "d", "\n", "\x1f"} {
		a.expect(k, fmt.Sprintf("topic %q", topic), q{Topic: topic})
	}
	a.within(k, func(s *v) { s.Place = "happened" }, func(s *v, on calendar.Date) { s.Happened = on },
		func(p calendar.Period) q { return q{Place: "happened", During: p} })
	a.inOrder(k, "limit 2", q{Place: "happened", Limit: 2}, "no date", "before")
}

// namesOpinions asks for the opinions of speakers whose name is kept.
func namesOpinions(k kit) {
	a := opinionsAsked
	say := func(id string, by opinion.SpeakerID) opinion.State {
		return a.model(id, func(s *opinion.State) { s.Place, s.Speaker = "names", by })
	}
	ask := opinion.Query{Place: "names", Named: true}
	known, gone := opinion.Speaker{ID: "kept", Name: "Lan"}, opinion.Speaker{ID: "gone", Name: "Minh"}
	speakers.insert(k, &known)
	speakers.insert(k, &gone)
	a.insert(k, say("of a name", "kept"), say("of no name", ""), say("of a name that goes", "gone"), say("again", "gone"))
	a.expect(k, "names kept", ask, "of a name", "of a name that goes", "again")
	gone.Scrub(march.To)
	k.update(func(ctx context.Context, tx store.Tx) error { return tx.PutSpeaker(ctx, &gone) })
	a.expect(k, "names kept after one was scrubbed", ask, "of a name")
	k.update(func(ctx context.Context, tx store.Tx) error {
		o, err := tx.Opinion(ctx, "again")
		if err != nil {
			return err
		}
		o.Text = "changed later"
		return tx.PutOpinion(ctx, &o)
	})
	a.expect(k, "names kept after an opinion of a scrubbed one changed", ask, "of a name")
}

func findsSpeakers(k kit) {
	a := question[string, opinion.Speaker]{name: "SpeakersByPhone", of: speakers,
		find: func(ctx context.Context, tx store.Tx, phone string) ([]opinion.Speaker, error) {
			return tx.SpeakersByPhone(ctx, phone)
		}}
	speaker := func(id, phone string) opinion.Speaker {
		return a.model(id, func(s *opinion.Speaker) { s.Phone = phone })
	}
	const ours, theirs = "+84900000001", "+84900000002"
	a.insert(k, speaker("none", ""), speaker("theirs", theirs))
	var shared []opinion.Speaker
	for _, id := range disorder {
		shared = append(shared, speaker(id, ours))
	}
	a.insert(k, shared...)
	a.inOrder(k, "a number that several share", ours, disorder...)
	a.inOrder(k, "another number", theirs, "theirs")
	a.inOrder(k, "a number that nobody has", "+84900000003")
	a.inOrder(k, "no number", "")
	k.update(func(ctx context.Context, tx store.Tx) error {
		s, err := tx.Speaker(ctx, "theirs")
		if err != nil {
			return err
		}
		s.Scrub(march.To)
		return tx.PutSpeaker(ctx, &s)
	})
	a.inOrder(k, "a number that was taken away", theirs)
}

func ordersOpinions(k kit) {
	opinionsAsked.byDate(k, plain, func(s *opinion.State, on calendar.Date) { s.Happened = on })
}

var issuesAsked = question[issue.Query, issue.State]{name: "Issues", of: issues,
	find: func(ctx context.Context, tx store.Tx, q issue.Query) ([]issue.State, error) { return tx.Issues(ctx, q) }}

func selectsIssues(k kit) {
	type (
		q = issue.Query
		v = issue.State
	)
	a := issuesAsked
	a.filters(k, func(s *v) {
		s.Place, s.Team, s.Owner, s.Subject, s.Status, s.Registered, s.LinkedTo = "place", "team", "owner", "subject", issue.Referred, march.From, "other issue"
		s.Referrals = []issue.Referral{{Number: 1, Lead: "first", ReturnedOn: march.From}, {Number: 2, Lead: "lead"}}
	}, []filter[q, v]{
		{"place", func(q *q) { q.Place = "place" }, func(s *v) { s.Place = "other" }},
		{"team", func(q *q) { q.Team = "team" }, func(s *v) { s.Team = "other" }},
		{"owner", func(q *q) { q.Owner = "owner" }, func(s *v) { s.Owner = "other" }},
		{"lead unit", func(q *q) { q.Lead = "lead" }, func(s *v) { s.Referrals = append(s.Referrals[:2:2], issue.Referral{Number: 3, Lead: "third"}) }},
		{"subject", func(q *q) { q.Subject = "subject" }, func(s *v) { s.Subject = "other" }},
		{"status", func(q *q) { q.Statuses = []issue.Status{issue.Triaged, issue.Referred} }, func(s *v) { s.Status = issue.Closed }},
		{"registration", func(q *q) { q.Registered = march }, func(s *v) { s.Registered = march.To.Add(1) }},
		{"link", func(q *q) { q.LinkedTo = "other issue" }, func(s *v) { s.LinkedTo = "" }},
	})
	a.expect(k, "lead unit of an earlier referral", q{Lead: "first"})
	a.insert(k, a.model("given back", func(s *v) { s.Referrals = []issue.Referral{{Number: 1, Lead: "returner", ReturnedOn: march.From}} }))
	a.expect(k, "lead unit that gave it back", q{Lead: "returner"})
	a.within(k, func(s *v) { s.Place = "registered" }, func(s *v, on calendar.Date) { s.Registered = on },
		func(p calendar.Period) q { return q{Place: "registered", Registered: p} })
	a.inOrder(k, "limit 2", q{Place: "registered", Limit: 2}, "no date", "before")
	a.insert(k, a.model("here", func(s *v) { s.Place, s.Status = "any/1", issue.FeedbackDue }), a.model("there", func(s *v) { s.Place, s.Status = "any/2", issue.FeedbackDue }),
		a.model("done there", func(s *v) { s.Place, s.Status = "any/2", issue.Closed }))
	several := []org.PlaceID{"any/2", "any/0", "any/1", "any/2"}
	a.expect(k, "any of a few places", q{Places: several}, "here", "there", "done there")
	for i := range 300 {
		several = append(several, org.PlaceID(fmt.Sprintf("any/%d/%d", i, i)))
	}
	a.expect(k, "any of many places, in a state", q{Places: several, Statuses: []issue.Status{issue.FeedbackDue}}, "here", "there")
}

func ordersIssues(k kit) {
	issuesAsked.byDate(k, plain, func(s *issue.State, on calendar.Date) { s.Registered = on })
}

func findsIssueByCode(k kit) {
	a, b := issues.sample("a", 1), issues.sample("b", 2)
	issues.insert(k, &a)
	issues.insert(k, &b)
	find := func(code string) (issue.State, error) {
		var found issue.State
		err := k.store.View(k.ctx, func(ctx context.Context, tx store.Tx) (err error) {
			found, err = tx.IssueByCode(ctx, code)
			return err
		})
		return found, err
	}
	got, err := find(b.Code)
	if err != nil {
		k.Errorf("IssueByCode: %v", err)
	}
	issues.same(k, "found by code", b, got)
	for _, code := range []string{"XL-17-9999", ""} {
		if _, err := find(code); !errors.Is(err, fault.ErrNotFound) {
			k.Errorf("IssueByCode(%q) gave %v, want ErrNotFound", code, err)
		}
	}

	taken := issues.sample("c", 3)
	taken.Code = a.Code
	issues.refused(k, taken, fault.ErrExists, "an insert with a taken code")
	taken = b
	taken.Code = a.Code
	issues.refused(k, taken, fault.ErrExists, "a change to a taken code")
	issues.missing(k, "c")
	issues.same(k, "after a refused change of code", b, issues.stored(k, "b"))
}

func listsRoutes(k kit) {
	question[nothing, issue.Route]{name: "Routes", of: routes,
		find: func(ctx context.Context, tx store.Tx, _ nothing) ([]issue.Route, error) { return tx.Routes(ctx) },
	}.byID(k, plain)
}

func countsIssues(k kit) {
	next := func(series string) (n int, err error) {
		err = k.retry(func(ctx context.Context, tx store.Tx) error {
			n, err = tx.NextIssueNumber(ctx, series)
			return err
		})
		return n, err
	}
	expect := func(series string, want int) {
		k.Helper()
		if n, err := next(series); err != nil || n != want {
			k.Errorf("the next number of %q is %d (error %v), want %d", series, n, err, want)
		}
	}
	expect("XL-17", 1)
	expect("XL-17", 2)
	expect("SC-17", 1)
	k.update(func(ctx context.Context, tx store.Tx) error {
		third, err := tx.NextIssueNumber(ctx, "XL-17")
		fourth, again := tx.NextIssueNumber(ctx, "XL-17")
		if third != 3 || fourth != 4 {
			k.Errorf("in one transaction the next numbers are %d, %d, want 3, 4", third, fourth)
		}
		return errors.Join(err, again)
	})
	failed := errors.New("not kept")
	_ = k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NextIssueNumber(ctx, "XL-17")
		return errors.Join(err, failed)
	})
	expect("XL-17", 5)

	const workers, rounds = 4, 5
	taken := make([][]int, workers)
	k.together(workers, func(worker int) error {
		for range rounds {
			n, err := next("XL-18")
			if err != nil {
				return err
			}
			taken[worker] = append(taken[worker], n)
		}
		return nil
	})
	all := slices.Concat(taken...)
	slices.Sort(all)
	for i, n := range all {
		if n != i+1 {
			k.Fatalf("counted at the same time: %v, want 1 to %d", all, workers*rounds)
		}
	}
}
