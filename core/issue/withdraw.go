package issue

import (
	"slices"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Withdraw ends an open issue because nothing that was said is left to be
// answered, and takes out of it whatever people wrote about it: only codes, days
// and who had it in hand remain.
func (s *State) Withdraw(on calendar.Date) error {
	if s.Status == OnHold {
		s.endPause(on)
	}
	if err := s.close(Closed, Withdrawn, on); err != nil {
		return err
	}
	s.Title, s.Appeal, s.Apology, s.Link, s.LinkedTo = "", nil, nil, nil, ""
	s.Apologised = calendar.Date{}
	s.Referrals, s.Pauses, s.Extensions = slices.Clone(s.Referrals), slices.Clone(s.Pauses), slices.Clone(s.Extensions)
	for i := range s.Referrals {
		s.Referrals[i].ReturnReason = ""
	}
	for i := range s.Pauses {
		s.Pauses[i].Note = ""
	}
	for i := range s.Extensions {
		s.Extensions[i].Reason, s.Extensions[i].Message = "", ""
	}
	s.Requests, s.Additions, s.SentBack = slices.Clone(s.Requests), slices.Clone(s.Additions), slices.Clone(s.SentBack)
	for i := range s.Requests {
		r := &s.Requests[i]
		r.Reason, r.Message, r.Refusal = "", "", ""
	}
	for i := range s.Additions {
		s.Additions[i].Text = ""
	}
	for i := range s.SentBack {
		s.SentBack[i].Reason = ""
	}
	s.Answers, s.Deliveries = slices.Clone(s.Answers), slices.Clone(s.Deliveries)
	for i := range s.Answers {
		a := &s.Answers[i]
		a.Text, a.Document, a.Ground, a.Body = "", "", "", ""
	}
	for i := range s.Deliveries {
		if s.Deliveries[i].Failed != "" {
			s.Deliveries[i].Failed = "-"
		}
	}
	return nil
}
