package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/visit"
)

// summary is what a season came to. Its figures depend on the input and the seed
// alone; took does not belong to them.
type summary struct {
	visits   map[visit.Status]int
	opinions map[opinion.Kind]int
	issues   map[issue.Status]int
	months   []month
	notices  map[string]map[outcome]int // by template
	account  account
	refused  map[string]int
	sealed   string // how far the case has come that the receipt belongs to
	records  int64
	breaks   int
	killed   int // times the workers were killed

	took  time.Duration // these two are real time, and no figures of the season
	watch stopwatch
}

// month is one month's figures, and whether they are locked.
type month struct {
	calendar.Month
	report.Figures
	status report.Status
}

// sum looks at everything once more.
func (s *season) sum(ctx context.Context) (summary, error) {
	sum := summary{
		visits: make(map[visit.Status]int), opinions: make(map[opinion.Kind]int), issues: make(map[issue.Status]int),
		notices: make(map[string]map[outcome]int), refused: s.refused, watch: s.took,
	}
	err := s.see(ctx, func(ctx context.Context, w *core.Work) error {
		return errors.Join(sum.count(ctx, w), s.sumMonths(ctx, w, &sum))
	})
	if err != nil {
		return sum, err
	}
	if s.world.crew != nil {
		sum.killed = s.world.crew.killed
	}
	books, err := s.books(ctx)
	if err != nil {
		return sum, err
	}
	for _, n := range books.notices {
		if sum.notices[n.Template] == nil {
			sum.notices[n.Template] = make(map[outcome]int)
		}
		sum.notices[n.Template][outcomeOf(n)]++
	}
	sum.account = reckon(books)
	return sum, s.world.sys.View(ctx, org.Actor{Person: s.cast.auditor}, func(ctx context.Context, w *core.Work) error {
		verified, err := w.Journal.Verify(ctx)
		sum.records, sum.breaks = verified.Records, len(verified.Breaks)
		if err != nil || s.mind.receipt == "" {
			return err
		}
		progress, err := w.Sealed.Status(ctx, s.mind.receipt)
		sum.sealed = string(progress.Status)
		return err
	})
}

func (sum *summary) count(ctx context.Context, w *core.Work) error {
	visits, err := w.Visits.List(ctx, visit.Query{})
	for _, v := range visits {
		sum.visits[v.Status]++
	}
	opinions, err2 := w.Opinions.List(ctx, opinion.Query{})
	for _, o := range opinions {
		sum.opinions[o.Kind]++
	}
	issues, err3 := w.Issues.List(ctx, issue.Query{})
	for _, i := range issues {
		sum.issues[i.Status]++
	}
	return errors.Join(err, err2, err3)
}

func (s *season) sumMonths(ctx context.Context, w *core.Work, sum *summary) error {
	for m := calendar.MonthOf(s.cfg.from); !m.First().After(s.cfg.to); m = m.Next() {
		figures, state, err := w.Reports.Month(ctx, m)
		if err != nil {
			return err
		}
		sum.months = append(sum.months, month{m, figures, state.Status})
	}
	return nil
}

// verdict is an error when something was lost or sent twice, or the journal
// does not hold.
func (sum summary) verdict() error {
	a := sum.account
	var faults []error
	if len(a.lost) > 0 {
		faults = append(faults, fmt.Errorf("%d notices lost, the first: %s", len(a.lost), a.lost[0]))
	}
	if len(a.double) > 0 && sum.killed == 0 { // a killed call whose notice must not be lost may go out again
		faults = append(faults, fmt.Errorf("%d messages sent twice, the first: %s", len(a.double), a.double[0]))
	}
	if a.doubt > 0 && sum.killed == 0 {
		faults = append(faults, fmt.Errorf("%d messages in doubt, and no worker died", a.doubt))
	}
	if len(a.strange) > 0 {
		faults = append(faults, fmt.Errorf("%d messages that no notice accounts for, the first: %s", len(a.strange), a.strange[0]))
	}
	if sum.breaks > 0 {
		faults = append(faults, fmt.Errorf("the journal is broken in %d places", sum.breaks))
	}
	return errors.Join(faults...)
}

// figures are the summary as text, without how long it took.
func (sum summary) figures() string {
	var b strings.Builder
	sum.tables(&b)
	return b.String()
}

