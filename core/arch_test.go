package core_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The architecture as a test: who may import whom, and what code in the core
// may not do. Each rule says why it is there when it is broken; each is shown,
// on a planted violation, to bite.

const module = "github.com/huongvecoso/outreach/"

// pkg is what the rules look at.
type pkg struct {
	ImportPath string
	Imports    []string
	Dir        string
	GoFiles    []string
	deps       map[string]bool // all it imports, directly or not
}

// name is the path within the module: "core/visit".
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// below reports whether the package is in one of the folders or is one of them.
func below(name string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return name == f || strings.HasPrefix(name, f+"/") })
}

// suite reports whether a package helps tests, like storetest: such a package
// may use what tests use.
func suite(name string) bool { return strings.HasSuffix(path.Base(name), "test") }

// exposes reports whether a package exposes another one to fx.
func exposes(name string) bool { return strings.HasSuffix(path.Base(name), "fx") }

func standard(imported string) bool { return !strings.Contains(strings.Split(imported, "/")[0], ".") }

// own returns the path within the module, and whether it is of the module.
func own(imported string) (string, bool) { return strings.CutPrefix(imported, module) }

// importRule is one rule on imports.
type importRule struct {
	name, why string
	applies   func(name string) bool
	forbids   func(name, imported string) bool
	deep      bool // looks at all that is imported, directly or not
}

// level says which packages of the core one may import. Nothing of the core that
// is not listed may be imported by it; modules never import each other.
func level(name string) []string {
	base := []string{"core/fault", "core/calendar", "core/event", "core/org"}
	rules := append(slices.Clone(base), "core/policy", "core/duty")
	modules := []string{"core/programme", "core/visit", "core/opinion", "core/issue", "core/sealed", "core/supervision", "core/notify"}
	below := slices.Concat(rules, modules)
	switch name {
	case "core/fault":
		return nil
	case "core/calendar", "core/event":
		return base[:slices.Index(base, name)]
	case "core/org":
		return base[:3]
	case "core/policy":
		return base
	case "core/duty":
		return rules[:5]
	case "core/alert", "core/report":
		return below
	case "core/store":
		return append(below, "core/report")
	case "core":
		return append(below, "core/alert", "core/report", "core/store")
	}
	return rules // a module
}

