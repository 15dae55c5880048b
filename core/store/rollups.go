package store

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Rollups is what a Tx may do besides: keep the figures of periods added up
// beforehand, page by page, and know what has changed since. Without it figures
// are counted from the facts each time, which is right and takes as long as the
// period has facts.
//
// A Tx that offers it notes, in the transaction that writes a fact, whose hamlet
// and which days the fact counts for: a visit, an opinion, an issue, a duty of a
// unit or to tell an answer, a rating and its round, an assignment, a leave, a
// place. It does so whoever writes, an earlier version of the program too. What is
// noted may be too much, never too little: figures are right as long as every page
// that is not what its facts say has a note.
type Rollups interface {
	// Rolled returns what is rolled up of exactly the period, and what was noted since.
	Rolled(ctx context.Context, period calendar.Period) (Rolled, error)
	// Grounds returns what the figures of some hamlets are counted from.
	Grounds(ctx context.Context, q GroundsQuery) (Grounds, error)
	// LockRollups returns the periods that are rolled up. Whoever changes pages or takes
	// notes calls it first, and waits for the end of the transaction of whoever did before.
	// What is read after it is at least as new as what any other transaction took notes of.
	LockRollups(ctx context.Context) ([]RolledPeriod, error)
	// TakeTouched removes up to limit notes and returns them. Notes of transactions
	// that are still running stay.
	TakeTouched(ctx context.Context, limit int) ([]Touched, error)
	// ForgetTouched removes the notes that no period that is rolled up needs but this one;
	// of no period those that none needs.
	ForgetTouched(ctx context.Context, period calendar.Period) error
	// Unplaced reports whether something that the figures of a period are counted from
	// belongs to no place that is kept, so that no page would hold it. The places
	// of the query do not matter. Where it looks at more than what counts, a period is
	// counted from its facts for nothing.
	Unplaced(ctx context.Context, q GroundsQuery) (bool, error)
	// PlacesAfter returns the first places by id after one, limit at most.
	PlacesAfter(ctx context.Context, id org.PlaceID, limit int) ([]org.PlaceID, error)
	// DropRollup removes what is rolled up of a period.
	DropRollup(ctx context.Context, period calendar.Period) error
	// PutRollup adds a period, of which nothing is rolled up, without pages.
	PutRollup(ctx context.Context, p RolledPeriod) error
	// PutPages adds pages to a period that is rolled up, or replaces them, each by its First.
	PutPages(ctx context.Context, period calendar.Period, pages []report.Page) error
}

// RolledPeriod is a period that is rolled up, and the numbers it was counted by.
type RolledPeriod struct {
	Period calendar.Period
	Basis  string
}

// Rolled is what is rolled up of a period.
type Rolled struct {
	Basis   string
	Pages   []report.Page // by First; none: it is not rolled up
	Touched []org.PlaceID // hamlets of which something was noted since
	All     bool          // something was noted that may count for any hamlet, or more than is worth telling
}

// Touched is a note: what counts on these days for the hamlet, or for those that
// the official looks after, or for any hamlet when both are empty, has changed.
type Touched struct {
	Place    org.PlaceID
	Official org.PersonID
	Days     calendar.Period
}

// GroundsQuery selects what the figures of some hamlets in a period are counted from.
type GroundsQuery struct {
	Places   []org.PlaceID
	During   calendar.Period
	Statuses []programme.AssignmentStatus // of the assignments
	Told     calendar.Period              // when the duties to tell the answers of the period are due
}

// Grounds are what figures are counted from.
type Grounds struct {
	Assignments []programme.Assignment // that share a day with the period
	Leaves      []org.Leave            // of their officials
	Visits      []visit.State          // by day, then id
	Opinions    []opinion.State        // by day, then id
	Issues      []issue.State          // registered in the period
	Answered    []issue.State          // with a duty to tell that is due in GroundsQuery.Told; each once, by id
	Units       []duty.State           // of kind unit, due in the period
	Later       []duty.State           // of kind unit, open and due after it
	Rounds      []supervision.Round    // opened in the period
	Ratings     []supervision.Rating   // of these rounds
}
