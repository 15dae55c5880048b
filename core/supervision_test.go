package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// verified is a visit of Lan's that the hamlet head confirmed on 09/03/2017.
func (c *cast) verified() visit.ID {
	c.t.Helper()
	c.at("2017-03-01")
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(lan, reportOn(id, "2017-03-08", minutes()))
	c.must(ta01, confirm(id, true))
	return id
}

func rate(id visit.ID, m core.Remark) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error { return w.Supervision.Rate(ctx, id, m) }
}

func good(phone string) core.Remark {
	return core.Remark{Phone: phone, Complete: true, Punctual: true, Proper: true}
}

// phoneOf is the number somebody of the cast is reached at.
func (c *cast) phoneOf(who org.PersonID) (phone string) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) error {
		p, err := tx.Person(ctx, who)
		phone = p.Phone
		return err
	})
	return phone
}

func TestOneRatingPerPhoneAndVisitAndNeverTheOfficialsOwn(t *testing.T) {
	c := newCast(t, nil)
	id := c.verified()
	c.must(vp01, rate(id, good("+84900111001")))
	if err := c.do(vp01, rate(id, good("+84900111001"))); !errors.Is(err, fault.ErrExists) {
		t.Errorf("the same phone rated twice: %v", err)
	}
	c.refused("supervision.rate.own_number", vp01, rate(id, good(c.phoneOf(lan))))
	c.refused("supervision.rate.rater_missing", vp01, rate(id, good("")))
	c.refused("supervision.rate.paper_two_persons", vp01, rate(id, core.Remark{Paper: true, Slip: "1", Second: vp01}))
	c.must(vp01, rate(id, core.Remark{Paper: true, Slip: "1", Second: tl03, Complete: true}))
	for _, who := range []org.PersonID{lan, minh, "TA-02", u11} {
		if err := c.do(who, rate(id, good("+84900111002"))); !errors.Is(err, fault.ErrForbidden) {
			t.Errorf("%s rated: %v", who, err)
		}
	}
	c.must(ta01, rate(id, core.Remark{Complete: true, Proper: true}))
	c.must("LX-01", rate(id, core.Remark{Complete: true, Punctual: true, Proper: true}))
}

func TestTheOfficialSeesNothingBelowFiveRatingsAndThreeFiguresFromThenOn(t *testing.T) {
	for _, residents := range []int{2, 3} {
		t.Run(fmt.Sprint(residents+2, " ratings"), func(t *testing.T) {
			c := newCast(t, nil)
			id := c.verified()
			for n := range residents {
				c.must(vp01, rate(id, good(fmt.Sprintf("+8490011200%d", n))))
			}
			c.must(ta01, rate(id, core.Remark{Complete: true, Proper: true}))
			c.must("LX-01", rate(id, core.Remark{Complete: true}))
			c.sweepUntil("2017-03-20 08:00") // five working days and more
			enough := residents+2 >= 5

			var own, office core.Impression
			c.must(lan, func(ctx context.Context, w *core.Work) (err error) {
				own, err = w.Supervision.Impression(ctx, lan, days("2017-03-01", "2017-03-31"))
				return err
			})
			c.must(vp01, func(ctx context.Context, w *core.Work) (err error) {
				office, err = w.Supervision.Impression(ctx, lan, days("2017-03-01", "2017-03-31"))
				return err
			})
			if own.Withheld == enough || (len(own.Figures) > 0) != enough {
				t.Errorf("the official sees %+v", own)
			}
			if len(office.Figures) != 3 || office.Figures[supervision.Resident].Ratings != residents || office.Figures[supervision.KeyPerson].Punctual != 0 {
				t.Errorf("the office sees %+v", office.Figures)
			}
			if told := len(c.notices("supervision.published")); (told == 1) != enough {
				t.Errorf("N19 went out %d times", told)
			}
			err := c.do(lan, func(ctx context.Context, w *core.Work) error {
				return w.Supervision.Reply(ctx, id, "xe hỏng dọc đường")
			})
			if (err == nil) != enough {
				t.Errorf("reply: %v", err)
			}
			c.at("2017-03-27")
			c.refused("supervision.rate.closed", vp01, rate(id, good("+84900111999")))
		})
	}
}

