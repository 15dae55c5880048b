package docs

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lengths are the lines of a folder's Go without tests, comments and blank lines,
// and the lines of its page.
func lengths(t *testing.T, folder string) (code, page int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "examples", folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case filepath.Base(name) == "README.md":
			page = strings.Count(string(text), "\n")
		case filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go"):
			code += linesOfCode(string(text))
		}
	}
	return code, page
}

func linesOfCode(source string) (n int) {
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// What somebody copies to begin with fits on a screen: under 60 lines of code in
// one file, which counts neither comments nor what tests it, and a page of some
// ten lines with the command that runs the public suite on it.
func TestWhatIsThereToBeCopiedFitsOnAScreen(t *testing.T) {
	for _, folder := range []string{"customsms", "customdirectory", "customstore"} {
		code, page := lengths(t, folder)
		if code < 20 || code >= 60 {
			t.Errorf("examples/%s has %d lines of code: want less than 60", folder, code)
		}
		if page < 8 || page > 12 {
			t.Errorf("examples/%s/README.md has %d lines: want about ten", folder, page)
		}
		text, err := os.ReadFile(filepath.Join(root, "examples", folder, "README.md"))
		if err != nil || !strings.Contains(string(text), "    go test ./examples/"+folder+" -v\n") {
			t.Errorf("examples/%s/README.md does not say how to run the suite: %v", folder, err)
		}
		tests, err := sources(filepath.Join(root, "examples", folder), false)
		if err != nil || !strings.Contains(string(tests), "test.Run(t") {
			t.Errorf("the test of examples/%s runs no public suite: %v", folder, err)
		}
	}
	if n := linesOfCode("package x\n\n// a comment\nfunc f() {\n\t// another\n}\n"); n != 3 {
		t.Errorf("counted %d lines of code, want 3", n)
	}
}

// taught are the packages whose page begins to make sense with an example that
// runs: what somebody starts with.
var taught = []string{
	"core", "core/calendar", "core/duty", "core/event", "core/fault", "core/issue", "core/notify", "core/opinion", "core/org", "core/policy",
	"core/programme", "core/report", "core/sealed", "core/supervision", "core/visit", "core/store/storetest",
	"adapters/httpsms", "adapters/logsender", "adapters/memstore", "adapters/orgimport", "adapters/reportxlsx", "adapters/smpp", "adapters/smstext",
	"adapters/smtpmail", "adapters/sqlstore", "adapters/vietnam", "adapters/webhook", "workers/receipt", "workers/workersfx",
	"examples/quickstart", "examples/customsms", "examples/customdirectory", "examples/customstore", "examples/customchannel",
}

// runnable are the examples of a folder that are run, and held against what they
// say they print.
func runnable(t *testing.T, folder string) (n int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, e := range doc.Examples(files...) {
		if e.Output != "" || e.EmptyOutput {
			n++
		}
	}
	return n
}

func TestThePagesOfPackagesTeachByExamplesThatRun(t *testing.T) {
	all := 0
	for _, folder := range taught {
		n := runnable(t, folder)
		if n == 0 {
			t.Errorf("%s has no example that runs", folder)
		}
		all += n
	}
	if all < 60 {
		t.Errorf("only %d examples run", all)
	}
}
