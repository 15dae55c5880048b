package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
)

// Mine lists, under their codes, the cases that the actor may open, and for the
// chair those that wait for an inspector.
func (s *Sealed) Mine(ctx context.Context) ([]sealed.Ticket, error) {
	u := s.u
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return nil, err
	}
	var mine []sealed.Ticket
	for _, c := range cases {
		reader, err := s.reads(ctx, &c)
		if err != nil {
			return nil, err
		}
		if !reader && c.Waits() && !c.Excludes(u.by.Person) {
			reader = u.allow(ctx, GrantSealed, scope{}) == nil && !u.by.System
		}
		if reader {
			mine = append(mine, c.Ticket())
		}
	}
	return mine, nil
}

// Read opens a case for an inspector who was granted access and is not excluded.
// Every look and every try is kept in the access log, so it needs a unit of work
// that may write.
func (s *Sealed) Read(ctx context.Context, id sealed.ID) (sealed.Reading, error) {
	c, err := s.open(ctx, id, sealed.ActRead)
	if err != nil {
		return sealed.Reading{}, err
	}
	if c, _, err = c.Unlock(s.u.secrets()...); err != nil {
		return sealed.Reading{}, err
	}
	return c.Reading(), nil
}

// Acknowledge confirms that the inspector has the case.
func (s *Sealed) Acknowledge(ctx context.Context, id sealed.ID) error {
	u := s.u
	c, err := s.open(ctx, id, sealed.ActAcknowledge)
	if err != nil {
		return err
	}
	if err := c.Acknowledge(u.today); err != nil {
		return err
	}
	if err := u.meet(ctx, sealed.Subject(id), u.today, duty.SealedAck); err != nil {
		return err
	}
	if err := u.hush(ctx, notify.Query{Moot: alert.SealedKey(id)}, "acknowledged"); err != nil {
		return err
	}
	return u.tx.PutSealedCase(ctx, &c)
}

// Resolve ends a case that the competent body took up under a reference.
func (s *Sealed) Resolve(ctx context.Context, id sealed.ID, reference string) error {
	return s.close(ctx, id, sealed.Resolved, reference)
}

// NotAccept ends a case that the competent body did not take up.
func (s *Sealed) NotAccept(ctx context.Context, id sealed.ID, reference string) error {
	return s.close(ctx, id, sealed.NotAccepted, reference)
}

func (s *Sealed) close(ctx context.Context, id sealed.ID, to sealed.Status, reference string) error {
	c, err := s.open(ctx, id, sealed.ActClose)
	if err != nil {
		return err
	}
	if err := c.Close(to, reference, s.u.today); err != nil {
		return err
	}
	return s.u.tx.PutSealedCase(ctx, &c)
}

// StepOut lets an inspector with a conflict of interest out of a case, for good;
// another one gets it. Further accused that the body of the case names can be
// added: they, and whoever stands above them, are excluded from then on.
func (s *Sealed) StepOut(ctx context.Context, id sealed.ID, accused ...org.PersonID) error {
	u := s.u
	c, err := s.open(ctx, id, sealed.ActGrant)
	if err != nil {
		return err
	}
	if err := c.StepOut(u.by.Person); err != nil {
		return err
	}
	if err := s.accuse(ctx, &c, accused); err != nil {
		return err
	}
	return s.assign(ctx, &c)
}

// Accuse adds further people whom the body of a case accuses. An inspector who is
// excluded by it is replaced.
func (s *Sealed) Accuse(ctx context.Context, id sealed.ID, accused ...org.PersonID) error {
	c, err := s.open(ctx, id, sealed.ActGrant)
	if err != nil {
		return err
	}
	if err := s.accuse(ctx, &c, accused); err != nil {
		return err
	}
	if !c.Excludes(c.Inspector) {
		return s.u.tx.PutSealedCase(ctx, &c)
	}
	return s.assign(ctx, &c)
}

func (s *Sealed) accuse(ctx context.Context, c *sealed.Case, accused []org.PersonID) error {
	c.Accused = append(slices.Clip(c.Accused), accused...)
	excluded, err := s.u.excluded(ctx, c.Accused, c.AccusedUnits)
	c.Exclude(excluded...)
	return err
}