func TestWhoMaySeeRatingsOfLan(t *testing.T) {
	c := newCast(t, nil)
	c.verified()
	see := func(ctx context.Context, w *core.Work) error {
		_, err := w.Supervision.Impression(ctx, lan, days("2017-03-01", "2017-03-31"))
		return err
	}
	for who, may := range map[org.PersonID]bool{lan: true, vp01: true, pct: true, kt01: true, minh: false, tl03: false, qt01: false, u11: false, ta01: false, "LX-01": false, tt01: false} {
		if err := c.do(who, see); (err == nil) != may {
			t.Errorf("%s: %v, may=%v", who, err, may)
		}
	}
	if err := c.sys.View(t.Context(), org.System(), see); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("the system itself looked: %v", err)
	}
}

func TestARaterIsNowhereToBeFound(t *testing.T) {
	c := newCast(t, nil)
	id := c.verified()
	c.must(vp01, rate(id, good("+84900111001")))
	c.must(ta01, rate(id, good("")))
	c.see(func(ctx context.Context, tx store.Tx) error {
		round, err := tx.RatingRoundOf(ctx, string(id))
		if err != nil {
			return err
		}
		ratings, err := tx.Ratings(ctx, round.ID)
		for _, r := range ratings {
			if r.Rater == "" || r.Rater == "+84900111001" || r.Rater == string(ta01) || r.Rater == "person:"+string(ta01) {
				t.Errorf("the rater is kept as %q", r.Rater)
			}
		}
		return err
	})
}

func TestAFlagIsExplainedBeforeItIsDecidedAndNeverByTheOfficial(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-01")
	var flag supervision.Flag
	c.must(tl03, func(ctx context.Context, w *core.Work) (err error) {
		flag, err = w.Supervision.Raise(ctx, lan, teamT3, "same_minutes", "ba biên bản giống hệt nhau")
		return err
	})
	c.refused("supervision.flag.facts_missing", tl03, func(ctx context.Context, w *core.Work) error {
		_, err := w.Supervision.Raise(ctx, lan, teamT3, "same_minutes", " ")
		return err
	})
	c.refused("supervision.flag.transition", lan, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.Explain(ctx, flag.ID, "dùng mẫu chung")
	})
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.AskForExplanation(ctx, flag.ID, teamT3)
	})
	c.must(lan, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.Explain(ctx, flag.ID, "dùng mẫu chung")
	})
	decide := func(ctx context.Context, w *core.Work) error {
		return w.Supervision.DecideFlag(ctx, flag.ID, teamT3, false, "đã trao đổi")
	}
	if err := c.do(lan, decide); !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("she decided about herself: %v", err)
	}
	c.must(tl03, decide)
	c.see(func(ctx context.Context, tx store.Tx) error {
		f, err := tx.Flag(ctx, flag.ID)
		if f.Status != supervision.Dismissed || f.Explanation == "" {
			t.Errorf("flag %+v", f)
		}
		return err
	})
}

func TestTheSameSeedDrawsTheSameCallBacks(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	for n := range 10 {
		id := c.plan(lan, "AP-01", fmt.Sprintf("2017-03-%02d", n+1))
		c.at(fmt.Sprintf("2017-03-%02d 21:00", n+1))
		c.must(lan, reportOn(id, fmt.Sprintf("2017-03-%02d", n+1), minutes()))
	}
	draw := func(seed uint64) (ids []visit.ID) {
		c.must(vp01, func(ctx context.Context, w *core.Work) error {
			visits, err := w.Supervision.CallBacks(ctx, days("2017-03-01", "2017-03-31"), seed)
			for _, v := range visits {
				ids = append(ids, v.ID)
			}
			return err
		})
		return ids
	}
	first, again, other := draw(7), draw(7), draw(8)
	if len(first) != 5 || fmt.Sprint(first) != fmt.Sprint(again) || fmt.Sprint(first) == fmt.Sprint(other) {
		t.Errorf("drawn %v, again %v, with another seed %v", first, again, other)
	}
}

