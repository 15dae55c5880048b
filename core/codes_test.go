package core_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/huongvecoso/outreach/core/programme"
)

// The codes of the rules as a test: every code that the core and its adapters
// can raise is found in the source, has one meaning, is told in both languages
// and is raised by at least one test. The list for readers is core/codes/doc.go.

var updateCodes = flag.Bool("update", false, "write the generated list of rule codes anew")

// codesDoc is the generated list.
const codesDoc = "codes/doc.go"

// raisedAt is one place in the source that raises a code.
type raisedAt struct {
	code, en, vi string
	at           string // file:line
}

// sharedCodes are raised with several sentences on purpose: the rule is one, the
// sentence says which side of it was missed.
func sharedCodes() map[string]string {
	return map[string]string{
		"calendar.date.format":               "each way of writing a date names its own form",
		"calendar.spec.closure.period":       "a first day, and a last one not before it",
		"calendar.spec.coverage":             "two days in order, not too far apart",
		"calendar.spec.weekend":              "days of the week, each once, some left to work",
		"duty.open.term":                     "working days or a date, within the years there are",
		"issue.answer.not_ours":              "said in words, or by naming another unit of the programme",
		"notice.template.format":             "the form of template files",
		"org.place.cycle":                    "found from above and from below",
		"org.place.divided":                  "while dividing, and when asked later",
		"org.place.not_existing":             "where something can be added, and where not",
		"org.substitution.cycle":             "refused for a leave, and found on a day",
		"permission.supervision.see_ratings": "the system may not either",
		"policy.missing":                     "a field, and the two ends of a window",
		"policy.order":                       "numbers of the policy that have to fit each other",
		"policy.window":                      "windows in order, at least one",
		"programme.assignment.reason":        "of ending and of cancelling",
		"programme.rule.version":             "of a policy and of a calendar",
		"vietnam.propose.national_side":      "before 2021, and since",
		"visit.state.transition":             "the table, and the way out of danger",
	}
}

// byField are codes of settings: prefix and the name of the field at fault,
// which helps more than a name for what is wrong with it.
func byField() []string { return []string{"httpsms.config.", "smpp.config.", "smtpmail.config."} }

