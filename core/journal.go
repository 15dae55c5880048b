package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/event"
)

// Journal reads the journal: who did what, when and why. Everything in it is for
// the auditor, the programme office and the programme's leader (action
// ReadJournal); nobody can change it.
type Journal struct{ u *unit }

// journalPage is how many records a verification reads at once.
const journalPage = 1000

// Of returns the history of one subject, the first step first.
func (s *Journal) Of(ctx context.Context, subject event.Subject) ([]event.Record, error) {
	if err := s.u.allow(ctx, ReadJournal, scope{}); err != nil {
		return nil, err
	}
	return s.u.tx.Records(ctx, event.Query{Subject: subject})
}

// Since returns at most limit records after a position, over all subjects in
// reading order; limit 0 means all. The position of the last one is where to go
// on. Positions may have gaps, and a record that was committed late can appear
// before one already read: whoever follows the journal reads some way back.
func (s *Journal) Since(ctx context.Context, position int64, limit int) ([]event.Record, error) {
	if err := s.u.allow(ctx, ReadJournal, scope{}); err != nil {
		return nil, err
	}
	return s.u.tx.Records(ctx, event.Query{After: position, Limit: limit})
}

// Verified is the result of checking the journal.
type Verified struct {
	Records int64         // how many were checked
	Breaks  []event.Break // where a chain does not hold; none means nothing was changed, removed or inserted
}

// Verify checks the chains of all subjects (L17). It reads the whole journal,
// page by page. What it cannot see is a chain cut off at its end.
func (s *Journal) Verify(ctx context.Context) (Verified, error) {
	if err := s.u.allow(ctx, ReadJournal, scope{}); err != nil {
		return Verified{}, err
	}
	var result Verified
	var verifier event.Verifier
	var after int64
	for {
		page, err := s.u.tx.Records(ctx, event.Query{After: after, Limit: journalPage})
		if err != nil {
			return Verified{}, err
		}
		for _, r := range page {
			result.Breaks = append(result.Breaks, verifier.Check(r)...)
		}
		result.Records += int64(len(page))
		if len(page) < journalPage {
			return result, nil
		}
		after = page[len(page)-1].Position
	}
}
