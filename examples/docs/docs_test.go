// Package docs holds the documentation to what the code does: blocks of Go
// compile, commands exist, links lead somewhere.
package docs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the top of the repository, seen from here.
const root = "../.."

// page is one Markdown file.
type page struct {
	name   string // from the top of the repository, with slashes
	text   string
	blocks []block
}

// block is one fenced or indented piece of code.
type block struct {
	language string // indented ones: sh
	text     string
	line     int // of its first line of code
}

// pages reads every Markdown file of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (slices.Contains([]string{"testdata", "out", "bin"}, d.Name()) || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		all = append(all, page{filepath.ToSlash(name), string(text), blocks(string(text))})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// blocks are the fenced blocks of a text, and its indented commands.
func blocks(text string) []block {
	var all []block
	var open *block
	n := 0
	for line := range strings.Lines(text) {
		n++
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{language: language, line: n + 1}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "    go "), strings.HasPrefix(line, "    outreach-worker "):
			all = append(all, block{"sh", line, n})
		}
	}
	return all
}

// preambles are what a fragment stands in: the names that its readers have at
// hand, and the imports that it does not show. A file that gets another fragment
// gets another preamble here, in the order of the fragments.
var preambles = map[string][]string{
	"README.md": {`import (
	"context"
	"database/sql"

	"github.com/huongvecoso/outreach/adapters/sqlstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/org"
)

func _(ctx context.Context, db *sql.DB, sys *core.System, ticket string, clerk org.PersonID, issueID issue.ID) error {`},
}

// source is a block as a file of its own whose faults are told at their place in
// the page.
func source(p page, b block, preamble string) string {
	place := fmt.Sprintf("//line %s:%d\n", p.name, b.line)
	if strings.HasPrefix(b.text, "package ") {
		return place + b.text
	}
	return "package fragment\n\n" + preamble + "\n" + place + b.text + "}\n"
}

// overlay writes files, named from the top of the repository, that exist for one
// build only, and returns the list of them that the go command takes.
func overlay(t *testing.T, files map[string]string) (list string) {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	folder, replace := t.TempDir(), make(map[string]string)
	for name, text := range files {
		file := filepath.Join(folder, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(top, filepath.FromSlash(name))] = file
	}
	list = filepath.Join(folder, "overlay.json")
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(list, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// tool runs the go command at the top of the repository and returns what it says.
func tool(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// compile builds all sources at once, each a package of this module that exists
// for this build only, and returns what the compiler says.
func compile(t *testing.T, sources []string) (string, error) {
	t.Helper()
	files := make(map[string]string)
	var packages []string
	for n, text := range sources {
		name := fmt.Sprintf("examples/docs/block%d", n)
		files[name+"/block.go"] = text
		packages = append(packages, "./"+name)
	}
	return tool(append([]string{"build", "-overlay", overlay(t, files), "-o", os.DevNull}, packages...)...)
}

func TestEveryBlockOfGoCompiles(t *testing.T) {
	var sources []string
	for _, p := range pages(t) {
		left := preambles[p.name]
		for _, b := range p.blocks {
			if b.language != "go" {
				continue
			}
			var preamble string
			if !strings.HasPrefix(b.text, "package ") {
				if len(left) == 0 {
					t.Errorf("%s:%d: a fragment without a preamble in the table of this test", p.name, b.line)
					continue
				}
				preamble, left = left[0], left[1:]
			}
			sources = append(sources, source(p, b, preamble))
		}
		if len(left) > 0 {
			t.Errorf("%s has %d fragments fewer than the table of this test", p.name, len(left))
		}
	}
	if len(sources) == 0 {
		t.Fatal("no block of Go was found")
	}
	if said, err := compile(t, sources); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	stale := source(page{name: "planted.md"}, block{text: "return sys.NoSuchThing(ctx)\n", line: 7}, preambles["README.md"][0])
	if said, err := compile(t, []string{stale}); err == nil || !strings.Contains(said, "planted.md:7") {
		t.Errorf("a stale block is not found, or not told at its place: %v\n%s", err, said)
	}
}

// languages are those of blocks, with what holds them to the truth.
var languages = map[string]string{
	"go":      "is compiled, and run: TestTheBlockOfGoInTheREADMEDoesWhatItSays",
	"json":    "is parsed; what the worker posts is compared: TestAGenericGatewayIsSpokenToAsThePageSays in workers/cmd/outreach-worker",
	"sh":      "its commands exist, and are run: TestEveryCommandOfAPageIsRun",
	"console": "its commands exist; what stands in it is the reader's to fill in",
	"text":    "is what the command above it prints: .ci/run compares",
	"mermaid": "is a drawing",
	"sql":     "is run as it stands there: TestAttemptsOfPastMonthsArePutAsideAndBack in adapters/sqlstore",
	"conf":    "is for a program of somebody else; the commands of ours in it exist",
}

func TestNoBlockEscapes(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if languages[b.language] == "" {
				t.Errorf("%s:%d: nothing looks at a block of %q", p.name, b.line, b.language)
			}
			if b.language == "text" && p.name != "README.md" {
				t.Errorf("%s:%d: output that nothing compares", p.name, b.line)
			}
		}
	}
	if got := blocks("```\nx\n```\n"); len(got) != 1 || languages[got[0].language] != "" {
		t.Errorf("a block without a language is not seen: %v", got)
	}
}

func TestEveryBlockOfJSONIsJSON(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language == "json" && !json.Valid([]byte(b.text)) {
				t.Errorf("%s:%d: is not JSON", p.name, b.line)
			}
		}
	}
}

