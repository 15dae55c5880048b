package faulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What the tests of single packages show, with the outcome of each.
var programmeRows = []row{
	{"F19", "receipts reordered, repeated, unknown, across a restart", elsewhere("workers/receipt", "^TestF19")},
	{"F24", "random plans against caps, quiet hours and digests", elsewhere("core", "^TestF24")},
}

// elsewhere plays a row that the tests of another package hold.
func elsewhere(pkg, tests string) func(*run) {
	return func(r *run) {
		if _, err := exec.LookPath("go"); err != nil {
			r.Skip("NOT shown: there is no go command to run the tests of " + pkg)
		}
		root, err := filepath.Abs("../..")
		if err != nil {
			r.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(root, pkg)); err != nil {
			r.Fatalf("the package of this row is gone: %v", err)
		}
		command := exec.Command("go", "test", "./"+pkg, "-run", tests, "-json", "-timeout", "30m")
		command.Dir = root
		out, err := command.CombinedOutput()
		passed, failed := 0, 0
		for line := range bytes.Lines(out) {
			var e struct{ Action, Test, Output string }
			if json.Unmarshal(line, &e) != nil || e.Test == "" {
				continue
			}
			switch e.Action {
			case "pass":
				passed++
			case "fail", "skip":
				failed++
				r.Errorf("%s: %s", e.Test, e.Action)
			case "output":
				if at := strings.Index(e.Output, r.id+" "); at >= 0 {
					r.told(strings.TrimSpace(e.Output[at:]))
				}
			}
		}
		if err != nil || passed == 0 {
			r.Errorf("%s: %d passed: %v\n%s", pkg, passed, err, out)
		}
		r.note(strings.Join([]string{pkg, tests}, " "))
	}
}

// told takes over a line of figures, or else what it says.
func (r *run) told(line string) {
	r.Helper()
	f := &figures{scenario: r.id, policy: "-"}
	v := 0
	if n, _ := fmt.Sscanf(line, r.id+" figures notices=%d L=%d D=%d U=%d V=%d", &f.notices, &f.l, &f.d, &f.u, &v); n != 5 {
		if strings.HasPrefix(line, r.id+" seed") {
			r.note(line)
		}
		return
	}
	f.du = f.d
	f.faults = make([]string, v)
	r.found = append(r.found, f)
	if f.l != 0 || v != 0 {
		r.Error(line)
	}
}
