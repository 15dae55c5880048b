package main

import (
	"context"
	"fmt"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/visit"
)

// enter puts a district of one hamlet, its people and the plan into the store.
// Everybody is invented.
func enter(ctx context.Context, w *core.Work) error {
	always := calendar.Period{From: calendar.MustDate(2016, 1, 1)}
	year := calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)}
	for _, p := range []org.Naming{{Kind: "huyen", Name: "Mẫu", Code: "mau"}, {Kind: "ap", Name: "Bình Minh", Code: "binh-minh", Parent: "mau"}} {
		p.Valid = always
		if _, err := w.Org.AddPlace(ctx, org.Place{ID: org.PlaceID(p.Code), Names: []org.Naming{p}}); err != nil {
			return err
		}
	}
	unit := org.Unit{ID: "kt-ht", Code: "KT-HT", Name: "Phòng Kinh tế và Hạ tầng", SMSName: "Phong KT-HT", Place: "mau", Valid: always}
	if _, err := w.Org.AddUnit(ctx, unit); err != nil {
		return err
	}
	plan, err := w.Programme.Create(ctx, programme.State{
		ID: "hvcs", Code: "HVCS-2017", Name: "Hướng về cơ sở", Valid: year,
		Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
	})
	if err != nil {
		return err
	}
	if _, err := w.Programme.CreateTeam(ctx, programme.Team{ID: "t1", Programme: plan.ID, Code: "T1", Name: "Tổ công tác số 1"}); err != nil {
		return err
	}
	for n, h := range []org.Holding{
		{Person: "lan", Role: org.Official, Unit: "kt-ht", Team: "t1"}, {Person: "loc", Role: org.TeamLeader, Unit: "kt-ht", Team: "t1"},
		{Person: "kha", Role: org.HamletHead, Place: "binh-minh"}, {Person: "yen", Role: org.UnitClerk, Unit: "kt-ht"},
		{Person: "hung", Role: org.UnitHead, Unit: "kt-ht"},
	} {
		name := []string{"Trần Thị Lan", "Đặng Hữu Lộc", "Đinh Văn Kha", "Mai Thị Yến", "Lâm Quốc Hưng"}[n]
		p := org.Person{ID: h.Person, FullName: name, Phone: fmt.Sprintf("+8490000000%d", n+1), PhoneSMS: true, Valid: always}
		if _, err := w.Org.AddPerson(ctx, p); err != nil {
			return err
		}
		h.Valid = always
		if _, err := w.Org.AppointHolding(ctx, h); err != nil {
			return err
		}
	}
	a, err := w.Programme.Propose(ctx, programme.Assignment{Official: "lan", Place: "binh-minh", Team: "t1", Valid: year})
	if err != nil {
		return err
	}
	_, err = w.Programme.Approve(ctx, core.Approval{Assignments: []programme.AssignmentID{a.ID}, Decision: "15/QĐ-UBND"})
	return err
}

// confirm is the hamlet head's word that the visit took place.
func confirm(ctx context.Context, w *core.Work, id visit.ID) error {
	_, err := w.Visits.Confirm(ctx, id, true, "")
	return err
}

// refer sorts an issue and hands it to one unit, which owes the answer from then on.
func refer(ctx context.Context, w *core.Work, id issue.ID, lead org.UnitID) error {
	if _, err := w.Issues.Triage(ctx, id, issue.Sorting{Subject: "drainage", Urgency: issue.Normal}); err != nil {
		return err
	}
	_, err := w.Issues.Refer(ctx, id, lead)
	return err
}

// tell gives the answer back. Who spoke gave no name, so it is posted in the hamlet.
func tell(ctx context.Context, w *core.Work, id issue.ID, to opinion.ID) error {
	_, err := w.Issues.Deliver(ctx, id, issue.Delivery{Opinion: string(to), Channel: issue.NoticeBoard})
	return err
}

// show writes down that the answer satisfies and prints where everything stands.
func show(ctx context.Context, w *core.Work, v visit.ID, id issue.ID, by opinion.ID) error {
	i, err := w.Issues.RecordReply(ctx, id, issue.Satisfaction{Opinion: string(by), Satisfied: true})
	if err != nil {
		return err
	}
	held, err := w.Visits.Get(ctx, v)
	if err != nil {
		return err
	}
	fmt.Printf("buổi %s: %s\nvấn đề %s: %s, %s; hẹn %s\n", held.Happened.VN(), held.Status, i.Code, i.Status, i.Outcome, i.PromiseDue.VN())
	return nil
}
