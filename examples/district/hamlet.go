package main

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/visit"
)

// hamlets are what happens in the late afternoon in the hamlets, on any day but
// holidays: heads confirm visits, people say what they think of them and of the
// answers they got.
func (s *season) hamlets(ctx context.Context, w *core.Work) ([]act, error) {
	if _, closed := s.cal.Closure(s.time.today()); closed {
		return nil, nil
	}
	var acts []act
	for _, part := range []func(context.Context, *core.Work) ([]act, error){s.confirm, s.rate, s.replies, s.spotReplies} {
		more, err := part(ctx, w)
		if err != nil {
			return nil, err
		}
		acts = append(acts, more...)
	}
	return acts, nil
}

// confirm: the hamlet head says whether somebody came; not always, and once in
// the season, after its sixth week, wrongly.
func (s *season) confirm(ctx context.Context, w *core.Work) ([]act, error) {
	reported, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Reported}})
	var acts []act
	for _, v := range reported {
		head := s.cast.head[v.Place]
		days := s.draw.weighted(s.how.ConfirmDays, "confirm", string(v.ID), calendar.Date{})
		reportedOn := calendar.DateOf(v.Reports[0].Recorded)
		if head == "" || days == len(s.how.ConfirmDays)-1 || s.time.today().Before(reportedOn.Add(days)) {
			continue
		}
		came := v.On().Before(s.cfg.from.Add(40)) || !s.mind.once("dispute")
		acts = append(acts, by(head, func(ctx context.Context, w *core.Work) error {
			note := ""
			if !came {
				note = "hôm đó tôi đi vắng, không thấy ai báo lại"
			}
			_, err := w.Visits.Confirm(ctx, v.ID, came, note)
			return err
		}))
	}
	return acts, err
}

// rate: the day after a visit was confirmed some say how it was.
func (s *season) rate(ctx context.Context, w *core.Work) ([]act, error) {
	today := s.time.today()
	recent, err := w.Visits.List(ctx, visit.Query{Statuses: []visit.Status{visit.Verified}, During: calendar.Period{From: today.Add(-20), To: today}})
	var acts []act
	for _, v := range recent {
		key := string(v.ID)
		confirmed := calendar.DateOf(v.Evidence[len(v.Evidence)-1].Recorded)
		if confirmed == today || s.after(confirmed, s.in.policy.Ratings.CollectDays) || !s.mind.once("rate "+key) {
			continue
		}
		for _, p := range s.cast.key[v.Place] {
			if s.draw.chance(s.how.RateKey, "rate", key+string(p), v.On()) {
				acts = append(acts, s.remark(p, v, core.Remark{}, key+string(p)))
			}
		}
		if p := s.cast.commune[s.cast.communeOf[v.Place]]; p != "" && s.draw.chance(s.how.RateCommune, "rate.commune", key, v.On()) {
			acts = append(acts, s.remark(p, v, core.Remark{}, key+string(p)))
		}
		if !s.draw.chance(s.how.RateResident, "rate.resident", key, v.On()) {
			continue
		}
		for n := range s.draw.between(4, 8, "slips", key, v.On()) { // keyed in by two
			slip := core.Remark{Paper: true, Second: s.cast.office[1], Slip: fmt.Sprintf("%s-%d", v.ID, n)}
			acts = append(acts, s.remark(s.cast.office[0], v, slip, fmt.Sprint(key, n)))
		}
	}
	return acts, err
}

func (s *season) remark(who org.PersonID, v visit.State, m core.Remark, about string) act {
	m.Complete = s.draw.chance(s.how.Complete, "complete", about, v.On())
	m.Punctual = v.Reports[0].MinutesLate <= s.in.policy.Visits.LateArrivalMinutes
	m.Proper = s.draw.chance(s.how.Proper, "proper", about, v.On())
	return by(who, func(ctx context.Context, w *core.Work) error { return w.Supervision.Rate(ctx, v.ID, m) })
}

// replies: some of those who were told an answer say whether it satisfies, by
// message or, on paper, through the hamlet head. Silence is the rest.
func (s *season) replies(ctx context.Context, w *core.Work) ([]act, error) {
	given, err := w.Issues.List(ctx, issue.Query{Statuses: []issue.Status{issue.FeedbackGiven}})
	var acts []act
	for _, i := range given {
		told := i.ToldOn(len(i.Answers))
		for _, o := range i.Opinions {
			key := fmt.Sprintf("%s/%d", o, len(i.Answers))
			reach := s.mind.reach[opinionID(o)]
			due := told.Add(1 + s.draw.between(0, s.how.ReplyAfterMax-1, "reply.after", key, calendar.Date{}))
			if !reach.named || !s.draw.chance(s.how.Reply, "reply", key, calendar.Date{}) || s.time.today().Before(due) ||
				s.after(told, s.in.policy.Issues.SatisfactionDays+1) || !s.mind.once("reply "+key) {
				continue
			}
			acts = append(acts, s.reply(i, o, reach, key))
		}
	}
	return acts, err
}

func (s *season) reply(i issue.State, o string, reach contact, key string) act {
	unhappy := s.how.Unhappy
	if i.Round > 1 {
		unhappy = s.how.UnhappyAgain
	}
	no := s.draw.chance(unhappy, "unhappy", key, calendar.Date{})
	r := issue.Satisfaction{Opinion: o, Satisfied: !no}
	do := func(ctx context.Context, w *core.Work) error {
		if no && i.Round >= s.in.policy.Issues.MaxRounds {
			_, err := w.Issues.Appeal(ctx, i.ID, r, "Việc nêu hai lần vẫn chưa được giải quyết đến nơi.")
			return err
		}
		_, err := w.Issues.RecordReply(ctx, i.ID, r)
		return err
	}
	if reach.phone || s.cast.head[i.Place] == "" {
		return act{who: org.System(), do: do} // the speaker's own word, by message
	}
	return by(s.cast.head[i.Place], do)
}

// spotReplies: also what was answered at once is asked about now and then.
func (s *season) spotReplies(ctx context.Context, w *core.Work) ([]act, error) {
	today := s.time.today()
	answered, err := w.Opinions.List(ctx, opinion.Query{Statuses: []opinion.Status{opinion.AnsweredOnSpot}, During: calendar.Period{From: today.Add(-4), To: today.Add(-2)}})
	var acts []act
	for _, o := range answered {
		key, head := string(o.ID), s.cast.head[o.Place]
		if head == "" || o.Satisfied != "" || !s.draw.chance(s.how.SpotReply, "spot", key, calendar.Date{}) || !s.mind.once("spot "+key) {
			continue
		}
		acts = append(acts, by(head, func(ctx context.Context, w *core.Work) error {
			_, err := w.Opinions.RecordSatisfaction(ctx, o.ID, !s.draw.chance(s.how.SpotUnhappy, "spot.unhappy", key, calendar.Date{}))
			return err
		}))
	}
	return acts, err
}
