package core_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

// naive is an assignment as a clerk would keep it in a notebook: who, where,
// from when to when, and a word for how it stands.
type naive struct {
	official org.PersonID
	place    org.PlaceID
	from, to calendar.Date
	word     string
}

// notebook is the independent model: it shares no code with the programme.
type notebook struct {
	lines []naive
	today calendar.Date
}

func (n *notebook) leader(who org.PersonID) bool         { return who == pct }
func (n *notebook) proposer(who org.PersonID) bool       { return who == vp01 || who == tl03 }
func (n *notebook) within(l naive, d calendar.Date) bool { return !d.Before(l.from) && !d.After(l.to) }

func (n *notebook) propose(by org.PersonID, p naive) bool {
	for _, l := range n.lines {
		if l.word != "cancelled" && l.official == p.official && l.place == p.place && !l.to.Before(p.from) && !p.to.Before(l.from) {
			return false
		}
	}
	if !n.proposer(by) {
		return false
	}
	p.word = "proposed"
	n.lines = append(n.lines, p)
	return true
}

func (n *notebook) approve(by org.PersonID, i int) bool {
	l := &n.lines[i]
	if !n.leader(by) || l.word != "proposed" {
		return false
	}
	l.word = "approved"
	if !l.from.After(n.today) {
		l.word = "active"
	}
	return true
}

func (n *notebook) cancel(by org.PersonID, i int) bool {
	l := &n.lines[i]
	if !n.leader(by) || l.word != "proposed" && l.word != "approved" {
		return false
	}
	l.word = "cancelled"
	return true
}

func (n *notebook) withdraw(by org.PersonID, i int) bool {
	l := &n.lines[i]
	if !n.proposer(by) || l.word != "proposed" {
		return false
	}
	l.word = "cancelled"
	return true
}

func (n *notebook) end(by org.PersonID, i int, last calendar.Date) bool {
	l := &n.lines[i]
	if !n.leader(by) || l.word != "active" || !n.within(*l, last) || last.After(n.today) {
		return false
	}
	l.word, l.to = "ended", last
	return true
}

func (n *notebook) curtail(by org.PersonID, i int, last calendar.Date) bool {
	l := &n.lines[i]
	if !n.leader(by) || l.word != "approved" && l.word != "active" || !n.within(*l, last) || last.Before(n.today) {
		return false
	}
	l.to = last
	return true
}

func (n *notebook) turn(days int) {
	n.today = n.today.Add(days)
	for i := range n.lines {
		l := &n.lines[i]
		if l.word == "approved" && !l.from.After(n.today) {
			l.word = "active"
		}
		if l.word == "active" && l.to.Before(n.today) {
			l.word = "ended"
		}
	}
}

// TestAssignmentsBehaveAsTheNotebookSays gives random commands by random actors
// to the programme and to the notebook: both accept or refuse each, and in the
// end, as after each step, both say the same of every assignment.
func TestAssignmentsBehaveAsTheNotebookSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newCast(t, nil)
		c.unassign()
		start := day("2017-03-01")
		n := &notebook{today: start}
		c.at(start.String())
		var ids []programme.AssignmentID
		who := rapid.SampledFrom([]org.PersonID{vp01, tl03, pct, pct, vp01, lan, ta01, u10})
		date := func(label string) calendar.Date { return start.Add(rapid.IntRange(-5, 40).Draw(rt, label)) }
		pick := func() int { return rapid.IntRange(0, len(ids)-1).Draw(rt, "which") }
		for range rapid.IntRange(4, 18).Draw(rt, "steps") {
			command := rapid.SampledFrom([]string{"propose", "propose", "approve", "approve", "cancel", "withdraw", "end", "curtail", "turn"}).Draw(rt, "command")
			if len(ids) == 0 && command != "turn" {
				command = "propose"
			}
			by := who.Draw(rt, "by")
			var want bool
			var err error
			switch command {
			case "propose":
				p := naive{
					official: rapid.SampledFrom([]org.PersonID{lan, minh}).Draw(rt, "official"),
					place:    rapid.SampledFrom([]org.PlaceID{"AP-07", "AP-08"}).Draw(rt, "place"), from: date("from"),
				}
				p.to = p.from.Add(rapid.IntRange(0, 20).Draw(rt, "days"))
				want = n.propose(by, p)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					a, err := w.Programme.Propose(ctx, programme.Assignment{Official: p.official, Place: p.place, Team: teamT3, Valid: calendar.Period{From: p.from, To: p.to}})
					if err == nil {
						ids = append(ids, a.ID)
					}
					return err
				})
			case "approve":
				i := pick()
				want = n.approve(by, i)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					_, err := w.Programme.Approve(ctx, core.Approval{
						Assignments: []programme.AssignmentID{ids[i]}, Decision: "1/QĐ",
						Waivers: map[programme.AssignmentID][]programme.Waiver{ids[i]: {{Rule: programme.SpreadRule, Reason: "ít người"}}},
					})
					return err
				})
			case "cancel":
				i := pick()
				want = n.cancel(by, i)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					_, err := w.Programme.Cancel(ctx, ids[i], "x")
					return err
				})
			case "withdraw":
				i := pick()
				want = n.withdraw(by, i)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					_, err := w.Programme.Withdraw(ctx, ids[i], "x")
					return err
				})
			case "end":
				i, last := pick(), date("last")
				want = n.end(by, i, last)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					_, err := w.Programme.End(ctx, ids[i], last, "", "x")
					return err
				})
			case "curtail":
				i, last := pick(), date("last")
				want = n.curtail(by, i, last)
				err = c.do(by, func(ctx context.Context, w *core.Work) error {
					_, err := w.Programme.Curtail(ctx, ids[i], last, "", "x")
					return err
				})
			case "turn":
				days := rapid.IntRange(1, 9).Draw(rt, "ahead")
				n.turn(days)
				c.at(n.today.String() + " 00:30")
				_, err = c.sys.Sweep(t.Context())
				want = true
			}
			if (err == nil) != want {
				rt.Fatalf("%s by %s on %s: %v, the notebook says %v", command, by, n.today, err, want)
			}
			if got, want := c.standing(ids), n.standing(); !slices.Equal(got, want) {
				rt.Fatalf("after %s by %s on %s:\n got %v\nwant %v", command, by, n.today, got, want)
			}
		}
	})
}

func (n *notebook) standing() (lines []string) {
	for _, l := range n.lines {
		lines = append(lines, fmt.Sprintf("%s %s %s-%s %s", l.official, l.place, l.from, l.to, l.word))
	}
	return lines
}

func (c *cast) standing(ids []programme.AssignmentID) (lines []string) {
	c.see(func(ctx context.Context, tx store.Tx) error {
		for _, id := range ids {
			a, err := tx.Assignment(ctx, id)
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%s %s %s-%s %s", a.Official, a.Place, a.Valid.From, a.Valid.To, a.Status))
		}
		return nil
	})
	return lines
}
