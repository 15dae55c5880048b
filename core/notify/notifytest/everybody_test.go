package notifytest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// exempt are senders that the suite is not run on, by folder, each with the reason.
var exempt = map[string]string{
	"core/notify":    "it wraps another sender: TestARehearsalKeepsThePromisesOfItsSender",
	"examples/embed": "it prints on the example's screen, and has no provider",
}

// senders returns the folders below root in which a type describes itself as a
// sender does, and whether the suite is run on it there.
func senders(root string) (map[string]bool, error) {
	found, tested := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		code, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, "_test.go"):
			tested[folder] = tested[folder] || strings.Contains(string(code), "notifytest.Run(")
		case strings.Contains(string(code), ") Describe() notify.Capabilities {"), strings.Contains(string(code), ") Describe() Capabilities {"):
			found[filepath.ToSlash(folder)] = false
		}
		return nil
	})
	for folder := range found {
		found[folder] = tested[filepath.FromSlash(folder)]
	}
	return found, err
}

func TestEverySenderOfOursIsHeldToItsPromises(t *testing.T) {
	all, err := senders("../../..")
	if err != nil || len(all) < 6 {
		t.Fatalf("%d senders were found, %v", len(all), err)
	}
	for folder, tested := range all {
		if !tested && exempt[folder] == "" {
			t.Errorf("the sender in %s is not held to its promises: run the suite on it", folder)
		}
	}
	for folder := range exempt {
		if _, there := all[folder]; !there {
			t.Errorf("in %s there is no sender to exempt", folder)
		}
	}
}

func TestASenderWithoutTheSuiteIsFound(t *testing.T) {
	root := t.TempDir()
	for path, code := range map[string]string{
		"a/a.go": "func (a A) Describe() notify.Capabilities {", "a/a_test.go": "notifytest.Run(t, h)",
		"b/b.go": "func (b B) Describe() notify.Capabilities {", "b/b_test.go": "no suite",
		"c/c.go": "func (c C) Describe() string {",
	} {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := senders(root); err != nil || len(found) != 2 || !found["a"] || found["b"] {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestARehearsalKeepsThePromisesOfItsSender(t *testing.T) {
	h := double{channel: notify.SMS, tells: true, tokens: true}.harness()
	inner := h.New
	h.New = func(tb testing.TB, fault Fault) Fixture {
		f := inner(tb, fault)
		f.Sender = notify.Rehearse(f.Sender, notify.Live, nil)
		return f
	}
	if report := Run(t, h); report.Count(Broken) > 0 || report.Count(NotApplicable) != 1 { // it cannot be closed
		t.Errorf("%s", report)
	}
}
