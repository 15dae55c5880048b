package core_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A library is a guest in somebody's program. What guests do not do is told here
// to the type checker: it looks at every package of the core, the adapters and the
// workers but for programs. (arch_test.go asks more of the core, without types.)

// habit is one thing that library code does not do.
type habit struct {
	name, why string
	find      func(l *library) []found
	tests     bool // asked of packages for tests too, which no program links
}

type found struct {
	at   token.Pos
	what string
}

// library is one package, checked by the compiler's types.
type library struct {
	path  string
	files []*ast.File
	pkg   *types.Package
	info  *types.Info
	all   map[*types.Func]declared // functions of all packages, with where they stand
}

type declared struct {
	body *ast.BlockStmt
	info *types.Info
}

func habits() []habit {
	return []habit{
		{
			name: "no init", why: "it runs before the host has decided anything, and whether the host uses the package or not",
			find: inits, tests: true,
		},
		{
			name: "no package-level variable that changes", why: "two districts in one program would share it",
			find: changingVariables,
		},
		{
			name: "no goroutine started by a constructor", why: "who makes a thing decides when it runs, and has to be able to stop it",
			find: goroutinesOfConstructors, tests: true,
		},
		{
			name: "nothing global of somebody else's", why: "the host's registries, multiplexers, clients, flags and loggers are the host's: they are handed in",
			tests: true, find: uses(map[string]string{
				"github.com/prometheus/client_golang/prometheus":          "DefaultRegisterer DefaultGatherer Register MustRegister Unregister",
				"github.com/prometheus/client_golang/prometheus/promauto": "*",
				"github.com/prometheus/client_golang/prometheus/promhttp": "Handler",
				"net/http":     "DefaultServeMux DefaultClient DefaultTransport Handle HandleFunc ListenAndServe ListenAndServeTLS Get Head Post PostForm",
				"log":          "Default Print Printf Println SetOutput SetFlags SetPrefix Output Writer",
				"log/slog":     "Default SetDefault Debug Info Warn Error Log LogAttrs DebugContext InfoContext WarnContext ErrorContext",
				"database/sql": "Register", "expvar": "*", "flag": "*", "net": "DefaultResolver",
			}),
		},
		{
			name: "no hand on the process", why: "signals, environment and the end of the program belong to main",
			find: uses(map[string]string{
				"os/signal": "*", "os": "Exit Getenv LookupEnv Environ Setenv Unsetenv Chdir", "syscall": "Exit Kill", "runtime": "Goexit GOMAXPROCS",
				"runtime/debug": "SetGCPercent SetMemoryLimit", "log": "Fatal Fatalf Fatalln Panic Panicf Panicln",
			}),
		},
	}
}

func inits(l *library) []found {
	var all []found
	for _, f := range l.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				all = append(all, found{fn.Pos(), "func init"})
			}
		}
	}
	return all
}

// uses finds what is used of other packages; "*" is all of a package.
func uses(forbidden map[string]string) func(*library) []found {
	return func(l *library) []found {
		var all []found
		for id, object := range l.info.Uses {
			if object.Pkg() == nil || object.Parent() != object.Pkg().Scope() {
				continue // a method or a field
			}
			names := forbidden[object.Pkg().Path()]
			if names == "*" || slices.Contains(strings.Fields(names), object.Name()) {
				all = append(all, found{id.Pos(), object.Pkg().Name() + "." + object.Name()})
			}
		}
		return all
	}
}

