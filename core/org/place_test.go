package org_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/org/orgtest"
)

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// days is a period; an empty to leaves it open.
func days(from, to string) calendar.Period {
	p := calendar.Period{From: day(from)}
	if to != "" {
		p.To = day(to)
	}
	return p
}

// naming is one line of a place's history.
func naming(from, to, kind, name, code string, parent org.PlaceID) org.Naming {
	return org.Naming{Valid: days(from, to), Kind: kind, Name: name, Code: code, Parent: parent}
}

// xuanLoc is the history of Xuân Lộc that the vectors of domain 8.4 ask about:
// the district and seven of its communes until June 2025, what they became on
// 1 July 2025 and on 30 April 2026. The hamlets of Xuân Tâm have not chosen.
func xuanLoc() orgtest.World {
	const begin, end, merged, last, city = "1991-01-01", "2025-06-30", "2025-07-01", "2026-04-29", "2026-04-30"
	into := func(to org.PlaceID, kind string) org.Succession {
		return org.Succession{To: to, On: day(merged), Kind: kind}
	}
	old := func(id org.PlaceID, kind, name, code string, to ...org.Succession) org.Place {
		return org.Place{ID: id, Names: []org.Naming{naming(begin, end, kind, name, code, "xl")}, Successors: to}
	}
	hamlet := func(id, parent org.PlaceID, kind, name string) org.Place {
		return org.Place{ID: id, Names: []org.Naming{naming(begin, "", kind, name, "", parent)}}
	}
	upgraded := func(to org.PlaceID) []org.Succession {
		return []org.Succession{{To: to, On: day(city), Kind: org.Upgrade}}
	}
	moved := org.Place{ID: "suoi-cat-1", Names: []org.Naming{ // moved by name, as the files of an office do
		naming(begin, end, "ap", "Suối Cát 1", "", "sc"),
		naming(merged, last, "ap", "Suối Cát 1", "", "xa-xl"),
		naming(city, "", "khu_pho", "Suối Cát 1", "", "phuong-xl"),
	}}
	return orgtest.World{Places: []org.Place{
		{ID: "dn", Names: []org.Naming{naming(begin, end, "tinh", "Đồng Nai", "75", "")}, Successors: []org.Succession{into("dn25", org.Merge)}},
		{ID: "dn25", Names: []org.Naming{naming(merged, last, "tinh", "Đồng Nai", "75", "")}, Successors: upgraded("tp-dn")},
		{ID: "tp-dn", Names: []org.Naming{naming(city, "", "thanh_pho", "Đồng Nai", "75", "")}},
		{ID: "xl", Names: []org.Naming{naming(begin, end, "huyen", "Xuân Lộc", "741", "dn")}},

		old("gr", "thi_tran", "Gia Ray", "26425", into("xa-xl", org.Merge)),
		old("xth", "xa", "Xuân Thọ", "26437", into("xa-xl", org.Merge)),
		old("xtr", "xa", "Xuân Trường", "26440", into("xa-xl", org.Merge)),
		old("sc", "xa", "Suối Cát", "26452", into("xa-xl", org.Merge)),
		old("xhi", "xa", "Xuân Hiệp", "26455", into("xa-xl", org.Merge)),
		old("xho", "xa", "Xuân Hòa", "26443", into("xa-xho", org.Merge)),
		old("xhu", "xa", "Xuân Hưng", "26446", into("xa-xho", org.Merge)),
		old("xta", "xa", "Xuân Tâm", "26449", into("xa-xho", org.Split), into("xa-xdo", org.Split)),
		{ID: "xa-xl", Names: []org.Naming{naming(merged, last, "xa", "Xuân Lộc", "26425", "dn25")}, Successors: upgraded("phuong-xl")},
		{ID: "xa-xho", Names: []org.Naming{naming(merged, last, "xa", "Xuân Hoà", "26446", "dn25"), naming(city, "", "xa", "Xuân Hoà", "26446", "tp-dn")}},
		{ID: "xa-xdo", Names: []org.Naming{naming(merged, last, "xa", "Xuân Đông", "26359", "dn25"), naming(city, "", "xa", "Xuân Đông", "26359", "tp-dn")}},
		{ID: "phuong-xl", Names: []org.Naming{naming(city, "", "phuong", "Xuân Lộc", "26425", "tp-dn")}},

		moved,
		hamlet("khu-1", "gr", "khu", "Khu 1"),
		hamlet("bm-sc", "sc", "ap", "Bình Minh"), hamlet("vk-sc", "sc", "ap", "Việt Kiều"),
		hamlet("bm-xhi", "xhi", "ap", "Bình Minh"), hamlet("vk-xhi", "xhi", "ap", "Việt Kiều"),
		hamlet("ap-xta", "xta", "ap", "Ấp 2A"),
	}}
}

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	found := fault.Violations(err)
	if !slices.ContainsFunc(found, func(v *fault.Violation) bool { return v.Rule == rule }) {
		t.Errorf("got %v, want %s", err, rule)
	}
}

