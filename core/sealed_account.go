package core

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

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
	hash := s.u.receiptHash(receipt)
	for _, c := range cases {
		if c.Receipt != "" && hmac.Equal([]byte(c.Receipt), []byte(hash)) {
			return c.Progress(), nil
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