func importRules() []importRule {
	core := func(name string) bool { return below(name, "core") && !suite(name) }
	adapter := func(name string) bool { return below(name, "adapters") && !exposes(name) && !suite(name) }
	return []importRule{
		{
			name: "the core imports the standard library and the core", why: "every module it needed would be forced on every embedder",
			applies: core, forbids: func(_, imported string) bool { return !standard(imported) && !below(imported, module+"core") },
		},
		{
			name: "a package of the core imports only levels below its own", why: "reading one module has to be enough to understand it; modules meet in package core",
			applies: core, forbids: func(name, imported string) bool {
				dep, ok := own(imported)
				return ok && !slices.Contains(level(name), dep)
			},
		},
		{
			name: "the core does no input and output", why: "rules get time, ids and data from outside and can be tested without a machine",
			applies: core, forbids: func(_, imported string) bool {
				return below(imported, "os", "net", "syscall", "log", "unsafe", "plugin", "math/rand", "database", "testing", "runtime", "os/exec", "io/ioutil", "path/filepath")
			},
		},
		{
			name: "the core pulls in nothing heavy", why: "executing a text/template costs every embedder 16 MB of binary; databases and networks are the adapters' business", deep: true,
			applies: core, forbids: func(_, imported string) bool {
				return below(imported, "database/sql", "net", "text/template", "html/template", "os/exec", "testing")
			},
		},
		{
			name: "adapters import the core and what they adapt", why: "an adapter is chosen by itself; what several need is a leaf: smstext, vietnam",
			applies: adapter, forbids: func(name, imported string) bool {
				dep, ok := own(imported)
				if !ok {
					return false
				}
				self := strings.Join(strings.Split(name, "/")[:2], "/")
				return !below(dep, "core", self, "adapters/smstext", "adapters/vietnam") || suite(dep)
			},
		},
		{
			name: "the SQL store brings no driver", why: "which driver speaks to which database is the program's choice",
			applies: func(name string) bool { return below(name, "adapters/sqlstore") && !suite(name) && !exposes(name) },
			forbids: func(_, imported string) bool {
				return !standard(imported) && !strings.HasPrefix(imported, module)
			},
		},
		{
			name: "only the packages that expose something to fx import fx", why: "a program of 2 MB becomes one of 25 MB, and everything has to be usable without it", deep: true,
			applies: func(name string) bool {
				return !exposes(name) && !below(name, "workers/cmd", "examples")
			},
			forbids: func(_, imported string) bool {
				return below(imported, "go.uber.org/fx", "go.uber.org/dig") || exposes(imported) && strings.HasPrefix(imported, module)
			},
		},
		{
			name: "a package that exposes an adapter to fx imports that adapter, the core and fx", why: "it is a leaf without logic of its own",
			applies: func(name string) bool { return below(name, "adapters") && exposes(name) },
			forbids: func(name, imported string) bool {
				if dep, ok := own(imported); ok {
					return !below(dep, "core", path.Dir(name)) || exposes(dep)
				}
				return !standard(imported) && !below(imported, "go.uber.org/fx")
			},
		},
		{
			name: "workers import the core, asynq and go-redis, never an adapter", why: "which providers and which database there are is decided in workers/cmd",
			applies: func(name string) bool { return below(name, "workers") && !below(name, "workers/cmd") && !suite(name) },
			forbids: func(name, imported string) bool {
				if dep, ok := own(imported); ok {
					return !below(dep, "core", "workers")
				}
				return !standard(imported) && !below(imported, "github.com/hibiken/asynq", "github.com/redis/go-redis/v9", "github.com/prometheus/client_golang") &&
					!(exposes(name) && below(imported, "go.uber.org/fx"))
			},
		},
	}
}

// broken returns one sentence for each import that breaks a rule.
func broken(rules []importRule, packages []pkg) []string {
	var found []string
	for _, p := range packages {
		for _, r := range rules {
			if !r.applies(p.name()) {
				continue
			}
			imports := slices.Clone(p.Imports)
			if r.deep {
				for dep := range p.deps {
					imports = append(imports, dep)
				}
			}
			slices.Sort(imports)
			for _, imported := range slices.Compact(imports) {
				if r.forbids(p.name(), imported) {
					found = append(found, fmt.Sprintf("%s imports %s, but %s: %s.", p.name(), imported, r.name, r.why))
				}
			}
		}
	}
	return found
}