func TestLineFollowsTheParentsOfTheDate(t *testing.T) {
	dir := xuanLoc().Directory()
	for _, c := range []struct {
		place org.PlaceID
		on    string
		want  []org.PlaceID
	}{
		{"suoi-cat-1", "2017-05-05", []org.PlaceID{"suoi-cat-1", "sc", "xl", "dn"}},
		{"suoi-cat-1", "2025-08-01", []org.PlaceID{"suoi-cat-1", "xa-xl", "dn25"}}, // no district
		{"suoi-cat-1", "2026-06-01", []org.PlaceID{"suoi-cat-1", "phuong-xl", "tp-dn"}},
		// Nobody has moved these: what became of their commune stands in its place.
		{"khu-1", "2025-08-01", []org.PlaceID{"khu-1", "xa-xl", "dn25"}},
		{"bm-xhi", "2026-06-01", []org.PlaceID{"bm-xhi", "phuong-xl", "tp-dn"}},
		// A commune that is no more, for what is still recorded at it.
		{"sc", "2026-06-01", []org.PlaceID{"sc", "phuong-xl", "tp-dn"}},
		// What did not exist yet stands alone.
		{"phuong-xl", "2017-05-05", []org.PlaceID{"phuong-xl"}},
	} {
		got, err := org.Line(t.Context(), dir, c.place, day(c.on))
		if err != nil {
			t.Errorf("%s on %s: %v", c.place, c.on, err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s on %s: got %v, want %v", c.place, c.on, got, c.want)
		}
	}
}

func TestADividedCommuneAsksForAChoiceHamletByHamlet(t *testing.T) {
	dir := xuanLoc().Directory()
	all, err := org.Successors(t.Context(), dir, "xta", day("2026-06-01"))
	if err != nil || !slices.Equal(all, []org.PlaceID{"xa-xdo", "xa-xho"}) {
		t.Errorf("Xuân Tâm became %v, %v; want Xuân Đông and Xuân Hòa", all, err)
	}
	_, err = org.Successor(t.Context(), dir, "xta", day("2025-07-01"))
	wantRule(t, err, "org.place.divided")
	_, err = org.Line(t.Context(), dir, "ap-xta", day("2025-07-01"))
	wantRule(t, err, "org.place.divided")
	if line, err := org.Line(t.Context(), dir, "ap-xta", day("2025-06-30")); err != nil || len(line) != 4 {
		t.Errorf("on its last day the line was %v, %v", line, err)
	}

	w := xuanLoc()
	i := slices.IndexFunc(w.Places, func(p org.Place) bool { return p.ID == "ap-xta" })
	if err := w.Places[i].Reparent(day("2025-07-01"), "xa-xdo"); err != nil {
		t.Fatal(err)
	}
	line, err := org.Line(t.Context(), w.Directory(), "ap-xta", day("2025-07-01"))
	if err != nil || !slices.Equal(line, []org.PlaceID{"ap-xta", "xa-xdo", "dn25"}) {
		t.Errorf("after choosing, the line is %v, %v", line, err)
	}
}

func TestSuccessorMapsToTheUnitsOfADate(t *testing.T) {
	dir := xuanLoc().Directory()
	for _, commune := range []org.PlaceID{"gr", "xth", "xtr", "sc", "xhi"} { // 2024's issues by today's units
		if got, err := org.Successor(t.Context(), dir, commune, day("2026-06-01")); err != nil || got != "phuong-xl" {
			t.Errorf("%s became %s, %v; want phường Xuân Lộc", commune, got, err)
		}
	}
	for on, want := range map[string]org.PlaceID{"2024-05-05": "sc", "2025-07-01": "xa-xl", "2026-04-29": "xa-xl", "2026-04-30": "phuong-xl"} {
		if got, err := org.Successor(t.Context(), dir, "sc", day(on)); err != nil || got != want {
			t.Errorf("Suối Cát on %s is %s, %v; want %s", on, got, err, want)
		}
	}
	_, err := org.Successor(t.Context(), dir, "xl", day("2025-08-01")) // the district has no successor
	wantRule(t, err, "org.place.dissolved")
	_, err = org.Successor(t.Context(), dir, "nowhere", day("2025-08-01"))
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown place: %v", err)
	}
}

