package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/visit"
)

// opinion reads an opinion as it stands.
func (c *cast) opinion(id opinion.ID) (o opinion.State) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) (err error) { o, err = tx.Opinion(ctx, id); return err })
	return o
}

// captures runs Capture by somebody at a visit.
func captures(at visit.ID, into *[]opinion.State, said ...core.Said) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		captured, err := w.Opinions.Capture(ctx, at, said...)
		if into != nil {
			*into = captured
		}
		return err
	}
}

func TestEightOpinionsAreWrittenDownAtOnce(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-06")
	v := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-08 21:00")
	var got []opinion.State
	said := []core.Said{
		{Text: "Đường ngập."},
		{Text: "Xin đèn đường.", Kind: opinion.Petition, Speaker: withPhone(), Topics: []string{"dien", "giao_thong"}},
		{Text: "Bao giờ có thẻ?", Kind: opinion.Question, Answer: "Tháng 4, tại ủy ban xã."},
		{Text: "Mong gặp cán bộ trước Tết.", Kind: opinion.Wish, Collective: 12},
		{Text: "Giá đền bù thấp.", Kind: opinion.Complaint, Guidance: &opinion.Guidance{Body: "Ban Tiếp công dân huyện", Paper: true}},
		{Text: "Chưa rõ gửi đâu.", Kind: opinion.Complaint},
		{Text: "Họp sớm hơn.", Kind: opinion.Suggestion, Speaker: elder(), Confidentiality: opinion.NameHidden},
		{Text: "Rác chậm thu.", Kind: opinion.Report, Speaker: &opinion.Speaker{}},
	}
	c.must(lan, captures(v, &got, said...))
	var statuses []opinion.Status
	for _, o := range got {
		statuses = append(statuses, o.Status)
		if o.Place != "AP-01" || o.Visit != string(v) || o.Happened != day("2017-03-08") || o.Heard != lan || o.Proxy {
			t.Errorf("%+v", o)
		}
	}
	want := []opinion.Status{opinion.Captured, opinion.Captured, opinion.AnsweredOnSpot, opinion.Recorded, opinion.Guided, opinion.Captured, opinion.Captured, opinion.Captured}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Error(diff)
	}
	if got[4].Guidance.On != day("2017-03-08") || got[0].Kind != opinion.Unclassified || !got[7].Anonymous() || got[1].Anonymous() {
		t.Errorf("%+v", got)
	}

	c.must(lan, reportOn(v, "2017-03-08", minutes()))
	for n, want := range []opinion.Status{opinion.Recorded, opinion.Recorded, opinion.AnsweredOnSpot, opinion.Recorded, opinion.Guided, opinion.Captured, opinion.Recorded, opinion.Recorded} {
		if status := c.opinion(got[n].ID).Status; status != want {
			t.Errorf("after the report the opinion %q is %s, want %s", said[n].Text, status, want)
		}
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{Subject: opinion.Subject(got[2].ID)})
		if len(records) != 2 || records[0].Kind != "opinion.captured" || records[1].Kind != "opinion.answered_on_spot" {
			t.Errorf("%v", records)
		}
		return err
	})
}

func TestWhoMayWriteDownWhatWasSaid(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	var got []opinion.State
	c.must(ta01, captures("", &got, core.Said{Text: "Bà con nhờ hỏi.", Place: "AP-01"}))
	if !got[0].Proxy || got[0].Heard != ta01 {
		t.Errorf("the hamlet head writes for others: %+v", got[0])
	}
	c.refused("permission.opinion.capture", ta01, captures("", nil, core.Said{Text: "x", Place: "AP-02"}))
	c.refused("permission.opinion.capture", u11, captures("", nil, core.Said{Text: "x", Place: "AP-01"}))
	c.refused("opinion.capture.text_missing", lan, captures("", nil, core.Said{Place: "AP-01"}))
	c.refused("opinion.capture.place_missing", lan, captures("", nil, core.Said{Text: "x"}))
	c.refused("opinion.speaker.phone", lan, captures("", nil, core.Said{Text: "x", Place: "AP-01", Speaker: &opinion.Speaker{Name: "A", Phone: "0909"}}))
	c.refused("opinion.answer.guide_only", lan, captures("", nil, core.Said{Text: "x", Place: "AP-01", Kind: opinion.Complaint, Answer: "y"}))
	c.refused("opinion.capture.sealed", lan, captures("", nil, core.Said{Text: "x", Place: "AP-01", Kind: opinion.Denunciation}))
	c.must(vp01, captures("", nil, core.Said{Text: "x", Place: "AP-09"}))
}