func isByField(code string) bool {
	return slices.ContainsFunc(byField(), func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}

// conflictNames are names of conflict rules, told like violations but reported
// under programme.assignment.conflict.
func conflictNames() []string { return []string{programme.SpreadRule} }

func TestCodes_EveryRuleHasOneCodeOfTheSameShape(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z]+(\.[a-z][a-z_]*){1,3}$`)
	for _, r := range raisedCodes(t) {
		if !shape.MatchString(r.code) {
			t.Errorf("%s: %q is not module.operation.rule in small letters", r.at, r.code)
		}
	}
}

func TestCodes_OneCodeMeansOneThing(t *testing.T) {
	sentences := make(map[string][]string)
	for _, r := range raisedCodes(t) {
		if !slices.Contains(sentences[r.code], r.en) {
			sentences[r.code] = append(sentences[r.code], r.en)
		}
	}
	shared := sharedCodes()
	for _, code := range slices.Sorted(maps.Keys(sentences)) {
		if len(sentences[code]) > 1 && shared[code] == "" && !isByField(code) {
			t.Errorf("%s means several things; give each its code or say in sharedCodes why not:\n\t%s", code, strings.Join(sentences[code], "\n\t"))
		}
		if len(sentences[code]) == 1 && shared[code] != "" {
			t.Errorf("%s is said to be shared (%s) and has one sentence", code, shared[code])
		}
		delete(shared, code)
	}
	for code := range shared {
		t.Errorf("%s is said to be shared and nothing raises it", code)
	}
}

func TestCodes_EveryRuleIsToldInBothLanguages(t *testing.T) {
	for _, r := range raisedCodes(t) {
		for _, fault := range toldWrongly(r) {
			t.Errorf("%s: %s: %s\n\ten: %s\n\tvi: %s", r.at, r.code, fault, r.en, r.vi)
		}
	}
}

func TestCodes_EveryRuleIsBrokenByATest(t *testing.T) {
	tested := testedCodes(t)
	for _, r := range raisedCodes(t) {
		switch {
		case tested[r.code], isByField(r.code): // settings are tested by the field they blame
		case strings.HasPrefix(r.code, "permission."): // TestPermissions walks them
		case strings.HasPrefix(r.at, "../adapters/") && len(goFiles(t, filepath.Dir(strings.Split(r.at, ":")[0]), true)) == 0: // being begun
		default:
			t.Errorf("no test expects %s (%s): %s", r.code, r.at, r.en)
		}
		tested[r.code] = true
	}
}

var words = regexp.MustCompile(`[a-z]+(\.[a-z][a-z0-9_]*)+`)

func TestCodes_TheListIsComplete(t *testing.T) {
	want := listOfCodes(t)
	if *updateCodes {
		if err := os.MkdirAll(filepath.Dir(codesDoc), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(codesDoc, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(codesDoc)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./core -run TestCodes -update", codesDoc)
	}
}

// TestCodes_TheChecksBite shows the collector and the checks something wrong of
// each kind.
func TestCodes_TheChecksBite(t *testing.T) {
	const src = `package planted
		const code = "planted.const.rule"
		func a() { fault.Broken("planted.plain.rule", "f", "is %s and %d", "là %s và %d") }
		func b() {
			broken := func(rule, en, vi string) { fault.Broken("planted.closure."+rule, "", en, vi) }
			broken("one", "english", "tiếng Việt")
		}
		func c() error { return fault.Broken(code, "", "english", "tiếng Việt") }
		func d(kind string) error { return fault.Forbidden("planted."+kind+".rule", "english", "tiếng Việt") }
		func e() { d("wrapped") }
		func f(x string) { fault.Broken(g(x), "", "english", "tiếng Việt") }
	`
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "planted.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	found, unresolved := collectCodes(files, []*ast.File{file})
	var got []string
	for _, r := range found {
		got = append(got, r.code)
	}
	slices.Sort(got)
	want := []string{"planted.closure.one", "planted.const.rule", "planted.plain.rule", "planted.wrapped.rule"}
	if !slices.Equal(got, want) || len(unresolved) != 1 {
		t.Errorf("found %q, unresolved %q", got, unresolved)
	}
	for _, bad := range []raisedAt{
		{en: "", vi: "tiếng Việt"}, {en: "english", vi: ""}, {en: "x", vi: "x"}, {en: "is %s", vi: "là %d"},
		{en: "%s of %s", vi: "%s của"}, {en: "english", vi: "tieng Viet"}, {en: "%s is %d", vi: "%d là %s"},
	} {
		if len(toldWrongly(bad)) == 0 {
			t.Errorf("%q / %q was let through", bad.en, bad.vi)
		}
	}
	if faults := toldWrongly(raisedAt{en: "%[2]s before %[1]d", vi: "%d trước %s"}); len(faults) > 0 {
		t.Errorf("the same values in another order: %v", faults)
	}
}

// toldWrongly says what is wrong with the two sentences of a rule.
func toldWrongly(r raisedAt) (faults []string) {
	if strings.TrimSpace(r.en) == "" || strings.TrimSpace(r.vi) == "" {
		return []string{"a sentence is missing"}
	}
	if r.en == r.vi {
		faults = append(faults, "both sentences are the same")
	}
	if en, vi := verbs(r.en), verbs(r.vi); !sameVerbs(en, vi) {
		faults = append(faults, fmt.Sprintf("the sentences take other values: %v and %v", en, vi))
	}
	if !strings.ContainsFunc(r.vi, func(c rune) bool { return c > unicode.MaxLatin1 || unicode.IsLetter(c) && c > unicode.MaxASCII }) {
		faults = append(faults, "the Vietnamese sentence has no marks")
	}
	return faults
}

// sameVerbs reports whether two sentences show as many values, each in the same
// way. A value in words of the language has a number of its own in each.
func sameVerbs(en, vi map[int]string) bool {
	for i, v := range en {
		if other, ok := vi[i]; ok && other != v {
			return false
		}
	}
	return slices.Equal(slices.Sorted(maps.Values(en)), slices.Sorted(maps.Values(vi)))
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[+#0-9.]*([a-zA-Z%])`)

// verbs maps the number of each argument that a sentence shows to how.
func verbs(sentence string) map[int]string {
	shown, next := make(map[int]string), 1
	for _, m := range verb.FindAllStringSubmatch(sentence, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		shown[next] = m[2]
		next++
	}
	return shown
}

