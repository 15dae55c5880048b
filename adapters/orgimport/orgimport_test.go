package orgimport_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/orgimport"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/store"
)

const data = "../../examples/district/data"

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// district is a system with nothing in it but the programme of 2017.
func district(t testing.TB) (*core.System, store.Store) {
	t.Helper()
	st := memstore.New()
	now := day("2017-03-01").At(calendar.MustTimeOfDay(8, 0))
	sys, err := core.New(st, policy.Default(), &core.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	err = sys.Update(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Create(ctx, programme.State{
			ID: "HVCS-2017", Code: "HVCS-2017", Name: "Hướng về cơ sở", Valid: calendar.Period{From: day("2017-01-01"), To: day("2017-12-31")},
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sys, st
}

func settings() *orgimport.Settings {
	return &orgimport.Settings{From: day("2017-01-01"), Programme: "HVCS-2017"}
}

func read(t testing.TB, name string, kind orgimport.Kind, text string) orgimport.Sheet {
	t.Helper()
	s, err := orgimport.Read(strings.NewReader(text), name, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sample reads the files of the sample district.
func sample(t testing.TB) (sheets []orgimport.Sheet) {
	t.Helper()
	for name, kind := range map[string]orgimport.Kind{
		"officials.csv": orgimport.Officials, "hamlet_heads.csv": orgimport.KeyPersons, "leaders.csv": orgimport.Leaders, "subjects.csv": orgimport.Subjects,
		"units.csv": orgimport.Units, "place_successors.csv": orgimport.Successors, "place_parents.csv": orgimport.Parents, "places.csv": orgimport.Places,
	} {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		sheets = append(sheets, read(t, name, kind, string(text)))
	}
	slices.SortFunc(sheets, func(a, b orgimport.Sheet) int { return strings.Compare(a.Name, b.Name) }) // not the order of dependence
	return sheets
}

func prepare(t testing.TB, sys *core.System, sheets ...orgimport.Sheet) orgimport.Plan {
	t.Helper()
	plan, err := orgimport.Prepare(t.Context(), sys, org.System(), settings(), sheets...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func apply(t testing.TB, sys *core.System, sheets ...orgimport.Sheet) orgimport.Plan {
	t.Helper()
	plan, err := orgimport.Apply(t.Context(), sys, org.System(), prepare(t, sys, sheets...), orgimport.SkipErrors)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// shown is a plan, one line a row that is not plainly created: "line id action: rule rule".
func shown(p orgimport.Plan, sheet string) (lines []string) {
	for _, r := range p.Results {
		if r.Sheet != sheet || r.Action == orgimport.Created && len(r.Notes) == 0 {
			continue
		}
		line := fmt.Sprintf("%d %s %s:", r.Line, r.ID, r.Action)
		for _, n := range r.Notes {
			line += " " + n.Rule
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTheSampleDistrictIsTakenInAndNobodyIsLost(t *testing.T) {
	sys, st := district(t)
	sheets := sample(t)
	plan := prepare(t, sys, sheets...)
	if plan.Applied {
		t.Error("a trial counts as applied")
	}
	count(t, st, 0, 0)
	for _, s := range sheets {
		if s.Name == "officials.csv" {
			continue
		}
		for _, r := range plan.Results {
			if r.Sheet == s.Name && r.Action != orgimport.Created {
				t.Errorf("%s line %d is %s: %+v", s.Name, r.Line, r.Action, r.Notes)
			}
		}
	}
	want := []string{
		"4 CC-003 created: orgimport.phone.converted",
		"9 CC-008 created: orgimport.phone.converted",
		"13 CC-012 error: vietnam.phone.leading_zero",
		"15 CC-014 created: orgimport.phone.converted",
		"20 CC-019 created: orgimport.phone.landline",
		"22 CC-021 created: orgimport.phone.converted",
		"29 CC-028 created: orgimport.phone.converted",
		"31  same: orgimport.row.repeated",
		"35 CC-033 created: orgimport.phone.converted",
		"36 CC-034 created: orgimport.phone.converted",
		"39 CC-037 error: orgimport.reference",
	}
	if diff := cmp.Diff(want, shown(plan, "officials.csv")); diff != "" {
		t.Error(diff)
	}

	_, err := orgimport.Apply(t.Context(), sys, org.System(), plan, orgimport.Strict)
	wantRule(t, err, "orgimport.refused")
	count(t, st, 0, 0)
	applied, err := orgimport.Apply(t.Context(), sys, org.System(), plan, orgimport.SkipErrors)
	if err != nil || !applied.Applied {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.Results, applied.Results); diff != "" {
		t.Errorf("what was announced and what was done differ: %s", diff)
	}
	count(t, st, 61, 35+48+63) // CC-012 and CC-037 wait to be corrected

	again := prepare(t, sys, sheets...)
	if n := again.Count(orgimport.Same); n != len(again.Results)-2 || again.Count(orgimport.Refused) != 2 {
		t.Errorf("the second time %d of %d rows are the same", n, len(again.Results))
		for _, r := range again.Results {
			if r.Action == orgimport.Updated || r.Action == orgimport.Created {
				t.Errorf("%s line %d %s %s: %+v", r.Sheet, r.Line, r.ID, r.Action, r.Notes)
			}
		}
	}
}

// count checks how many places and persons are stored.
func count(t *testing.T, st store.Store, places, persons int) {
	t.Helper()
	err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) error {
		p, err := tx.Places(ctx)
		if err != nil {
			return err
		}
		q, err := tx.Persons(ctx)
		if len(p) != places || len(q) != persons {
			t.Errorf("%d places and %d persons are stored, want %d and %d", len(p), len(q), places, persons)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheSampleDistrictAnswersTheVectors asks what domain 8.4 asks, of the files.
func TestTheSampleDistrictAnswersTheVectors(t *testing.T) {
	sys, _ := district(t)
	apply(t, sys, sample(t)...)
	err := sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		for on, want := range map[string][]org.PlaceID{
			"2017-05-05": {"xl-suoi-cat-suoi-cat-1", "xl-26452", "xl-741", "dn-75"},
			"2025-08-01": {"xl-suoi-cat-suoi-cat-1", "dn25-26425", "dn25-75"},
			"2026-06-01": {"xl-suoi-cat-suoi-cat-1", "dn26-26425", "dn26-75"},
		} {
			if got, err := w.Org.Line(ctx, "xl-suoi-cat-suoi-cat-1", day(on)); err != nil || !slices.Equal(got, want) {
				t.Errorf("on %s: %v, %v", on, got, err)
			}
		}
		for _, commune := range []org.PlaceID{"xl-26425", "xl-26437", "xl-26440", "xl-26452", "xl-26455"} {
			if got, err := w.Org.Successor(ctx, commune, day("2026-06-01")); err != nil || got != "dn26-26425" {
				t.Errorf("%s became %s, %v", commune, got, err)
			}
		}
		if _, err := w.Org.Successor(ctx, "xl-26449", day("2026-06-01")); !errors.Is(err, fault.ErrRule) {
			t.Errorf("Xuân Tâm was divided: %v", err)
		}
		found, err := w.Org.FindPlaces(ctx, "Binh Minh", day("2017-05-05"))
		want := []core.Found{{ID: "xl-suoi-cat-binh-minh", Text: "ấp Bình Minh (xã Suối Cát)"}, {ID: "xl-xuan-hiep-binh-minh", Text: "ấp Bình Minh (xã Xuân Hiệp)"}}
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Error(diff, err)
		}
		gaps, err := w.Programme.Staffing(ctx, day("2017-05-05"))
		if err != nil || len(gaps.Places) != 34 || len(gaps.Officials) != 31 { // four of 35 lead a team
			t.Errorf("%d hamlets without anybody, %d officials without a hamlet, %v", len(gaps.Places), len(gaps.Officials), err)
		}
		route, err := w.Issues.RouteOf(ctx, "pollution", "xl-suoi-cat-binh-minh")
		if err != nil || route.Lead != "xl-tn-mt" || !slices.Equal(route.Cooperating, []org.UnitID{"xl-nn"}) {
			t.Errorf("pollution goes to %+v, %v", route, err)
		}
		lan, err := w.Org.Person(ctx, "CC-017")
		if err != nil || lan.FullName != "Đoàn Thị Hồng Bông" { // composed
			t.Errorf("%q, %v", lan.FullName, err)
		}
		landline, err := w.Org.Person(ctx, "CC-019")
		if err != nil || landline.PhoneSMS || !strings.HasPrefix(landline.Phone, "+84251") {
			t.Errorf("%+v, %v", landline, err)
		}
		leaders, err := w.Org.Holders(ctx, org.HoldingQuery{Role: org.TeamLeader, Team: "T3", On: day("2017-05-05")})
		if err != nil || len(leaders) != 1 || leaders[0].ID != "CC-003" {
			t.Errorf("leaders of T3: %+v, %v", leaders, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCorrectedRowsAreTakenFromTheListOfErrors(t *testing.T) {
	sys, _ := district(t)
	plan := apply(t, sys, sample(t)...)
	var errorsFile bytes.Buffer
	if err := plan.WriteErrors(&errorsFile, "officials.csv", "vi"); err != nil {
		t.Fatal(err)
	}
	text := errorsFile.String()
	if !strings.HasPrefix(text, "\ufeffline,reason,suggestion,id,") || strings.Count(text, "\n") != 3 {
		t.Fatalf("the list of errors is\n%s", text)
	}
	if !strings.Contains(text, "0900 000 012") {
		t.Errorf("without the suggestion:\n%s", text)
	}
	text = strings.Replace(text, ",900000012,", ",0900000012,", 1)
	text = strings.Replace(text, "xl-kt-xh", "xl-kt-ht", 2)
	corrected := prepare(t, sys, read(t, "officials.csv", orgimport.Officials, text))
	if corrected.Count(orgimport.Created) != 2 || corrected.Count(orgimport.Refused) != 0 {
		t.Errorf("%v", shown(corrected, "officials.csv"))
	}
	if err := plan.WriteErrors(&errorsFile, "other.csv", "vi"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a sheet that is not in the plan: %v", err)
	}
}

func TestCellsThatLookLikeFormulasAreWrittenAsText(t *testing.T) {
	sys, _ := district(t)
	sheet := read(t, "o.csv", orgimport.Officials, "id,full_name,unit_id,phone\nCC-1,=HYPERLINK(1),nowhere,+84900000001\n")
	var out bytes.Buffer
	plan := prepare(t, sys, sheet)
	if err := plan.WriteErrors(&out, "o.csv", "en"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), ",'=HYPERLINK(1),nowhere,'+84900000001") {
		t.Errorf("%s", out.String())
	}
	again, err := orgimport.Read(&out, "again.csv", orgimport.Officials, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range prepare(t, sys, again).Results {
		if len(r.Notes) != 1 { // only the unit: the number is read without the mark
			t.Errorf("%+v", r.Notes)
		}
	}
}

func TestReasonsHoldNoPersonalData(t *testing.T) {
	sys, _ := district(t)
	sheet := read(t, "o.csv", orgimport.Officials, "id,full_name,unit_id,phone,email,participant_class,role,from\n"+
		"CC-1,Nguyễn Bí Mật,nowhere,0999x,bimat tại nhà,bimat,bimat,bimat\nCC-2,Nguyễn Bí Mật,u,912345678,,,,\n")
	for _, r := range prepare(t, sys, sheet).Results {
		for _, n := range r.Notes {
			for _, secret := range []string{"Mật", "bimat", "0999", "912345678"} {
				if strings.Contains(n.En+n.Vi, secret) {
					t.Errorf("%s says %q", n.Rule, n.En)
				}
			}
		}
	}
}

func TestPhonesAreReadOrRefusedNeverGuessed(t *testing.T) {
	sys, _ := district(t)
	apply(t, sys, sample(t)...)
	for raw, want := range map[string]string{
		"0168.123.4567": "+84381234567 sms orgimport.phone.converted", "02513.871113": "+842513871113 orgimport.phone.landline",
		"0084912345678": "+84912345678 sms", "84912345678": "+84912345678 sms", "": "", "912345678": "vietnam.phone.leading_zero", "0123": "vietnam.phone.length",
	} {
		sheet := read(t, "o.csv", orgimport.Officials, "id,full_name,unit_id,phone\nCC-1,Ai Đó,xl-nn,"+raw+"\n")
		var got []string
		err := sys.Update(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
			plan, err := orgimport.ApplyIn(ctx, w, orgimport.Plan{Sheets: []orgimport.Sheet{sheet}}, orgimport.SkipErrors)
			if err != nil {
				return err
			}
			if plan.Results[0].Action == orgimport.Created {
				p, err := w.Org.Person(ctx, "CC-1")
				if err != nil {
					return err
				}
				if p.Phone != "" {
					got = append(got, p.Phone)
				}
				if p.PhoneSMS {
					got = append(got, "sms")
				}
			}
			for _, n := range plan.Results[0].Notes {
				got = append(got, n.Rule)
			}
			return errors.New("nothing is kept")
		})
		if text := strings.Join(got, " "); err == nil || text != want {
			t.Errorf("%q is read as %q, want %q", raw, text, want)
		}
	}
}

func TestWhatIsWrongWithASingleRow(t *testing.T) {
	sys, _ := district(t)
	apply(t, sys, sample(t)...)
	const header = "id,full_name,unit_id,participant_class,role,phone,from\n"
	for name, c := range map[string]struct{ row, want string }{
		"a class nobody knows":           {"CC-1,Ai Đó,xl-nn,nhan_vien,,,", "error orgimport.cell.class"},
		"a class in words":               {"CC-1,Ai Đó,xl-nn,Công chức,,,", "created"},
		"a role nobody knows":            {"CC-1,Ai Đó,xl-nn,,to_truong,,", "error orgimport.cell.role"},
		"more cells than columns":        {"CC-1,Ai Đó,xl-nn,,,,,x", "error orgimport.row.long"},
		"fewer cells than columns":       {"CC-1,Ai Đó,xl-nn", "created"},
		"a control character":            {"CC-1,Ai\x01 Đó,xl-nn,,,,", "error orgimport.cell.control"},
		"a quotation mark not closed":    {"CC-1,\"Ai Đó,xl-nn,,,,\nCC-2,Ai Kia,xl-nn,,,,", "error orgimport.cell.lines orgimport.cell.empty"},
		"a quotation mark within a cell": {"CC-1,Ai \"Út\" Đó,xl-nn,,,,", "created"},
		"somebody else's number":         {"CC-1,Ai Đó,xl-nn,,,0900 000 099,\nCC-2,Ai Kia,xl-nn,,,0900.000.099,", "created,created orgimport.phone.shared"},
		"a date that is none":            {"CC-1,Ai Đó,xl-nn,,,,32/13/2016", "error orgimport.cell.date"},
	} {
		var got []string
		for _, r := range prepare(t, sys, read(t, "o.csv", orgimport.Officials, header+c.row+"\n")).Results {
			line := string(r.Action)
			for _, n := range r.Notes {
				line += " " + n.Rule
			}
			got = append(got, line)
		}
		if text := strings.Join(got, ","); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func TestTheActorNeedsTheRight(t *testing.T) {
	sys, st := district(t)
	_, err := orgimport.Prepare(t.Context(), sys, org.Actor{Person: "somebody"}, settings(), sample(t)...)
	if !errors.Is(err, fault.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	count(t, st, 0, 0)
}

func TestWhatPeopleRecordedSinceIsNotUndone(t *testing.T) {
	sys, _ := district(t)
	sheets := sample(t)
	apply(t, sys, sheets...)
	err := sys.Update(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		if _, err := w.Org.RenamePlace(ctx, "xl-xuan-thanh-tan-hoa", day("2026-09-01"), org.Naming{Name: "Tân Hòa Mới"}, "NQ"); err != nil {
			return err
		}
		if _, err := w.Org.SetHosting(ctx, "xl-xuan-tho-tho-chanh", org.Hosting{Venue: "nhà văn hóa"}); err != nil {
			return err
		}
		p, err := w.Org.Person(ctx, "TA-12")
		if err != nil {
			return err
		}
		p.GivenName, p.Language = "Điền", "en"
		_, err = w.Org.UpdatePerson(ctx, p)
		if err != nil {
			return err
		}
		r, err := w.Issues.RouteOf(ctx, "pollution", "xl-suoi-cat-binh-minh")
		if err != nil {
			return err
		}
		r.Sensitive = true
		_, err = w.Issues.PutRoute(ctx, r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after := prepare(t, sys, sheets...)
	if got := shown(after, "places.csv"); !slices.Contains(got, "62 xl-xuan-thanh-tan-hoa same: orgimport.place.history") {
		t.Errorf("the longer history is kept and told: %v", got)
	}
	for _, r := range after.Results {
		if r.Action == orgimport.Updated || r.Action == orgimport.Created {
			t.Errorf("%s line %d (%s) would be %s: %+v", r.Sheet, r.Line, r.ID, r.Action, r.Notes)
		}
	}
}

func TestAnOldListDoesNotUndoTheNewNameOfAUnit(t *testing.T) {
	sys, _ := district(t)
	list := read(t, "u.csv", orgimport.Units, "id,code,name\nub,UB,UBND xã Mẫu\n")
	apply(t, sys, list)
	err := sys.Update(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Org.RenameUnit(ctx, "ub", day("2026-05-01"), org.UnitNaming{Name: "UBND phường Mẫu"}, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(apply(t, sys, list), "u.csv"); !slices.Equal(got, []string{"2 ub same: orgimport.unit.history"}) {
		t.Error(got)
	}
}

func TestAChangeInTheListIsAnUpdate(t *testing.T) {
	sys, _ := district(t)
	apply(t, sys, sample(t)...)
	plan := apply(t, sys,
		read(t, "u.csv", orgimport.Units, "id,code,name,sms_name,parent_id,place_id,to\nxl-nv,NV,Phòng Nội vụ huyện,Phong Noi vu,xl-ubnd,xl-741,2025-06-30\n"),
		read(t, "h.csv", orgimport.KeyPersons, "id,full_name,honorific,role,place_id,phone\nTA-04,Lương Đình Phong,bác,hamlet_head,xl-suoi-cat-suoi-cat-1,0900000104\n"),
		read(t, "s.csv", orgimport.Subjects, "subject,subject_name_vi,unit_id,cooperating,to\nwaste,Thu gom rác,xl-tn-mt,xl-nn,2025-06-30\n"),
		read(t, "o.csv", orgimport.Officials, "id,full_name,unit_id,participant_class,team,from\nCC-006,Phan Thị Mộng Mận,xl-nv,cong_chuc,T1,2016-10-10\n"),
	)
	for _, r := range plan.Results {
		if r.Action != orgimport.Updated {
			t.Errorf("%s is %s: %+v", r.Sheet, r.Action, r.Notes)
		}
	}
	if got := shown(plan, "o.csv"); !slices.Equal(got, []string{"2 CC-006 updated: orgimport.role.elsewhere"}) {
		t.Errorf("another team is not taken silently: %v", got)
	}
}

func TestBadListsOfPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		places, parents, successors string
		want                        []string // of all sheets
	}{
		"a parent nobody knows":             {"a,,xa,A,b,,", "", "", []string{"2 a error: org.place.parent"}},
		"parents in a circle":               {"a,,xa,A,b,,\nb,,xa,B,a,,", "", "", []string{"2 a error: org.place.parent", "3 b error: org.place.parent"}},
		"children before parents":           {"a,,ap,A,b,,\nb,,xa,B,,,", "", "", nil},
		"no name":                           {"a,,xa,,,,", "", "", []string{"2 a error: orgimport.cell.empty"}},
		"no id":                             {",,xa,A,,,", "", "", []string{"2  error: orgimport.cell.empty"}},
		"an end before the beginning":       {"a,,xa,A,,2017-01-02,2017-01-01", "", "", []string{"2 a error: org.place.period"}},
		"no date":                           {"a,,xa,A,,soon,", "", "", []string{"2 a error: orgimport.cell.date"}},
		"a date in the common form":         {"a,,xa,A,,31/5/2017,", "", "", nil},
		"two lines for one id":              {"a,,xa,A,,,\na,,xa,B,,,", "", "", []string{"3  error: orgimport.row.twice"}},
		"a parent too late":                 {"a,,xa,A,b,,2016-12-31\nb,,huyen,B,,,", "a,b,2017-01-01,", "", []string{"2 a error: orgimport.place.incomplete", "2 a error: orgimport.place.parent_period"}},
		"parents of an unknown place":       {"b,,huyen,B,,,", "a,b,,", "", []string{"2 a error: orgimport.place.unknown"}},
		"a split of the whole":              {"a,,xa,A,,,2016-12-31\nb,,xa,B,,2017-01-01,", "", "a,b,2017-01-01,split,whole,", []string{"2 a error: orgimport.place.incomplete", "2 a error: orgimport.succession.share"}},
		"a kind of succession nobody knows": {"a,,xa,A,,,2016-12-31\nb,,xa,B,,2017-01-01,", "", "a,b,2017-01-01,absorb,whole,", []string{"2 a error: org.place.succession", "2 a error: org.place.succession"}},
	} {
		sys, _ := district(t)
		plan := prepare(t, sys,
			read(t, "p.csv", orgimport.Places, "id,code,kind,name,parent_id,from,to\n"+c.places),
			read(t, "q.csv", orgimport.Parents, "id,parent_id,from,to\n"+c.parents),
			read(t, "r.csv", orgimport.Successors, "from_id,to_id,date,kind,share,note\n"+c.successors))
		got := slices.Concat(shown(plan, "p.csv"), shown(plan, "q.csv"), shown(plan, "r.csv"))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTwoUnitsDoNotLeadOneSubjectOnOneDay(t *testing.T) {
	sys, st := district(t)
	apply(t, sys, sample(t)...)
	plan := apply(t, sys, read(t, "s.csv", orgimport.Subjects, "subject,subject_name_vi,unit_id,from,to\nwaste,Thu gom rác,xl-nn,2020-01-01,2020-12-31\nnew,Mới,nowhere,,\n"))
	want := []string{"2 waste error: orgimport.route.overlap", "3 new error: orgimport.reference"}
	if diff := cmp.Diff(want, shown(plan, "s.csv")); diff != "" {
		t.Error(diff)
	}
	var routes []issue.Route
	if err := st.View(t.Context(), func(ctx context.Context, tx store.Tx) (err error) { routes, err = tx.Routes(ctx); return err }); err != nil {
		t.Fatal(err)
	}
	if len(routes) != 168 {
		t.Errorf("%d routes are stored", len(routes))
	}
}

func TestReadTakesTheFormsOfSpreadsheets(t *testing.T) {
	const text = "Mã;Họ và tên;Đơn vị;Điện thoại;Ghi chú\nCC-1;Nguyễn Thị Ánh;xl-nn;0900 000 001;\n\n;;;;\nCC-2;\"Trần; Văn Đức\";xl-nn;;x\n"
	utf16le := append([]byte("\xFF\xFE"), encode(text, func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} })...)
	utf16be := append([]byte("\xFE\xFF"), encode(text, func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} })...)
	for name, file := range map[string][]byte{
		"semicolons": []byte(text), "with a byte order mark": []byte("\ufeff" + text), "tabs": []byte(strings.ReplaceAll(strings.ReplaceAll(text, "Trần; ", "Trần "), ";", "\t")),
		"UTF-16": utf16le, "UTF-16, the other way round": utf16be, "line ends of Windows": []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"blank lines first": []byte("\n\n" + text),
	} {
		s, err := orgimport.Read(bytes.NewReader(file), name, orgimport.Officials, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(s.Rows) != 2 || len(s.Rows[0].Notes)+len(s.Rows[1].Notes) != 0 || !slices.Equal(s.Ignored, []string{"Ghi chú"}) {
			t.Errorf("%s: %d rows, %v left aside, %+v", name, len(s.Rows), s.Ignored, s.Rows)
			continue
		}
		first, offset := s.Rows[0], 0
		if name == "blank lines first" {
			offset = 2
		}
		if first.Line != 2+offset || s.Rows[1].Line != 5+offset || first.Cells[1] != "Nguyễn Thị Ánh" {
			t.Errorf("%s: lines %d and %d, %q", name, first.Line, s.Rows[1].Line, first.Cells)
		}
	}
}

func encode(text string, write func(uint16) []byte) (out []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, write(u)...)
	}
	return out
}

func TestWhatIsNoListIsRefusedAsAWhole(t *testing.T) {
	for rule, file := range map[string]string{
		"orgimport.file.empty":     "\n\n ,, \n",
		"orgimport.file.encoding":  "id,full_name,unit_id\nCC-1,Nguy\xe7n,u\n",
		"orgimport.file.format":    "\xD0\xCF\x11\xE0 an old workbook",
		"orgimport.file.workbook":  "PK\x03\x04 no workbook",
		"orgimport.column.missing": "id,full_name\nCC-1,A\n",
		"orgimport.column.twice":   "id,full_name,unit_id,Họ tên\nCC-1,A,u,B\n",
	} {
		_, err := orgimport.Read(strings.NewReader(file), "x", orgimport.Officials, nil)
		wantRule(t, err, rule)
	}
	_, err := orgimport.Read(strings.NewReader("id\n"), "x", "persons", nil)
	wantRule(t, err, "orgimport.kind")
	_, err = orgimport.Read(strings.NewReader("id,full_name,unit_id\n"+strings.Repeat("a,b,c\n", 11)), "x", orgimport.Officials, &orgimport.Options{MaxRows: 10})
	wantRule(t, err, "orgimport.file.rows")
	_, err = orgimport.Read(strings.NewReader(strings.Repeat("x", 101)), "x", orgimport.Officials, &orgimport.Options{MaxBytes: 100})
	wantRule(t, err, "orgimport.file.size")
	_, err = orgimport.Read(failing{}, "x", orgimport.Officials, nil)
	if err == nil || errors.Is(err, fault.ErrRule) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	if !slices.ContainsFunc(fault.Violations(err), func(v *fault.Violation) bool { return v.Rule == rule }) {
		t.Errorf("got %v, want %s", err, rule)
	}
}

// workbook makes an XLSX file of rows of values; "=…" is a formula.
func workbook(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for y, row := range rows {
		for x, v := range row {
			cell, err := excelize.CoordinatesToCellName(x+1, y+1)
			if err == nil {
				if s, ok := v.(string); ok && strings.HasPrefix(s, "=") {
					err = f.SetCellFormula("Sheet1", cell, s)
				} else {
					err = f.SetCellValue("Sheet1", cell, v)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWorkbooksAreReadByTheirStoredValuesAndWithoutFormulas(t *testing.T) {
	sys, _ := district(t)
	apply(t, sys, sample(t)...)
	book := workbook(t,
		[]any{"Mã số", "Họ và tên", "Đơn vị", "Điện thoại", "Từ ngày"},
		[]any{"CC-1", "Ai Đó", "xl-nn", "0900 000 001", time.Date(2016, 3, 1, 0, 0, 0, 0, time.UTC)},
		[]any{"CC-2", "Người Khác", "xl-nn", 900000002, "01/3/2016"}, // a number: its first zero is gone
		[]any{"CC-3", "=A2", "xl-nn", "", ""},
	)
	sheet, err := orgimport.Read(bytes.NewReader(book), "o.xlsx", orgimport.Officials, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan := apply(t, sys, sheet)
	want := []string{"3 CC-2 error: vietnam.phone.leading_zero", "4 CC-3 error: orgimport.cell.formula orgimport.cell.empty"}
	if diff := cmp.Diff(want, shown(plan, "o.xlsx")); diff != "" {
		t.Error(diff)
	}
	err = sys.View(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		p, err := w.Org.Person(ctx, "CC-1")
		if p.Valid.From != day("2016-03-01") {
			t.Errorf("in the unit since %s", p.Valid.From)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	_, err = orgimport.Read(bytes.NewReader(book), "o.xlsx", orgimport.Officials, &orgimport.Options{Sheet: "Trang 2"})
	wantRule(t, err, "orgimport.file.sheet")
}

func TestAWorkbookThatUnpacksToTooMuchIsRefused(t *testing.T) {
	rows := [][]any{{"id", "full_name", "unit_id"}}
	for range 4000 {
		rows = append(rows, []any{"same", strings.Repeat("same ", 50), "same"})
	}
	book := workbook(t, rows...)
	var bomb bytes.Buffer // the same workbook with a part that is all zeros
	pack(t, &bomb, book, bytes.Repeat([]byte{0}, 40*len(book)))
	limit := &orgimport.Options{MaxBytes: int64(bomb.Len())}
	_, err := orgimport.Read(bytes.NewReader(bomb.Bytes()), "o.xlsx", orgimport.Officials, limit)
	wantRule(t, err, "orgimport.file.workbook")
	if _, err := orgimport.Read(bytes.NewReader(book), "o.xlsx", orgimport.Officials, limit); err != nil {
		t.Errorf("without the bomb: %v", err)
	}
}

// pack copies a zip file and adds one more part.
func pack(t *testing.T, out io.Writer, book, part []byte) {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(out)
	for _, f := range in.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	extra, err := w.Create("xl/media/image1.bin")
	if err == nil {
		_, err = extra.Write(part)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestTwoListsOfOneNameAreRefused(t *testing.T) {
	sys, _ := district(t)
	s := read(t, "p.csv", orgimport.Places, "id,kind,name\na,xa,A\n")
	_, err := orgimport.Prepare(t.Context(), sys, org.System(), nil, s, s)
	wantRule(t, err, "orgimport.sheet.twice")
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"id,full_name,unit_id\nCC-1,A,u\n", "\ufeffid;full_name;unit_id\n\"a;b\n", "\xFF\xFEi\x00d\x00", "PK\x03\x04", "id\tfull_name\tunit_id\n'+1\t\t",
		"id,full_name,unit_id,phone,from\nCC-1,A,u,0900 000 001,42736\n", ",\n", "\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, kind := range orgimport.Kinds() {
			s, err := orgimport.Read(bytes.NewReader(file), "x", kind, &orgimport.Options{MaxBytes: 1 << 16, MaxRows: 100})
			if err != nil {
				if !errors.Is(err, fault.ErrRule) {
					t.Errorf("%v", err)
				}
				continue
			}
			last := 0
			for _, r := range s.Rows {
				if r.Line <= last {
					t.Errorf("line %d after line %d", r.Line, last)
				}
				last = r.Line
			}
		}
	})
}
