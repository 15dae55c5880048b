package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/adapters/smtpmail/smtpsink"
	"github.com/huongvecoso/outreach/adapters/sqlstore/pgtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// played is one run of the program.
type played struct {
	code         int
	stdout, errs string
	out          string // its output directory
}

// playSeason runs the program with an output directory of its own.
func playSeason(t *testing.T, dir string, args ...string) played {
	t.Helper()
	p := played{out: filepath.Join(dir, "season")}
	var stdout, errs bytes.Buffer
	p.code = run(t.Context(), append([]string{"-out", p.out}, args...), &stdout, &errs)
	p.stdout, p.errs = stdout.String(), errs.String()
	return p
}

// playUnwatched is the same on SQLite, whose code the race detector makes fifteen
// times slower. Where it watches, the program as users build it plays such a
// season in a process of its own; the seasons on PostgreSQL are watched.
func playUnwatched(t *testing.T, dir string, args ...string) played {
	t.Helper()
	if !watched {
		return playSeason(t, dir, args...)
	}
	p := played{out: filepath.Join(dir, "season")}
	var stdout, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"-out", p.out}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	p.code, p.stdout, p.errs = cmd.ProcessState.ExitCode(), stdout.String(), errs.String()
	return p
}

// built is the program, built once.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "district-test-"); built.err != nil {
			return
		}
		if said, err := exec.Command("go", "build", "-o", filepath.Join(built.dir, "district"), ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, said)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "district")
}

