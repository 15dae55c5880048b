package docs

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var sizes = flag.Bool("sizes", false, "print what every way of use weighs, not only test that the core is light")

// weight is what a program of somebody else costs that uses a part of ours.
type weight struct {
	required int   // modules that its go.mod names after the build
	linked   int   // modules in the binary, ours and its own not counted
	sums     int   // lines that the build writes into its go.sum
	bytes    int64 // of the binary, stripped
}

// weigh builds a program in a module of its own outside of ours, which it knows
// by a replace line, with no proxy to ask: what it needs besides is in the cache
// that our own build fills.
func weigh(t *testing.T, program string) weight {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.vn/host\n\ngo 1.26.0\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + top + "\n",
		"main.go": program,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tool := func(args ...string) string {
		cmd := exec.Command("go", args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=-mod=mod", "GOWORK=off")
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
		}
		return string(said)
	}
	tool("build", "-ldflags=-s -w", "-o", "host", ".")
	binary, err := os.Stat(filepath.Join(folder, "host"))
	if err != nil {
		t.Fatal(err)
	}
	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal([]byte(tool("mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	w := weight{required: len(mod.Require), linked: strings.Count(tool("version", "-m", "host"), "\tdep\t") - 1, bytes: binary.Size()}
	if sum, err := os.ReadFile(filepath.Join(folder, "go.sum")); err == nil {
		w.sums = strings.Count(string(sum), "\n")
	}
	return w
}

// host is a program that imports some packages, ours by their short names, and does one thing.
func host(does string, imports ...string) string {
	var program strings.Builder
	program.WriteString("package main\n\nimport (\n")
	for _, path := range imports {
		alias, path, named := strings.Cut(path, " ")
		if !named {
			alias, path = "", alias
		}
		for _, ours := range []string{"core", "adapters", "workers"} {
			if path == ours || strings.HasPrefix(path, ours+"/") {
				path = module + "/" + path
			}
		}
		fmt.Fprintf(&program, "\t%s %q\n", alias, path)
	}
	fmt.Fprintf(&program, ")\n\nfunc main() {\n%s}\n", does)
	return program.String()
}

// least is the least that somebody can do who imports the core and nothing else.
func least() string {
	return host("\t_, err := core.New(nil, policy.Default(), nil)\n\tfmt.Println(err)\n", "fmt", "core", "core/policy")
}

// A host that takes in the core takes in nothing else: one requirement, nothing
// to download, and less than 3 MB, of which 2.1 are Go's own for a program that
// prints, knows JSON and hashes.
func TestTheCoreCostsAForeignModuleOneLineAndLessThanThreeMegabytes(t *testing.T) {
	w := weigh(t, least())
	t.Logf("%+v", w)
	if w.required != 1 || w.linked != 0 || w.sums != 0 {
		t.Errorf("go.mod has %d requirements and go.sum %d lines, %d foreign modules are linked; want 1, 0 and 0", w.required, w.sums, w.linked)
	}
	if w.bytes >= 3_000_000 {
		t.Errorf("the binary has %d bytes: want less than 3,000,000. Find what grew: go build, go tool nm -size -sort size", w.bytes)
	}
}

// What other ways of use cost is no promise, but nobody should have to guess.
func TestPrintWhatEachWayOfUseWeighs(t *testing.T) {
	if !*sizes {
		t.Skip("prints figures: task size")
	}
	const (
		work = `	sys, err := core.New(%s, policy.Default(), nil)
	fmt.Println(err, sys.Update(context.Background(), org.Actor{}, func(ctx context.Context, w *core.Work) error {
		_, err := w.Visits.Plan(ctx, visit.Plan{})
		_, err1 := w.Opinions.Capture(ctx, "", core.Said{})
		_, err2 := w.Issues.Register(ctx, core.Registration{})
		_, err3 := w.Issues.Refer(ctx, "", "")
		_, err4 := w.Issues.DraftAnswer(ctx, "", issue.Answer{})
		return errors.Join(err, err1, err2, err3, err4)
	}))
`
		sweep = "\tswept, err := sys.Sweep(context.Background())\n\tfmt.Println(swept, err)\n"
	)
	daily := []string{"context", "errors", "fmt", "core", "core/issue", "core/org", "core/policy", "core/visit"}
	with := func(more ...string) []string { return append(append([]string(nil), daily...), more...) }
	sqlite := "\tdb, _ := sql.Open(\"sqlite\", sqlstore.SQLiteDSN(\"x.db\"))\n\tst, _ := sqlstore.Open(db, sqlstore.SQLite, nil)\n" + fmt.Sprintf(work, "st") + sweep
	postgres := "\tdb, _ := sql.Open(\"pgx\", \"\")\n\tst, _ := sqlstore.Open(db, sqlstore.Postgres, nil)\n" + fmt.Sprintf(work, "st") + sweep
	for _, way := range []struct{ name, program string }{
		{"core: New", least()},
		{"core: visits and issues", host(fmt.Sprintf(work, "nil"), daily...)},
		{"core: the same and the sweep", host(fmt.Sprintf(work, "nil")+sweep, daily...)},
		{"+ memstore", host(fmt.Sprintf(work, "memstore.New()")+sweep, with("adapters/memstore")...)},
		{"+ sqlstore without a driver", host("\tst, _ := sqlstore.Open(new(sql.DB), sqlstore.Postgres, nil)\n"+fmt.Sprintf(work, "st")+sweep, with("database/sql", "adapters/sqlstore")...)},
		{"+ sqlstore and SQLite", host(sqlite, with("database/sql", "adapters/sqlstore", "_ modernc.org/sqlite")...)},
		{"+ sqlstore and pgx", host(postgres, with("database/sql", "adapters/sqlstore", "_ github.com/jackc/pgx/v5/stdlib")...)},
		{"+ sqlstore, pgx and the workers", host(postgres+"\tfx.New(workersfx.Module).Run()\n", with("database/sql", "adapters/sqlstore", "_ github.com/jackc/pgx/v5/stdlib", "go.uber.org/fx", "workers/workersfx")...)},
	} {
		w := weigh(t, way.program)
		fmt.Printf("%-34s %6.2f MB  %2d modules linked besides ours, %2d required, %3d lines in go.sum\n", way.name, float64(w.bytes)/1e6, w.linked, w.required, w.sums)
	}
	worker := filepath.Join(t.TempDir(), "outreach-worker")
	if said, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", worker, root+"/workers/cmd/outreach-worker").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	info, err := os.Stat(worker)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%-34s %6.2f MB\n", "outreach-worker", float64(info.Size())/1e6)
}
