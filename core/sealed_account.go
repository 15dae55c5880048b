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

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/sealed"
)

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
	for _, secret := range s.u.secrets() {
		hash := receiptHash(secret, receipt)
		for _, c := range cases {
			if c.Receipt != "" && hmac.Equal([]byte(c.Receipt), []byte(hash)) {
				return c.Progress(), nil
			}
		}
	}
	return sealed.Progress{}, fault.NotFound("receipt", "")
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
func receiptHash(secret []byte, receipt string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(receipt))
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "sealed receipt hash\x00%s", plain)
	return hex.EncodeToString(mac.Sum(nil))
}

// secrets are those under which something may have been kept: today's first.
func (u *unit) secrets() [][]byte {
	return append([][]byte{u.sys.opts.Secret}, u.sys.opts.FormerSecrets...)
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
		{"pass_on_sealed", passOnSealed},
		{"relock_sealed", relockSealed},
	}
}

// passOnSealed finds another inspector for every open case whose inspector holds
// the role no more, or must not see it as things stand today; the chair is asked
// where there is none (model 11.34). Where not even the chair may know, the case
// waits, and counts as open.
func passOnSealed(ctx context.Context, u *unit) error {
	s := u.work.Sealed
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if !c.Open() || c.Inspector == "" {
			continue
		}
		role, err := s.inspects(ctx, c.Inspector)
		if err != nil {
			return err
		}
		excluded, err := u.excluded(ctx, c.Accused, c.AccusedUnits)
		if err != nil {
			return err
		}
		if role != "" && !c.Excludes(c.Inspector) && !slices.Contains(excluded, c.Inspector) {
			continue
		}
		c.Exclude(excluded...)
		c.Leave()
		if err := s.assign(ctx, &c); errors.Is(err, fault.ErrRule) {
			err = errors.Join(u.release(ctx, sealed.Subject(c.ID), duty.SealedAck), u.tx.PutSealedCase(ctx, &c))
			if err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if err := s.log(ctx, c.ID, sealed.ActGrant, true); err != nil {
			return err
		}
	}
	return nil
}

// relockSealed locks under today's secret what was locked under a former one, so
// that a former one need not be kept for ever. What none of them opens stays.
func relockSealed(ctx context.Context, u *unit) error {
	if len(u.sys.opts.FormerSecrets) == 0 {
		return nil
	}
	cases, err := u.tx.SealedCases(ctx)
	if err != nil {
		return err
	}
	for _, c := range cases {
		open, with, err := c.Unlock(u.secrets()...)
		if err != nil || !c.Locked || with == 0 {
			continue
		}
		if err := open.Lock(u.sys.opts.Secret); err != nil {
			return err
		}
		if err := u.tx.PutSealedCase(ctx, &open); err != nil {
			return err
		}
	}
	return nil
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
