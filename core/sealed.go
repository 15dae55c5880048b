package core

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
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
	c, err := sealed.New(sealed.ID(u.newID()), r, code, u.receiptHash(receipt), excluded, u.now)
	if err != nil {
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
	if len(chairs) == 0 || c.Status != sealed.Received {
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
		if !reader && c.Status == sealed.Received && !c.Excludes(u.by.Person) {
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
	if c.Status == sealed.Received {
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

// Count counts cases for the programme office, without the places where so few
// would give a speaker away, and without those that concern the one who asks.
func (s *Sealed) Count(ctx context.Context) (sealed.Figures, error) {
	u := s.u
	if u.by.System || u.allow(ctx, CountSealed, scope{}) != nil {
		return sealed.Figures{}, sealed.Refused()
	}
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return sealed.Figures{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return sealed.Figures{}, err
	}
	cases = slices.DeleteFunc(cases, func(c sealed.Case) bool { return c.Excludes(u.by.Person) })
	return sealed.Count(cases, book.Reports.SmallCell), nil
}

// AccessLog lists, for the auditor, every look and try at one case, or with an
// empty id at all of them, tries at what does not exist included; never those of
// cases that concern the auditor.
func (s *Sealed) AccessLog(ctx context.Context, id sealed.ID) ([]sealed.Access, error) {
	u := s.u
	if u.by.System || u.allow(ctx, ReadSealedAccess, scope{}) != nil {
		return nil, sealed.Refused()
	}
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return nil, err
	}
	ids := []sealed.ID{}
	if id == "" {
		ids = append(ids, "")
	}
	for _, c := range cases {
		if (id == "" || c.ID == id) && !c.Excludes(u.by.Person) {
			ids = append(ids, c.ID)
		}
	}
	var all []sealed.Access
	for _, one := range ids {
		accesses, err := u.tx.SealedAccesses(ctx, one)
		if err != nil {
			return nil, err
		}
		all = append(all, accesses...)
	}
	slices.SortStableFunc(all, func(a, b sealed.Access) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// Status tells whoever has the receipt how far the case has come. It is not
// logged who asks: that would lead to the speaker. fault.ErrNotFound for every
// code that is none.
func (s *Sealed) Status(ctx context.Context, receipt string) (sealed.Progress, error) {
	cases, err := s.u.tx.SealedCases(ctx)
	if err != nil {
		return sealed.Progress{}, err
	}
	hash := s.u.receiptHash(receipt)
	for _, c := range cases {
		if c.Receipt != "" && hmac.Equal([]byte(c.Receipt), []byte(hash)) {
			return c.Progress(), nil
		}
	}
	return sealed.Progress{}, fault.NotFound("receipt", "")
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

// excluded are the accused, everybody who stands above one of them today, and
// everybody in an accused unit or at its head.
func (u *unit) excluded(ctx context.Context, accused []org.PersonID, units []org.UnitID) ([]org.PersonID, error) {
	out := slices.Clone(accused)
	add := func(q org.HoldingQuery) error {
		q.On = u.today
		holdings, err := u.dir.Holdings(ctx, q)
		for _, h := range holdings {
			out = append(out, h.Person)
		}
		return err
	}
	for _, id := range units {
		if err := add(org.HoldingQuery{Unit: id}); err != nil {
			return nil, err
		}
		unit, err := u.dir.Unit(ctx, id)
		if err != nil {
			return nil, err
		}
		if unit.Parent != "" {
			if err := add(org.HoldingQuery{Role: org.UnitHead, Unit: unit.Parent}); err != nil {
				return nil, err
			}
		}
	}
	for _, who := range accused {
		above, err := u.superiors(ctx, who)
		if err != nil {
			return nil, err
		}
		for _, q := range above {
			if err := add(q); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// superiors says, for each role that a person holds today, who stands above it.
func (u *unit) superiors(ctx context.Context, who org.PersonID) ([]org.HoldingQuery, error) {
	holdings, err := u.dir.Holdings(ctx, org.HoldingQuery{Person: who, On: u.today})
	if err != nil {
		return nil, err
	}
	var above []org.HoldingQuery
	for _, h := range holdings {
		if h.Unit != "" && h.Role != org.UnitHead {
			above = append(above, org.HoldingQuery{Role: org.UnitHead, Unit: h.Unit})
		}
		switch h.Role {
		case org.Official:
			if h.Team != "" {
				above = append(above, org.HoldingQuery{Role: org.TeamLeader, Team: h.Team})
			}
		case org.TeamLeader, org.UnitHead, org.ProgrammeOffice, org.CommuneLeader, org.Admin:
			above = append(above, org.HoldingQuery{Role: org.ProgrammeLeader})
		case org.HamletHead, org.PartyCellSecretary, org.ResidentGroupHead, org.VillageElder:
			line, err := org.Line(ctx, u.dir, h.Place, u.today)
			if err != nil {
				return nil, err
			}
			for _, place := range line[min(1, len(line)):] {
				above = append(above, org.HoldingQuery{Role: org.CommuneLeader, Place: place})
			}
		case org.Inspector:
			above = append(above, org.HoldingQuery{Role: org.DeputyInspector})
		case org.DeputyInspector, org.ProgrammeLeader:
			above = append(above, org.HoldingQuery{Role: org.ProgrammeChair})
		}
	}
	return above, nil
}

// secretCode is n letters and digits that nobody can guess, made from an id that
// is kept nowhere.
func (u *unit) secretCode(purpose, id string, n int) string {
	mac := hmac.New(sha256.New, u.sys.opts.Secret)
	fmt.Fprintf(mac, "sealed %s\x00%s", purpose, id)
	// without 0, 1, I, O and the like: it is written down by hand
	code := base32.NewEncoding("ABCDEFGHJKLMNPQRSTUVWXYZ23456789").WithPadding(base32.NoPadding)
	return code.EncodeToString(mac.Sum(nil))[:n]
}

// receiptHash is what the vault keeps of a receipt, however it is written.
func (u *unit) receiptHash(receipt string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(receipt))
	mac := hmac.New(sha256.New, u.sys.opts.Secret)
	fmt.Fprintf(mac, "sealed receipt hash\x00%s", plain)
	return hex.EncodeToString(mac.Sum(nil))
}

// grouped writes a code in groups of four.
func grouped(code string) string {
	var groups []string
	for g := range slices.Chunk([]byte(code), 4) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, "-")
}

// privacyRoutines remove what may not be kept any longer (L15).
func privacyRoutines() []routine {
	return []routine{
		{"scrub_speakers", func(ctx context.Context, u *unit) error {
			_, err := u.work.Opinions.ScrubSpeakers(ctx)
			return err
		}},
		{"erase_sealed", eraseSealed},
	}
}

// eraseSealed erases cases that ended longer ago than speakers are kept.
func eraseSealed(ctx context.Context, u *unit) error {
	book, err := u.rules(ctx)
	if err != nil {
		return err
	}
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return err
	}
	cutOff := u.today.AddMonths(-book.Retention.SpeakerMonths)
	for _, c := range cases {
		if c.Closed.IsZero() || c.Status == sealed.Erased || !c.Closed.Before(cutOff) {
			continue
		}
		if err := c.Erase(); err != nil {
			return err
		}
		if err := u.tx.PutSealedCase(ctx, &c); err != nil {
			return err
		}
		if err := u.work.Sealed.log(ctx, c.ID, sealed.ActErase, true); err != nil {
			return err
		}
	}
	return nil
}
