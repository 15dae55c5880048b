package core

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
)

// Sealed keeps denunciations away from everybody but the competent inspector
// (L4, model M6). Nothing of a case goes into the journal. Who may not see or do
// something gets sealed.Refused, the same whether there is such a case or not,
// and the try is kept in the access log even though the unit of work is undone;
// in a transaction of the caller's own (System.Join) only if the caller commits.
type Sealed struct{ u *unit }

// Receive takes a denunciation from whoever may capture opinions there and hands
// it to an inspector on duty who may see it: never the accused, nor anybody above
// them in their line or in an accused unit, nor the one who wrote it down. The
// inspector is told at once, of nothing but a code (N17). It returns the receipt
// that the speaker keeps; it is shown this once and stands nowhere. When nobody
// in the programme may see it, nothing is kept: "sealed.receive.no_receiver"
// says to guide the speaker to the body above the district.
func (s *Sealed) Receive(ctx context.Context, r sealed.Reception) (receipt string, err error) {
	u := s.u
	if err := u.allow(ctx, CaptureOpinion, scope{person: u.by.Person, place: r.Place}); err != nil {
		return "", err
	}
	r.Heard = org.PersonID(u.by.String())
	return s.receive(ctx, r)
}

func (s *Sealed) receive(ctx context.Context, r sealed.Reception) (string, error) {
	u := s.u
	if r.Happened.IsZero() {
		r.Happened = u.today
	}
	excluded, err := u.excluded(ctx, r.Accused, r.AccusedUnits)
	if err != nil {
		return "", err
	}
	excluded = append(excluded, org.PersonID(u.by.String()))
	receipt := grouped(u.secretCode("receipt", u.newID(), 12))
	code := "M" + u.today.String()[2:4] + "-" + u.secretCode("code", u.newID(), 6)
	c, err := sealed.New(sealed.ID(u.newID()), r, code, receiptHash(u.sys.opts.Secret, receipt), excluded, u.now)
	if err != nil {
		return "", err
	}
	if err := c.Lock(u.sys.opts.Secret); err != nil {
		return "", err
	}
	if err := s.assign(ctx, &c); err != nil {
		return "", err
	}
	return receipt, s.log(ctx, c.ID, sealed.ActReceive, true)
}

// assign finds who handles the case, keeps it, and tells them: the inspector with
// the fewest open cases who is there, else a deputy, else the chair, who has to
// name somebody.
func (s *Sealed) assign(ctx context.Context, c *sealed.Case) error {
	for _, role := range []org.Role{org.Inspector, org.DeputyInspector} {
		able, err := s.able(ctx, *c, role)
		if err != nil {
			return err
		}
		if len(able) == 0 {
			continue
		}
		to, err := s.leastBurdened(ctx, able)
		if err != nil {
			return err
		}
		if err := c.Transfer(to); err != nil {
			return err
		}
		return s.handTo(ctx, c, role, to, alert.SealedReceived(*c, to))
	}
	chairs, err := s.able(ctx, *c, org.ProgrammeChair)
	if err != nil {
		return err
	}
	if len(chairs) == 0 {
		return fault.Broken("sealed.receive.no_receiver", "", "nobody in the programme may see this: guide the speaker to the inspectorate above the district", "không có người trong chương trình được phép tiếp nhận: hãy hướng dẫn người dân đến cơ quan thanh tra cấp trên")
	}
	return s.handTo(ctx, c, org.ProgrammeChair, chairs[0], alert.SealedNeedsInspector(*c, chairs[0]))
}

// able are those who hold the role, are there themselves today, and are not
// excluded from the case; by id. No substitute reads a sealed case.
func (s *Sealed) able(ctx context.Context, c sealed.Case, role org.Role) ([]org.PersonID, error) {
	u := s.u
	holdings, err := u.dir.Holdings(ctx, org.HoldingQuery{Role: role, On: u.today})
	if err != nil {
		return nil, err
	}
	var able []org.PersonID
	for _, h := range holdings {
		if c.Excludes(h.Person) || slices.Contains(able, h.Person) {
			continue
		}
		present, err := org.Present(ctx, u.dir, h.Person, u.today)
		if err != nil && !errors.Is(err, fault.ErrRule) && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		if err == nil && present == h.Person {
			able = append(able, h.Person)
		}
	}
	slices.Sort(able)
	return able, nil
}

// leastBurdened is the one with the fewest open cases, by id where they are equal.
func (s *Sealed) leastBurdened(ctx context.Context, able []org.PersonID) (org.PersonID, error) {
	cases, err := s.u.tx.SealedCases(ctx)
	if err != nil {
		return "", err
	}
	burden := make(map[org.PersonID]int)
	for _, c := range cases {
		if c.Open() {
			burden[c.Inspector]++
		}
	}
	return slices.MinFunc(able, func(a, b org.PersonID) int {
		return cmp.Or(cmp.Compare(burden[a], burden[b]), cmp.Compare(a, b))
	}), nil
}

// handTo keeps the case, lets somebody owe the acknowledgement and tells them.
func (s *Sealed) handTo(ctx context.Context, c *sealed.Case, role org.Role, to org.PersonID, notices []notify.Notice) error {
	u := s.u
	if err := u.tx.PutSealedCase(ctx, c); err != nil {
		return err
	}
	if err := s.oweAcknowledgement(ctx, *c, role, to); err != nil {
		return err
	}
	return u.tell(ctx, notices...)
}

// oweAcknowledgement opens the clock of a case. Its ladder goes to the deputy
// inspectors, or past them to the chair where one of them is excluded; where the
// chair is excluded as well there is none, because even a code would tell them.
func (s *Sealed) oweAcknowledgement(ctx context.Context, c sealed.Case, role org.Role, to org.PersonID) error {
	u := s.u
	deputyOut, err := s.holdsExcluded(ctx, c, org.DeputyInspector)
	if err != nil {
		return err
	}
	chairOut, err := s.holdsExcluded(ctx, c, org.ProgrammeChair)
	if err != nil {
		return err
	}
	if role == org.Inspector && deputyOut {
		role = org.DeputyInspector // one step further up the line
	}
	if chairOut && role != org.Inspector {
		return u.release(ctx, sealed.Subject(c.ID), duty.SealedAck)
	}
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	_, err = u.owe(ctx, duty.Term{
		Kind: duty.SealedAck, Subject: sealed.Subject(c.ID), Label: c.Code, Holder: org.Party{Role: role, Person: to},
		Start: u.today, Days: book.Issues.SealedAckDays,
	})
	return err
}

// holdsExcluded reports whether somebody who holds the role must not know of the case.
func (s *Sealed) holdsExcluded(ctx context.Context, c sealed.Case, role org.Role) (bool, error) {
	holdings, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Role: role, On: s.u.today})
	return slices.ContainsFunc(holdings, func(h org.Holding) bool { return c.Excludes(h.Person) }), err
}