// packages lists those of the module with all they depend on.
func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,Dir,GoFiles", "./...")
	list.Dir = ".."
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := make(map[string]pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	var mine []pkg
	for _, p := range all {
		if strings.HasPrefix(p.ImportPath, module) {
			p.deps = make(map[string]bool)
			reach(all, p, p.deps)
			mine = append(mine, p)
			for _, file := range p.GoFiles { // so that a cached result of this test is of these files
				if _, err := os.Stat(filepath.Join(p.Dir, file)); err != nil {
					t.Error(err)
				}
			}
		}
	}
	slices.SortFunc(mine, func(a, b pkg) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return mine
}

// reach collects what p imports, directly or not.
func reach(all map[string]pkg, p pkg, deps map[string]bool) {
	for _, imported := range p.Imports {
		if !deps[imported] {
			deps[imported] = true
			reach(all, all[imported], deps)
		}
	}
}

func TestWhoMayImportWhom(t *testing.T) {
	mine := packages(t)
	if len(mine) < 20 || !slices.ContainsFunc(mine, func(p pkg) bool { return p.name() == "core/visit" && p.deps[module+"core/fault"] }) {
		t.Fatalf("go list found only %d packages", len(mine))
	}
	for _, b := range broken(importRules(), mine) {
		t.Error(b)
	}
}

func TestEveryImportRuleBites(t *testing.T) {
	plant := func(name string, imports ...string) pkg {
		p := pkg{ImportPath: module + name, deps: make(map[string]bool)}
		for _, i := range imports {
			if below(i, "core", "adapters", "workers") {
				i = module + i
			}
			p.Imports, p.deps[i] = append(p.Imports, i), true
		}
		return p
	}
	planted := map[string][]pkg{
		"the core imports the standard library and the core": {
			plant("core/visit", "github.com/google/uuid"), plant("core", "adapters/memstore"),
		},
		"a package of the core imports only levels below its own": {
			plant("core/visit", "core/issue"), plant("core/issue", "core/alert"), plant("core/notify", "core/store"), plant("core/duty", "core/notify"),
			plant("core/policy", "core/duty"), plant("core/fault", "core/calendar"), plant("core/event", "core/org"), plant("core/alert", "core/report"),
			plant("core/report", "core"), plant("core/store", "core/alert"), plant("core/visit", "core/org/orgtest"),
		},
		"the core does no input and output": {plant("core/notify", "os"), plant("core", "log/slog"), plant("core/calendar", "unsafe")},
		"the core pulls in nothing heavy":   {plant("core/notify", "text/template"), {ImportPath: module + "core/report", deps: map[string]bool{"database/sql": true}}},
		"adapters import the core and what they adapt": {
			plant("adapters/httpsms", "adapters/smtpmail"), plant("adapters/memstore", "workers/task"), plant("adapters/sqlstore", "adapters/sqlstore/pgtest"),
		},
		"the SQL store brings no driver": {plant("adapters/sqlstore", "modernc.org/sqlite")},
		"only the packages that expose something to fx import fx": {
			plant("adapters/smpp", "go.uber.org/fx"), plant("workers/deliver", "go.uber.org/dig"),
			{ImportPath: module + "core", deps: map[string]bool{module + "adapters/smpp/smppfx": true}},
		},
		"a package that exposes an adapter to fx imports that adapter, the core and fx": {
			plant("adapters/smpp/smppfx", "adapters/smtpmail"), plant("adapters/smpp/smppfx", "github.com/redis/go-redis/v9"),
		},
		"workers import the core, asynq and go-redis, never an adapter": {
			plant("workers/relay", "adapters/sqlstore"), plant("workers/deliver", "github.com/jackc/pgx/v5"), plant("workers/deliver", "go.uber.org/fx"),
		},
	}
	for _, r := range importRules() {
		if len(planted[r.name]) == 0 {
			t.Errorf("no violation is planted for: %s", r.name)
		}
		for _, p := range planted[r.name] {
			found := broken([]importRule{r}, []pkg{p})
			if len(found) != 1 || !strings.Contains(found[0], r.why) {
				t.Errorf("%s does not find %v: %v", r.name, p, found)
			}
		}
	}
	for _, fine := range []pkg{
		plant("core/visit", "core/policy", "core/duty", "time"), plant("core", "core/store", "crypto/rand"), plant("core/notify", "embed", "io/fs"),
		plant("core/notify/notifytest", "testing", "github.com/google/go-cmp/cmp"), plant("adapters/httpsms", "adapters/smstext", "net/http"),
		plant("adapters/httpsms/smssink", "adapters/httpsms"), plant("adapters/smpp/smppfx", "adapters/smpp", "core/notify", "go.uber.org/fx"),
		plant("adapters/sqlstore/pgtest", "github.com/jackc/pgx/v5/stdlib"), plant("workers/deliver", "github.com/hibiken/asynq", "workers/task"),
		plant("workers/workersfx", "go.uber.org/fx", "workers/relay"), plant("workers/cmd/outreach-worker", "go.uber.org/fx", "adapters/sqlstore"),
		plant("examples/district", "go.uber.org/fx", "adapters/memstore"),
	} {
		if found := broken(importRules(), []pkg{fine}); found != nil {
			t.Errorf("found where there is nothing: %v", found)
		}
	}
}

// sourceFaults returns what the files of one package of the core do that they
// may not.
func sourceFaults(files map[string]string) ([]string, error) {
	s := source{fset: token.NewFileSet(), globals: make(map[string]bool)}
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := parser.ParseFile(s.fset, name, files[name], parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	for _, f := range parsed {
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
				s.vars(d)
			}
		}
	}
	for _, f := range parsed {
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok {
				s.function(d)
			}
		}
	}
	return s.faults, nil
}