func (sum summary) print(w io.Writer) {
	fmt.Fprintln(w)
	sum.tables(w)
	fmt.Fprintf(w, "\n%s mốc thời gian / instants, %.1f s: việc của người / people %.1f · việc của hệ thống / sweeps %.1f · gửi %s lượt / %s deliveries %.1f\n",
		number(sum.watch.instants), sum.took.Seconds(), sum.watch.people.Seconds(), sum.watch.sweep.Seconds(), number(sum.watch.drained), number(sum.watch.drained), sum.watch.delivery.Seconds())
}

func (sum summary) tables(w io.Writer) {
	sum.visitTable(w)
	sum.opinionTable(w)
	sum.issueTable(w)
	sum.shareTable(w)
	sum.noticeTable(w)
	sum.accountTable(w)
}

// table writes rows of cells in columns.
func table(w io.Writer, title string, rows ...[]string) {
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, "  "+strings.Join(r, "\t"))
	}
	t.Flush() // the writer below reports
}

func cells(first string, numbers ...int) []string {
	r := []string{first}
	for _, n := range numbers {
		r = append(r, number(n))
	}
	return r
}

// number writes a count the Vietnamese way: 55.821.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}

// share writes a part of a whole; a share of nothing has no percentage.
func share(s report.Share) string {
	if s.Of == 0 {
		return "0/0"
	}
	return fmt.Sprintf("%d/%d (%s%%)", s.Part, s.Of, strings.Replace(fmt.Sprintf("%.1f", s.Percent()), ".", ",", 1))
}

func (sum summary) visitTable(w io.Writer) {
	v := sum.visits
	planned := 0
	for _, n := range v {
		planned += n
	}
	held := v[visit.Held] + v[visit.Reported] + v[visit.Verified] + v[visit.Unconfirmed] + v[visit.Disputed]
	table(w, "BUỔI / VISITS",
		cells("Đã lên lịch / planned", planned),
		cells("Đã tổ chức / held", held),
		cells("  được xác nhận / verified", v[visit.Verified]),
		cells("  chưa xác nhận / unconfirmed", v[visit.Unconfirmed]+v[visit.Reported]),
		cells("  chưa báo cáo / not reported", v[visit.Held]),
		cells("  ý kiến trái nhau / disputed", v[visit.Disputed]),
		cells("Không được công nhận / refused", v[visit.Refused]),
		cells("Vắng / missed", v[visit.Missed]),
		cells("Đã hủy / cancelled", v[visit.Cancelled]),
		cells("Chưa đến ngày / ahead", v[visit.Planned]+v[visit.AtRisk]))
}

func (sum summary) opinionTable(w io.Writer) {
	names := map[opinion.Kind]string{
		opinion.Report: "Phản ánh", opinion.Petition: "Kiến nghị", opinion.Question: "Thắc mắc", opinion.Suggestion: "Góp ý", opinion.Feeling: "Tâm tư",
		opinion.Wish: "Nguyện vọng", opinion.Complaint: "Khiếu nại (hướng dẫn)", opinion.Unclassified: "Chưa phân loại",
	}
	var rows [][]string
	total := 0
	for _, k := range opinion.Kinds() {
		if n := sum.opinions[k]; n > 0 {
			rows = append(rows, cells(names[k]+" / "+string(k), n))
			total += n
		}
	}
	rows = append(rows, cells("Cộng / total", total))
	table(w, "Ý KIẾN / OPINIONS", rows...)
	if sum.sealed != "" {
		fmt.Fprintf(w, "  (nội dung mật không nằm trong bảng; theo giấy biên nhận: %s / sealed matters are not counted here; by its receipt: %s)\n", sum.sealed, sum.sealed)
	}
}

func (sum summary) issueTable(w io.Writer) {
	names := map[issue.Status]string{
		issue.Registered: "Mới ghi nhận", issue.Triaged: "Đã phân loại", issue.Referred: "Đã chuyển đơn vị", issue.Arbitration: "Đang phân xử thẩm quyền",
		issue.OnHold: "Tạm dừng", issue.AnswerDrafted: "Đã dự thảo trả lời", issue.FeedbackDue: "Chờ phản hồi cho dân", issue.FeedbackGiven: "Đã phản hồi, chờ ý kiến dân",
		issue.Appealed: "Đang xem xét lại", issue.Closed: "Đã kết thúc", issue.ClosedFinal: "Kết thúc theo quyết định", issue.Linked: "Gộp với vấn đề khác",
	}
	var rows [][]string
	total := 0
	for _, k := range []issue.Status{
		issue.Registered, issue.Triaged, issue.Arbitration, issue.Referred, issue.OnHold, issue.AnswerDrafted, issue.FeedbackDue,
		issue.FeedbackGiven, issue.Appealed, issue.Closed, issue.ClosedFinal, issue.Linked,
	} {
		if n := sum.issues[k]; n > 0 {
			rows = append(rows, cells(names[k]+" / "+string(k), n))
			total += n
		}
	}
	table(w, "VẤN ĐỀ / ISSUES", append(rows, cells("Cộng / total", total))...)
}

