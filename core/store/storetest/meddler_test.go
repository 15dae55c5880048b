package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// meddler is a transaction in which one query goes wrong: it forgets a field of
// the query, turns its answer round, or loses the last of it.
type meddler struct {
	store.Tx
	method string
	field  string // to forget
	turn   bool
	lose   bool
}

func meddle[Q, T any](m *meddler, method string, q Q, ask func(Q) ([]T, error)) ([]T, error) {
	if m.method != method {
		return ask(q)
	}
	if m.field != "" {
		field := reflect.ValueOf(&q).Elem().FieldByName(m.field)
		field.SetZero()
	}
	answer, err := ask(q)
	if m.turn {
		slices.Reverse(answer)
	}
	if m.lose && len(answer) > 0 {
		answer = answer[:len(answer)-1]
	}
	return answer, err
}

// The parameters of methods that take no query.
type (
	none  struct{}
	clock struct {
		Now   time.Time
		Limit int
	}
	of[S any]   struct{ ID S }
	some[S any] struct{ IDs []S }
	rolesOf     struct {
		Persons []org.PersonID
		On      calendar.Date
	}
	roundsOf struct {
		Official org.PersonID
		During   calendar.Period
	}
	turnsOf struct {
		Now   time.Time
		After map[notify.Channel]string
		Limit int
	}
	shareOf struct {
		Share notify.Share
		Now   time.Time
		Limit int
	}
	sharesOf struct {
		Shares []notify.Share
		Now    time.Time
		Limit  int
	}
	suppressionsOf struct {
		Channel   notify.Channel
		Addresses []string
	}
)

