package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/fault"
)

var sentinels = map[string]error{
	"not found": fault.ErrNotFound,
	"exists":    fault.ErrExists,
	"stale":     fault.ErrStale,
	"forbidden": fault.ErrForbidden,
	"rule":      fault.ErrRule,
}

func TestEachErrorAnswersToItsClassesAndNoOther(t *testing.T) {
	var list fault.List
	list.Add(fault.Broken("a.b", "", "x", "y"), fault.Stale("visit", "v-1"))
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"a broken rule", fault.Broken("visit.plan.on_closure", "date", "x", "y"), []string{"rule"}},
		{"a forbidden action is a broken rule too", fault.Forbidden("issue.refer.not_leader", "x", "y"), []string{"forbidden", "rule"}},
		{"a missing record", fault.NotFound("visit", "v-1"), []string{"not found"}},
		{"a record that exists", fault.Exists("visit", "v-1"), []string{"exists"}},
		{"a stale record", fault.Stale("visit", "v-1"), []string{"stale"}},
		{"a list answers to the classes of all its members", list.Err(), []string{"stale", "rule"}},
		{"a wrapped violation", fmt.Errorf("row 3: %w", fault.Forbidden("a.b", "x", "y")), []string{"forbidden", "rule"}},
		{"the text of a sentinel is not the sentinel", errors.New("not found"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := map[string]bool{}
			for _, w := range tt.want {
				want[w] = true
			}
			for name, sentinel := range sentinels {
				if got := errors.Is(tt.err, sentinel); got != want[name] {
					t.Errorf("errors.Is(%v, %s) = %v, want %v", tt.err, name, got, want[name])
				}
			}
		})
	}
}

func TestViolationSpeaksTheReadersLanguage(t *testing.T) {
	v := fault.Broken("visit.plan.on_closure", "date",
		"%[1]s is closed for %[2]s.", "Nghỉ %[2]s vào %[1]s.", "28/01/2017", "Tết")
	tests := map[string]string{
		"en":    "28/01/2017 is closed for Tết.",
		"EN-gb": "28/01/2017 is closed for Tết.",
		"en_US": "28/01/2017 is closed for Tết.",
		"vi":    "Nghỉ Tết vào 28/01/2017.",
		"vi-VN": "Nghỉ Tết vào 28/01/2017.",
		"":      "Nghỉ Tết vào 28/01/2017.",
		"fr":    "Nghỉ Tết vào 28/01/2017.",
	}
	for lang, want := range tests {
		if got := v.Message(lang); got != want {
			t.Errorf("Message(%q) = %q, want %q", lang, got, want)
		}
	}
	if got, want := v.Error(), "visit.plan.on_closure: 28/01/2017 is closed for Tết."; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestAMissingSentenceIsReplacedByTheOther(t *testing.T) {
	if got := (&fault.Violation{Rule: "a.b", Vi: "Sai."}).Message("en"); got != "Sai." {
		t.Errorf("English of a violation without English = %q", got)
	}
	if got := (&fault.Violation{Rule: "a.b", En: "Wrong."}).Message("vi"); got != "Wrong." {
		t.Errorf("Vietnamese of a violation without Vietnamese = %q", got)
	}
}

func TestSentencesAreFormattedEvenWithoutArguments(t *testing.T) {
	v := fault.Broken("report.share", "share", "At most 100%%.", "Không quá 100%%.")
	if v.En != "At most 100%." || v.Vi != "Không quá 100%." {
		t.Errorf("got %q and %q", v.En, v.Vi)
	}
}

func TestAnEmptyListIsNoError(t *testing.T) {
	var list fault.List
	var none *fault.Violation
	list.Add(nil, none)
	if err := list.Err(); err != nil {
		t.Fatalf("Err() = %#v, want nil", err)
	}
}

func TestViolationsFindsEveryOneInOrder(t *testing.T) {
	var inner, outer fault.List
	inner.Add(fault.Broken("a.one", "x", "1", "1"), errors.New("disk full"), fault.Broken("a.two", "y", "2", "2"))
	outer.Add(fmt.Errorf("row 1: %w", inner.Err()), fault.Forbidden("a.three", "3", "3"))
	var got []string
	for _, v := range fault.Violations(fmt.Errorf("import: %w", outer.Err())) {
		got = append(got, v.Rule)
	}
	if diff := cmp.Diff([]string{"a.one", "a.two", "a.three"}, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for _, err := range []error{nil, errors.New("x"), fault.NotFound("visit", "1")} {
		if got := fault.Violations(err); got != nil {
			t.Errorf("Violations(%v) = %v, want none", err, got)
		}
	}
}

func TestARecordIsNamedInTheText(t *testing.T) {
	if got, want := fault.NotFound("visit", "v-17").Error(), `visit "v-17": not found`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestViolationAsJSON(t *testing.T) {
	got, err := json.Marshal(fault.Broken("a.b", "date", "Wrong.", "Sai."))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"rule":"a.b","field":"date","en":"Wrong.","vi":"Sai."}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func ExampleBroken() {
	err := error(fault.Broken("visit.plan.on_closure", "date",
		"%s is a day off; choose another day.", "%s là ngày nghỉ; xin chọn ngày khác.", "28/01/2017"))

	var v *fault.Violation
	if errors.As(err, &v) {
		fmt.Println(v.Rule, v.Field)
		fmt.Println(v.Message("vi"))
		fmt.Println(v.Message("en"))
	}
	fmt.Println(errors.Is(err, fault.ErrRule))
	// Output:
	// visit.plan.on_closure date
	// 28/01/2017 là ngày nghỉ; xin chọn ngày khác.
	// 28/01/2017 is a day off; choose another day.
	// true
}

func ExampleForbidden() {
	err := fault.Forbidden("visit.confirm.own",
		"Nobody confirms a visit of their own.", "Không ai được tự xác nhận buổi sinh hoạt của chính mình.")
	fmt.Println(errors.Is(err, fault.ErrForbidden), errors.Is(err, fault.ErrRule))
	// Output: true true
}

func ExampleList() {
	var faults fault.List
	faults.Add(fault.Broken("policy.quota", "quota", "The quota is at least 1.", "Định mức ít nhất là 1."))
	faults.Add(nil) // no fault
	faults.Add(fault.Broken("policy.gap", "minGap", "The gap is not negative.", "Khoảng cách không được âm."))
	err := faults.Err()
	fmt.Println(err)
	fmt.Println(len(fault.Violations(err)), errors.Is(err, fault.ErrRule))
	// Output:
	// policy.quota: The quota is at least 1.
	// policy.gap: The gap is not negative.
	// 2 true
}