func TestPartsThatMeetAgainAreOneSuccessor(t *testing.T) {
	part := func(to org.PlaceID) org.Succession {
		return org.Succession{To: to, On: day("2020-01-01"), Kind: org.Split}
	}
	back := []org.Succession{{To: "whole", On: day("2022-01-01"), Kind: org.Merge}}
	w := orgtest.World{Places: []org.Place{
		{ID: "old", Names: []org.Naming{naming("2010-01-01", "2019-12-31", "xa", "A", "", "")}, Successors: []org.Succession{part("b"), part("c")}},
		{ID: "b", Names: []org.Naming{naming("2020-01-01", "2021-12-31", "xa", "B", "", "")}, Successors: back},
		{ID: "c", Names: []org.Naming{naming("2020-01-01", "2021-12-31", "xa", "C", "", "")}, Successors: back},
		{ID: "whole", Names: []org.Naming{naming("2022-01-01", "", "xa", "A", "", "")}},
	}}
	_, err := org.Successor(t.Context(), w.Directory(), "old", day("2021-01-01"))
	wantRule(t, err, "org.place.divided")
	if got, err := org.Successor(t.Context(), w.Directory(), "old", day("2022-01-01")); err != nil || got != "whole" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestALineMustLeadOutward(t *testing.T) {
	w := orgtest.World{Places: []org.Place{
		{ID: "a", Names: []org.Naming{naming("2010-01-01", "", "xa", "A", "", "b")}},
		{ID: "b", Names: []org.Naming{naming("2010-01-01", "", "xa", "B", "", "a")}},
	}}
	_, err := org.Line(t.Context(), w.Directory(), "a", day("2017-01-01"))
	wantRule(t, err, "org.place.cycle")
	if tree := org.NewTree(w.Places, day("2017-01-01")); len(tree.Within("a")) != 2 {
		t.Errorf("within a circle: %v", tree.Within("a"))
	}
}

func TestCodesAreNotIdentities(t *testing.T) {
	places := xuanLoc().Places
	for _, c := range []struct {
		code, on string
		want     org.PlaceID
	}{
		{"26446", "2025-06-30", "xhu"}, {"26446", "2025-07-01", "xa-xho"},
		{"26443", "2025-06-30", "xho"}, {"26443", "2025-07-01", ""},
		{"26425", "2017-05-05", "gr"}, {"26425", "2025-08-01", "xa-xl"}, {"26425", "2026-06-01", "phuong-xl"},
		{"", "2017-05-05", ""},
	} {
		got, ok := org.NewTree(places, day(c.on)).ByCode(c.code)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("code %s on %s is %q, %v; want %q", c.code, c.on, got, ok, c.want)
		}
	}
}

func TestPlacesAreShownWithTheirParent(t *testing.T) {
	w := xuanLoc()
	for _, c := range []struct {
		place    org.PlaceID
		on, want string
	}{
		{"bm-sc", "2017-05-05", "ấp Bình Minh (xã Suối Cát)"},
		{"bm-xhi", "2017-05-05", "ấp Bình Minh (xã Xuân Hiệp)"},
		{"khu-1", "2017-05-05", "Khu 1 (thị trấn Gia Ray)"},
		{"suoi-cat-1", "2026-06-01", "khu phố Suối Cát 1 (phường Xuân Lộc)"},
		{"dn", "2017-05-05", "tỉnh Đồng Nai"},
		{"xl", "2026-06-01", "huyện Xuân Lộc (tỉnh Đồng Nai)"},              // as it was last called
		{"phuong-xl", "2017-05-05", "phường Xuân Lộc (thành phố Đồng Nai)"}, // as it was first called
	} {
		got, err := org.Display(t.Context(), w.Directory(), c.place, day(c.on))
		if err != nil || got != c.want {
			t.Errorf("%s on %s: got %q, %v; want %q", c.place, c.on, got, err, c.want)
		}
	}
	tree := org.NewTree(w.Places, day("2017-05-05"))
	if got := tree.Display("bm-sc"); got != "ấp Bình Minh (xã Suối Cát)" {
		t.Errorf("the tree shows %q", got)
	}
	if got := tree.Display("phuong-xl"); got != "" {
		t.Errorf("the tree shows %q of a place that did not exist", got)
	}
	if got := (org.Naming{Kind: "buôn", Name: "Kpung"}).Called(); got != "buôn Kpung" {
		t.Errorf("a kind of another region: %q", got)
	}
}