// changingVariables finds package-level variables that are written to, lent out by
// their address, changed through a method, or of a type that is there to change.
func changingVariables(l *library) []found {
	var all []found
	for _, name := range l.pkg.Scope().Names() {
		v, ok := l.pkg.Scope().Lookup(name).(*types.Var)
		if !ok {
			continue
		}
		if v.Exported() && !settled(v) {
			all = append(all, found{v.Pos(), name + ", which the host can set"})
		}
		if changes(v.Type(), nil) {
			all = append(all, found{v.Pos(), name + " of type " + types.TypeString(v.Type(), types.RelativeTo(l.pkg))})
		}
	}
	fields := make(map[*types.TypeName]bool) // types of which a field is written to after they are made
	for _, f := range l.files {
		for _, d := range f.Decls {
			ast.Inspect(d, func(n ast.Node) bool {
				for _, e := range written(n, l.info) {
					if v := l.variable(e); v != nil {
						all = append(all, found{e.Pos(), v.Name() + " is changed"})
					}
					if field, ok := e.(*ast.SelectorExpr); ok && l.info.Selections[field] != nil {
						if of := nameOf(l.info.Selections[field].Recv()); !l.makes(d, of, field) {
							fields[of] = true
						}
					}
				}
				return true
			})
		}
	}
	for _, name := range l.pkg.Scope().Names() {
		if v, ok := l.pkg.Scope().Lookup(name).(*types.Var); ok && nameOf(v.Type()) != nil && fields[nameOf(v.Type())] {
			if _, pointer := v.Type().(*types.Pointer); pointer {
				all = append(all, found{v.Pos(), name + ", whose fields are written to"})
			}
		}
	}
	return all
}

// makes reports whether a declaration is a function that returns a type, and what
// it writes to is not the value that it was called on.
func (l *library) makes(d ast.Decl, of *types.TypeName, field *ast.SelectorExpr) bool {
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return false
	}
	signature := l.info.Defs[fn.Name].(*types.Func).Signature()
	if id, ok := field.X.(*ast.Ident); signature.Recv() != nil && (!ok || l.info.Uses[id] == signature.Recv()) {
		return false
	}
	for result := range signature.Results().Variables() {
		if nameOf(result.Type()) == of {
			return true
		}
	}
	return false
}

// nameOf is the name under which a type, or what it points to, is declared.
func nameOf(t types.Type) *types.TypeName {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Origin().Obj()
	}
	return nil
}

// settled are exported variables that Go knows no constant for: errors, and
// modules of fx.
func settled(v *types.Var) bool {
	return strings.HasPrefix(v.Name(), "Err") || types.TypeString(v.Type(), nil) == "go.uber.org/fx.Option"
}

// changes reports whether values of a type can only be there to be changed: locks,
// counters, channels, pools, and what holds them.
func changes(t types.Type, seen []types.Type) bool {
	if slices.Contains(seen, t) {
		return false
	}
	seen = append(seen, t)
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		return guard(t) || changes(t.Underlying(), seen)
	case *types.Chan:
		return true
	case *types.Array:
		return changes(t.Elem(), seen)
	case *types.Pointer: // what others hand out by pointer, such as a strings.Replacer, guards itself
		named, ok := types.Unalias(t.Elem()).(*types.Named)
		return ok && (guard(named) || ofOurs(named) && changes(named, seen))
	case *types.Struct:
		for f := range t.Fields() {
			if _, shared := f.Type().(*types.Pointer); !shared && changes(f.Type(), seen) {
				return true
			}
		}
	}
	return false
}

// ofOurs reports whether a type is declared in this module.
func ofOurs(t *types.Named) bool {
	return t.Obj().Pkg() != nil && strings.HasPrefix(t.Obj().Pkg().Path()+"/", module)
}

// guard reports whether a type is one of package sync or sync/atomic.
func guard(t *types.Named) bool {
	p := t.Obj().Pkg()
	return p != nil && (p.Path() == "sync" || p.Path() == "sync/atomic")
}

