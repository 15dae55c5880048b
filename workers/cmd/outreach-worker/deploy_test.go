package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The files an operator deploys with, checked as far as can be without building
// an image or starting a service.

const top = "../../.." // of the module

func TestTheImageCopiesWhatThereIsAndWhatTheProgramNeeds(t *testing.T) {
	var copied []string
	for _, words := range directives(t, "Dockerfile", "COPY") {
		if strings.HasPrefix(words[0], "--from=") {
			continue
		}
		for _, source := range words[:len(words)-1] {
			if _, err := os.Stat(filepath.Join(top, source)); err != nil {
				t.Errorf("the Dockerfile copies %s: %v", source, err)
			}
			copied = append(copied, source)
		}
	}
	needs, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(needs)) {
		inside := strings.TrimPrefix(path, "github.com/huongvecoso/outreach/")
		if folder, _, _ := strings.Cut(inside, "/"); !slices.Contains(copied, folder) {
			t.Errorf("the program needs %s, which the Dockerfile does not copy", inside)
		}
	}
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, filepath.Join(top, "go.mod")))
	if from := directives(t, "Dockerfile", "FROM"); from[0][0] != "golang:"+language[1] {
		t.Errorf("the image is built with %s, the module wants Go %s", from[0][0], language[1])
	}
}

func TestTheImageAndTheUnitNameRealSettings(t *testing.T) {
	known := []string{"OUTREACH_CONFIG"}
	for _, s := range new(config).settings() {
		known = append(known, s.variable())
		if s.secret {
			known = append(known, s.variable()+"_FILE")
		}
	}
	for _, file := range []string{"Dockerfile", "outreach-worker@.service"} {
		for _, name := range regexp.MustCompile(`OUTREACH_[A-Z_]+`).FindAllString(read(t, file), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which is no setting", file, name)
			}
		}
	}
}

func TestTheUnitGivesCallsTheTimeToEnd(t *testing.T) {
	unit := read(t, "outreach-worker@.service")
	found := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if found == nil {
		t.Fatal("the unit does not say how long a stop may take")
	}
	seconds, err := strconv.Atoi(found[1])
	if patience := time.Duration(seconds) * time.Second; err != nil || patience < stopPatience {
		t.Errorf("systemd kills after %v, the program needs up to %v", patience, stopPatience)
	}
	if !strings.Contains(unit, "RestartPreventExitStatus="+strconv.Itoa(exitUsage)+"\n") {
		t.Errorf("a wrong configuration (exit %d) is started again and again", exitUsage)
	}
}

func TestSystemdUnderstandsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skipf("NOT verified by systemd: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "outreach-worker@.service")
	unit := strings.ReplaceAll(read(t, "outreach-worker@.service"), "/usr/local/bin/outreach-worker", self)
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "outreach-worker@") {
		t.Errorf("%v\n%s", err, out)
	}
}

// directives returns the words behind each line of a Dockerfile that begins with
// a keyword.
func directives(t *testing.T, file, keyword string) (found [][]string) {
	t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(read(t, file))); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == keyword {
			found = append(found, words[1:])
		}
	}
	if found == nil {
		t.Fatalf("%s has no %s", file, keyword)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
