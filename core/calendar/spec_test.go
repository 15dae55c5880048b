package calendar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// faults lists "rule @ field" of every violation in err.
func faults(err error) []string {
	var list []string
	for _, v := range fault.Violations(err) {
		list = append(list, strings.TrimPrefix(v.Rule, "calendar.")+" @ "+v.Field)
	}
	return list
}

func TestEachFaultOfASpecIsNamed(t *testing.T) {
	tests := []struct {
		name   string
		change func(*calendar.Spec)
		want   []string
	}{
		{"the calendar of 2017 has none", func(s *calendar.Spec) {}, nil},
		{"a calendar has an id", func(s *calendar.Spec) { s.ID = " " }, []string{"spec.id @ id"}},
		{"versions count from 1", func(s *calendar.Spec) { s.Version = 0 }, []string{"spec.version @ version"}},
		{"the coverage has a first day", func(s *calendar.Spec) { s.Coverage.From = calendar.Date{} }, []string{"spec.coverage @ coverage"}},
		{"the coverage does not end before it begins", func(s *calendar.Spec) {
			s.Coverage.From, s.Coverage.To = s.Coverage.To, s.Coverage.From
		}, []string{"spec.coverage @ coverage"}},
		{"a calendar with closures ends", func(s *calendar.Spec) { s.Coverage.To = calendar.Date{} }, []string{"spec.coverage @ coverage.to"}},
		{"a slip in the year does not claim all memory", func(s *calendar.Spec) { s.Coverage.To = d(t, "9017-12-31") }, []string{"spec.coverage @ coverage.to"}},
		{"a calendar without entries may be open", func(s *calendar.Spec) {
			s.Coverage.To, s.Closures = calendar.Date{}, nil
		}, nil},
		{"weekend days are known", func(s *calendar.Spec) { s.Weekend = []string{"Saturday"} }, []string{"spec.weekend @ weekend[0]"}},
		{"weekend days are listed once", func(s *calendar.Spec) { s.Weekend = []string{"sunday", "sunday"} }, []string{"spec.weekend @ weekend[1]"}},
		{"a week has a working day", func(s *calendar.Spec) {
			s.Weekend = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
		}, []string{"spec.weekend @ weekend"}},
		{"a closure has a name", func(s *calendar.Spec) { s.Closures[0].Name = "" }, []string{"spec.closure.name @ closures[0].name"}},
		{"a closure has a kind", func(s *calendar.Spec) { s.Closures[0].Kind = "" }, []string{"spec.closure.kind @ closures[0].kind"}},
		{"a closure has a first day", func(s *calendar.Spec) { s.Closures[1].From = calendar.Date{} }, []string{"spec.closure.period @ closures[1].from"}},
		{"a closure does not end before it begins", func(s *calendar.Spec) { s.Closures[1].To = d(t, "2017-01-25") }, []string{"spec.closure.period @ closures[1].to"}},
		{"a closure lies in the coverage", func(s *calendar.Spec) { s.Closures[1].To = d(t, "2018-02-01") }, []string{
			"spec.closure.coverage @ closures[1].from",
			"spec.closure.overlap @ closures[2].from", "spec.closure.overlap @ closures[3].from",
			"spec.closure.overlap @ closures[4].from", "spec.closure.overlap @ closures[5].from",
		}},
		{"an official day off is listed once", func(s *calendar.Spec) { s.Closures[2].From, s.Closures[2].To = d(t, "2017-05-02"), d(t, "2017-05-02") }, []string{"spec.closure.overlap @ closures[2].from"}},
		{"a working day has a date", workingDay(""), []string{"spec.working_day.date @ workingDays[0].date"}},
		{"a working day lies in the coverage", workingDay("2018-03-03"), []string{"spec.working_day.coverage @ workingDays[0].date"}},
		{"a working day is no closure", workingDay("2017-01-28"), []string{"spec.working_day.on_closure @ workingDays[0].date"}},
		{"a working day falls on the weekend", workingDay("2017-03-03"), []string{"spec.working_day.on_weekday @ workingDays[0].date"}},
		{"a working day is listed once", workingDay("2017-03-04", "2017-03-04"), []string{"spec.working_day.repeated @ workingDays[1].date"}},
		{"a working day on a Saturday is fine", workingDay("2017-03-04"), nil},
		{"all faults are told at once", func(s *calendar.Spec) {
			s.ID, s.Version = "", -1
			s.Closures[0].Kind = "fun"
			workingDay("2017-03-03")(s)
		}, []string{
			"spec.id @ id", "spec.version @ version", "spec.closure.kind @ closures[0].kind",
			"spec.working_day.on_weekday @ workingDays[0].date",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := spec2017()
			tt.change(&spec)
			c, err := calendar.New(spec)
			if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if (c == nil) != (err != nil) {
				t.Errorf("calendar %v with error %v", c, err)
			}
			for _, v := range fault.Violations(err) {
				if strings.Contains(v.En+v.Vi, "%!") {
					t.Errorf("badly formatted: %q %q", v.En, v.Vi)
				}
			}
		})
	}
}

