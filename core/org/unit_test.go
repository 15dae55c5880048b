package org_test

import (
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
)

func TestAUnitKeepsItsNamesByDate(t *testing.T) {
	u := org.Unit{ID: "ub", Code: "XL", Name: "UBND xã Xuân Lộc", SMSName: "UBND xa Xuan Loc", Place: "xa", Valid: calendar.Period{From: day("2025-07-01")}}
	if err := u.Rename(day("2026-05-01"), org.UnitNaming{Name: "UBND  phường Xuân Lộc", SMSName: "UBND phuong Xuan Loc", Place: "phuong"}); err != nil {
		t.Fatal(err)
	}
	if err := u.Validate(); err != nil {
		t.Fatal(err)
	}
	for on, want := range map[string]string{
		"2020-01-01": "UBND xã Xuân Lộc", "2025-07-01": "UBND xã Xuân Lộc", "2026-04-30": "UBND xã Xuân Lộc",
		"2026-05-01": "UBND phường Xuân Lộc", "2030-01-01": "UBND phường Xuân Lộc",
	} {
		if got := u.At(day(on)); got.Name != want || got.Code != "XL" {
			t.Errorf("on %s it is %s %s, want %s", on, got.Code, got.Name, want)
		}
	}
	wantRule(t, u.Rename(day("2026-04-30"), org.UnitNaming{Name: "X"}), "org.unit.later_change")
	wantRule(t, u.Rename(day("2025-06-30"), org.UnitNaming{Name: "X"}), "org.unit.not_existing")
	if err := u.Rename(day("2026-05-01"), org.UnitNaming{Code: "PXL"}); err != nil || len(u.Former) != 1 || u.Code != "PXL" {
		t.Errorf("on the day of its change it is corrected: %+v, %v", u, err)
	}
	bad := u
	bad.Former = []org.UnitNaming{{Valid: days("2025-08-01", "2026-04-30"), Name: "X"}}
	wantRule(t, bad.Validate(), "org.unit.history")
}

func TestALeaveEndsOnOneOfItsDays(t *testing.T) {
	l := org.Leave{ID: "l", Person: "lan", Days: days("2017-06-05", "2017-06-16")}
	wantRule(t, l.Return(day("2017-06-17")), "org.leave.last")
	if err := l.Return(day("2017-06-09")); err != nil || l.Days != days("2017-06-05", "2017-06-09") {
		t.Errorf("%v, %v", l.Days, err)
	}
}

func TestFaultsOfHosting(t *testing.T) {
	wantRule(t, org.Hosting{AvoidWeekdays: []int{7}}.Validate(), "org.hosting.weekday")
	for _, d := range []org.YearDay{{Day: 0}, {Day: 31, Lunar: true}, {Day: 1, Month: 13}} {
		wantRule(t, org.Hosting{AvoidEach: []org.YearDay{d}}.Validate(), "org.hosting.day")
	}
	if err := (org.Hosting{AvoidEach: []org.YearDay{{Day: 15, Lunar: true}, {Day: 24, Month: 12}}}).Validate(); err != nil {
		t.Error(err)
	}
}