// M7: neither the official nor anybody of the official's household, nor the one
// who was to hold the visit and was stood in for.
func TestNobodyCloseToTheOfficialRates(t *testing.T) {
	c := newCast(t, nil)
	c.put(func(ctx context.Context, tx store.Tx) error {
		p, err := tx.Person(ctx, lan)
		if err != nil {
			return err
		}
		p.Family = []string{"+84900333001"}
		return tx.PutPerson(ctx, &p)
	})
	c.at("2017-03-01")
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.TakeLeave(ctx, org.Leave{Person: lan, Days: days("2017-03-06", "2017-03-10"), Substitute: ha, Reason: "phép"})
		return err
	})
	id := c.plan(lan, "AP-01", "2017-03-08")
	c.at("2017-03-09")
	c.must(ha, reportOn(id, "2017-03-08", minutes()))
	c.must(ta01, confirm(id, true))
	for _, phone := range []string{c.phoneOf(ha), c.phoneOf(lan), "+84900333001"} {
		c.refused("supervision.rate.own_number", vp01, rate(id, good(phone)))
	}
	c.refused("supervision.rate.phone", vp01, rate(id, good("0900 333 001")))
	c.must(vp01, rate(id, good("+84900333002")))
}

func TestARoundIsOverWhenTheTimeToReplyIs(t *testing.T) {
	c := newCast(t, nil)
	id := c.verified()
	for n := range 5 {
		c.must(vp01, rate(id, good(fmt.Sprintf("+8490011200%d", n))))
	}
	status := func() (s supervision.RoundStatus) {
		c.see(func(ctx context.Context, tx store.Tx) error {
			round, err := tx.RatingRoundOf(ctx, string(id))
			s = round.Status
			return err
		})
		return s
	}
	c.sweepUntil("2017-03-23 23:00") // closed on 16/03, five working days to reply
	if got := status(); got != supervision.Published {
		t.Fatalf("on the last day to reply the round is %s", got)
	}
	c.sweepUntil("2017-03-24 08:00")
	if got := status(); got != supervision.Final {
		t.Errorf("a day later it is %s", got)
	}
	c.refused("supervision.round.transition", lan, func(ctx context.Context, w *core.Work) error { return w.Supervision.Reply(ctx, id, "muộn rồi") })
}