type source struct {
	fset    *token.FileSet
	globals map[string]bool // package-level variables
	faults  []string
}

func (s *source) fault(n ast.Node, format string, args ...any) {
	at := s.fset.Position(n.Pos())
	s.faults = append(s.faults, fmt.Sprintf("%s:%d: ", at.Filename, at.Line)+fmt.Sprintf(format, args...))
}

// vars looks at package-level variables: those that stand for constants are fine.
func (s *source) vars(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if name.Name == "_" {
				continue
			}
			s.globals[name.Name] = true
			if name.IsExported() && !strings.HasPrefix(name.Name, "Err") {
				s.fault(v, "the variable %s can be set from outside: two systems in one program must not share state.", name.Name)
			}
			var value ast.Expr
			if i < len(v.Values) {
				value = v.Values[i]
			}
			if mutable(v.Type) || mutable(value) || v.Type != nil && value == nil && !embedded(d) {
				s.fault(v, "the variable %s is made to be changed: two systems in one program must not share state.", name.Name)
			}
		}
	}
}

// mutable reports whether a type or value can only be there to be changed: a
// lock, a counter, a channel, something made empty.
func mutable(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ChanType:
		return true
	case *ast.StarExpr:
		return true
	case *ast.CompositeLit:
		return mutable(e.Type) || len(e.Elts) == 0 && !structLike(e.Type)
	case *ast.UnaryExpr:
		return e.Op == token.AND
	case *ast.CallExpr:
		fn, ok := e.Fun.(*ast.Ident)
		return ok && (fn.Name == "make" || fn.Name == "new") || mutable(e.Fun)
	case *ast.SelectorExpr:
		from, ok := e.X.(*ast.Ident)
		return ok && (from.Name == "sync" || from.Name == "atomic")
	case *ast.IndexExpr:
		return mutable(e.X)
	}
	return false
}

func structLike(e ast.Expr) bool {
	switch e.(type) {
	case *ast.MapType, *ast.ArrayType:
		return false
	}
	return true
}

// embedded reports whether a file is embedded into the variable.
func embedded(d *ast.GenDecl) bool {
	return d.Doc != nil && slices.ContainsFunc(d.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func (s *source) function(d *ast.FuncDecl) {
	if d.Name.Name == "init" && d.Recv == nil {
		s.fault(d, "init runs before anybody decided anything: tables are values passed by the caller.")
	}
	if d.Body == nil {
		return
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			s.fault(n, "the core starts no goroutine: who calls it decides what runs at once.")
		case *ast.SelectorExpr:
			if from, ok := n.X.(*ast.Ident); ok && from.Name == "time" && clock(n.Sel.Name) && s.fset.Position(n.Pos()).Filename != "defaults.go" {
				s.fault(n, "time.%s: rules get the time from outside, else no test and no replay can set it.", n.Sel.Name)
			}
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, left := range n.Lhs {
					s.written(left)
				}
			}
		case *ast.IncDecStmt:
			s.written(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				s.written(n.X)
			}
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") && len(n.Args) > 0 {
				s.written(n.Args[0])
			}
		}
		return true
	})
}

// clock lists what reads the machine's clock or waits for it.
func clock(name string) bool {
	return slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Local"}, name)
}

// written finds the variable behind an expression that is written to.
func (s *source) written(e ast.Expr) {
	for {
		switch inner := e.(type) {
		case *ast.IndexExpr:
			e = inner.X
		case *ast.SelectorExpr:
			e = inner.X
		case *ast.StarExpr:
			e = inner.X
		case *ast.ParenExpr:
			e = inner.X
		case *ast.Ident:
			if s.globals[inner.Name] {
				s.fault(inner, "the variable %s is changed: two systems in one program must not share state.", inner.Name)
			}
			return
		default:
			return
		}
	}
}

