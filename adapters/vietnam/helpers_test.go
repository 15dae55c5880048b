package vietnam_test

import (
	"errors"
	"testing"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// date reads a date written in a test table, "" is no date.
func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	var d calendar.Date
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatalf("date %q: %v", s, err)
	}
	return d
}

// rule returns the code of the violation in err, "" for no error.
func rule(err error) string {
	var v *fault.Violation
	if errors.As(err, &v) {
		return v.Rule
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
