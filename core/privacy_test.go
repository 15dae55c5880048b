package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

func TestWhoeverAsksIsShownWhatIsKeptAndCanHaveItCorrectedAndRemoved(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	speaker := withPhone()
	m := c.raised(lan, "AP-01", core.Registration{}, speaker)
	id := c.speakerOf(m)
	c.hears(lan, core.Said{Text: "việc khác", Place: "AP-01", Speaker: &opinion.Speaker{ID: id}})
	c.hears(minh, core.Said{Text: "của người khác", Place: "AP-02", Speaker: &opinion.Speaker{Name: "Ông B.", Phone: "+84900123123"}})
	onPhone := func(phone string, into *[]core.Held) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) (err error) {
			held, err := w.Privacy.OnPhone(ctx, phone)
			if into != nil {
				*into = held
			}
			return err
		}
	}
	var held []core.Held
	c.must(vp01, onPhone(speaker.Phone, &held))
	if len(held) != 1 || held[0].Speaker.ID != id || len(held[0].Opinions) != 2 || len(held[0].Issues) != 1 || held[0].Issues[0].Code != m.state().Code ||
		len(held[0].Notices) != 1 || held[0].Notices[0].Template != "issue.registered" || held[0].Notices[0].Channel != notify.SMS {
		t.Fatalf("%+v", held)
	}
	for _, who := range []org.PersonID{lan, tl03, u11, pct, ta01, tt01, qt01, kt01} {
		c.refused("permission.opinion.see_speaker", who, onPhone(speaker.Phone, nil))
		c.refused("permission.opinion.see_speaker", who, func(ctx context.Context, w *core.Work) error { return w.Privacy.Remove(ctx, id) })
	}
	c.refused("opinion.speaker.phone", vp01, onPhone("0909", nil))

	correct := func(to opinion.Speaker) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { _, err := w.Privacy.Correct(ctx, id, to); return err }
	}
	c.refused("privacy.correct.empty", vp01, correct(opinion.Speaker{}))
	c.refused("opinion.speaker.phone", vp01, correct(opinion.Speaker{Name: "Bà A.", Phone: "x"}))
	c.must(vp01, correct(opinion.Speaker{Name: "Bà A.", Phone: "+84900777888"}))
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		h, err := w.Privacy.OnSpeaker(ctx, id)
		if h.Speaker.Phone != "+84900777888" || h.Speaker.Name != "Bà A." || h.Speaker.Place != "AP-01" {
			t.Errorf("%+v", h.Speaker)
		}
		return err
	})
	c.must(vp01, onPhone(speaker.Phone, &held))
	if len(held) != 0 {
		t.Errorf("the old number leads to nobody: %+v", held)
	}
	c.must(vp01, func(ctx context.Context, w *core.Work) error { return w.Privacy.Remove(ctx, id) })
	c.must(vp01, onPhone("+84900777888", &held))
	if len(held) != 0 {
		t.Errorf("%+v", held)
	}
	c.refused("privacy.correct.removed", vp01, correct(opinion.Speaker{Name: "Bà A."}))
	if o := c.opinion(opinion.ID(m.state().Opinions[0])); o.Text == "" {
		t.Error("what was said stays")
	}
	if err := c.do(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Privacy.OnSpeaker(ctx, "nobody")
		return err
	}); !errors.Is(err, fault.ErrNotFound) {
		t.Error(err)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: opinion.SpeakerSubject(id)})
		var kinds []string
		for _, r := range records {
			kinds = append(kinds, r.Kind)
			if r.Actor != string(vp01) || strings.Contains(string(r.Data), "900") || strings.Contains(string(r.Data), "Bà") {
				t.Errorf("%+v", r)
			}
		}
		if !slices.Equal(kinds, []string{"speaker.shown", "speaker.corrected", "speaker.shown", "speaker.scrubbed"}) {
			t.Errorf("%v", kinds)
		}
		return err
	})
}

func TestEverybodySeesWhatIsKeptAboutThemselves(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	on := func(id org.PersonID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			h, err := w.Privacy.OnPerson(ctx, id)
			if err == nil && (h.Person.ID != id || len(h.Holdings) != 1 || len(h.Assignments) != 1) {
				t.Errorf("%+v", h)
			}
			return err
		}
	}
	c.must(lan, on(lan))
	c.must(vp01, on(lan))
	c.must(qt01, on(lan))
	c.refused("permission.organisation.manage", minh, on(lan))
	c.refused("permission.organisation.manage", tl03, on(lan))
	if err := c.do(vp01, on("nobody")); !errors.Is(err, fault.ErrNotFound) {
		t.Error(err)
	}
}

func TestASpeakerMayChangeWhoKnows(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-10")
	id := c.hears(lan, core.Said{Text: secretBody, Place: "AP-01", Speaker: &opinion.Speaker{Name: secretName, Phone: secretPhone}})
	var receipt string
	protect := func(grade opinion.Confidentiality) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) (err error) {
			_, receipt, err = w.Opinions.Protect(ctx, id, grade)
			return err
		}
	}
	name := func(ctx context.Context, w *core.Work) error { _, err := w.Opinions.Speaker(ctx, id); return err }
	c.must(lan, name)
	c.refused("opinion.protect.unknown", lan, protect("secret"))
	c.refused("permission.opinion.capture", u11, protect(opinion.NameHidden))
	c.must(lan, protect(opinion.NameHidden))
	c.refused("permission.opinion.see_speaker", lan, name)
	c.must(vp01, protect(opinion.Open))
	c.must(lan, name)
	c.must(lan, protect(opinion.Sealed))
	if receipt == "" || c.opinion(id).Status != opinion.Withdrawn || len(c.cases()) != 1 {
		t.Errorf("%q %+v", receipt, c.opinion(id))
	}
	c.wantNothingOutsideTheVault()
	c.refused("opinion.protect.withdrawn", lan, protect(opinion.Open))
	c.refused("opinion.protect.sealed", lan, protect(opinion.Sealed))
}

func TestTheLeaderHearsWhenTheCalendarHasLessThanThirtyDays(t *testing.T) {
	for on, told := range map[string]bool{"2017-12-01": false, "2017-12-02": true} { // 30 and 29 days before its end
		c := newCast(t, nil)
		c.at(on)
		c.sweep()
		hears := false
		for _, n := range c.outbox(notify.Query{Template: "calendar.ending"}) {
			hears = hears || n.To.Role == org.ProgrammeLeader
		}
		if hears != told {
			t.Errorf("on %s, %d days before: %v", on, calendar.MustDate(2017, 12, 31).Sub(day(on)), hears)
		}
	}
}
