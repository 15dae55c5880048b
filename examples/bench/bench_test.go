package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// The test program is its own sink and its own contender.
func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// opened is an arena for this test; the test is skipped without the servers,
// or fails where they are required.
func opened(t *testing.T, embedded bool) *arena {
	t.Helper()
	a, err := openArena(t.Context(), setup{people: 200, embedded: embedded, volatile: true, most: 60})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	if !embedded && !a.counts() {
		if os.Getenv("OUTREACH_REQUIRE") != "" {
			t.Fatal("PostgreSQL or Redis is not installed")
		}
		t.Skip("NOT tested: PostgreSQL or Redis is not installed")
	}
	return a
}

func TestOnRealServers(t *testing.T) {
	a := opened(t, false)
	t.Run("every contender does its work and it adds up", func(t *testing.T) { everyContender(t, a) })
	t.Run("a peak adds up", func(t *testing.T) { peakAddsUp(t, a) })
	t.Run("what grows is measured at each size and judged", func(t *testing.T) { everySize(t, a) })
	t.Run("a backlog of notices is one message for each, whoever is in the country", func(t *testing.T) { backlogsAddUp(t, a) })
}

// A peak verifies itself: see peak.marks.
func peakAddsUp(t *testing.T, a *arena) {
	for _, name := range []string{"peak", "peak, swept"} {
		h, err := a.run(t.Context(), entry{name: name, n: 240, template: dbOutreach})
		if err != nil {
			t.Fatal(err)
		}
		if h.Figures["messages"] == 0 || h.Figures["critical notices meanwhile"] == 0 || h.Figures["districts"] != 3 {
			t.Errorf("%s found %v", name, h.Figures)
		}
	}
}

