package core_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/org"
)

type eventSubject = event.Subject

// xuanLoc records the history of the district as it happened, step by step,
// through the operations of the office: the communes of 2017, the merger of 2025
// and the ward of 2026.
func xuanLoc(c *cast) {
	office := func(fn func(context.Context, *core.Work) error) { c.t.Helper(); c.must(vp01, fn) }
	add := func(id, parent org.PlaceID, kind, name, code, from string) {
		office(func(ctx context.Context, w *core.Work) error {
			_, err := w.Org.AddPlace(ctx, org.Place{ID: id, Names: []org.Naming{{Valid: calendar.Period{From: day(from)}, Kind: kind, Name: name, Code: code, Parent: parent}}})
			return err
		})
	}
	add("dn", "", "tinh", "Đồng Nai", "75", "1976-01-01")
	add("xl", "dn", "huyen", "Xuân Lộc", "741", "1991-07-01")
	for id, p := range map[org.PlaceID][3]string{
		"gia-ray": {"thi_tran", "Gia Ray", "26425"}, "xuan-tho": {"xa", "Xuân Thọ", "26437"}, "xuan-truong": {"xa", "Xuân Trường", "26440"},
		"suoi-cat": {"xa", "Suối Cát", "26452"}, "xuan-hiep": {"xa", "Xuân Hiệp", "26455"}, "xuan-tam": {"xa", "Xuân Tâm", "26449"},
		"xuan-hung": {"xa", "Xuân Hưng", "26446"}, "xuan-hoa": {"xa", "Xuân Hoà", "26443"},
	} {
		add(id, "xl", p[0], p[1], p[2], "1991-07-01")
	}
	for id, p := range map[org.PlaceID][2]string{
		"sc-1": {"Suối Cát 1", "suoi-cat"}, "sc-bm": {"Bình Minh", "suoi-cat"}, "xh-bm": {"Bình Minh", "xuan-hiep"},
		"xt-2": {"Ấp 2", "xuan-tam"}, "xt-10": {"Ấp 10", "xuan-tam"},
	} {
		add(id, org.PlaceID(p[1]), "ap", p[0], "", "1994-01-01")
	}
	const reform = "2025-07-01"
	add("xuan-loc", "dn", "xa", "Xuân Lộc", "26425", reform)
	add("xuan-hoa-25", "dn", "xa", "Xuân Hòa", "26446", reform)
	add("tan-hoa-25", "dn", "xa", "Bàu Mẫu", "26359", reform)
	office(func(ctx context.Context, w *core.Work) error {
		err := w.Org.MergePlaces(ctx, core.Merger{
			From: []org.PlaceID{"gia-ray", "xuan-tho", "xuan-truong", "suoi-cat", "xuan-hiep"}, Into: "xuan-loc", On: day(reform), Why: "1662/NQ-UBTVQH15",
		})
		if err != nil {
			return err
		}
		return w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"xuan-hung", "xuan-hoa"}, Into: "xuan-hoa-25", On: day(reform)})
	})
}

func divideXuanTam(c *cast, choice map[org.PlaceID]org.PlaceID) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		return w.Org.SplitPlace(ctx, core.Division{Place: "xuan-tam", Parts: []org.PlaceID{"xuan-hoa-25", "tan-hoa-25"}, On: day("2025-07-01"), Choice: choice})
	}
}