func TestWhatCodeOfTheCoreMayNotDo(t *testing.T) {
	folders := make(map[string]map[string]string)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || suite(file)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(file)
		if folder := filepath.Dir(file); folders[folder] == nil {
			folders[folder] = map[string]string{file: string(src)}
		} else {
			folders[folder][file] = string(src)
		}
		return err
	})
	if err != nil || len(folders) < 15 {
		t.Fatalf("looked at %d packages: %v", len(folders), err)
	}
	for _, files := range folders {
		found, err := sourceFaults(files)
		if err != nil {
			t.Error(err)
		}
		for _, f := range found {
			t.Error(f)
		}
	}
}

func TestEveryRuleOnCodeBites(t *testing.T) {
	for src, want := range map[string]string{
		`func init() {}`:                                         "init runs before",
		`func f() { _ = time.Now() }`:                            "time.Now",
		`func f(d time.Time) { <-time.After(time.Since(d)) }`:    "time.After",
		`var now = 1; func f() { go f() }`:                       "no goroutine",
		`var Count int = 1`:                                      "Count can be set from outside",
		`var cache = map[string]int{}`:                           "cache is made to be changed",
		`var cache = make(map[string]int)`:                       "cache is made to be changed",
		`var mu sync.Mutex`:                                      "mu is made to be changed",
		`var n atomic.Int64`:                                     "n is made to be changed",
		`var p atomic.Pointer[int]`:                              "p is made to be changed",
		`var n int`:                                              "n is made to be changed",
		`var s = &state{}`:                                       "s is made to be changed",
		`var n = 1; func f() { n++ }`:                            "n is changed",
		`var n = 1; func f() { n = 2 }`:                          "n is changed",
		`var m = map[int]int{1: 1}; func f() { m[1] = 2 }`:       "m is changed",
		`var m = map[int]int{1: 1}; func f() { delete(m, 1) }`:   "m is changed",
		`var s = state{n: 1}; func f() *int { return &s.n }`:     "s is changed",
		`var s = []int{1}; func f() { s[0], s = 2, append(s) }`:  "s is changed",
		`var s = state{n: []int{1}}; func f() { clear((s).n) }`:  "s is changed",
		`var done = make(chan struct{}); var _ = errors.New("")`: "done is made to be changed",
	} {
		found, err := sourceFaults(map[string]string{"planted.go": "package planted\n" + src})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 || !strings.Contains(found[0], want) || !strings.HasPrefix(found[0], "planted.go:2: ") {
			t.Errorf("%s: %v", src, found)
		}
	}
	for _, fine := range []string{
		`var ErrNotFound = errors.New("not found")`, `var zone = time.FixedZone("VN", 7)`, `var words = [2]string{"a", "b"}; func f() string { return words[0] }`,
		"//go:embed x.txt\nvar files embed.FS", `var _ store.Store = (*Store)(nil)`, `func f() { n := 1; n++; _ = &n }`,
		`func f(t time.Time) time.Time { return t.Add(time.Hour) }`, `type T struct{}; func (T) init() {}`,
	} {
		if found, err := sourceFaults(map[string]string{"planted.go": "package planted\n" + fine}); found != nil || err != nil {
			t.Errorf("%s: %v, %v", fine, found, err)
		}
	}
	if found, err := sourceFaults(map[string]string{"defaults.go": "package core\nfunc f() { _ = time.Now }"}); found != nil || err != nil {
		t.Errorf("the default clock is set in defaults.go: %v, %v", found, err)
	}
	elsewhere := map[string]string{"a.go": "package planted\nvar n = 1", "b.go": "package planted\nfunc f() { n = 2 }"}
	if found, err := sourceFaults(elsewhere); len(found) != 1 || !strings.HasPrefix(found[0], "b.go:2: the variable n is changed") || err != nil {
		t.Errorf("a variable changed in another file: %v, %v", found, err)
	}
}