func TestWhatADeviceSendsAgainChangesNothing(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	said := core.Said{Text: "Đường ngập.", Place: "AP-01", ClientID: "tablet-7/1", Speaker: elder()}
	var first, again, other []opinion.State
	c.must(lan, captures("", &first, said))
	c.must(lan, captures("", &again, said))
	if again[0].ID != first[0].ID || again[0].Version != first[0].Version {
		t.Errorf("%+v", again)
	}
	elsewhere := said
	elsewhere.Place = "AP-02"
	c.must(lan, captures("", &other, elsewhere))
	if other[0].ID == first[0].ID {
		t.Error("the same number from another hamlet is another opinion")
	}
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Opinions.Withdraw(ctx, first[0].ID)
		return err
	})
	c.must(lan, captures("", &again, said))
	if o := c.opinion(first[0].ID); again[0].ID != first[0].ID || o.Status != opinion.Withdrawn || o.Text != "" {
		t.Errorf("what was taken back came again: %+v", o)
	}
	given := core.Said{ID: "o-1", Text: "a", Place: "AP-01"}
	c.must(lan, captures("", nil, given))
	if err := c.do(lan, captures("", nil, given)); !errors.Is(err, fault.ErrExists) {
		t.Errorf("an id is taken once: %v", err)
	}
}

func TestAnAnswerOnTheSpotMayTurnOutNotToSatisfy(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	id := c.hears(lan, core.Said{Text: "Bao giờ có thẻ?", Place: "AP-01", Kind: opinion.Question})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Opinions.AnswerOnSpot(ctx, id, "Tháng 4.")
		return err
	})
	say := func(ok bool) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Opinions.RecordSatisfaction(ctx, id, ok)
			return err
		}
	}
	c.refused("permission.issue.record_reply", lan, say(true))
	c.must(ta01, say(false))
	if o := c.opinion(id); o.Satisfied != opinion.No || o.Status != opinion.AnsweredOnSpot {
		t.Errorf("%+v", o)
	}
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{id}})
		return err
	})

	own := c.hears(vp01, core.Said{Text: "x", Place: "AP-01", Answer: "y"})
	c.refused("opinion.reply.own", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Opinions.RecordSatisfaction(ctx, own, true)
		return err
	})
}

func TestAHiddenNameIsForTheOfficeAlone(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	say := func(grade opinion.Confidentiality) *matter {
		id := c.hears(lan, core.Said{Text: "x", Place: "AP-01", Speaker: withPhone(), Confidentiality: grade})
		m := &matter{cast: c}
		c.must(lan, func(ctx context.Context, w *core.Work) error {
			i, err := w.Issues.Register(ctx, core.Registration{Opinions: []opinion.ID{id}})
			m.id = i.ID
			return err
		})
		return m.referredTo(unitTNMT)
	}
	open, hidden := say(opinion.Open), say(opinion.NameHidden)
	knows := func(who org.PersonID, m *matter) (string, error) {
		var name string
		err := c.do(who, func(ctx context.Context, w *core.Work) error {
			s, err := w.Opinions.Speaker(ctx, opinion.ID(m.state().Opinions[0]))
			name = s.Name
			return err
		})
		return name, err
	}
	for _, who := range []org.PersonID{lan, tl03, u11, u10, vp01} {
		if name, err := knows(who, open); err != nil || name != "Nguyễn Thị Mẫu" {
			t.Errorf("%s handles the matter and sees %q, %v", who, name, err)
		}
	}
	for _, who := range []org.PersonID{minh, u21, ta01, qt01, pct, kt01} {
		if name, err := knows(who, open); name != "" || !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s does not handle the matter and sees %q, %v", who, name, err)
		}
	}
	for _, who := range []org.PersonID{lan, tl03, u11, u10, minh, ta01, qt01, pct} {
		if name, err := knows(who, hidden); name != "" || !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s sees the hidden name %q, %v", who, name, err)
		}
	}
	if name, err := knows(vp01, hidden); err != nil || name != "Nguyễn Thị Mẫu" {
		t.Errorf("%q, %v", name, err)
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		seen, err := tx.Records(ctx, event.Query{Kinds: []string{"speaker.seen"}})
		if len(seen) != 1 || seen[0].Actor != string(vp01) {
			t.Errorf("one look at a hidden name is journalled: %v", seen)
		}
		return err
	})
	nobody := c.hears(lan, core.Said{Text: "x", Place: "AP-01"})
	if err := c.do(lan, func(ctx context.Context, w *core.Work) error { _, err := w.Opinions.Speaker(ctx, nobody); return err }); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody spoke: %v", err)
	}
}