func workingDay(days ...string) func(*calendar.Spec) {
	return func(s *calendar.Spec) {
		for _, day := range days {
			var date calendar.Date
			if err := date.UnmarshalText([]byte(day)); err != nil {
				panic(err)
			}
			s.WorkingDays = append(s.WorkingDays, calendar.WorkingDay{Date: date})
		}
	}
}

func TestASpecIsReadStrictly(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"not JSON", `calendar`, []string{"spec.json @ "}},
		{"nothing", ``, []string{"spec.json @ "}},
		{"a list", `[]`, []string{"spec.json @ "}},
		{"cut off", `{"id": "x"`, []string{"spec.json @ "}},
		{"a missing comma", `{"id": "x" "version": 1}`, []string{"spec.json @ "}},
		{"something after the end", `{"id":"x","version":1,"coverage":{"from":"2017-01-01"}} {}`, []string{"spec.json @ "}},
		{"nothing in it", `{}`, []string{"spec.id @ id", "spec.version @ version", "spec.coverage @ coverage"}},
		{"unknown and repeated fields, at any depth",
			`{"id":"x","id":"y","version":1,"holidays":[],"coverage":{"from":"2017-01-01","to":"2017-12-31","until":"x"}}`,
			[]string{"spec.repeated_field @ id", "spec.unknown_field @ holidays", "spec.unknown_field @ coverage.until"}},
		{"wrong types", `{"id":7,"version":"1","coverage":[],"weekend":"sunday","closures":{},"workingDays":null}`,
			[]string{"spec.json @ id", "spec.json @ version", "spec.json @ coverage", "spec.json @ weekend", "spec.json @ closures", "spec.json @ workingDays"}},
		{"a null is no value", `{"id":null,"version":1.5,"coverage":{"from":"2017-01-01","to":"2017-12-31"}}`,
			[]string{"spec.json @ id", "spec.json @ version"}},
		{"dates that cannot be read, each with its path", `{"id":"x","version":1,"coverage":{"from":"1/1/2017","to":"2017-12-31"},
			"closures":[{"from":"2017-02-30","name":"a","kind":"holiday"},{"from":20170101,"name":"b","kind":"holiday"},3],
			"workingDays":[{"date":"04/3/2017"}]}`,
			[]string{"date.format @ coverage.from", "date.range @ closures[0].from", "spec.json @ closures[1].from", "spec.json @ closures[2]", "date.format @ workingDays[0].date"}},
		{"faults of form and of sense together", `{"id":"","version":1,"coverage":{"from":"2017-01-01","to":"2017-12-31"},
			"closures":[{"from":"x","name":"","kind":"holiday"}]}`,
			[]string{"date.format @ closures[0].from", "spec.id @ id", "spec.closure.name @ closures[0].name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := calendar.ParseSpec([]byte(tt.in))
			if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASpecSurvivesJSON(t *testing.T) {
	for _, spec := range []calendar.Spec{spec2017(), spec2019(t), calendar.WeekdaysOnly("x").Spec(),
		{ID: "seven days", Version: 3, Coverage: calendar.Period{From: d(t, "2017-01-01")}, Weekend: []string{}}} {
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		again, err := calendar.ParseSpec(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(spec, again); diff != "" {
			t.Errorf("changed on the way (-want +got):\n%s", diff)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, spec := range []calendar.Spec{spec2017(), spec2019(f)} {
		text, err := json.Marshal(spec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"id":"x","version":1,"coverage":{"from":"2017-01-01","to":"2017-01-31"},"weekend":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := calendar.ParseSpec(data)
		if err != nil {
			if !errors.Is(err, fault.ErrRule) || len(fault.Violations(err)) == 0 {
				t.Fatalf("an error that is no violation: %v", err)
			}
			return
		}
		c, err := calendar.New(spec)
		if err != nil {
			t.Fatalf("ParseSpec accepts what New refuses: %v", err)
		}
		start := spec.Coverage.From
		if due := c.Add(start, 5); !due.IsZero() && c.Elapsed(start, due) != 5 {
			t.Fatalf("%v + 5 = %v", start, due)
		}
		text, err := json.Marshal(c.Spec())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := calendar.ParseSpec(text); err != nil {
			t.Fatalf("its own spec is refused: %v", err)
		}
	})
}

func ExampleParseSpec() {
	_, err := calendar.ParseSpec([]byte(`{
		"id": "VN-XL-2017", "version": 1,
		"coverage": {"from": "2017-01-01", "to": "2017-12-31"},
		"closures": [{"from": "06/4/2017", "name": "Giỗ Tổ Hùng Vương", "kind": "holliday"}]
	}`))
	for _, v := range fault.Violations(err) {
		fmt.Println(v.Field, "-", v.Message("en"))
	}
	// Output:
	// closures[0].from - A date is written year-month-day, for example 2017-05-31.
	// closures[0].kind - The kind of a closure is holiday, compensation, swap or district.
}
