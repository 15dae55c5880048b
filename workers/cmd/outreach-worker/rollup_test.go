package main

import (
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/workers/redistest"
)

func TestMonthsAreRolledUpFromTheCommandLine(t *testing.T) {
	d := newDistrict(t, redistest.Mini(t).Addr())
	d.call("rollup").want(t, exitFailed)
	d.call("migrate").want(t, exitOK)
	d.call("rollup", "--from", "2017-05", "--to", "2017-07").want(t, exitOK, "2017-05  ", "2017-06  ", "2017-07  ")
	if r := d.call("rollup"); strings.Count(r.out, "\n") != 13 {
		t.Errorf("the last year and this month are not 13 lines: %s", r.out)
	}
	d.call("rollup", "--from", "May").want(t, exitUsage)
	d.call("rollup", "--from", "2017-05", "--to", "2017-04").want(t, exitUsage, "--from comes after --to")
}