// figures are the summary that was written.
func (p played) figures(t *testing.T) string {
	t.Helper()
	if p.code != exitDone {
		t.Fatalf("exit code %d: %s\n%s", p.code, p.errs, p.stdout)
	}
	raw, err := os.ReadFile(filepath.Join(p.out, marker))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// shared is a season that several tests look at: it is run once.
type shared struct {
	once sync.Once
	played
}

func (s *shared) play(t *testing.T, args ...string) played {
	t.Helper()
	s.once.Do(func() {
		dir, err := os.MkdirTemp("", "district-test-")
		if err != nil {
			t.Fatal(err)
		}
		s.played = playUnwatched(t, dir, args...)
	})
	if s.code != exitDone {
		t.Fatalf("exit code %d: %s\n%s", s.code, s.errs, s.stdout)
	}
	return s.played
}

// threeWeeks is the season most tests look at.
var threeWeeks shared

func season3(t *testing.T) played {
	t.Helper()
	return threeWeeks.play(t, "-to", "2017-02-21")
}

func TestMain(m *testing.M) {
	if orders := os.Getenv(crewEnv); orders != "" {
		os.Exit(work(context.Background(), orders))
	}
	code := m.Run()
	for _, s := range []*shared{&threeWeeks, &week} {
		if s.out != "" {
			os.RemoveAll(filepath.Dir(s.out))
		}
	}
	os.RemoveAll(built.dir)
	os.Exit(code)
}

// figure returns the first number in the line of the summary that holds the label.
func figure(t *testing.T, figures, label string) int {
	t.Helper()
	_, rest, found := strings.Cut(figures, label)
	if !found {
		t.Fatalf("the summary has no line %q:\n%s", label, figures)
	}
	first := strings.Fields(rest)[0]
	n, err := strconv.Atoi(strings.ReplaceAll(first, ".", ""))
	if err != nil {
		t.Fatalf("%q: %v", label, err)
	}
	return n
}

func TestNothingIsLostAndNothingIsSentTwice(t *testing.T) {
	figures := season3(t).figures(t)
	if lost, double := figure(t, figures, "/ lost"), figure(t, figures, "/ duplicate"); lost != 0 || double != 0 {
		t.Errorf("lost %d, duplicate %d", lost, double)
	}
	mails, texts, sent := figure(t, figures, "/ mails taken"), figure(t, figures, "/ SMS taken"), figure(t, figures, "/ sent, says the programme")
	if mails < 100 || texts < 100 || mails+texts != sent {
		t.Errorf("the servers took %d mails and %d SMS, the programme says %d", mails, texts, sent)
	}
	if strings.Contains(figures, "chỗ đứt / breaks") && !strings.Contains(figures, " 0 chỗ đứt / breaks") {
		t.Error("the journal does not hold")
	}
}

func TestTheWholeCycleIsSeen(t *testing.T) {
	p := season3(t)
	figures := p.figures(t)
	for label, least := range map[string]int{
		"Đã lên lịch / planned": 34, "được xác nhận / verified": 15, "Phản ánh / report": 10, "/ closed": 1, "/ feedback_given": 5,
	} {
		if n := figure(t, figures, label); n < least {
			t.Errorf("%s: %d, want at least %d", label, n, least)
		}
	}
	for _, kind := range []string{"assignment.approved", "duty.visit", "visit.confirm", "issue.referred", "issue.answered", "issue.satisfaction", "duty.unit.late", "digest"} {
		if !strings.Contains(figures, "\n  "+kind+" ") {
			t.Errorf("nobody was told %s", kind)
		}
	}
	for _, line := range []string{"officials.csv:13 CC-012 error", "officials.csv:39 CC-037 error", "handed in again: 0 created, 0 updated", "spread 1"} {
		if !strings.Contains(p.stdout, line) {
			t.Errorf("the import does not say %q:\n%s", line, p.stdout[:min(len(p.stdout), 4000)])
		}
	}
}

func TestOnlyRefusalsThatAreMeantHappen(t *testing.T) {
	_, refused, _ := strings.Cut(season3(t).figures(t), "refused by rule:")
	for _, rule := range strings.Split(strings.TrimSpace(refused), ", ") {
		if rule != "" && !strings.HasPrefix(rule, "visit.plan.on_closure") {
			t.Errorf("people were refused by %s", rule)
		}
	}
}

func TestTheMonthReportIsAnAdministrativeDocument(t *testing.T) {
	text := htmlText(t, season3(t), "bao-cao-thang-2017-02.html")
	for _, part := range []string{"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "BÁO CÁO", "60/KH-UBND", "Nơi nhận", "Suối Cát", "Phòng Kinh tế và Hạ tầng"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
	if strings.Contains(text, "xl-suoi-cat") || strings.Contains(text, "xl-kt-ht") {
		t.Error("ids are shown where names belong")
	}
}

func TestTheVisitSheetNamesPlaceAndOfficial(t *testing.T) {
	text := htmlText(t, season3(t), "phieu-di-co-so.html")
	for _, part := range []string{"PHIẾU ĐI CƠ SỞ", "Trưởng ấp", "Nội dung phổ biến"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
	if strings.Contains(text, "CC-0") {
		t.Error("the official is shown by id")
	}
}

// htmlText parses a file strictly enough to find broken nesting and returns
// its text.
func htmlText(t *testing.T, p played, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(p.out, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var text strings.Builder
	var open []string
	for z := html.NewTokenizer(f); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) || len(open) > 0 {
				t.Fatalf("%s: %v, still open %v", name, z.Err(), open)
			}
			return text.String()
		case html.TextToken:
			text.Write(z.Text())
		case html.StartTagToken:
			if tag := z.Token().Data; !slices.Contains([]string{"meta", "br", "link"}, tag) {
				open = append(open, tag)
			}
		case html.EndTagToken:
			tag := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Fatalf("%s: </%s> closes %v", name, tag, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func TestEveryMailIsWholeAndNamesItsNotice(t *testing.T) {
	p := season3(t)
	files, err := filepath.Glob(filepath.Join(p.out, "mail", "*.eml"))
	if err != nil || len(files) != figure(t, p.figures(t), "/ mails taken") {
		t.Fatalf("%d files, %v", len(files), err)
	}
	seen := make(map[string]bool)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || !strings.HasSuffix(to[0].Address, "@"+mailDomain) {
			t.Errorf("%s: to %v, %v", name, to, err)
		}
		id := m.Header.Get("Message-Id")
		if id == "" || seen[id] {
			t.Errorf("%s: message id %q, seen %v", name, id, seen[id])
		}
		seen[id] = true
		if body, err := io.ReadAll(m.Body); err != nil || len(body) == 0 {
			t.Errorf("%s: body of %d bytes, %v", name, len(body), err)
		}
	}
}

func TestTheFiguresTakenOutAddUp(t *testing.T) {
	p := season3(t)
	hamlets, places := csvFile(t, p, "so-lieu-thang-2017-02/hamlets.csv"), csvFile(t, p, "so-lieu-theo-xa-q1.csv")
	_, onTime, _ := strings.Cut(p.figures(t), "ĐÚNG HẠN / ON TIME")
	verified := strconv.Itoa(column(t, hamlets, "Cơ sở xác nhận")) + "/" + strconv.Itoa(column(t, hamlets, "Chỉ tiêu"))
	if !strings.Contains(onTime, "2017-02  "+verified+" (") {
		t.Errorf("the hamlets add up to %s, the summary says otherwise:\n%s", verified, onTime)
	}
	// The season ends within the quarter, so month and quarter hold the same visits.
	if month, quarter := column(t, hamlets, "Cơ sở xác nhận"), column(t, places, "Cơ sở xác nhận"); month == 0 || month != quarter {
		t.Errorf("%d verified by hamlet, %d by commune", month, quarter)
	}
	book, err := excelize.OpenFile(filepath.Join(p.out, "so-lieu-thang-2017-02.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	files, err := filepath.Glob(filepath.Join(p.out, "so-lieu-thang-2017-02", "*.csv"))
	if err != nil || len(files) < 5 || book.SheetCount != len(files) {
		t.Errorf("%d tables, %d sheets, %v", len(files), book.SheetCount, err)
	}
}

// csvFile reads a file of the output, without the mark of its encoding.
func csvFile(t *testing.T, p played, name string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.out, name))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return rows
}

// column adds up a column of numbers.
func column(t *testing.T, rows [][]string, title string) int {
	t.Helper()
	at, sum := slices.Index(rows[0], title), 0
	if at < 0 {
		t.Fatalf("no column %q in %q", title, rows[0])
	}
	for _, r := range rows[1:] {
		n, err := strconv.Atoi(r[at])
		if err != nil {
			t.Fatalf("%s: %v", title, err)
		}
		sum += n
	}
	return sum
}

func TestAnOfficialsYearIsToldAndNotGraded(t *testing.T) {
	p := season3(t)
	sheets, err := filepath.Glob(filepath.Join(p.out, "phieu-nam-*.txt"))
	if err != nil || len(sheets) != 1 {
		t.Fatalf("%v, %v", sheets, err)
	}
	raw, err := os.ReadFile(sheets[0])
	if err != nil {
		t.Fatal(err)
	}
	sheet := string(raw)
	if claimed := figure(t, strings.ReplaceAll(sheet, "/", " "), "visits claimed"); claimed == 0 {
		t.Errorf("an official without visits:\n%s", sheet)
	}
	for _, part := range []string{"1. NHẬN THỨC", "2. GIAO TIẾP", "3. ỨNG XỬ", "4. TRÁCH NHIỆM", "không xếp loại"} {
		if !strings.Contains(sheet, part) {
			t.Errorf("the sheet lacks %q:\n%s", part, sheet)
		}
	}
}

func TestTheSMSLogCountsSegments(t *testing.T) {
	p := season3(t)
	f, err := os.Open(filepath.Join(p.out, "sms.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows)-1 != figure(t, p.figures(t), "/ SMS taken") {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		segments := smstext.Count(r[9])
		if r[8] != strconv.Itoa(segments.Parts) || segments.Encoding != smstext.GSM7 || segments.Parts > 3 {
			t.Errorf("%s: %s segments, counted %+v", r[1], r[8], segments)
		}
		if !regexp.MustCompile(`^84(900|380|700)0\d{5}$`).MatchString(r[3]) {
			t.Errorf("%s went to a number that is none of the sample's", r[1])
		}
		if r[4] != "UBNDXUANLOC" || r[5] != "DH" && r[5] != "CSKH" {
			t.Errorf("%s: sender %s, class %s", r[1], r[4], r[5])
		}
	}
}

func TestNobodyIsWrittenToAtNightOrOnAHoliday(t *testing.T) {
	p := season3(t)
	f, err := os.Open(filepath.Join(p.out, "sms.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		day, clock := r[0][:10], r[0][11:16]
		if clock < "06:30" || clock > "21:00" || day == "2017-02-01" {
			t.Errorf("%s was sent at %s", r[1], r[0])
		}
	}
}

func TestTheSameSeedGivesTheSameSeason(t *testing.T) {
	first := season3(t)
	t.Parallel()
	again := playUnwatched(t, t.TempDir(), "-to", "2017-02-21")
	if a, b := first.figures(t), again.figures(t); a != b {
		t.Errorf("two runs with one seed differ:\n%s", difference(a, b))
	}
	for _, name := range []string{"sms.csv", "bao-cao-thang-2017-02.html", "phieu-di-co-so.html"} {
		a, errA := os.ReadFile(filepath.Join(first.out, name))
		b, errB := os.ReadFile(filepath.Join(again.out, name))
		if errA != nil || errB != nil || withoutOrder(string(a)) != withoutOrder(string(b)) {
			t.Errorf("%s differs, %v, %v", name, errA, errB)
		}
	}
}

// withoutOrder sorts lines and takes out the number a gateway gave: messages of
// one instant go out side by side, and which is first is not the season's to say.
func withoutOrder(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if cells := strings.SplitN(l, ",", 4); len(cells) == 4 && strings.HasPrefix(cells[1], "sms-") {
			lines[i] = cells[0] + cells[3]
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func difference(a, b string) string {
	var d strings.Builder
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		if l != r {
			d.WriteString("- " + l + "\n+ " + r + "\n")
		}
	}
	return d.String()
}

// aWeek is the shortest season.
func aWeek(args ...string) []string { return append([]string{"-to", "2017-02-09"}, args...) }

// week is the shortest season on embedded parts, run once.
var week shared

func TestPostgreSQLAndRedisGiveTheSameSeason(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	redis := redistest.Server(t)
	served := playSeason(t, t.TempDir(), aWeek("-db", dsn, "-redis", redis.URL())...)
	embedded := week.play(t, aWeek()...)
	if a, b := served.figures(t), embedded.figures(t); a != b {
		t.Errorf("other figures than with SQLite and the imitation of Redis:\n%s", difference(b, a))
	}
	again := playSeason(t, t.TempDir(), aWeek("-db", dsn)...)
	if again.code != exitUsage || !strings.Contains(again.errs, "holds a season already") {
		t.Errorf("a second season in one database: exit code %d, %s", again.code, again.errs)
	}
	nothingWritten(t, again)
}

func TestMailsGoToTheServerOfOnesChoice(t *testing.T) {
	t.Parallel()
	server, err := smtpsink.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	p := playUnwatched(t, t.TempDir(), aWeek("-smtp", server.Addr())...)
	figures := p.figures(t)
	if got := figure(t, figures, "/ not ours to check"); got == 0 || got != len(server.Ledger()) {
		t.Errorf("%d mails are said to have gone there, it took %d", got, len(server.Ledger()))
	}
	if embedded := week.play(t, aWeek()...).figures(t); figure(t, figures, "/ not ours to check") != figure(t, embedded, "/ mails taken") {
		t.Error("it took other mails than the server of the process")
	}
}

func TestASQLiteFileThatHoldsASeasonIsRefused(t *testing.T) {
	p := playSeason(t, t.TempDir(), "-to", "2017-02-21", "-db", filepath.Join(season3(t).out, "district.db"))
	if p.code != exitUsage || !strings.Contains(p.errs, "holds a season already") {
		t.Errorf("exit code %d, %s", p.code, p.errs)
	}
	nothingWritten(t, p)
}

// nothingWritten checks that neither output nor anything half-written is left.
func nothingWritten(t *testing.T, p played) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(filepath.Dir(p.out), "*"))
	hidden, err2 := filepath.Glob(filepath.Join(filepath.Dir(p.out), ".season*"))
	if err != nil || err2 != nil || len(left)+len(hidden) > 0 {
		t.Errorf("left behind: %v %v", left, hidden)
	}
}

func TestTheSeedDecidesWhatPeopleDo(t *testing.T) {
	t.Parallel()
	first, other := week.play(t, aWeek()...), playUnwatched(t, t.TempDir(), aWeek("-seed", "61")...)
	if first.figures(t) == other.figures(t) {
		t.Error("another seed gives the same figures")
	}
}