// A backlog verifies itself: see behind.marks. There are more notices than officials here.
func backlogsAddUp(t *testing.T, a *arena) {
	const size = 400
	for _, e := range growing(size, false) {
		switch e.name {
		case "backlog", "backlog, digests":
		default:
			continue
		}
		h, err := a.run(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		f := h.Figures
		if digests := f["notices carried"] >= severalEach*f["messages"]; digests != (e.name == "backlog, digests") || f["messages"] < float64(e.n) || f["heap MiB"] <= 0 {
			t.Errorf("%s of %d found %v", e.name, e.n, f)
		}
	}
}

func TestAPeakIsCrowdedInATenthOfTheDistricts(t *testing.T) {
	const n, officials = 200_000, wholeCountry
	per := map[int]int{}
	for _, i := range recipients(n, officials) {
		per[i]++
	}
	total := 0
	for i, k := range per {
		total += k
		if crowded := i < crowdedOfficials(officials); k < 3 || (k > 3) != crowded {
			t.Fatalf("official %d gets %d, crowded %v", i, k, crowded)
		}
	}
	if total != n || len(per) != officials {
		t.Errorf("%d reminders to %d officials", total, len(per))
	}
}

func everyContender(t *testing.T, a *arena) {
	for _, e := range entries(60) {
		t.Run(e.name, func(t *testing.T) {
			h, err := a.run(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			if h.Rate <= 0 || h.RSS == 0 && hasProc() || math.IsNaN(h.Foreign) {
				t.Errorf("measured %+v", h)
			}
		})
	}
}

func hasProc() bool { _, err := os.Stat("/proc/self/stat"); return err == nil }

func TestWithoutServersTheSameRunsAndSaysThatItDoesNotCount(t *testing.T) {
	a := opened(t, true)
	r := newResult("", a)
	if err := (options{rounds: 1, only: "P1|P2"}).compare(t.Context(), a, r, 40); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	if r.Counts || !strings.Contains(out.String(), "DO NOT COUNT") || r.Database != "SQLite" {
		t.Errorf("it says:\n%s", out.String())
	}
	if len(r.Verdicts) == 0 || r.Rounds[0]["durable drain"].Rate == 0 {
		t.Errorf("nothing was measured: %+v", r.Verdicts)
	}
}

func everySize(t *testing.T, a *arena) {
	r := newResult("growth", a)
	o := options{given: []int{40, 200}, rounds: 1, only: "P8|P9|P10"}
	if err := o.grow(t.Context(), a, r); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, v := range r.Verdicts {
		rows[v.Row]++
		if math.IsNaN(v.Ratio.Median) || v.Ratio.Median <= 0 {
			t.Errorf("%s %s: %+v", v.Row, v.What, v.Ratio)
		}
	}
	if rows["P8"] != 6 || rows["P9"] != 3 || rows["P10"] != 1 {
		t.Errorf("rows %v", rows)
	}
	path := filepath.Join(t.TempDir(), "result")
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	var back result
	text, err := os.ReadFile(path + ".json")
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil || len(back.Growth) != len(r.Growth) || len(back.Verdicts) != len(r.Verdicts) {
		t.Errorf("read back %d points and %d rows, %v", len(back.Growth), len(back.Verdicts), err)
	}
	if _, err := os.Stat(path + ".svg"); err != nil {
		t.Error(err)
	}
}

// What was lost, doubled, or sent and not marked is no measurement.
func TestWorkThatDoesNotAddUpIsAFault(t *testing.T) {
	a := opened(t, true)
	e := entry{name: "somebody", n: 2, sends: true}
	send := func(ids ...int) {
		t.Helper()
		mail, err := mailer(a.sinks.SMTP, true)
		if err != nil {
			t.Fatal(err)
		}
		defer mail.Close()
		l, err := newLetters(notify.Email)
		if err != nil {
			t.Fatal(err)
		}
		if err := (sinkClient{a.sinks.Control}).empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, k := range ids {
			if out := mail.Send(t.Context(), l.message(k)); out.Result != notify.ResultAccepted {
				t.Fatal(out)
			}
		}
	}
	for name, tc := range map[string]struct {
		sent  []int
		marks int
		fault bool
	}{
		"all right":       {[]int{1, 2}, 2, false},
		"one lost":        {[]int{1}, 2, true},
		"one twice":       {[]int{1, 2, 2}, 2, true},
		"one for another": {[]int{2, 2}, 2, true},
		"not marked":      {[]int{1, 2}, 1, true},
	} {
		send(tc.sent...)
		if err := a.check(t.Context(), e, said{Marks: tc.marks}); errors.Is(err, errShort) != tc.fault {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServersEndWithWhoStartedThem(t *testing.T) {
	a := opened(t, false)
	pids := []int{a.redis.pid(), a.postgres.pid(), a.sink.pid()}
	dirs := []string{a.redis.dir, a.postgres.dir, a.dir}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", dir)
		}
	}
	*a = arena{}
}

func TestAContenderThatFailsSaysWhy(t *testing.T) {
	a := opened(t, true)
	_, err := a.run(t.Context(), entry{name: "nobody", n: 1})
	if err == nil || !strings.Contains(err.Error(), `nobody is called "nobody"`) {
		t.Errorf("%v", err)
	}
}

func TestARatioIsOfOneRoundAndTheMedianOfAll(t *testing.T) {
	at := func(a, b float64) round {
		return round{"a": {Rate: a}, "b": {Rate: b}}
	}
	g := over("P1", "a / b", "a", "b", 0.5, 0.8)
	for name, tc := range map[string]struct {
		rounds        []round
		median        float64
		passes, aimed bool
	}{
		"short":                         {[]round{at(1, 10), at(2, 10), at(9, 10)}, 0.2, false, false},
		"pass":                          {[]round{at(6, 10), at(1, 100), at(7, 10)}, 0.6, true, false},
		"aim":                           {[]round{at(8, 10), at(9, 10)}, 0.85, true, true},
		"a round without one of them":   {[]round{{"a": {Rate: 1}}, at(5, 10)}, 0.5, true, false},
		"medians of rates would be 1.0": {[]round{at(1, 2), at(2, 1), at(10, 100)}, 0.5, true, false},
	} {
		v := judge([]goal{g}, tc.rounds)
		if len(v) != 1 || math.Abs(v[0].Ratio.Median-tc.median) > 1e-9 || v[0].Passes != tc.passes || v[0].Aimed != tc.aimed {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := judge([]goal{g}, []round{{}}); len(v) != 0 {
		t.Errorf("of nothing: %+v", v)
	}
	if less := judge([]goal{{uses: []string{"a"}, least: 50, aim: 5, less: true, value: func(round) (float64, bool) { return 20, true }}}, []round{{}}); !less[0].Passes || less[0].Aimed {
		t.Errorf("where less is better: %+v", less)
	}
}

func TestEveryGoalIsMeasuredBySomebody(t *testing.T) {
	var names []string
	for _, e := range entries(1) {
		names = append(names, e.name)
		if contenders()[e.name] == nil {
			t.Errorf("nobody is called %q", e.name)
		}
	}
	for _, g := range goals() {
		for _, used := range g.uses {
			if !slices.Contains(names, used) {
				t.Errorf("%s looks at %q, who is in no round", g.row, used)
			}
		}
	}
}

func TestTheMessageIDIsReadFromTheHeaderAlone(t *testing.T) {
	for mail, want := range map[string]string{
		"From: a\r\nMessage-Id: <n.n-0001@x.example>\r\n\r\ntext":              "n-0001",
		"From: a\r\nMESSAGE-ID: <n-0002@x.example>\r\n\r\ntext":                "n-0002",
		"From: a\r\n\r\nMessage-Id: <n.n-0001@x.example>\r\n":                  "",
		"Subject: Message-Id: <no@x>\r\nMessage-Id: <n.yes@x.example>\r\n\r\n": "yes",
	} {
		if got, ok := messageID([]byte(mail)); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", mail, got, ok)
		}
	}
}

func TestThePictureIsWellFormed(t *testing.T) {
	picture := plot([]point{{"flat & <good>", 10_000, 2, "ms"}, {"flat & <good>", 1_000_000, 2.2, "ms"}, {"steep", 10_000, 1, "s"}, {"steep", 1_000_000, 90, "s"}, {"nothing", 10, 0, "s"}})
	if n := bytes.Count(picture, []byte("<polyline")); n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
	for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheMostMemoryIsThatOfTheRun(t *testing.T) {
	if _, err := os.Stat("/proc/self/clear_refs"); err != nil {
		t.Skip("not shown that preparation is left out of the most memory: /proc/self/clear_refs is missing")
	}
	const taken = 64 << 20
	prepared := make([]byte, taken)
	for i := 0; i < taken; i += 4096 {
		prepared[i] = 1
	}
	runtime.KeepAlive(prepared)
	before := resident(os.Getpid())
	prepared = nil
	forgetPeak()
	if after := resident(os.Getpid()); before-after < taken/2 {
		t.Errorf("%d MiB at most before and %d afterwards", before>>20, after>>20)
	}
}

func TestTheProcessorsAreCountedWhereTheWorkWasDone(t *testing.T) {
	if !hasProc() {
		t.Skip("no /proc here")
	}
	c, err := startChild(roleSink)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	before, idle := processTime(os.Getpid()), processTime(c.pid())
	for sum, end := 0, time.Now().Add(10*time.Second); processTime(os.Getpid())-before < 100*time.Millisecond; sum++ {
		if time.Now().After(end) {
			t.Fatalf("worked for seconds (%d) and took nothing", sum)
		}
	}
	if took := processTime(c.pid()) - idle; took > 50*time.Millisecond {
		t.Errorf("a process that did nothing took %v", took)
	}
	if busy, all := machineTime(); busy <= 0 || all <= busy {
		t.Errorf("the machine was busy for %v of %v", busy, all)
	}
	if resident(os.Getpid()) < 1<<20 {
		t.Errorf("this process has %d bytes", resident(os.Getpid()))
	}
}