// raisedCodes finds every code that code under core and adapters can raise.
func raisedCodes(t *testing.T) []raisedAt {
	t.Helper()
	var all []raisedAt
	for _, dir := range goDirs(t) {
		files := token.NewFileSet()
		var parsed []*ast.File
		for _, name := range goFiles(t, dir, false) {
			file, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		found, unresolved := collectCodes(files, parsed)
		for _, u := range unresolved {
			t.Errorf("%s: the code raised here cannot be found in the source: write it as a literal", u)
		}
		all = append(all, found...)
	}
	all = slices.DeleteFunc(all, func(r raisedAt) bool { return slices.Contains(conflictNames(), r.code) })
	if len(all) < 200 {
		t.Fatalf("only %d codes found: the search is broken", len(all))
	}
	slices.SortStableFunc(all, func(a, b raisedAt) int { return strings.Compare(a.code, b.code) })
	return all
}

// goDirs are the folders under core and adapters.
func goDirs(t *testing.T) (dirs []string) {
	t.Helper()
	for _, root := range []string{".", "../adapters"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				if d.Name() == "testdata" {
					return fs.SkipDir
				}
				dirs = append(dirs, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

func goFiles(t *testing.T, dir string, tests bool) (names []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if strings.HasSuffix(name, "_test.go") == tests {
			names = append(names, name)
		}
	}
	return names
}

// testedCodes are the codes that string literals of tests name: whole, or their
// first and their last part apart in one file.
func testedCodes(t *testing.T) map[string]bool {
	t.Helper()
	tested := make(map[string]bool)
	for _, dir := range goDirs(t) {
		for _, name := range goFiles(t, dir, true) {
			if filepath.Base(name) == "codes_test.go" {
				continue
			}
			var begins, ends []string
			for _, literal := range literals(t, name) {
				for _, code := range words.FindAllString(literal, -1) {
					tested[code] = true
				}
				if strings.HasSuffix(literal, ".") && len(literal) > 1 {
					begins = append(begins, literal)
				}
				ends = append(ends, strings.Fields(literal)...)
			}
			for _, begin := range begins {
				for _, end := range ends {
					tested[begin+end] = true
				}
			}
		}
	}
	return tested
}

// literals are the texts in a Go file.
func literals(t *testing.T, name string) (texts []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

// A pattern is a code or sentence that is put together: texts, and parameters of
// the function around it.
type pattern []part

type part struct {
	text  string
	param int // -1: text
}

// raiser is a function that raises a code made from its parameters.
type raiser struct {
	name         string
	within       ast.Node // the function a closure belongs to, nil for others
	code, en, vi pattern
}

// codeSearch is the search through the files of one package.
type codeSearch struct {
	files      *token.FileSet
	consts     map[string]ast.Expr
	values     map[string][]string // all values of the constants of a type
	raisers    []raiser
	found      []raisedAt
	unresolved []string
}

// collectCodes finds the codes raised in one package: where fault.Broken,
// fault.Forbidden or a Violation is written, and through functions that add
// something of their own.
func collectCodes(files *token.FileSet, parsed []*ast.File) ([]raisedAt, []string) {
	s := codeSearch{files: files, consts: make(map[string]ast.Expr), values: make(map[string][]string)}
	for _, file := range parsed {
		s.constants(file)
	}
	for _, file := range parsed {
		s.eachCall(file, s.raises)
	}
	for known := 0; known < len(s.raisers); { // functions around functions
		fresh := s.raisers[known:]
		known = len(s.raisers)
		for _, file := range parsed {
			s.eachCall(file, func(call ast.Node, around []ast.Node) { s.calls(call, around, fresh) })
		}
	}
	return s.found, s.unresolved
}

func (s *codeSearch) constants(file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			for i, name := range value.Names {
				if i >= len(value.Values) {
					continue
				}
				s.consts[name.Name] = value.Values[i]
				if of, ok := value.Type.(*ast.Ident); ok {
					if lit, ok := value.Values[i].(*ast.BasicLit); ok {
						text, _ := strconv.Unquote(lit.Value)
						s.values[of.Name] = append(s.values[of.Name], text)
					}
				}
			}
		}
	}
}

// eachCall visits calls and composite literals with the functions around them,
// the innermost last.
func (s *codeSearch) eachCall(file *ast.File, visit func(call ast.Node, around []ast.Node)) {
	var path []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		switch n.(type) {
		case *ast.CallExpr, *ast.CompositeLit:
			visit(n, slices.Clone(path))
		}
		return true
	})
}

// raises looks at one call of fault.Broken or fault.Forbidden, or a Violation.
func (s *codeSearch) raises(n ast.Node, path []ast.Node) {
	var code, en, vi ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		switch name := selected(n.Fun); {
		case name == "fault.Broken" && len(n.Args) >= 4:
			code, en, vi = n.Args[0], n.Args[2], n.Args[3]
		case name == "fault.Forbidden" && len(n.Args) >= 3:
			code, en, vi = n.Args[0], n.Args[1], n.Args[2]
		}
	case *ast.CompositeLit:
		if selected(n.Type) != "fault.Violation" {
			return
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				switch fmt.Sprint(kv.Key) {
				case "Rule":
					code = kv.Value
				case "En":
					en = kv.Value
				case "Vi":
					vi = kv.Value
				}
			}
		}
	}
	if code != nil {
		s.add(n, path, s.pattern(code, path), s.pattern(en, path), s.pattern(vi, path))
	}
}

