package main

import (
	"context"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// hired are the desk's people. Everybody is invented, and no number can ring.
var hired = []struct{ login, name, mobile, mailbox string }{
	{"lan", "Trần Thị Lan", "+84900000001", "lan@mau.example"},
	{"loc", "Đặng Hữu Lộc", "+84900000002", "loc@mau.example"},
	{"yen", "Mai Thị Yến", "+84900000003", "yen@mau.example"},
	{"hung", "Lâm Quốc Hưng", "+84900000004", "hung@mau.example"},
}

// admin enters what the desk does not keep itself.
var admin = org.System()

// enter puts one hamlet, one unit, the roles and the plan into the programme.
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
	for _, h := range []org.Holding{
		{Person: "lan", Role: org.Official, Unit: "kt-ht", Team: "t1"}, {Person: "loc", Role: org.TeamLeader, Unit: "kt-ht", Team: "t1"},
		{Person: "yen", Role: org.UnitClerk, Unit: "kt-ht"}, {Person: "hung", Role: org.UnitHead, Unit: "kt-ht"},
	} {
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