func TestFindMatchesWithoutMarks(t *testing.T) {
	tree := org.NewTree(xuanLoc().Places, day("2017-05-05"))
	later := org.NewTree(xuanLoc().Places, day("2026-06-01"))
	for _, c := range []struct {
		tree  *org.Tree
		words string
		want  []org.PlaceID
	}{
		{tree, "Binh Minh", []org.PlaceID{"bm-sc", "bm-xhi"}},
		{tree, "ap binh minh", []org.PlaceID{"bm-sc", "bm-xhi"}},
		{tree, "VIỆT KIỀU", []org.PlaceID{"vk-sc", "vk-xhi"}},
		{tree, "Xuan Hoa", []org.PlaceID{"xho"}},     // written Xuân Hòa
		{later, "Xuan Hoa", []org.PlaceID{"xa-xho"}}, // written Xuân Hoà
		{later, "Xuân Hòa", []org.PlaceID{"xa-xho"}},
		{tree, "suoi cat", []org.PlaceID{"sc", "suoi-cat-1"}}, // the whole name before the longer one
		{tree, "1", []org.PlaceID{"khu-1", "suoi-cat-1"}},
		{tree, "  ", nil},
		{tree, "không có", nil},
	} {
		if got := c.tree.Find(c.words); !slices.Equal(got, c.want) {
			t.Errorf("%q on %s: got %v, want %v", c.words, c.tree.On(), got, c.want)
		}
	}
}

func TestTree(t *testing.T) {
	tree := org.NewTree(xuanLoc().Places, day("2017-05-05"))
	if got := tree.Roots(); !slices.Equal(got, []org.PlaceID{"dn"}) {
		t.Errorf("roots: %v", got)
	}
	want := []org.PlaceID{"bm-sc", "suoi-cat-1", "vk-sc"}
	if got := tree.Children("sc"); !slices.Equal(got, want) {
		t.Errorf("hamlets of Suối Cát: %v", got)
	}
	if got := tree.Within("sc"); !slices.Equal(got, append([]org.PlaceID{"sc"}, want...)) {
		t.Errorf("within Suối Cát: %v", got)
	}
	if got := tree.Within("phuong-xl"); got != nil {
		t.Errorf("within a place that did not exist: %v", got)
	}
	hamlets := []org.PlaceID{"ap-xta", "bm-sc", "bm-xhi", "khu-1", "suoi-cat-1", "vk-sc", "vk-xhi"}
	if got := tree.Outreach(); !slices.Equal(got, hamlets) {
		t.Errorf("visited places: %v; communes without known hamlets are none", got)
	}
	if got := tree.Outreach("khu"); !slices.Equal(got, []org.PlaceID{"khu-1"}) {
		t.Errorf("visited places of kind khu: %v", got)
	}
	later := org.NewTree(xuanLoc().Places, day("2025-08-01"))
	if got := later.Roots(); !slices.Contains(got, "ap-xta") {
		t.Errorf("a hamlet whose commune is no more stands at the top: %v", got)
	}
}