func (m *meddler) Records(ctx context.Context, q event.Query) ([]event.Record, error) {
	return meddle(m, "Records", q, func(q event.Query) ([]event.Record, error) { return m.Tx.Records(ctx, q) })
}
func (m *meddler) Persons(ctx context.Context) ([]org.Person, error) {
	return meddle(m, "Persons", none{}, func(none) ([]org.Person, error) { return m.Tx.Persons(ctx) })
}
func (m *meddler) PersonsByID(ctx context.Context, ids []org.PersonID) ([]org.Person, error) {
	return meddle(m, "PersonsByID", some[org.PersonID]{ids}, func(q some[org.PersonID]) ([]org.Person, error) { return m.Tx.PersonsByID(ctx, q.IDs) })
}
func (m *meddler) PlacesByID(ctx context.Context, ids []org.PlaceID) ([]org.Place, error) {
	return meddle(m, "PlacesByID", some[org.PlaceID]{ids}, func(q some[org.PlaceID]) ([]org.Place, error) { return m.Tx.PlacesByID(ctx, q.IDs) })
}
func (m *meddler) Places(ctx context.Context) ([]org.Place, error) {
	return meddle(m, "Places", none{}, func(none) ([]org.Place, error) { return m.Tx.Places(ctx) })
}
func (m *meddler) Units(ctx context.Context) ([]org.Unit, error) {
	return meddle(m, "Units", none{}, func(none) ([]org.Unit, error) { return m.Tx.Units(ctx) })
}
func (m *meddler) Holdings(ctx context.Context, q org.HoldingQuery) ([]org.Holding, error) {
	return meddle(m, "Holdings", q, func(q org.HoldingQuery) ([]org.Holding, error) { return m.Tx.Holdings(ctx, q) })
}
func (m *meddler) HoldingsOf(ctx context.Context, persons []org.PersonID, on calendar.Date) ([]org.Holding, error) {
	return meddle(m, "HoldingsOf", rolesOf{persons, on}, func(q rolesOf) ([]org.Holding, error) { return m.Tx.HoldingsOf(ctx, q.Persons, q.On) })
}
func (m *meddler) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	return meddle(m, "Leaves", q, func(q org.LeaveQuery) ([]org.Leave, error) { return m.Tx.Leaves(ctx, q) })
}
func (m *meddler) Programmes(ctx context.Context) ([]programme.State, error) {
	return meddle(m, "Programmes", none{}, func(none) ([]programme.State, error) { return m.Tx.Programmes(ctx) })
}
func (m *meddler) Teams(ctx context.Context) ([]programme.Team, error) {
	return meddle(m, "Teams", none{}, func(none) ([]programme.Team, error) { return m.Tx.Teams(ctx) })
}
func (m *meddler) Assignments(ctx context.Context, q programme.AssignmentQuery) ([]programme.Assignment, error) {
	return meddle(m, "Assignments", q, func(q programme.AssignmentQuery) ([]programme.Assignment, error) { return m.Tx.Assignments(ctx, q) })
}
func (m *meddler) Rules(ctx context.Context) ([]programme.Rule, error) {
	return meddle(m, "Rules", none{}, func(none) ([]programme.Rule, error) { return m.Tx.Rules(ctx) })
}
func (m *meddler) Duties(ctx context.Context, q duty.Query) ([]duty.State, error) {
	return meddle(m, "Duties", q, func(q duty.Query) ([]duty.State, error) { return m.Tx.Duties(ctx, q) })
}
func (m *meddler) DutiesToWake(ctx context.Context, now time.Time, limit int) ([]duty.State, error) {
	return meddle(m, "DutiesToWake", clock{now, limit}, func(q clock) ([]duty.State, error) { return m.Tx.DutiesToWake(ctx, q.Now, q.Limit) })
}
func (m *meddler) Visits(ctx context.Context, q visit.Query) ([]visit.State, error) {
	return meddle(m, "Visits", q, func(q visit.Query) ([]visit.State, error) { return m.Tx.Visits(ctx, q) })
}
func (m *meddler) LatestProfiles(ctx context.Context, places []org.PlaceID) ([]visit.Profile, error) {
	return meddle(m, "LatestProfiles", some[org.PlaceID]{places}, func(q some[org.PlaceID]) ([]visit.Profile, error) { return m.Tx.LatestProfiles(ctx, q.IDs) })
}
func (m *meddler) Profiles(ctx context.Context, place org.PlaceID) ([]visit.Profile, error) {
	return meddle(m, "Profiles", of[org.PlaceID]{place}, func(q of[org.PlaceID]) ([]visit.Profile, error) { return m.Tx.Profiles(ctx, q.ID) })
}
func (m *meddler) Items(ctx context.Context, during calendar.Period) ([]visit.Item, error) {
	return meddle(m, "Items", of[calendar.Period]{during}, func(q of[calendar.Period]) ([]visit.Item, error) { return m.Tx.Items(ctx, q.ID) })
}
func (m *meddler) SpeakersByPhone(ctx context.Context, phone string) ([]opinion.Speaker, error) {
	return meddle(m, "SpeakersByPhone", of[string]{phone}, func(q of[string]) ([]opinion.Speaker, error) { return m.Tx.SpeakersByPhone(ctx, q.ID) })
}
func (m *meddler) Opinions(ctx context.Context, q opinion.Query) ([]opinion.State, error) {
	return meddle(m, "Opinions", q, func(q opinion.Query) ([]opinion.State, error) { return m.Tx.Opinions(ctx, q) })
}
func (m *meddler) Issues(ctx context.Context, q issue.Query) ([]issue.State, error) {
	return meddle(m, "Issues", q, func(q issue.Query) ([]issue.State, error) { return m.Tx.Issues(ctx, q) })
}
func (m *meddler) Routes(ctx context.Context) ([]issue.Route, error) {
	return meddle(m, "Routes", none{}, func(none) ([]issue.Route, error) { return m.Tx.Routes(ctx) })
}
func (m *meddler) SealedCases(ctx context.Context) ([]sealed.Case, error) {
	return meddle(m, "SealedCases", none{}, func(none) ([]sealed.Case, error) { return m.Tx.SealedCases(ctx) })
}
func (m *meddler) SealedAccesses(ctx context.Context, id sealed.ID) ([]sealed.Access, error) {
	return meddle(m, "SealedAccesses", of[sealed.ID]{id}, func(q of[sealed.ID]) ([]sealed.Access, error) { return m.Tx.SealedAccesses(ctx, q.ID) })
}
func (m *meddler) RatingRounds(ctx context.Context, official org.PersonID, during calendar.Period) ([]supervision.Round, error) {
	return meddle(m, "RatingRounds", roundsOf{official, during}, func(q roundsOf) ([]supervision.Round, error) { return m.Tx.RatingRounds(ctx, q.Official, q.During) })
}
func (m *meddler) Ratings(ctx context.Context, round supervision.RoundID) ([]supervision.Rating, error) {
	return meddle(m, "Ratings", of[supervision.RoundID]{round}, func(q of[supervision.RoundID]) ([]supervision.Rating, error) { return m.Tx.Ratings(ctx, q.ID) })
}
func (m *meddler) Flags(ctx context.Context, official org.PersonID) ([]supervision.Flag, error) {
	return meddle(m, "Flags", of[org.PersonID]{official}, func(q of[org.PersonID]) ([]supervision.Flag, error) { return m.Tx.Flags(ctx, q.ID) })
}
func (m *meddler) PeriodReports(ctx context.Context, q report.Query) ([]report.State, error) {
	return meddle(m, "PeriodReports", q, func(q report.Query) ([]report.State, error) { return m.Tx.PeriodReports(ctx, q) })
}
func (m *meddler) Notices(ctx context.Context, q notify.Query) ([]notify.Notice, error) {
	return meddle(m, "Notices", q, func(q notify.Query) ([]notify.Notice, error) { return m.Tx.Notices(ctx, q) })
}
func (m *meddler) NoticesByID(ctx context.Context, ids []notify.ID) ([]notify.Notice, error) {
	return meddle(m, "NoticesByID", some[notify.ID]{ids}, func(q some[notify.ID]) ([]notify.Notice, error) { return m.Tx.NoticesByID(ctx, q.IDs) })
}
func (m *meddler) NoticeIDs(ctx context.Context, q notify.Query) ([]notify.ID, error) {
	return meddle(m, "NoticeIDs", q, func(q notify.Query) ([]notify.ID, error) { return m.Tx.NoticeIDs(ctx, q) })
}
func (m *meddler) DueNotices(ctx context.Context, now time.Time, limit int) ([]notify.Notice, error) {
	return meddle(m, "DueNotices", clock{now, limit}, func(q clock) ([]notify.Notice, error) { return m.Tx.DueNotices(ctx, q.Now, q.Limit) })
}
func (m *meddler) Attempts(ctx context.Context, notice notify.ID) ([]notify.Attempt, error) {
	return meddle(m, "Attempts", of[notify.ID]{notice}, func(q of[notify.ID]) ([]notify.Attempt, error) { return m.Tx.Attempts(ctx, q.ID) })
}
func (m *meddler) NextShares(ctx context.Context, now time.Time, after map[notify.Channel]string, limit int) ([]notify.Share, error) {
	return meddle(m, "NextShares", turnsOf{now, after, limit}, func(q turnsOf) ([]notify.Share, error) { return m.Tx.NextShares(ctx, q.Now, q.After, q.Limit) })
}
func (m *meddler) DueOf(ctx context.Context, share notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	return meddle(m, "DueOf", shareOf{share, now, limit}, func(q shareOf) ([]notify.Notice, error) { return m.Tx.DueOf(ctx, q.Share, q.Now, q.Limit) })
}
func (m *meddler) DueOfEach(ctx context.Context, shares []notify.Share, now time.Time, limit int) ([]notify.Notice, error) {
	return meddle(m, "DueOfEach", sharesOf{shares, now, limit}, func(q sharesOf) ([]notify.Notice, error) {
		return m.Tx.DueOfEach(ctx, q.Shares, q.Now, q.Limit)
	})
}
func (m *meddler) Underway(ctx context.Context) ([]notify.Underway, error) {
	return meddle(m, "Underway", none{}, func(none) ([]notify.Underway, error) { return m.Tx.Underway(ctx) })
}
func (m *meddler) AttemptLog(ctx context.Context, q notify.AttemptQuery) ([]notify.Attempt, error) {
	return meddle(m, "AttemptLog", q, func(q notify.AttemptQuery) ([]notify.Attempt, error) { return m.Tx.AttemptLog(ctx, q) })
}
func (m *meddler) Providers(ctx context.Context) ([]notify.Provider, error) {
	return meddle(m, "Providers", none{}, func(none) ([]notify.Provider, error) { return m.Tx.Providers(ctx) })
}
func (m *meddler) Suppressions(ctx context.Context, channel notify.Channel, addresses ...string) ([]notify.Suppression, error) {
	return meddle(m, "Suppressions", suppressionsOf{channel, addresses}, func(q suppressionsOf) ([]notify.Suppression, error) {
		return m.Tx.Suppressions(ctx, q.Channel, q.Addresses...)
	})
}
func (m *meddler) Inbound(ctx context.Context, q notify.InboundQuery) ([]notify.Inbound, error) {
	return meddle(m, "Inbound", q, func(q notify.InboundQuery) ([]notify.Inbound, error) { return m.Tx.Inbound(ctx, q) })
}