func (sum summary) shareTable(w io.Writer) {
	rows := [][]string{
		{"Tháng", "Buổi được xác nhận", "Báo cáo đúng hạn", "Đơn vị trả lời đúng hạn", "Đã phản hồi", "Hài lòng", "Báo cáo tháng"},
		{"month", "verified", "reports on time", "units on time", "told", "satisfied", "report"},
	}
	for _, m := range sum.months {
		rows = append(rows, []string{
			m.Month.String(), share(m.Verified), share(m.Visits.OnTime), share(m.Units), share(m.Feedback), share(m.Satisfied), string(m.status),
		})
	}
	table(w, "ĐÚNG HẠN / ON TIME", rows...)
}

// outcome is what became of a notice, as the summary tells it: a column.
type outcome int

const (
	alone outcome = iota
	digest
	kept
	rerouted
	rejected
	dropped
	expired
	barred
	unsure
	aheadOf
	outcomes
)

func outcomeOf(n notify.Notice) outcome {
	switch n.State {
	case notify.Accepted, notify.Delivered, notify.Undelivered, notify.Merged:
		switch {
		case n.MergedInto != "":
			return digest
		case n.Channel == notify.SMS || n.Channel == notify.Email:
			return alone
		}
		return kept
	case notify.Failed, notify.Dead:
		if n.Attempts > 0 {
			return rejected
		}
		return rerouted // no address: it went another way, as another notice
	case notify.Cancelled:
		return dropped
	case notify.Expired:
		return expired
	case notify.Suppressed:
		return barred
	case notify.Uncertain, notify.Unknown:
		return unsure
	}
	return aheadOf
}

func (sum summary) noticeTable(w io.Writer) {
	rows := [][]string{
		{"Loại", "gửi riêng", "trong bản gộp", "giữ lại, giấy", "đi đường khác", "bị từ chối", "hủy", "hết lúc", "chặn", "không rõ", "chờ"},
		{"kind", "sent", "in a digest", "kept, paper", "rerouted", "rejected", "cancelled", "expired", "barred", "unsure", "ahead"},
	}
	total := make([]int, outcomes)
	for _, k := range sorted(sum.notices) {
		counts := make([]int, outcomes)
		for o, n := range sum.notices[k] {
			counts[o] = n
			total[o] += n
		}
		rows = append(rows, cells(k, counts...))
	}
	table(w, "THÔNG BÁO / NOTICES", append(rows, cells("Cộng / total", total...))...)
}

func (sum summary) accountTable(w io.Writer) {
	a := sum.account
	table(w, "ĐỐI CHIẾU VỚI SỔ CỦA MÁY NHẬN / AGAINST THE LEDGERS OF THE RECEIVING SERVERS",
		cells("Thư đã nhận / mails taken", a.mails),
		append(cells("Tin nhắn đã nhận / SMS taken", a.texts), fmt.Sprintf("(%s phần / segments)", number(a.segments))),
		cells("Thông báo đã gửi theo hệ thống / sent, says the programme", a.sent),
		cells("Mất / lost", len(a.lost)),
		cells("Trùng / duplicate", len(a.double)),
		cells("Không rõ nguồn / unaccounted", len(a.strange)),
		cells("Không đối chiếu được / not ours to check", a.unchecked))
	if sum.killed > 0 {
		fmt.Fprintf(w, "  Tiến trình gửi bị ngắt / workers killed: %d lần / times, chưa rõ kết quả / in doubt and listed: %d\n", sum.killed, a.doubt)
	}
	fmt.Fprintf(w, "  Nhật ký / journal: %s bản ghi / records, %d chỗ đứt / breaks\n", number(int(sum.records)), sum.breaks)
	if len(sum.refused) > 0 {
		var all []string
		for _, rule := range sorted(sum.refused) {
			all = append(all, fmt.Sprintf("%s %d", rule, sum.refused[rule]))
		}
		fmt.Fprintf(w, "  Bị quy định từ chối / refused by rule: %s\n", strings.Join(all, ", "))
	}
}