func TestSpeakersAreForgottenAYearAfterEverythingIsClosed(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	known := withPhone()
	known.ID = "sp-1"
	m := c.raised(lan, "AP-01", core.Registration{}, known, &opinion.Speaker{ID: "sp-1"}).referredTo(unitTNMT)
	alone := c.hears(lan, core.Said{Text: "x", Place: "AP-01", Speaker: elder()})
	speaker := func(id opinion.SpeakerID) (s opinion.Speaker) {
		c.see(func(ctx context.Context, tx store.Tx) (err error) { s, err = tx.Speaker(ctx, id); return err })
		return s
	}
	if o := c.opinion(opinion.ID(m.state().Opinions[1])); o.Speaker != "sp-1" || speaker("sp-1").Name != "Nguyễn Thị Mẫu" {
		t.Errorf("the same person spoke twice: %+v", o)
	}
	c.at("2017-06-01")
	m.answeredBy(settledAnswer()).does(lan, m.tells(0, issue.Call)).does(lan, m.tells(1, issue.Call)).does(vp01, m.replies(0, true)).does(vp01, m.replies(1, true)).wantStatus(issue.Closed)
	c.at("2018-03-08 09:00")
	c.sweep()
	if speaker(c.opinion(alone).Speaker).Name != "" || speaker("sp-1").Name == "" {
		t.Error("who said one thing a year ago is forgotten, whose issue was closed later is not")
	}
	c.at("2018-06-01 09:00")
	c.sweep()
	if s := speaker("sp-1"); s.Name != "" || s.Phone != "" || s.Scrubbed != day("2018-06-01") {
		t.Errorf("%+v", s)
	}

	fresh := c.hears(lan, core.Said{Text: "y", Place: "AP-01", Speaker: withPhone()})
	c.must(lan, func(ctx context.Context, w *core.Work) error { return w.Opinions.Forget(ctx, fresh) })
	if s := speaker(c.opinion(fresh).Speaker); s.Named() || c.opinion(fresh).Text != "y" {
		t.Errorf("the name is gone, the words stay: %+v", s)
	}
}

func TestAnOpinionThatTurnsOutToBeADenunciationLeavesNothingBehind(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	id := c.hears(lan, core.Said{Text: secretBody, Place: "AP-01", Speaker: &opinion.Speaker{Name: secretName, Phone: secretPhone}})
	var receipt string
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		o, r, err := w.Opinions.Classify(ctx, id, opinion.Denunciation)
		receipt = r
		if err == nil && (o.Text != "" || o.Kind != opinion.Unclassified) {
			t.Errorf("%+v", o)
		}
		return err
	})
	c.wantNothingOutsideTheVault()
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		p, err := w.Sealed.Status(ctx, receipt)
		if p.Status != sealed.Transferred {
			t.Errorf("%+v", p)
		}
		return err
	})
	read := c.inspectorReads(t)
	if read.Body != secretBody || read.Speaker != secretName+" "+secretPhone || read.Place != "AP-01" {
		t.Errorf("%+v", read)
	}

	taken := c.hears(lan, core.Said{Text: "lời khác", Place: "AP-01", Speaker: &opinion.Speaker{Name: "Ai Đó"}})
	c.must(lan, func(ctx context.Context, w *core.Work) error { _, err := w.Opinions.Withdraw(ctx, taken); return err })
	c.see(func(ctx context.Context, tx store.Tx) error {
		kinds := func(id opinion.ID) (kinds []string) {
			records, err := tx.Records(ctx, event.Query{Subject: opinion.Subject(id)})
			for _, r := range records {
				kinds = append(kinds, r.Kind, string(r.Data))
			}
			if err != nil {
				t.Error(err)
			}
			return kinds
		}
		if diff := cmp.Diff(kinds(taken), kinds(id)); diff != "" {
			t.Errorf("the journal tells which was sealed: %s", diff)
		}
		a, b := c.opinion(id), c.opinion(taken)
		a.ID, b.ID = "", ""
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("the store tells which was sealed: %s", diff)
		}
		return nil
	})
}

func TestALinkedOpinionThatIsSealedTakesTheTitleAlong(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	m := c.raised(lan, "AP-01", core.Registration{Title: "về " + secretBody}, nil)
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, _, err := w.Opinions.Classify(ctx, opinion.ID(m.state().Opinions[0]), opinion.Denunciation)
		return err
	})
	if i := m.state(); i.Title != "" || c.opinion(opinion.ID(i.Opinions[0])).Status != opinion.Withdrawn {
		t.Errorf("%+v", i)
	}
	c.refused("opinion.classify.done", vp01, func(ctx context.Context, w *core.Work) error {
		_, _, err := w.Opinions.Classify(ctx, opinion.ID(m.state().Opinions[0]), opinion.Report)
		return err
	})
}