// meddled says which promises each query answers for, and whether its order is one of them.
var meddled = []struct {
	method   string
	query    any
	promises []string
	unsorted bool
}{
	{"Records", event.Query{}, []string{"journal/query"}, false},
	{"Persons", none{}, []string{"org/lists"}, false},
	{"PersonsByID", some[org.PersonID]{}, []string{"org/persons by id"}, true},
	{"PlacesByID", some[org.PlaceID]{}, []string{"org/places by id"}, true},
	{"Places", none{}, []string{"org/lists"}, false},
	{"Units", none{}, []string{"org/lists"}, false},
	{"Holdings", org.HoldingQuery{}, []string{"org/holdings"}, false},
	{"HoldingsOf", rolesOf{}, []string{"org/holdings of many"}, false},
	{"Leaves", org.LeaveQuery{}, []string{"org/leaves"}, false},
	{"Programmes", none{}, []string{"programme/lists"}, false},
	{"Teams", none{}, []string{"programme/lists"}, false},
	{"Assignments", programme.AssignmentQuery{}, []string{"programme/assignments"}, false},
	{"Rules", none{}, []string{"programme/lists"}, false},
	{"Duties", duty.Query{}, []string{"duty/query"}, true},
	{"DutiesToWake", clock{}, []string{"duty/wake"}, false},
	{"Visits", visit.Query{}, []string{"visit/query", "visit/order"}, false},
	{"LatestProfiles", some[org.PlaceID]{}, []string{"visit/latest profiles"}, true},
	{"Profiles", of[org.PlaceID]{}, []string{"visit/profiles"}, false},
	{"Items", of[calendar.Period]{}, []string{"visit/items"}, false},
	{"Opinions", opinion.Query{}, []string{"opinion/query", "opinion/order"}, false},
	{"SpeakersByPhone", of[string]{}, []string{"opinion/by phone"}, false},
	{"Issues", issue.Query{}, []string{"issue/query", "issue/order"}, false},
	{"Routes", none{}, []string{"issue/routes"}, false},
	{"SealedCases", none{}, []string{"sealed/cases"}, false},
	{"SealedAccesses", of[sealed.ID]{}, []string{"sealed/accesses"}, false},
	{"RatingRounds", roundsOf{}, []string{"supervision/rounds"}, false},
	{"Ratings", of[supervision.RoundID]{}, []string{"supervision/ratings"}, false},
	{"Flags", of[org.PersonID]{}, []string{"supervision/flags"}, false},
	{"PeriodReports", report.Query{}, []string{"report/query", "report/order"}, false},
	{"Notices", notify.Query{}, []string{"outbox/query", "outbox/order"}, false},
	{"NoticeIDs", notify.Query{}, []string{"outbox/query", "outbox/order"}, false},
	{"NoticesByID", some[notify.ID]{}, []string{"outbox/by id"}, true},
	{"DueNotices", clock{}, []string{"outbox/due"}, false},
	{"NextShares", turnsOf{}, []string{"outbox/shares"}, false},
	{"DueOf", shareOf{}, []string{"outbox/shares"}, false},
	{"DueOfEach", sharesOf{}, []string{"outbox/each share"}, false},
	{"Underway", none{}, []string{"outbox/underway"}, false},
	{"Attempts", of[notify.ID]{}, []string{"outbox/attempts"}, true},
	{"AttemptLog", notify.AttemptQuery{}, []string{"outbox/attempt log"}, false},
	{"Providers", none{}, []string{"outbox/providers"}, false},
	{"Suppressions", suppressionsOf{}, []string{"outbox/suppressions"}, true},
	{"Inbound", notify.InboundQuery{}, []string{"receipts/query", "receipts/order"}, false},
}