// From the signal to the talk and what was agreed, seen by three and nobody else
// (model M10).
func TestFromASignalToWhatWasAgreed(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-02-20")
	for n, on := range []string{"2017-03-01", "2017-03-08", "2017-03-15"} {
		id := c.plan(lan, "AP-01", on)
		c.at(on + " 21:00")
		r := minutes()
		r.People = 20 + n
		c.must(lan, reportOn(id, on, r))
	}
	c.at("2017-03-20")
	may := map[org.PersonID]bool{tl03: true, vp01: true, lan: false, minh: false, pct: false, kt01: false, u30: false, qt01: false}
	var found []supervision.Signal
	for who, ok := range may {
		err := c.do(who, func(ctx context.Context, w *core.Work) (err error) {
			signals, err := w.Supervision.Signals(ctx, lan, teamT3, days("2017-03-01", "2017-03-31"))
			if err == nil {
				found = signals
			}
			return err
		})
		if (err == nil) != ok {
			t.Errorf("%s looks for signals: %v", who, err)
		}
	}
	var names []string
	for _, s := range found {
		names = append(names, s.Name)
	}
	if want := "[same_minutes nothing_heard own_word_only]"; fmt.Sprint(names) != want {
		t.Errorf("signals %v, want %s", names, want)
	}

	var flag supervision.Flag
	c.must(tl03, func(ctx context.Context, w *core.Work) (err error) {
		if flag, err = w.Supervision.Raise(ctx, lan, teamT3, found[0].Name, found[0].VI); err != nil {
			return err
		}
		return w.Supervision.AskForExplanation(ctx, flag.ID, teamT3)
	})
	agree := func(what, due string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			_, err := w.Supervision.AgreeAction(ctx, flag.ID, teamT3, what, day(due))
			return err
		}
	}
	c.refused("supervision.action.not_upheld", tl03, agree("Ghi biên bản riêng từng buổi", "2017-04-08"))
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.DecideFlag(ctx, flag.ID, teamT3, true, "đã trao đổi")
	})
	c.refused("supervision.action.due", tl03, agree("Ghi biên bản riêng từng buổi", "2017-03-20"))
	c.refuses(lan, agree("Ghi biên bản riêng từng buổi", "2017-04-08"))
	c.must(tl03, agree("Ghi biên bản riêng từng buổi", "2017-04-08")) // a Saturday: due on Monday the 10th

	var action supervision.ActionID
	c.see(func(ctx context.Context, tx store.Tx) error {
		f, err := tx.Flag(ctx, flag.ID)
		action = f.Actions[0].ID
		return err
	})
	flags := func(who org.PersonID) (all []supervision.Flag, err error) {
		err = c.do(who, func(ctx context.Context, w *core.Work) (err error) {
			all, err = w.Supervision.Flags(ctx, lan, teamT3)
			return err
		})
		return all, err
	}
	may[lan] = true
	for who, ok := range may {
		all, err := flags(who)
		if (err == nil) != ok || ok && (len(all) != 1 || len(all[0].Actions) != 1 || all[0].Actions[0].Due != day("2017-04-10")) {
			t.Errorf("%s sees %+v, %v", who, all, err)
		}
		c.must(who, func(ctx context.Context, w *core.Work) error {
			owed, err := w.Duties.Of(ctx, supervision.ActionSubject(action))
			if (len(owed) == 1) != ok {
				t.Errorf("of what is owed %s sees %+v", who, owed)
			}
			return err
		})
	}
	c.refused("supervision.flags.official_missing", vp01, func(ctx context.Context, w *core.Work) error {
		_, err := w.Supervision.Flags(ctx, "", "")
		return err
	})
	complete := func(result string) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error {
			return w.Supervision.CompleteAction(ctx, flag.ID, action, result)
		}
	}
	c.refuses(tl03, complete("xong"))
	c.refused("supervision.action.result_missing", lan, complete(" "))
	c.sweepUntil("2017-04-11 08:00")
	if late := c.notices("duty.action.late"); len(late) == 0 {
		t.Error("nobody was told that it is late")
	}
	c.must(lan, complete("Ba biên bản gần nhất đã ghi riêng."))
	c.refused("supervision.action.ended", tl03, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.DropAction(ctx, flag.ID, teamT3, action, "thôi")
	})
	c.must(tl03, agree("Dự buổi của tổ bạn", "2017-04-28"))
	all, _ := flags(lan)
	c.must(tl03, func(ctx context.Context, w *core.Work) error {
		return w.Supervision.DropAction(ctx, flag.ID, teamT3, all[0].Actions[1].ID, "Chị Lan chuyển công tác")
	})
	c.see(func(ctx context.Context, tx store.Tx) error {
		open, err := tx.Duties(ctx, duty.Query{Kinds: []duty.Kind{duty.Action}, Statuses: []duty.Status{duty.Running}})
		if len(open) > 0 {
			t.Errorf("still owed: %+v", open)
		}
		return err
	})
}

// N24: at most ten, the worst first.
func TestTheRedListIsShortAndBeginsWithTheWorst(t *testing.T) {
	c := newCast(t, nil)
	for n := range 12 {
		c.at(day("2017-03-01").Add(n%4).String() + " 09:00")
		c.raised(lan, "AP-01", core.Registration{}, nil).referredTo(unitTNMT)
	}
	c.at("2017-04-28")
	c.must(pct, func(ctx context.Context, w *core.Work) error {
		list, err := w.Duties.RedList(ctx)
		if len(list) != 10 {
			t.Errorf("%d on the list", len(list))
		}
		for i := 1; i < len(list); i++ {
			if list[i].Due.Before(list[i-1].Due) {
				t.Errorf("%s comes after %s", list[i].Due, list[i-1].Due)
			}
		}
		return err
	})
}