func TestTheHistoryOfXuanLocIsToldAsItWasAndInTodaysUnits(t *testing.T) {
	c := newCast(t, nil)
	xuanLoc(c)

	// Xuân Tâm is divided, and nothing is guessed: the hamlets nobody chose for are named.
	c.refused("org.place.divided", vp01, divideXuanTam(c, map[org.PlaceID]org.PlaceID{"xt-2": "xuan-hoa-25"}))
	c.must(vp01, divideXuanTam(c, map[org.PlaceID]org.PlaceID{"xt-2": "xuan-hoa-25", "xt-10": "tan-hoa-25"}))
	c.must(vp01, func(ctx context.Context, w *core.Work) error {
		if err := w.Org.MergePlaces(ctx, core.Merger{From: []org.PlaceID{"xl"}, Into: "dn", On: day("2025-07-01")}); err != nil { // the district ends
			return err
		}
		if _, err := w.Org.RenamePlace(ctx, "dn", day("2026-05-01"), org.Naming{Kind: "thanh_pho"}, ""); err != nil {
			return err
		}
		_, err := w.Org.RenamePlace(ctx, "xuan-loc", day("2026-05-01"), org.Naming{Kind: "phuong"}, "")
		if err != nil {
			return err
		}
		_, err = w.Org.RenamePlace(ctx, "sc-1", day("2026-05-01"), org.Naming{Kind: "khu_pho"}, "")
		return err
	})

	c.must(lan, func(ctx context.Context, w *core.Work) error {
		shown := func(on string) (lines []string) {
			line, err := w.Org.Line(ctx, "sc-1", day(on))
			if err != nil {
				t.Error(err)
			}
			tree, err := w.Org.Tree(ctx, day(on))
			if err != nil {
				t.Error(err)
			}
			for _, id := range line {
				n, _ := tree.Naming(id)
				lines = append(lines, n.Called()+" "+n.Code)
			}
			return lines
		}
		for on, want := range map[string][]string{
			"2017-05-05": {"ấp Suối Cát 1 ", "xã Suối Cát 26452", "huyện Xuân Lộc 741", "tỉnh Đồng Nai 75"},
			"2025-08-01": {"ấp Suối Cát 1 ", "xã Xuân Lộc 26425", "tỉnh Đồng Nai 75"},
			"2026-06-01": {"khu phố Suối Cát 1 ", "phường Xuân Lộc 26425", "thành phố Đồng Nai 75"},
		} {
			if diff := cmp.Diff(want, shown(on)); diff != "" {
				t.Errorf("on %s: %s", on, diff)
			}
		}
		for _, code := range []struct {
			code, on string
			want     org.PlaceID
		}{
			{"26446", "2025-06-30", "xuan-hung"}, {"26446", "2025-07-01", "xuan-hoa-25"},
			{"26443", "2025-06-30", "xuan-hoa"}, {"26443", "2025-07-01", ""},
			{"26425", "2017-05-05", "gia-ray"}, {"26425", "2026-06-01", "xuan-loc"},
		} {
			tree, err := w.Org.Tree(ctx, day(code.on))
			if got, _ := tree.ByCode(code.code); got != code.want || err != nil {
				t.Errorf("on %s %s is %q, want %q, %v", code.on, code.code, got, code.want, err)
			}
		}
		for _, commune := range []org.PlaceID{"gia-ray", "xuan-tho", "xuan-truong", "suoi-cat", "xuan-hiep"} {
			if got, err := w.Org.Successor(ctx, commune, day("2026-06-01")); got != "xuan-loc" || err != nil {
				t.Errorf("in today's units %s is %s, %v", commune, got, err)
			}
		}
		_, err := w.Org.Successor(ctx, "xuan-tam", day("2026-06-01"))
		wantRule(t, "org.place.divided", err)
		for hamlet, want := range map[org.PlaceID]org.PlaceID{"xt-2": "xuan-hoa-25", "xt-10": "tan-hoa-25"} {
			if line, err := w.Org.Line(ctx, hamlet, day("2025-07-01")); len(line) < 2 || line[1] != want || err != nil {
				t.Errorf("%s lies in %v, %v", hamlet, line, err)
			}
		}
		for _, q := range []struct {
			words, on string
			want      []string
		}{
			{"Binh Minh", "2017-05-05", []string{"ấp Bình Minh (xã Suối Cát)", "ấp Bình Minh (xã Xuân Hiệp)"}},
			{"Xuan Hoa", "2017-05-05", []string{"xã Xuân Hoà (huyện Xuân Lộc)"}},
			{"Xuan Hoa", "2025-08-01", []string{"xã Xuân Hòa (tỉnh Đồng Nai)"}},
			{"Xuân Hoà", "2025-08-01", []string{"xã Xuân Hòa (tỉnh Đồng Nai)"}},
		} {
			found, err := w.Org.FindPlaces(ctx, q.words, day(q.on))
			var got []string
			for _, f := range found {
				got = append(got, f.Text)
			}
			if !slices.Equal(got, q.want) || err != nil {
				t.Errorf("%s on %s: %v, %v", q.words, q.on, got, err)
			}
		}
		tree, err := w.Org.Tree(ctx, day("2017-05-05"))
		if got := tree.Children("xuan-tam"); !slices.Equal(got, []org.PlaceID{"xt-2", "xt-10"}) {
			t.Errorf("Ấp 2 stands before Ấp 10: %v", got)
		}
		return err
	})
}