// add keeps a code that is known, or the function that will be called with it.
func (s *codeSearch) add(at ast.Node, path []ast.Node, code, en, vi pattern) {
	where := s.files.Position(at.Pos())
	place := fmt.Sprintf("%s:%d", where.Filename, where.Line)
	if code == nil {
		s.unresolved = append(s.unresolved, place)
		return
	}
	if _, ok := code.fixed(); ok {
		e, okEn := en.fixed()
		v, okVi := vi.fixed()
		if okEn && okVi {
			for _, one := range s.each(code) {
				s.found = append(s.found, raisedAt{one, e, v, place})
			}
			return
		}
	}
	name, within := enclosing(path)
	if name == "" {
		s.unresolved = append(s.unresolved, place)
		return
	}
	s.raisers = append(s.raisers, raiser{name, within, code, en, vi})
}

// each writes a code out, once for every value of a constant's type in it.
func (s *codeSearch) each(code pattern) []string {
	all := []string{""}
	for _, piece := range code {
		var longer []string
		for _, begun := range all {
			for _, value := range strings.Split(piece.text, "|") {
				longer = append(longer, begun+value)
			}
		}
		all = longer
	}
	return all
}

// calls looks at one call of a function that raises something.
func (s *codeSearch) calls(n ast.Node, path []ast.Node, raisers []raiser) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return
	}
	for _, r := range raisers {
		name := selected(call.Fun)
		if name[strings.LastIndex(name, ".")+1:] != r.name || r.within != nil && !slices.Contains(path, r.within) {
			continue
		}
		bind := func(p pattern) pattern {
			var bound pattern
			for _, piece := range p {
				if piece.param < 0 {
					bound = append(bound, piece)
					continue
				}
				if piece.param >= len(call.Args) {
					return nil
				}
				arg := s.pattern(call.Args[piece.param], path)
				if arg == nil {
					return nil
				}
				if piece.text != "" { // what the function makes of it
					text, ok := arg.fixed()
					if !ok {
						return nil
					}
					arg = pattern{{made(piece.text, text), -1}}
				}
				bound = append(bound, arg...)
			}
			return bound
		}
		code := bind(r.code)
		if code == nil && r.code[0].param < 0 && slices.Contains(byField(), r.code[0].text) {
			continue // the name of the field comes from further away
		}
		s.add(call, path, code, bind(r.en), bind(r.vi))
	}
}

// made is what a function on texts makes of one.
func made(function, text string) string {
	switch function {
	case "strings.ToLower":
		return strings.ToLower(text)
	case "strings.Cut":
		before, _, _ := strings.Cut(text, ".")
		return before
	}
	return text
}

func (p pattern) fixed() (string, bool) {
	text := ""
	for _, piece := range p {
		if piece.param >= 0 {
			return "", false
		}
		text += piece.text
	}
	return text, p != nil
}

// pattern reads an expression: nil when it cannot be understood.
func (s *codeSearch) pattern(e ast.Expr, path []ast.Node) pattern {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return nil
		}
		return pattern{{text, -1}}
	case *ast.BinaryExpr:
		left, right := s.pattern(e.X, path), s.pattern(e.Y, path)
		if e.Op != token.ADD || left == nil || right == nil {
			return nil
		}
		return append(left, right...)
	case *ast.CallExpr:
		return s.converted(e, path)
	case *ast.Ident:
		return s.named(e, path)
	}
	return nil
}

// converted reads string(x), where x is a constant or of a type with constants,
// and functions on texts.
func (s *codeSearch) converted(call *ast.CallExpr, path []ast.Node) pattern {
	if len(call.Args) == 0 {
		return nil
	}
	arg := call.Args[0]
	switch name := selected(call.Fun); name {
	case "strings.ReplaceAll":
		return s.pattern(arg, path)
	case "strings.ToLower", "strings.Cut":
		p := s.pattern(arg, path)
		if len(p) == 1 && p[0].param >= 0 {
			return pattern{{name, p[0].param}}
		}
	case "string":
		if id, ok := arg.(*ast.Ident); ok {
			if of := paramType(id.Name, path); len(s.values[of]) > 0 {
				return pattern{{strings.Join(s.values[of], "|"), -1}}
			}
		}
		return s.pattern(arg, path)
	}
	return nil
}