func TestAPlaceIsRenamedMovedAndClosedInTheOrderOfTime(t *testing.T) {
	p := org.Place{ID: "h", Names: []org.Naming{naming("2010-01-01", "", "ap", "Bàu Sen", "", "c")}}
	if err := p.Rename(day("2018-01-01"), org.Naming{Name: " Bàu  Sen Mới "}); err != nil {
		t.Fatal(err)
	}
	if err := p.Rename(day("2018-01-01"), org.Naming{Kind: "khu_pho"}); err != nil { // same day: no empty period
		t.Fatal(err)
	}
	if err := p.Reparent(day("2019-01-01"), "d"); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(day("2020-01-01"), org.Succession{To: "x", On: day("2020-01-01"), Kind: org.Merge}); err != nil {
		t.Fatal(err)
	}
	want := []org.Naming{
		naming("2010-01-01", "2017-12-31", "ap", "Bàu Sen", "", "c"),
		naming("2018-01-01", "2018-12-31", "khu_pho", "Bàu Sen Mới", "", "c"),
		naming("2019-01-01", "2019-12-31", "khu_pho", "Bàu Sen Mới", "", "d"),
	}
	if diff := cmp.Diff(want, p.Names, cmp.Comparer(func(a, b calendar.Date) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	wantRule(t, p.Rename(day("2018-06-01"), org.Naming{Name: "X"}), "org.place.later_change")
	wantRule(t, p.Rename(day("2021-06-01"), org.Naming{Name: "X"}), "org.place.not_existing")
	wantRule(t, p.Reparent(day("2019-06-01"), "h"), "org.place.cycle")
	wantRule(t, p.Close(day("2019-01-01")), "org.place.closed_at_birth")
}

func TestAPlaceExistsDuringAPeriodWithoutGaps(t *testing.T) {
	p := org.Place{ID: "h", Names: []org.Naming{
		naming("2010-01-01", "2017-12-31", "ap", "A", "", ""), naming("2018-01-01", "2019-12-31", "ap", "B", "", ""), naming("2021-01-01", "", "ap", "C", "", ""),
	}}
	for _, c := range []struct {
		during calendar.Period
		want   bool
	}{
		{days("2017-01-01", "2019-12-31"), true}, {days("2017-01-01", "2020-01-01"), false}, {days("2019-06-01", "2021-06-01"), false},
		{days("2021-01-01", ""), true}, {days("2019-01-01", ""), false}, {days("2009-12-31", "2010-06-01"), false}, {calendar.Period{}, false},
	} {
		if got := p.Exists(c.during); got != c.want {
			t.Errorf("exists %s: %v", c.during, got)
		}
	}
}

func TestFaultsOfAPlace(t *testing.T) {
	good := org.Place{ID: "h", Names: []org.Naming{naming("2010-01-01", "", "ap", "A", "", "")}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for rule, spoil := range map[string]func(*org.Place){
		"org.place.id":         func(p *org.Place) { p.ID = "" },
		"org.place.names":      func(p *org.Place) { p.Names = nil },
		"org.place.name":       func(p *org.Place) { p.Names[0].Name = " " },
		"org.place.period":     func(p *org.Place) { p.Names[0].Valid = days("2010-01-02", "2010-01-01") },
		"org.place.cycle":      func(p *org.Place) { p.Names[0].Parent = "h" },
		"org.place.overlap":    func(p *org.Place) { p.Names = append(p.Names, naming("2012-01-01", "", "ap", "B", "", "")) },
		"org.place.succession": func(p *org.Place) { p.Successors = []org.Succession{{To: "h", On: day("2012-01-01"), Kind: org.Merge}} },
	} {
		p := org.Place{ID: "h", Names: []org.Naming{naming("2010-01-01", "", "ap", "A", "", "")}}
		spoil(&p)
		wantRule(t, p.Validate(), rule)
	}
}

func TestKindsOfPlaceHaveTheirVietnameseWord(t *testing.T) {
	for kind, want := range map[string]string{
		"tinh": "tỉnh", "thanh_pho": "thành phố", "huyen": "huyện", "quan": "quận", "thi_xa": "thị xã", "thi_tran": "thị trấn", "xa": "xã", "phuong": "phường",
		"dac_khu": "đặc khu", "ap": "ấp", "khu": "khu", "khu_pho": "khu phố", "thon": "thôn", "to_dan_pho": "tổ dân phố", "phum": "phum", "": "",
	} {
		if got := org.KindName(kind); got != want {
			t.Errorf("%q is %q, want %q", kind, got, want)
		}
	}
}

func TestEventsAreNamedApartInThePastTense(t *testing.T) {
	kinds := make(map[string]bool)
	for _, e := range []event.Event{
		org.PlaceAdded{}, org.PlaceChanged{}, org.PlaceEnded{}, org.UnitAdded{}, org.UnitChanged{}, org.PersonAdded{}, org.PersonChanged{},
		org.Appointed{}, org.HoldingEnded{}, org.LeaveTaken{}, org.LeaveCancelled{},
	} {
		if kinds[e.Kind()] || !strings.HasPrefix(e.Kind(), "org.") {
			t.Errorf("%T is called %s", e, e.Kind())
		}
		kinds[e.Kind()] = true
	}
}
