package policy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/default.json"

func TestDefaultIsValidAndItsJSONFormIsStable(t *testing.T) {
	p := policy.Default()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	parsed, err := policy.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, parsed); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsLeftOutKeepsItsDefault(t *testing.T) {
	p, err := policy.Parse([]byte(`{"version":"2","from":"2018-01-01","zone":"Asia/Ho_Chi_Minh","quota":{"per_month":3}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Default()
	want.Version, want.From, want.Basis, want.Quota.PerMonth = "2", calendar.MustDate(2018, 1, 1), "", 3
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

// tree is the JSON form of the default policy, to be spoiled in one place.
func tree(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// leaves calls fn for every number, text and switch, with the object that
// holds it. Windows are left out; they have a test of their own.
func leaves(path string, m map[string]any, fn func(path string, holder map[string]any, key string)) {
	for key, v := range m {
		at := strings.TrimPrefix(path+"."+key, ".")
		switch v := v.(type) {
		case map[string]any:
			leaves(at, v, fn)
		case []any:
		default:
			fn(at, m, key)
		}
	}
}

func parse(t *testing.T, m map[string]any) error {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = policy.Parse(data)
	return err
}

// faults writes violations as "rule field".
func faults(err error) []string {
	var lines []string
	for _, v := range fault.Violations(err) {
		lines = append(lines, v.Rule+" "+v.Field)
	}
	return lines
}

func has(err error, line string) bool {
	for _, f := range faults(err) {
		if f == line {
			return true
		}
	}
	return false
}

func TestEverySingleNumberOutOfRangeIsFound(t *testing.T) {
	numbers := 0
	m := tree(t)
	leaves("", m, func(path string, holder map[string]any, key string) {
		good, ok := holder[key].(float64)
		if !ok {
			return
		}
		numbers++
		for _, bad := range []float64{-1, 100000} {
			holder[key] = bad
			if err := parse(t, m); !has(err, "policy.range "+path) {
				t.Errorf("%s = %v: got %v", path, bad, faults(err))
			}
		}
		holder[key] = good
	})
	if entries := policy.Default().Describe(); numbers < 40 || len(entries) < numbers {
		t.Errorf("looked at %d numbers, described %d", numbers, len(entries))
	}
}

func TestEverySingleFieldOfTheWrongTypeIsFound(t *testing.T) {
	m := tree(t)
	leaves("", m, func(path string, holder map[string]any, key string) {
		good := holder[key]
		for _, bad := range []any{nil, []any{}, map[string]any{"x": 1}, 2.5} {
			holder[key] = bad
			if err := parse(t, m); !has(err, "policy.type "+path) {
				t.Errorf("%s = %v: got %v", path, bad, faults(err))
			}
		}
		holder[key] = good
	})
}

func TestEveryUnknownFieldIsFoundInEverySection(t *testing.T) {
	sections := func(m map[string]any) map[string]map[string]any {
		found := map[string]map[string]any{"": m}
		for key, v := range m {
			if sub, ok := v.(map[string]any); ok {
				found[key+"."] = sub
			}
		}
		return found
	}
	m := tree(t)
	for path, section := range sections(m) {
		section["perMonht"] = 2
		if err := parse(t, m); !has(err, "policy.unknown "+path+"perMonht") {
			t.Errorf("%q: got %v", path, faults(err))
		}
		delete(section, "perMonht")
	}
}

func TestParseRefuses(t *testing.T) {
	head := `"version":"1","from":"2017-01-01","zone":"Asia/Ho_Chi_Minh"`
	tests := []struct {
		rule, json string
		want       []string
	}{
		{"what is not JSON", `{"version":`, []string{"policy.syntax "}},
		{"something after the policy", `{` + head + `} {}`, []string{"policy.syntax "}},
		{"what is not an object", `[]`, []string{"policy.type ", "policy.missing version", "policy.missing from", "policy.missing zone"}},
		{"a policy without its head", `{}`, []string{"policy.missing version", "policy.missing from", "policy.missing zone"}},
		{"a zone that is not Vietnam's", `{"version":"1","from":"2017-01-01","zone":"UTC"}`, []string{"policy.zone zone"}},
		{"a date that does not exist, once", `{"version":"1","from":"2017-02-30","zone":"Asia/Ho_Chi_Minh"}`, []string{"policy.type from"}},
		{"a key that stands twice", `{` + head + `,"version":"2"}`, []string{"policy.duplicate version"}},
		{"a key that stands twice in a section", `{` + head + `,"quota":{"per_month":2,"per_month":2}}`, []string{"policy.duplicate quota.per_month"}},
		{"a number in quotes", `{` + head + `,"quota":{"per_month":"2"}}`, []string{"policy.type quota.per_month"}},
		{"a section that is a number", `{` + head + `,"quota":2}`, []string{"policy.type quota"}},
		{"an hour that does not exist", `{` + head + `,"ladder":{"send_at":"24:00"}}`, []string{"policy.type ladder.send_at"}},
		{"no window at all", `{` + head + `,"windows":{"citizens":[]}}`, []string{"policy.window windows.citizens"}},
		{"a reversed window", `{` + head + `,"windows":{"citizens":[{"from":"20:00","to":"07:00"}]}}`, []string{"policy.window windows.citizens[0]"}},
		{"an empty window", `{` + head + `,"windows":{"citizens":[{"from":"07:00","to":"07:00"}]}}`, []string{"policy.window windows.citizens[0]"}},
		{"overlapping windows", `{` + head + `,"windows":{"ladder":[{"from":"07:00","to":"11:30"},{"from":"11:00","to":"17:00"}]}}`,
			[]string{"policy.window windows.ladder[1]"}},
		{"windows out of order", `{` + head + `,"windows":{"ladder":[{"from":"13:00","to":"17:00"},{"from":"07:00","to":"11:00"}]}}`,
			[]string{"policy.window windows.ladder[1]"}},
		{"a window without an end", `{` + head + `,"windows":{"ladder":[{"from":"07:00"}]}}`, []string{"policy.missing windows.ladder[0]"}},
		{"a window with more than two ends", `{` + head + `,"windows":{"ladder":[{"from":"07:00","to":"08:00","till":"09:00"}]}}`,
			[]string{"policy.unknown windows.ladder[0].till"}},
		{"a window that is a text", `{` + head + `,"windows":{"ladder":["07:00-08:00"]}}`, []string{"policy.type windows.ladder[0]"}},
		{"windows that are a text", `{` + head + `,"windows":{"ladder":"07:00-08:00"}}`, []string{"policy.type windows.ladder"}},
		{"levels at the same time", `{` + head + `,"ladder":{"superior":3,"head":3,"leader":3}}`,
			[]string{"policy.order ladder.superior", "policy.order ladder.head"}},
		{"levels in the wrong order", `{` + head + `,"ladder":{"leader":3,"head":5}}`, []string{"policy.order ladder.head"}},
		{"urgent terms longer than normal ones", `{` + head + `,"issues":{"unit_days":{"urgent":11}}}`,
			[]string{"policy.order issues.unit_days.urgent", "policy.order issues.unit_days.urgent"}},
		{"a unit that may take longer than the promise", `{` + head + `,"issues":{"unit_days":{"complex":31}}}`,
			[]string{"policy.order issues.unit_days.complex"}},
		{"visits that do not fit into a month", `{` + head + `,"quota":{"per_month":4,"min_gap_days":10}}`, []string{"policy.order quota.min_gap_days"}},
		{"several faults at once", `{"version":"1","zone":"UTC","quota":{"per_month":0,"wat":1},"ladder":{"send_at":8}}`,
			[]string{"policy.unknown quota.wat", "policy.type ladder.send_at", "policy.range quota.per_month", "policy.missing from", "policy.zone zone"}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			p, err := policy.Parse([]byte(tt.json))
			if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
				t.Error(diff)
			}
			if p.Version != "" {
				t.Error("a policy came along with its faults")
			}
			for _, v := range fault.Violations(err) {
				if v.En == "" || v.Vi == "" || strings.Contains(v.En+v.Vi, "%!") {
					t.Errorf("bad sentence: %q %q", v.En, v.Vi)
				}
			}
		})
	}
}

func TestTwoWindowsADayMayTouch(t *testing.T) {
	p := policy.Default()
	at := calendar.MustTimeOfDay
	p.Windows.Ladder = []policy.Span{{From: at(7, 0), To: at(11, 30)}, {From: at(11, 30), To: at(17, 0)}}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestDescribeNamesEveryFieldOnceWithValueAndMeaning(t *testing.T) {
	seen := make(map[string]policy.Entry)
	for _, e := range policy.Default().Describe() {
		if _, twice := seen[e.Key]; twice || e.Value == "" || e.En == "" || e.Vi == "" {
			t.Errorf("bad entry %+v", e)
		}
		seen[e.Key] = e
	}
	leaves("", tree(t), func(path string, _ map[string]any, _ string) {
		if _, ok := seen[path]; !ok {
			t.Errorf("%s is not described", path)
		}
	})
	for key, want := range map[string]string{
		"issues.unit_days.normal": "10 wd", "ladder.send_at": "08:00", "quota.distinct_days": "true", "from": "2017-01-01",
		"windows.citizens": "07:00-20:00", "quota.per_month": "2",
	} {
		if got := seen[key].Value; got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestAVersionIsInForceFromItsFirstDayUntilTheNext(t *testing.T) {
	version := func(name string, from calendar.Date) policy.Policy {
		p := policy.Default()
		p.Version, p.From = name, from
		return p
	}
	date := calendar.MustDate
	set, err := policy.NewSet(version("2", date(2018, 1, 1)), version("1", date(2017, 1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		on   calendar.Date
		want string
	}{{date(2016, 12, 31), ""}, {date(2017, 1, 1), "1"}, {date(2017, 12, 31), "1"}, {date(2018, 1, 1), "2"}, {date(2030, 1, 1), "2"}} {
		if p, ok := set.For(tt.on); p.Version != tt.want || ok != (tt.want != "") {
			t.Errorf("%v: version %q, %v", tt.on, p.Version, ok)
		}
	}
	bad := version("1", date(2017, 1, 1))
	bad.Quota.PerMonth = 0
	_, err = policy.NewSet(version("1", date(2017, 1, 1)), bad)
	want := []string{"policy.range quota.per_month", "policy.set.version version", "policy.set.from from"}
	if diff := cmp.Diff(want, faults(err)); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"version":1}`, `{"version":"1","version":"1"}`, `{"quota":{"per_month":1e3}}`,
		`{"windows":{"ladder":[{"from":"07:00","to":"06:00"},null]}}`, `{"issues":{"unit_days":{"urgent":99999999999999999999}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			if len(fault.Violations(err)) == 0 {
				t.Fatalf("not a violation: %v", err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("accepted, but %v", err)
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := policy.Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(p) != fmt.Sprint(q) {
			t.Fatalf("%+v came back as %+v", p, q)
		}
	})
}
