package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

func TestEX24_ThePaperSlipOfAnAnswer(t *testing.T) {
	c := newCast(t, &core.Options{Hotline: "0251 0000 000"})
	c.at("2017-03-20")
	m := c.raised(lan, "AP-01", core.Registration{Title: "Mương sau chợ"}, elder(), nil)
	slip := func(o opinion.ID, got *core.AnswerSlip) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) (err error) {
			*got, err = w.Issues.AnswerSlip(ctx, m.id, o)
			return err
		}
	}
	var got core.AnswerSlip
	c.refused("issue.slip.not_answered", lan, slip("", &got))
	m.referredTo(unitTNMT)
	c.at("2017-03-31")
	m.answeredBy(settledAnswer())
	elder, nobody := opinion.ID(m.state().Opinions[0]), opinion.ID(m.state().Opinions[1])

	c.must(lan, slip(elder, &got))
	if got.Code != m.state().Code || got.Title != "Mương sau chợ" || !strings.Contains(got.Place, "C1") || got.Raised != day("2017-03-20") ||
		got.Promised != m.state().PromiseDue || got.Approved != day("2017-03-31") || got.Class != issue.Settled || got.Text == "" ||
		got.Unit == "" || got.Official != "Trần Thị Lan" || got.Hotline != "0251 0000 000" || got.Name != "Bà N." {
		t.Errorf("%+v", got)
	}
	c.must(lan, slip(nobody, &got))
	if got.Name != "" {
		t.Errorf("somebody without a name is called %q", got.Name)
	}
	c.must(lan, slip("", &got))
	if got.Name != "" {
		t.Errorf("nobody was asked for, %q is named", got.Name)
	}
	for _, who := range []org.PersonID{minh, u11, ta01} {
		if err := c.do(who, slip(elder, &got)); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s printed the answer: %v", who, err)
		}
	}
	other := c.raised(lan, "AP-01", core.Registration{Title: "Đèn đường"}, nil)
	c.refused("issue.slip.not_part", lan, slip(opinion.ID(other.state().Opinions[0]), &got))

	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-04-03", "2017-04-05"), Substitute: minh, Reason: "phép năm"})
		return err
	})
	c.at("2017-04-04")
	c.must(minh, slip(elder, &got))
	if want := c.fullName(minh); got.Official != want || got.Name != "Bà N." {
		t.Errorf("the substitute brings it: %+v", got)
	}
}

func TestTheNoticeBoardOfAMergedHamletHoldsWhatWasRaisedInItsParts(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20")
	m := c.raised(minh, "AP-02", core.Registration{Title: "Cống đầu ấp 2"}, nil).referredTo(unitTNMT)
	m.answeredBy(settledAnswer())
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"AP-02"}, Into: "AP-01", On: day("2017-03-20")})
	})
	for who, want := range map[org.PersonID]int{minh: 1, vp01: 1, lan: 0} { // Lan looks after the hamlet too, but not after this issue
		c.must(who, func(ctx context.Context, w *core.Work) error {
			board, err := w.Issues.Board(ctx, "AP-01")
			if len(board) != want {
				t.Errorf("%s hangs up %d answers, want %d", who, len(board), want)
			}
			return err
		})
	}
}

func (c *cast) fullName(who org.PersonID) (name string) {
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		p, err := w.Org.Person(ctx, who)
		name = p.FullName
		return err
	})
	return name
}

func TestAConfidentialNameIsNeverPutOnPaper(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20")
	o := c.hears(lan, core.Said{Text: "Mương sau chợ bị tắc.", Kind: opinion.Report, Topics: []string{"nuoc"}, Place: "AP-01",
		Speaker: elder(), Confidentiality: opinion.NameHidden})
	m := c.raised(lan, "AP-01", core.Registration{Opinions: []opinion.ID{o}}).referredTo(unitTNMT).answeredBy(settledAnswer())
	for _, who := range []org.PersonID{lan, vp01} {
		c.must(who, func(ctx context.Context, w *core.Work) error {
			slip, err := w.Issues.AnswerSlip(ctx, m.id, o)
			if text := fmt.Sprintf("%+v", slip); strings.Contains(text, "Bà N.") {
				t.Errorf("%s: %s", who, text)
			}
			return err
		})
	}
}

func TestTheNoticeBoardHoldsTheAnswersOfThoseWithoutAName(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-20")
	mixed := c.raised(lan, "AP-01", core.Registration{Title: "Mương sau chợ"}, elder(), nil).referredTo(unitTNMT)
	known := c.raised(lan, "AP-01", core.Registration{Title: "Đèn đường"}, elder()).referredTo(unitTNMT)
	c.raised(lan, "AP-01", core.Registration{Title: "Chưa trả lời"}, nil).referredTo(unitTNMT)
	mixed.answeredBy(settledAnswer())
	known.answeredBy(settledAnswer())
	board := func(who org.PersonID, want ...string) {
		t.Helper()
		c.must(who, func(ctx context.Context, w *core.Work) error {
			all, err := w.Issues.Board(ctx, "AP-01")
			var titles []string
			for _, s := range all {
				titles = append(titles, s.Title)
				if s.Name != "" || strings.Contains(fmt.Sprintf("%+v", s), "Bà N.") {
					t.Errorf("the board names somebody: %+v", s)
				}
			}
			if strings.Join(titles, ", ") != strings.Join(want, ", ") {
				t.Errorf("%s hangs up %q, want %q", who, titles, want)
			}
			return err
		})
	}
	board(lan, "Mương sau chợ")
	board(vp01, "Mương sau chợ")
	board(minh)
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Issues.Deliver(ctx, mixed.id, issue.Delivery{Opinion: mixed.state().Opinions[1], Channel: issue.NoticeBoard})
		return err
	})
	board(lan)
}
