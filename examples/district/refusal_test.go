package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/policy"
)

func TestBadFlagsAreRefusedWithTheirReason(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(strings.Repeat("a letter to my mother\n", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-from", "01/02/2017"}, "-from"},
		{[]string{"-to", "2017-02-30"}, "-to"},
		{[]string{"-from", "2017-05-01", "-to", "2017-04-01"}, "at least a week"},
		{[]string{"-from", "2018-02-01", "-to", "2018-03-01"}, "the plan is for 2017"},
		{[]string{"-from", "2016-12-01", "-to", "2017-03-01"}, "the plan is for 2017"},
		{[]string{"-to", "2017-12-31"}, "two weeks left"},
		{[]string{"-seed", "-1"}, "-seed"},
		{[]string{"-seed", "many"}, "-seed"},
		{[]string{"-speed", "-2"}, "-speed"},
		{[]string{"-data", "/does/not/exist"}, "-data"},
		{[]string{"-data", file}, "not a directory"},
		{[]string{"-db", "mysql://localhost/x"}, "mysql:// is not known"},
		{[]string{"-db", "/does/not/exist/x.db"}, "directory does not exist"},
		{[]string{"-db", filepath.Dir(file)}, "is a directory"},
		{[]string{"-db", file}, "is no SQLite database"},
		{[]string{"-db", "postgres://nobody@127.0.0.1:1/none?connect_timeout=2"}, "does not answer"},
		{[]string{"-redis", "nowhere"}, "-redis"},
		{[]string{"-redis", "redis://localhost:port"}, "-redis"},
		{[]string{"-redis", "127.0.0.1:1"}, "redis does not answer"},
		{[]string{"-smtp", "nowhere"}, "-smtp"},
		{[]string{"-what"}, "-what"},
		{[]string{"now"}, "unexpected argument"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			p := playSeason(t, t.TempDir(), c.args...)
			if p.code != exitUsage || !strings.Contains(p.errs, c.want) {
				t.Errorf("exit code %d, want %d; %q does not say %q", p.code, exitUsage, p.errs, c.want)
			}
			nothingWritten(t, p)
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	p := playSeason(t, t.TempDir(), "-h")
	if p.code != exitDone || !strings.Contains(p.errs, "-seed") {
		t.Errorf("exit code %d, %s", p.code, p.errs)
	}
}

func TestADirectoryOfSomebodyElseIsNotReplaced(t *testing.T) {
	p := played{out: filepath.Join(t.TempDir(), "season")}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(p.out, "thesis.odt")
	if err := os.WriteFile(mine, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := playSeason(t, filepath.Dir(p.out))
	if again.code != exitUsage || !strings.Contains(again.errs, "not from here") {
		t.Errorf("exit code %d, %s", again.code, again.errs)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

// spoilt is the built-in data with some files changed; nil removes one.
func spoilt(t *testing.T, change map[string]func(string) string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(builtIn(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(builtIn(), path)
		text := string(raw)
		if fn, found := change[path]; found {
			if fn == nil {
				return err
			}
			text = fn(text)
		}
		files[path] = &fstest.MapFile{Data: []byte(text)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func replace(old, fresh string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, fresh, 1) }
}

func TestBadFilesAreRefusedWithFileAndReason(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]func(string) string
		want   []string
	}{
		"a missing file":         {map[string]func(string) string{"units.csv": nil}, []string{"units.csv"}},
		"a missing column":       {map[string]func(string) string{"officials.csv": replace("full_name", "name_of_cat")}, []string{"officials.csv", "full_name"}},
		"an impossible policy":   {map[string]func(string) string{"policy.json": replace(`"per_month": 2`, `"per_month": -2`)}, []string{"policy.json", "per_month"}},
		"an unknown field":       {map[string]func(string) string{"policy.json": replace(`"per_month"`, `"per_mnth"`)}, []string{"policy.json", "per_mnth"}},
		"a plan without number":  {map[string]func(string) string{"plan.json": replace(`"60"`, `""`)}, []string{"plan.json", "number"}},
		"a plan that is no JSON": {map[string]func(string) string{"plan.json": func(string) string { return "{" }}, []string{"plan.json"}},
		"a year without holidays": {
			map[string]func(string) string{"plan.json": replace("2017", "1999")}, []string{"plan.json", "1999"},
		},
		"an unknown kind of opinion": {map[string]func(string) string{"opinions.csv": replace("\nreport,", "\nrumour,")}, []string{"opinions.csv:2", "rumour"}},
		"a month that is none":       {map[string]func(string) string{"bulletins.csv": replace("2017-02", "02/2017")}, []string{"bulletins.csv:2"}},
		"a gateway without address":  {map[string]func(string) string{"smsgateway.json": replace(`"http://127.0.0.1:8025/sms"`, `""`)}, []string{"smsgateway.json", "url"}},
		"two faults at once": {
			map[string]func(string) string{"plan.json": func(string) string { return "{" }, "opinions.csv": replace("\nreport,", "\nrumour,")},
			[]string{"plan.json", "rumour"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readInput(spoilt(t, c.change))
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestABadFileStopsTheProgramBeforeAnythingIsWritten(t *testing.T) {
	dir := t.TempDir()
	err := fs.WalkDir(builtIn(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(builtIn(), path)
		if err != nil || path == "policy.json" {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), raw, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	p := playSeason(t, t.TempDir(), "-data", dir)
	if p.code != exitUsage || !strings.Contains(p.errs, "policy.json") {
		t.Errorf("exit code %d, %s", p.code, p.errs)
	}
	nothingWritten(t, p)
}

func TestTheBuiltInFilesAreTaken(t *testing.T) {
	in, err := readInput(builtIn())
	if err != nil {
		t.Fatal(err)
	}
	standard := policy.Default()
	standard.Version = in.policy.Version
	if diff := cmp.Diff(standard, in.policy); diff != "" || in.policy.Version == "" {
		t.Errorf("policy.json says of itself that it is the standard one (-standard +file):\n%s", diff)
	}
	if len(in.matters) < 60 || len(in.bulletins) < 12 || len(in.lists) != len(lists()) {
		t.Errorf("%d matters, %d bulletins, %d lists", len(in.matters), len(in.bulletins), len(in.lists))
	}
}