// written are the expressions that a node changes, or lets somebody change.
func written(n ast.Node, info *types.Info) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		if fn, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 {
			if _, builtin := info.Uses[fn].(*types.Builtin); builtin && slices.Contains([]string{"delete", "clear", "copy"}, fn.Name) {
				return n.Args[:1]
			}
		}
		if fn, ok := n.Fun.(*ast.SelectorExpr); ok {
			if s := info.Selections[fn]; s != nil && s.Kind() == types.MethodVal && !s.Indirect() {
				_, lent := s.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer)
				if _, pointer := s.Recv().(*types.Pointer); lent && !pointer {
					return []ast.Expr{fn.X}
				}
			}
		}
	}
	return nil
}

// variable is the package-level variable that an expression is a part of, if it is.
func (l *library) variable(e ast.Expr) *types.Var {
	for {
		switch inner := e.(type) {
		case *ast.IndexExpr:
			e = inner.X
		case *ast.SelectorExpr:
			if v, ok := l.info.Uses[inner.Sel].(*types.Var); ok && !v.IsField() {
				return v // of another package
			}
			e = inner.X
		case *ast.StarExpr:
			e = inner.X
		case *ast.ParenExpr:
			e = inner.X
		case *ast.Ident:
			if v, ok := l.info.Uses[inner].(*types.Var); ok && v.Parent() == l.pkg.Scope() {
				return v
			}
			return nil
		default:
			return nil
		}
	}
}

// goroutinesOfConstructors follows every New… and Open… through what it calls by
// name, in any package of the module. What it hands on as a value, such as a hook,
// runs when somebody else says so.
func goroutinesOfConstructors(l *library) []found {
	var all []found
	for _, f := range l.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Body == nil || !strings.HasPrefix(fn.Name.Name, "New") && !strings.HasPrefix(fn.Name.Name, "Open") {
				continue
			}
			if starts(declared{fn.Body, l.info}, l.all, make(map[*types.Func]bool)) {
				all = append(all, found{fn.Pos(), fn.Name.Name + " starts a goroutine"})
			}
		}
	}
	return all
}

// starts reports whether a body begins something that goes on after it returned.
func starts(d declared, all map[*types.Func]declared, seen map[*types.Func]bool) bool {
	begun := false
	ast.Inspect(d.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			begun = true
		case *ast.FuncLit: // run by whoever calls it
			return false
		case *ast.CallExpr:
			if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok && starts(declared{lit.Body, d.info}, all, seen) {
				begun = true
			}
			fn := callee(n, d.info)
			if fn == nil || seen[fn] {
				break
			}
			seen[fn] = true
			if begins(fn) {
				begun = true
			}
			if next, ok := all[fn.Origin()]; ok && starts(next, all, seen) {
				begun = true
			}
		}
		return !begun
	})
	return begun
}

// begins reports whether a function of others starts a goroutine or a timer.
func begins(fn *types.Func) bool {
	name := fn.FullName()
	return slices.Contains([]string{"(*sync.WaitGroup).Go", "time.AfterFunc", "time.NewTicker", "time.NewTimer", "time.After", "time.Tick", "context.AfterFunc"}, name)
}

func callee(call *ast.CallExpr, info *types.Info) *types.Func {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	case *ast.IndexExpr: // an instance
		id, _ = fun.X.(*ast.Ident)
	}
	if id == nil {
		return nil
	}
	fn, _ := info.Uses[id].(*types.Func)
	return fn
}

// checker type-checks packages on the compiler's own export data, those of the
// module from their source, so that a function is one object in all of them.
type checker struct {
	fset    *token.FileSet
	listed  map[string]listed
	checked map[string]*library
	all     map[*types.Func]declared
	gc      types.Importer
}

type listed struct {
	ImportPath, Dir, Export, Name string
	GoFiles                       []string
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,Name", "./core/...", "./adapters/...", "./workers/...")
	list.Dir = ".."
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	c := &checker{fset: token.NewFileSet(), listed: make(map[string]listed), checked: make(map[string]*library), all: make(map[*types.Func]declared)}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		c.listed[p.ImportPath] = p
	}
	c.gc = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(c.listed[path].Export) })
	return c
}

