package core

import (
	"context"
	"errors"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
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
	Records     int64         // how many were checked
	Checkpoints int           // how many of them said what the journal held
	Held        int64         // position up to which the checkpoints reach: what was taken away later shows at the next one
	Head        string        // hash of the last checkpoint's record, to be written down elsewhere; empty while there is none
	Breaks      []event.Break // where it does not hold; none means nothing was changed, removed or inserted
}

// Verify checks the chains of all subjects, and the whole of the journal against
// its checkpoints, page by page (L17). A chain shows what was changed, removed or
// inserted in it; a checkpoint, made every day, that a whole subject or its last
// records are gone. What neither can show is that everything since some moment was
// cut off together with its checkpoints: who keeps a Head elsewhere and does not
// find it again in the history of [event.CheckpointSubject] knows that.
func (s *Journal) Verify(ctx context.Context) (Verified, error) {
	if err := s.u.allow(ctx, ReadJournal, scope{}); err != nil {
		return Verified{}, err
	}
	checkpoints, err := s.u.tx.Records(ctx, event.Query{Subject: event.CheckpointSubject()})
	if err != nil {
		return Verified{}, err
	}
	result := Verified{Checkpoints: len(checkpoints)}
	if n := len(checkpoints); n > 0 {
		result.Head = checkpoints[n-1].Hash
		if c, err := event.ParseCheckpoint(checkpoints[n-1]); err == nil {
			result.Held = c.To
		}
	}
	var chains event.Verifier
	whole := event.NewCheckpointVerifier(checkpoints)
	err = s.u.eachRecord(ctx, 0, func(r event.Record) bool {
		result.Records++
		result.Breaks = append(append(result.Breaks, chains.Check(r)...), whole.Check(r)...)
		return true
	})
	if err != nil {
		return Verified{}, err
	}
	result.Breaks = append(result.Breaks, whole.End()...)
	return result, nil
}

// eachRecord reads the journal after a position, page by page, while see wants more.
func (u *unit) eachRecord(ctx context.Context, after int64, see func(event.Record) bool) error {
	for {
		page, err := u.tx.Records(ctx, event.Query{After: after, Limit: journalPage})
		if err != nil {
			return err
		}
		for _, r := range page {
			if !see(r) {
				return nil
			}
		}
		if len(page) < journalPage {
			return nil
		}
		after = page[len(page)-1].Position
	}
}

const (
	// checkpointAge is how old a record is when it is counted: positions are given
	// before the transaction ends, and none lasts that long.
	checkpointAge = time.Hour
	// checkpointMost is how many records one checkpoint counts at most, so that the
	// first one over a long journal does not hold a transaction open for minutes.
	checkpointMost = 200_000
)

func journalRoutines() []routine { return []routine{{"checkpoint_journal", checkpoint}} }

// checkpoint writes down, once a day, what the journal held since the last time.
// It is the only one that writes to its chain, so nobody waits for it.
func checkpoint(ctx context.Context, u *unit) error {
	subject := event.CheckpointSubject()
	last, err := u.tx.LastRecord(ctx, subject)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	var before event.Checkpoint
	if err == nil {
		if before, err = event.ParseCheckpoint(last); err != nil {
			return err
		}
	}
	var tally event.Tally
	counted, settled := 0, u.now.Add(-checkpointAge)
	err = u.eachRecord(ctx, before.To, func(r event.Record) bool {
		if r.Recorded.After(settled) || counted == checkpointMost {
			return false
		}
		tally.Add(r)
		counted++
		return true
	})
	if err != nil || counted == 0 {
		return err
	}
	return u.journal(ctx, fact{subject: subject, event: tally.Checkpoint(before.To)})
}
