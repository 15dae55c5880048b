package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/huongvecoso/outreach/core/alert"
	"github.com/huongvecoso/outreach/core/notify"
)

// The notices are made in package alert, which names their templates; whatever
// it names has to have a text, and whatever has a text has to be named.
func TestEveryNoticeHasATextAndEveryTextANotice(t *testing.T) {
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	used := append(namedIn(t, "alert", templates.Names()), alert.LadderTemplates()...)
	used = append(used, notify.Digest)
	slices.Sort(used)
	used = slices.Compact(used)
	if missing := templates.Missing(used...); len(missing) > 0 {
		t.Errorf("no text for %s", strings.Join(missing, ", "))
	}
	for _, name := range templates.Names() {
		if !slices.Contains(used, name) {
			t.Errorf("nobody sends %s", name)
		}
	}
}

// namedIn finds the words in a package's source that are templates, or look
// like one: two or three words joined by dots, the first of them that of a
// template there is.
func namedIn(t *testing.T, dir string, known []string) []string {
	t.Helper()
	shape := regexp.MustCompile(`^[a-z_]+(\.[a-z_]+){1,2}$`)
	var families []string
	for _, name := range known {
		family, _, _ := strings.Cut(name, ".")
		families = append(families, family)
	}
	var found []string
	sources, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			word, err := strconv.Unquote(lit.Value)
			family, _, _ := strings.Cut(word, ".")
			if err == nil && (slices.Contains(known, word) || shape.MatchString(word) && slices.Contains(families, family)) {
				found = append(found, word)
			}
			return true
		})
	}
	return found
}
