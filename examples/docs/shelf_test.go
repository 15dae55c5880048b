package docs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shelf knows what can be run in this repository.
type shelf struct {
	worker   string // the built worker
	settings []string
	tasks    []byte
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{worker: filepath.Join(t.TempDir(), "outreach-worker")}
	if said, err := exec.Command("go", "build", "-o", s.worker, root+"/workers/cmd/outreach-worker").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	help, err := exec.Command(s.worker, "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^  ([a-z_.]+)[ *] `).FindAllSubmatch(help, -1) {
		s.settings = append(s.settings, "OUTREACH_"+strings.ToUpper(strings.ReplaceAll(string(found[1]), ".", "_")))
	}
	if s.tasks, err = os.ReadFile(root + "/Taskfile.yml"); err != nil {
		t.Fatal(err)
	}
	return s
}

// check says what is wrong with a command of a page in a folder, if anything.
func (s *shelf) check(command []string, folder string) error {
	name, args := command[0], command[1:]
	switch {
	case name == "go" && len(args) > 0:
		return s.goTool(args[0], args[1:], folder)
	case name == "outreach-worker" && len(args) > 0:
		return s.workerCommand(args[0], args[1:])
	case name == "export" && len(args) > 0:
		return s.setting(args[0])
	case name == "task" && len(args) > 0:
		if !bytes.Contains(s.tasks, []byte("\n  "+args[0]+":\n")) {
			return fmt.Errorf("Taskfile.yml has no target %s", args[0])
		}
		return nil
	case strings.HasSuffix(name, ".sh"):
		_, err := os.Stat(filepath.Join(root, name))
		return err
	case slices.Contains([]string{"git", "cd"}, name): // of the reader's machine
		return nil
	}
	return errors.New("this test knows no such command")
}

func (s *shelf) setting(assignment string) error {
	name, _, _ := strings.Cut(assignment, "=")
	if name == "PATH" { // of the reader's machine
		return nil
	}
	name = strings.TrimSuffix(name, "_FILE")
	if !slices.Contains(append(s.settings, "OUTREACH_CONFIG"), name) {
		return fmt.Errorf("the worker has no setting %s", name)
	}
	return nil
}

// workerCommand asks the worker's own help for a command and its flags.
func (s *shelf) workerCommand(name string, args []string) error {
	if name == "help" || name == "version" {
		return nil
	}
	help, err := exec.Command(s.worker, "help", name).Output()
	if err != nil {
		return fmt.Errorf("the worker has no command %s", name)
	}
	for _, a := range args {
		if strings.HasPrefix(a, "-") && !regexp.MustCompile(regexp.QuoteMeta(a)+`\b`).Match(help) {
			return fmt.Errorf("%s has no flag %s", name, a)
		}
	}
	return nil
}

// goTool looks whether packages are there, and flags and tests in them. The
// package "." is that of the page.
func (s *shelf) goTool(tool string, args []string, folder string) error {
	if !slices.Contains([]string{"run", "test", "doc", "build", "install", "vet"}, tool) {
		return fmt.Errorf("this test does not know go %s", tool)
	}
	var source []byte // of the packages named
	for n, a := range args {
		switch {
		case strings.Contains(a, "@"): // somebody else's program
			return nil
		case a == "." || strings.HasPrefix(a, "./"):
			from := root
			if a == "." {
				from = filepath.Join(root, folder)
			}
			text, err := sources(filepath.Join(from, strings.TrimSuffix(a, "/...")), strings.HasSuffix(a, "/..."))
			if err != nil {
				return err
			}
			source = append(source, text...)
			if tool == "run" && a == "./workers/cmd/outreach-worker" && n+1 < len(args) {
				return s.workerCommand(args[n+1], args[n+2:])
			}
		case tool == "run" && strings.HasPrefix(a, "-"):
			flag := strings.TrimLeft(strings.Split(a, "=")[0], "-")
			if !bytes.Contains(source, []byte(`"`+flag+`"`)) {
				return fmt.Errorf("there is no flag -%s", flag)
			}
		case n > 0 && args[n-1] == "-run":
			if !regexp.MustCompile(`(?m)^func \w*` + strings.Trim(a, "^$'")).Match(source) {
				return fmt.Errorf("no test is called %s", a)
			}
		case tool == "doc":
			if !regexp.MustCompile(`(?m)^\s*(func |type |func \([^)]*\) )?` + regexp.QuoteMeta(a) + `\b`).Match(source) {
				return fmt.Errorf("%s is not there", a)
			}
		}
	}
	return nil
}

// sources is all Go of a folder, and where wanted of those in it. A folder
// without any is an error.
func sources(folder string, below bool) ([]byte, error) {
	var all []byte
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && !below:
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, text...)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("no Go in %s", folder)
	}
	return all, err
}
