package workers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// trap is one entry of the table in the documentation of this package.
type trap struct {
	number           int
	avoided, because string
	tests            []string
}

var (
	head = regexp.MustCompile(`^A(\d+) +(\S.*)$`)
	line = regexp.MustCompile(`^ +(avoided|tests): (\S.*)$`)
)

// table reads the documentation of this package.
func table(t *testing.T) []trap {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var all []trap
	for text := range strings.Lines(f.Doc.Text()) {
		text = strings.TrimRight(strings.TrimPrefix(text, "\t"), "\n")
		if found := head.FindStringSubmatch(text); found != nil {
			number, err := strconv.Atoi(found[1])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, trap{number: number, because: found[2]})
		}
		if found := line.FindStringSubmatch(text); found != nil && len(all) > 0 {
			last := &all[len(all)-1]
			switch found[1] {
			case "avoided":
				last.avoided = found[2]
			case "tests":
				last.tests = strings.Fields(found[2])
			}
		}
	}
	return all
}

func TestEveryTrapHasItsEntryAndEveryEntryItsTests(t *testing.T) {
	all := table(t)
	if len(all) != 29 {
		t.Errorf("%d traps are entered, there are 29", len(all))
	}
	for i, one := range all {
		if one.number != i+1 {
			t.Errorf("A%d stands where A%d belongs", one.number, i+1)
		}
		if one.avoided == "" || len(one.tests) == 0 {
			t.Errorf("A%d does not say how it is avoided, or what shows it", one.number)
		}
		for _, name := range one.tests {
			if err := exists("..", name); err != nil {
				t.Errorf("A%d: %v", one.number, err)
			}
		}
	}
}

func TestATestThatIsNotThereIsNoticed(t *testing.T) {
	for name, fine := range map[string]bool{
		"core.TestATicketIsGoodOnce":       true,
		"task.TestNoTicketsMakeNoTask":     true,
		"faulttest.F3":                     true,
		"core.TestATicketIsGoodTwice":      false,
		"nobody.TestATicketIsGoodOnce":     false,
		"faulttest.F99":                    false,
		"task.TestATicketIsGoodOnce":       false,
		"TestATicketIsGoodOnce":            false,
		"faulttest.F":                      false,
		"workers.TestATestThatIsNotThereX": false,
	} {
		if err := exists("..", name); (err == nil) != fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// exists looks a test up by its package and name, or a row of the fault harness.
func exists(root, name string) error {
	where, test, _ := strings.Cut(name, ".")
	for _, folder := range []string{where, "workers/" + where, "workers/internal/" + where, "workers/cmd/" + where} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
		if err != nil {
			return err
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			if declares(f, test) || where == "faulttest" && row(f, test) {
				return nil
			}
		}
	}
	return fmt.Errorf("there is no test %s", name)
}

func declares(f *ast.File, test string) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && fn.Name.Name == test && strings.HasPrefix(test, "Test")
	})
}

// row reports whether a row with this id is in the file.
func row(f *ast.File, id string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		entry, ok := n.(*ast.CompositeLit)
		if ok && len(entry.Elts) >= 3 {
			first, ok := entry.Elts[0].(*ast.BasicLit)
			found = found || ok && first.Value == strconv.Quote(id)
		}
		return !found
	})
	return found
}

// unused are the names of asynq that stand for a trap, with its number. Names with
// a small letter before them are methods and fields, of whatever they are.
var unused = map[string]int{
	"asynq.Deadline": 8, "asynq.ProcessIn": 24, "asynq.ProcessAt": 24, "asynq.Retention": 24,
	"asynq.Unique": 10, "ResultWriter": 11,
	"RunTask": 13, "RunAllArchivedTasks": 13, "DeleteTask": 13, "ArchiveTask": 13, "CancelProcessing": 13,
	"IsFailure":   19,
	"asynq.Group": 21, "asynq.GroupAggregatorFunc": 21, "GroupAggregator": 21,
	"asynq.NewScheduler": 22, "asynq.NewSchedulerFromRedisClient": 22, "asynq.NewPeriodicTaskManager": 22,
	"asynq.ParseRedisURI": 26,
	"BatchEnqueue":        28, "asynq.BatchEnqueue": 28,
}

// uses returns what a file uses of it. Files that do not import asynq may call
// things as they like, but may not write to its keys either.
func uses(name string, source any) (found []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	imports := false
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = imports || path == "github.com/hibiken/asynq"
		if strings.HasPrefix(path, "github.com/hibiken/asynq/") || imports && i.Name != nil {
			found = append(found, fmt.Sprintf("%s imports %s (A20, or under a name of its own)", name, path))
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		var named []string
		switch n := n.(type) {
		case *ast.SelectorExpr:
			named = append(named, n.Sel.Name)
			if x, ok := n.X.(*ast.Ident); ok {
				named = append(named, x.Name+"."+n.Sel.Name)
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				named = append(named, key.Name)
			}
		case *ast.BasicLit:
			if strings.HasPrefix(n.Value, `"asynq:`) && n.Value != `"asynq:queues"` {
				found = append(found, fmt.Sprintf("%s writes of the key %s (A15)", name, n.Value))
			}
		}
		for _, what := range named {
			if number, is := unused[what]; is && imports {
				found = append(found, fmt.Sprintf("%s uses %s (A%d)", name, what, number))
			}
		}
		return true
	})
	return found, nil
}

func TestNothingUsesWhatTheTableSaysIsNotUsed(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, foreign := os.Stat(filepath.Join(path, "go.mod")) // another module
			if path != ".." && (foreign == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		found, err := uses(path, nil)
		for _, what := range found {
			t.Error(what)
		}
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("%d files were read, %v", files, err)
	}
	module, err := os.ReadFile("../go.mod")
	if err != nil || strings.Contains(string(module), "hibiken/asynq/x") {
		t.Errorf("asynq/x is required (A20), or: %v", err)
	}
}

func TestWhatIsNotToBeUsedIsFound(t *testing.T) {
	in := func(code string) string {
		return "package p\nimport \"github.com/hibiken/asynq\"\nfunc f(i *asynq.Inspector, t *asynq.Task, c *asynq.Client) {\n" + code + "\n}\n"
	}
	for source, number := range map[string]string{
		in(`asynq.NewTask("x", nil, asynq.Deadline(now))`):                          "A8",
		in(`asynq.NewTask("x", nil, asynq.Unique(0))`):                              "A10",
		in(`t.ResultWriter().Write(nil)`):                                           "A11",
		in(`i.RunTask("q", "id")`):                                                  "A13",
		in(`_ = "asynq:{q}:pending"`):                                               "A15",
		in(`_ = asynq.Config{IsFailure: nil}`):                                      "A19",
		"package p\nimport \"github.com/hibiken/asynq/x/rate\"\nvar _ = rate.New\n": "A20",
		in(`asynq.NewTask("x", nil, asynq.Group("g"))`):                             "A21",
		in(`asynq.NewScheduler(nil, nil)`):                                          "A22",
		in(`asynq.NewTask("x", nil, asynq.ProcessIn(0))`):                           "A24",
		in(`asynq.ParseRedisURI("")`):                                               "A26",
		in(`c.BatchEnqueue(nil)`):                                                   "A28",
		in(`asynq.NewTask("x", nil, asynq.MaxRetry(5)); _ = "asynq:queues"`):        "",
	} {
		found, err := uses("p.go", source)
		if err != nil || (number == "") != (len(found) == 0) || !strings.Contains(strings.Join(found, " "), number) {
			t.Errorf("%s\nfound %q, %v; want %q", source, found, err, number)
		}
	}
}
