package docs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew: what others build on is meant to change")

// module is the path of ours.
const module = "github.com/huongvecoso/outreach"

// surface prints every exported declaration below a folder, without comments and
// bodies, package by package.
func surface(folder string) (string, error) {
	var out bytes.Buffer
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "testdata" || d.Name() == "internal":
			return filepath.SkipDir
		}
		return exports(&out, path)
	})
	return out.String(), err
}

// exports prints one package; a program exports nothing.
func exports(out *bytes.Buffer, folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if len(files) == 0 || files[0].Name.Name == "main" {
		return nil
	}
	path := strings.TrimPrefix(filepath.ToSlash(folder), root+"/")
	p, err := doc.NewFromFiles(set, files, module+"/"+path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "package %s\n\n", path)
	print := func(n ast.Decl) {
		if f, ok := n.(*ast.FuncDecl); ok {
			f.Body = nil
		}
		if err == nil {
			err = printer.Fprint(out, set, n)
		}
		out.WriteString("\n")
	}
	values := func(all []*doc.Value) {
		for _, v := range all {
			print(v.Decl)
		}
	}
	funcs := func(all []*doc.Func) {
		for _, f := range all {
			print(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs)
	for _, t := range p.Types {
		print(t.Decl)
		values(t.Consts)
		values(t.Vars)
		funcs(t.Funcs)
		funcs(t.Methods)
	}
	out.WriteString("\n")
	return err
}

// difference lists at most twenty lines that one text has more often than the
// other.
func difference(want, got string) string {
	count := make(map[string]int)
	for line := range strings.Lines(want) {
		count[line]--
	}
	for line := range strings.Lines(got) {
		count[line]++
	}
	var said strings.Builder
	left := 20
	tell := func(sign, text string, by int) {
		for line := range strings.Lines(text) {
			if count[line]*by > 0 && left > 0 {
				said.WriteString(sign + line)
				count[line] -= by
				left--
			}
		}
	}
	tell("- ", want, -1)
	tell("+ ", got, 1)
	if said.Len() == 0 {
		return "the order of declarations changed\n"
	}
	return said.String()
}

// A change of what others build on is made on purpose, and seen in the
// difference of testdata.
func TestTheExportedSurfaceChangesOnPurpose(t *testing.T) {
	for _, folder := range []string{"core", "adapters", "workers"} {
		got, err := surface(filepath.ToSlash(filepath.Join(root, folder)))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", folder+".txt")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("what %s exports is not what examples/docs/%s says:\n%sif that is meant: go test ./examples/docs -run TestTheExportedSurface -update", folder, filepath.ToSlash(golden), difference(string(want), got))
		}
	}
}