// named reads a name: a parameter, a variable cut from one, or a constant.
func (s *codeSearch) named(id *ast.Ident, path []ast.Node) pattern {
	for _, n := range slices.Backward(path) {
		var body *ast.BlockStmt
		var params *ast.FieldList
		switch f := n.(type) {
		case *ast.FuncDecl:
			body, params = f.Body, f.Type.Params
		case *ast.FuncLit:
			body, params = f.Body, f.Type.Params
		default:
			continue
		}
		if i := paramIndex(params, id.Name); i >= 0 {
			return pattern{{"", i}}
		}
		for _, stmt := range body.List {
			assign, ok := stmt.(*ast.AssignStmt)
			if !ok || len(assign.Rhs) != 1 {
				continue
			}
			if to, ok := assign.Lhs[0].(*ast.Ident); ok && to.Name == id.Name {
				return s.assigned(assign.Rhs[0], path)
			}
		}
		break // of the innermost function only
	}
	if value, ok := s.consts[id.Name]; ok {
		return s.pattern(value, nil)
	}
	return nil
}

// assigned reads what a variable was made from; what only shows where something
// is stands as an ellipsis.
func (s *codeSearch) assigned(e ast.Expr, path []ast.Node) pattern {
	if call, ok := e.(*ast.CallExpr); ok && selected(call.Fun) == "fmt.Sprintf" {
		return pattern{{"…", -1}}
	}
	return s.pattern(e, path)
}

func paramIndex(params *ast.FieldList, name string) int {
	i := 0
	for _, field := range params.List {
		for _, n := range field.Names {
			if n.Name == name {
				return i
			}
			i++
		}
	}
	return -1
}

// paramType is the type of a parameter of the innermost function.
func paramType(name string, path []ast.Node) string {
	for _, n := range slices.Backward(path) {
		f, ok := n.(*ast.FuncDecl)
		if !ok {
			continue
		}
		for _, field := range f.Type.Params.List {
			for _, p := range field.Names {
				if id, ok := field.Type.(*ast.Ident); ok && p.Name == name {
					return id.Name
				}
			}
		}
	}
	return ""
}

// enclosing names the innermost function around a node: a closure by the variable
// it is assigned to, with the function that variable lives in.
func enclosing(path []ast.Node) (name string, within ast.Node) {
	for i := len(path) - 1; i >= 0; i-- {
		switch f := path[i].(type) {
		case *ast.FuncDecl:
			return f.Name.Name, nil
		case *ast.FuncLit:
			assign, ok := path[i-1].(*ast.AssignStmt)
			if !ok {
				return "", nil
			}
			for j := i - 1; j >= 0; j-- {
				if decl, ok := path[j].(*ast.FuncDecl); ok {
					return fmt.Sprint(assign.Lhs[0]), decl
				}
			}
			return "", nil
		}
	}
	return "", nil
}

// selected writes a name such as fault.Broken.
func selected(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return x.Name + "." + e.Sel.Name
		}
		return "." + e.Sel.Name
	}
	return ""
}

// listOfCodes is the documentation of all codes, module by module.
func listOfCodes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`// Code generated by go test ./core -run TestCodes -update; DO NOT EDIT.

// Package codes lists every rule that the core and its adapters can report as
// broken: its code, which is stable and may be depended on, and its sentences in
// English and Vietnamese, which may be reworded. The package holds nothing but
// this list; [fault.Violation] carries code and sentences to the caller.
//
// Verbs such as %s and %[2]d stand for the values at hand.
`)
	module, code := "", ""
	for _, r := range raisedCodes(t) {
		if m, _, _ := strings.Cut(r.code, "."); m != module {
			module = m
			fmt.Fprintf(&b, "//\n// # %s\n", m)
		}
		if r.code != code {
			code = r.code
			fmt.Fprintf(&b, "//\n//\t%s\n", code)
		}
		told := fmt.Sprintf("//\t\t%s\n//\t\t%s\n", r.en, r.vi)
		if !strings.Contains(b.String(), "//\t"+code+"\n") || !strings.Contains(b.String()[strings.LastIndex(b.String(), "//\t"+code+"\n"):], told) {
			b.WriteString(told)
		}
	}
	b.WriteString("//\n// [fault.Violation]: https://pkg.go.dev/github.com/huongvecoso/outreach/core/fault#Violation\npackage codes\n")
	text, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return text
}