// link is the target of a Markdown link.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, p := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(p.text, -1) {
			target, _, _ := strings.Cut(found[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(p.name), target)); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
	}
}

// task is a target that a sentence names.
var task = regexp.MustCompile("`task ([a-z:]+)")

// inside is a call of the worker in the configuration of another program.
var inside = regexp.MustCompile(`outreach-worker [a-z][^"\n]*`)

func TestEveryCommandExists(t *testing.T) {
	known := newShelf(t)
	commands := 0
	for _, p := range pages(t) {
		for _, found := range task.FindAllStringSubmatch(p.text, -1) {
			if err := known.check([]string{"task", found[1]}, "."); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
		for _, b := range p.blocks {
			if b.language == "conf" {
				for _, ours := range inside.FindAllString(b.text, -1) {
					commands++
					if err := known.check(words(ours), filepath.Dir(p.name)); err != nil {
						t.Errorf("%s:%d: %s: %v", p.name, b.line, ours, err)
					}
				}
			}
			if b.language != "sh" && b.language != "console" {
				continue
			}
			lines := bufio.NewScanner(strings.NewReader(b.text))
			for n := b.line; lines.Scan(); n++ {
				line, _, _ := strings.Cut(lines.Text(), " #")
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				commands++
				if err := known.check(words(line), filepath.Dir(p.name)); err != nil {
					t.Errorf("%s:%d: %s: %v", p.name, n, line, err)
				}
			}
		}
	}
	if commands == 0 {
		t.Fatal("no command was found")
	}
	for _, stale := range []string{
		"go run ./examples/gone", "go run . -gone", "go run ./examples/district -gone", "go test ./gone", "go test ./core -run TestThatIsGone", "go doc ./core NoSuchName",
		"outreach-worker vanish", "outreach-worker retry --gone 1", "export OUTREACH_GONE=1", "task gone", "examples/gone.sh", "make",
	} {
		if known.check(words(stale), "examples/quickstart") == nil {
			t.Errorf("%q is taken for a command that exists", stale)
		}
	}
}

// words are the words of a line of shell, a quoted text one of them.
func words(line string) []string {
	return regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1)
}