// Import is that of [types.Importer].
func (c *checker) Import(path string) (*types.Package, error) {
	if !strings.HasPrefix(path, module) {
		return c.gc.Import(path)
	}
	l, err := c.library(path)
	if err != nil {
		return nil, err
	}
	return l.pkg, nil
}

// library checks one package of the module from its source.
func (c *checker) library(path string) (*library, error) {
	if l, ok := c.checked[path]; ok {
		return l, nil
	}
	files := make(map[string]string)
	for _, name := range c.listed[path].GoFiles {
		name = filepath.Join(c.listed[path].Dir, name)
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name] = string(src)
	}
	return c.check(path, files)
}

func (c *checker) check(path string, files map[string]string) (*library, error) {
	l := &library{path: path, all: c.all, info: &types.Info{
		Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := parser.ParseFile(c.fset, name, files[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		l.files = append(l.files, f)
	}
	var err error
	if l.pkg, err = (&types.Config{Importer: c}).Check(path, c.fset, l.files, l.info); err != nil {
		return nil, err
	}
	for _, f := range l.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				if object, ok := l.info.Defs[fn.Name].(*types.Func); ok {
					c.all[object] = declared{fn.Body, l.info}
				}
			}
		}
	}
	c.checked[path] = l
	return l, nil
}

