package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// greet says what is about to run, and on what.
func (s *season) greet(stdout io.Writer) {
	fmt.Fprintf(stdout, "HƯỚNG VỀ CƠ SỞ – huyện Xuân Lộc, tỉnh Đồng Nai, năm %d (đơn vị hành chính của thời gian đó; mọi người trong dữ liệu đều hư cấu)\n", s.in.plan.Year)
	fmt.Fprintf(stdout, "The outreach programme of a district as it was in %d; everybody in it is invented.\n\n", s.in.plan.Year)
	fmt.Fprintf(stdout, "  mùa chạy / season   %s – %s, hạt giống / seed %d\n", s.cfg.from.VN(), s.cfg.to.VN(), s.cfg.seed)
	fmt.Fprintf(stdout, "  dữ liệu / database  %s\n", s.world.where)
	if s.cfg.redis == nil {
		fmt.Fprintln(stdout, "  hàng đợi / queue    asynq trên miniredis trong tiến trình này – CHỈ để chạy thử, vận hành thật cần Redis thật (-redis)")
		fmt.Fprintln(stdout, "                      asynq on an imitation of Redis in this process: for trials only, production wants a real one (-redis)")
	} else {
		fmt.Fprintf(stdout, "  hàng đợi / queue    asynq, Redis %s\n", s.cfg.redis.Addr)
	}
	if s.world.mails != nil {
		fmt.Fprintf(stdout, "  thư / mail          SMTP %s trong tiến trình này, không gửi đi đâu / in this process, delivers nowhere\n", s.world.mails.Addr())
	} else {
		fmt.Fprintf(stdout, "  thư / mail          SMTP %s\n", s.cfg.smtp)
	}
	fmt.Fprintf(stdout, "  tin nhắn / SMS      %s trong tiến trình này, không gửi đi đâu / in this process, delivers nowhere\n\n", s.world.texts.URL())
}

// open brings the programme into being on the first working day: the
// organisation is imported, the plan entered, teams formed, assignments proposed
// by the office and decided by the vice-chair.
func (s *season) open(ctx context.Context, stdout io.Writer) error {
	day := s.cal.NextWorkingDay(s.cfg.from)
	s.time.set(civil(day, 7, 30))
	var plan programme.ID
	err := s.world.sys.Update(ctx, org.System(), func(ctx context.Context, w *core.Work) (err error) {
		plan, err = s.found(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.takeIn(ctx, stdout, plan); err != nil {
		return err
	}
	err = s.world.sys.View(ctx, org.System(), func(ctx context.Context, w *core.Work) (err error) {
		s.cast, err = readCast(ctx, w, day)
		return err
	})
	if err != nil {
		return usageError{err}
	}
	return s.assign(ctx, stdout, day)
}

// found enters the plan. The import forms the teams that the roster names.
func (s *season) found(ctx context.Context, w *core.Work) (programme.ID, error) {
	p := s.in.plan
	plan, err := w.Programme.Create(ctx, programme.State{
		ID: programme.ID(fmt.Sprintf("%s-%d", p.Code, p.Year)), Code: fmt.Sprintf("%s-%d", p.Code, p.Year), Name: "Hướng về cơ sở",
		Basis: programme.Basis{Number: p.Number, Symbol: p.Symbol, Issuer: p.Issuer, Title: p.Title}, Kinds: []string{"ap", "khu"},
		Valid: calendar.Period{From: calendar.MustDate(p.Year, time.January, 1), To: calendar.MustDate(p.Year, time.December, 31)},
	})
	return plan.ID, err
}

// assign shares the hamlets out among the officials, and prints how evenly.
func (s *season) assign(ctx context.Context, stdout io.Writer, day calendar.Date) error {
	var proposed []programme.AssignmentID
	var gaps programme.Gaps
	s.time.set(civil(day, 8, 0))
	err := s.world.update(ctx, s.cast.office[0], func(ctx context.Context, w *core.Work) error {
		proposed = nil
		for _, a := range s.share(day) {
			a, err := w.Programme.Propose(ctx, a)
			if err != nil {
				return err
			}
			proposed = append(proposed, a.ID)
		}
		breaches, err := w.Programme.Check(ctx, proposed)
		if err == nil && len(breaches) > 0 {
			err = fmt.Errorf("%d assignments break a rule of the programme", len(breaches))
		}
		return err
	})
	if err != nil {
		return err
	}
	s.time.set(civil(day, 8, 10))
	err = s.world.update(ctx, s.cast.leader, func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Approve(ctx, core.Approval{Assignments: proposed, Decision: "15/QĐ-UBND"})
		if err == nil {
			gaps, err = w.Programme.Staffing(ctx, day)
		}
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nPHÂN CÔNG / ASSIGNMENTS theo Quyết định 15/QĐ-UBND: %d ấp, khu / hamlets · %d công chức / officials · chênh lệch / spread %d (cho phép / allowed %d) · ấp chưa có người / without anybody %d\n\n",
		len(proposed), len(gaps.Loads), gaps.Spread, s.in.policy.Quota.MaxSpread, len(gaps.Places))
	return nil
}

// share gives each team neighbouring communes, about as many hamlets as it has
// officials, and each official of it one hamlet after the other.
func (s *season) share(day calendar.Date) []programme.Assignment {
	teams := sorted(s.cast.leads)
	members := make(map[org.TeamID][]org.PersonID)
	for _, o := range s.cast.officials {
		members[s.cast.teamOf[o]] = append(members[s.cast.teamOf[o]], o)
	}
	var all []programme.Assignment
	next := 0
	for n, team := range teams {
		end := (n + 1) * len(s.cast.hamlets) / len(teams)
		for i, place := range s.cast.hamlets[next:end] {
			all = append(all, programme.Assignment{
				ID:       programme.AssignmentID(s.draw.uuid("assignment", string(place))),
				Official: members[team][i%len(members[team])], Place: place, Team: team, Valid: calendar.Period{From: s.cfg.from},
			})
		}
		next = end
	}
	return all
}