// Grant lets an inspector, or a deputy, see a case, by the chair: the first one
// where none could be found, another one where the first left. Nobody who is
// excluded can be granted access, or grant it.
func (s *Sealed) Grant(ctx context.Context, id sealed.ID, to org.PersonID) error {
	u := s.u
	c, known, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	role, err := s.inspects(ctx, to)
	if err != nil {
		return err
	}
	granted := known && !u.by.System && !c.Excludes(u.by.Person) && u.allow(ctx, GrantSealed, scope{}) == nil &&
		role != "" && !c.Excludes(to) && c.Status != sealed.Erased
	if err := s.log(ctx, c.ID, sealed.ActGrant, granted); err != nil {
		return err
	}
	if !granted {
		return sealed.Refused()
	}
	if c.Waits() {
		if err := c.Transfer(to); err != nil {
			return err
		}
		return s.handTo(ctx, &c, role, to, alert.SealedReceived(c, to))
	}
	if err := c.Grant(to); err != nil {
		return err
	}
	if err := u.tx.PutSealedCase(ctx, &c); err != nil {
		return err
	}
	return u.tell(ctx, alert.SealedReceived(c, to)...)
}

// open finds a case for an inspector with access, keeping the look or the try.
func (s *Sealed) open(ctx context.Context, id sealed.ID, act sealed.Act) (sealed.Case, error) {
	c, known, err := s.find(ctx, id)
	if err != nil {
		return sealed.Case{}, err
	}
	reader := false
	if known {
		if reader, err = s.reads(ctx, &c); err != nil {
			return sealed.Case{}, err
		}
	}
	if err := s.log(ctx, c.ID, act, reader); err != nil {
		return sealed.Case{}, err
	}
	if !reader {
		return sealed.Case{}, sealed.Refused()
	}
	return c, nil
}

// find loads a case; an empty one when there is none with the id.
func (s *Sealed) find(ctx context.Context, id sealed.ID) (c sealed.Case, known bool, err error) {
	c, err = s.u.tx.SealedCase(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return sealed.Case{}, false, nil
	}
	return c, err == nil, err
}

// reads reports whether the actor may read the case: granted, an inspector today,
// and not excluded, as things stand today. The system never is.
func (s *Sealed) reads(ctx context.Context, c *sealed.Case) (bool, error) {
	u := s.u
	if u.by.System || u.by.Person == "" || !c.Admits(u.by.Person) {
		return false, nil
	}
	role, err := s.inspects(ctx, u.by.Person)
	if err != nil || role == "" {
		return false, err
	}
	excluded, err := u.excluded(ctx, c.Accused, c.AccusedUnits)
	if err != nil {
		return false, err
	}
	c.Exclude(excluded...)
	return c.Admits(u.by.Person), nil
}

// inspects is the inspector's role that a person holds today, empty for none.
func (s *Sealed) inspects(ctx context.Context, who org.PersonID) (org.Role, error) {
	if who == "" {
		return "", nil
	}
	holdings, err := s.u.dir.Holdings(ctx, org.HoldingQuery{Person: who, On: s.u.today})
	for _, h := range holdings {
		if h.Role == org.Inspector || h.Role == org.DeputyInspector {
			return h.Role, nil
		}
	}
	return "", err
}

// log keeps a look or a try. A try is remembered besides, because the refusal
// usually undoes the unit of work.
func (s *Sealed) log(ctx context.Context, id sealed.ID, act sealed.Act, allowed bool) error {
	u := s.u
	a := sealed.Access{ID: u.newID(), Case: id, By: org.PersonID(u.by.String()), What: act, Allowed: allowed, At: u.now}
	if !allowed {
		u.refused = append(u.refused, a)
	}
	return u.tx.AddSealedAccess(ctx, &a)
}

// keepRefusals writes the tries of a unit of work that was undone by err.
func (s *System) keepRefusals(ctx context.Context, refused []sealed.Access, err error) error {
	lost := s.store.Update(context.WithoutCancel(ctx), func(ctx context.Context, tx store.Tx) error {
		for _, a := range refused {
			if err := tx.AddSealedAccess(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if lost != nil {
		return errors.Join(err, fmt.Errorf("core: the refusal could not be kept: %w", lost))
	}
	return err
}