// faults are the sentences on what one package does against the habits.
func (c *checker) faults(l *library, rules []habit) []string {
	var all []string
	for _, r := range rules {
		if suite(l.path) && !r.tests {
			continue
		}
		for _, f := range r.find(l) {
			at := c.fset.Position(f.at)
			all = append(all, fmt.Sprintf("%s:%d: %s: %s: %s", filepath.Base(at.Filename), at.Line, f.what, r.name, r.why))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestLibraryCodeBehavesAsAGuest(t *testing.T) {
	c := newChecker(t)
	looked := 0
	for _, path := range slices.Sorted(maps.Keys(c.listed)) {
		name, ours := own(path)
		if !ours || c.listed[path].Name == "main" {
			continue
		}
		l, err := c.library(path)
		if err != nil {
			t.Fatal(err)
		}
		looked++
		for _, fault := range c.faults(l, habits()) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	if looked < 50 {
		t.Errorf("only %d packages were looked at", looked)
	}
}

func TestEveryHabitIsLookedFor(t *testing.T) {
	c := newChecker(t)
	planted := func(n int, src string) (*library, error) {
		path := fmt.Sprintf("%splanted/p%d", module, n)
		return c.check(path, map[string]string{"planted.go": "package planted\n" + src})
	}
	bad := map[string][]string{
		"no init": {`func init() {}`},
		"no package-level variable that changes": {
			`var count int; func f() { count++ }`, `var m = map[int]int{}; func f() { m[1] = 2 }`, `var m = map[int]int{1: 1}; func f() { delete(m, 1) }`,
			`import "sync"; var mu sync.Mutex`, `import "sync/atomic"; var n atomic.Int64`, `import "sync/atomic"; var p atomic.Pointer[int]`,
			`import "sync"; var pool = &sync.Pool{}`, `var done = make(chan struct{})`, `var Limit = 3`, `type s struct{ n int }; var one = &s{}; func F() { one.inc() }; func (s *s) inc() { s.n++ }`,
			`type s struct{ n int }; var one = &s{}; func F() *s { return one.inc() }; func (s *s) inc() *s { s.n++; return s }`,
			`import "sync"; type s struct{ mu sync.Mutex }; var one = &s{}`,
			`import "sync"; type s struct{ mu sync.Mutex }; var one s`, `type s struct{ n int }; func (s *s) inc() {}; var one s; func f() { one.inc() }`,
			`type s struct{ n int }; var one s; func f() *int { return &one.n }`, `var list []int; func f() { for _, list = range [][]int{} {} }`,
			`import "sync"; var once [2]sync.Once`, `var a, b = 1, 2; func f() { a, b = b, a }`, `import "time"; func f() { time.Local = nil }`,
		},
		"no goroutine started by a constructor": {
			`func NewThing() int { go println(); return 1 }`, `func OpenThing() int { return start() }; func start() int { func() { go println() }(); return 1 }`,
			`type t struct{}; func New() t { var x t; x.run(); return x }; func (t) run() { go println() }`,
			`import "sync"; func New() { var w sync.WaitGroup; w.Go(func() {}) }`, `import "time"; func New() { time.AfterFunc(1, func() {}) }`,
			`func New[T any]() { begin[T]() }; func begin[T any]() { go println() }`,
			`import "github.com/huongvecoso/outreach/planted/p0"; func New() { planted.Begin() }`,
		},
		"nothing global of somebody else's": {
			`import "github.com/prometheus/client_golang/prometheus"; func F() { prometheus.MustRegister() }`,
			`import p "github.com/prometheus/client_golang/prometheus"; func F() any { return p.DefaultGatherer }`,
			`import "net/http"; func F() { http.HandleFunc("/", nil) }`, `import "net/http"; func F() any { return http.DefaultClient }`,
			`import "net/http"; func F() any { return http.DefaultServeMux }`, `import . "net/http"; func F() { Get("") }`,
			`import "log/slog"; func F() { slog.Info("x") }`, `import "log"; func F() { log.Println() }`, `import "flag"; func F() { flag.Parse() }`,
			`import "database/sql"; func F() { sql.Register("x", nil) }`,
		},
		"no hand on the process": {
			`import "os/signal"; func F() { signal.Notify(nil) }`, `import "os"; func F() { os.Exit(1) }`, `import "os"; func F() { os.Getenv("X") }`,
			`import "log"; func F() { log.Fatal() }`, `import "os/signal"; import "context"; func F() { signal.NotifyContext(context.Background()) }`,
		},
	}
	if _, err := planted(0, `func Begin() { go println() }`); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, h := range habits() {
		if len(bad[h.name]) == 0 {
			t.Errorf("nothing is planted against: %s", h.name)
		}
		for _, src := range bad[h.name] {
			n++
			l, err := planted(n, src)
			if err != nil {
				t.Errorf("%s: %v", src, err)
				continue
			}
			if got := c.faults(l, []habit{h}); len(got) == 0 || !strings.Contains(got[0], h.why) {
				t.Errorf("%s: not found in %s: %v", h.name, src, got)
			}
		}
	}
	for _, src := range []string{
		`import "errors"; var ErrGone = errors.New("gone")`, `var words = map[string]int{"a": 1}; func F() int { return words["a"] }`,
		`type s struct{ n int }; var one = (&s{}).with(2); func (t *s) with(n int) *s { u := *t; u.n = n; return &u }; func F() int { return one.n }`,
		`import "strings"; var lines = strings.NewReplacer("a", "b"); func F() string { return lines.Replace("a") }`,
		`import "regexp"; var code = regexp.MustCompile("x"); func F() bool { return code.MatchString("x") }`,
		`import "go.uber.org/fx"; var Module = fx.Module("x")`, `func NewThing() func() { return func() { go println() } }`,
		`type T struct{}; func New() *T { return &T{} }; func (t *T) Run() { go println() }`, `func Begin() { go println() }`,
		`import "net/http"; func F() any { return &http.Client{} }`, `import "log/slog"; func F(l *slog.Logger) { l.Info("x") }`,
		`import "os"; func F() { _, _ = os.ReadFile("x") }`, `type T struct{}; func (T) init() {}`, `func F() { n := 1; n++; _ = &n }`,
		`var _ interface{ F() } = (*T)(nil); type T struct{}; func (*T) F() {}`,
	} {
		n++
		l, err := planted(n, src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := c.faults(l, habits()); got != nil {
			t.Errorf("found where there is nothing: %s: %v", src, got)
		}
	}
}