// Every field of every query, every promised order and the completeness of every
// answer has a check that fails without it.
func TestQueriesThatGoWrongAreNoticed(t *testing.T) {
	for _, m := range meddled {
		var wrong []meddler
		for _, field := range reflect.VisibleFields(reflect.TypeOf(m.query)) {
			wrong = append(wrong, meddler{method: m.method, field: field.Name})
		}
		if !m.unsorted {
			wrong = append(wrong, meddler{method: m.method, turn: true})
		}
		wrong = append(wrong, meddler{method: m.method, lose: true})
		for _, w := range wrong {
			st := func() store.Store {
				return double{Store: memstore.New(), tx: func(tx store.Tx) store.Tx { w.Tx = tx; return &w }}
			}
			var broken []string
			for _, p := range promises() {
				if slices.Contains(m.promises, p.name) && p.broken(t.Context(), st()) != nil {
					broken = append(broken, p.name)
				}
			}
			if len(broken) == 0 {
				t.Errorf("%s: forgets %q, turns its answer round %v, loses one %v: nothing of %q fails", w.method, w.field, w.turn, w.lose, m.promises)
			}
		}
	}
}

// Every method of a transaction that returns a list is meddled with.
func TestEveryListIsMeddledWith(t *testing.T) {
	tx := reflect.TypeFor[store.Tx]()
	for i := range tx.NumMethod() {
		method := tx.Method(i)
		if method.Type.NumOut() != 2 || method.Type.Out(0).Kind() != reflect.Slice {
			continue
		}
		found := false
		for _, m := range meddled {
			found = found || m.method == method.Name
		}
		if !found {
			t.Errorf("%s has no check that it is checked", method.Name)
		}
	}
}
