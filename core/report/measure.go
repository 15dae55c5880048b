package report

// Measure is one figure of a report that is a share of a whole, under a stable
// name: for summaries, corrections and the way down to what stands behind it.
type Measure struct {
	Name  string
	Title Text
	Of    func(Figures) Share
	// Settled says that the figure follows from facts of the period alone. The
	// others go on changing, as when an answer of May is told in June, and such
	// a change is no correction.
	Settled bool
}

// The names of the measures.
const (
	Claimed       = "claimed"
	Verified      = "verified"
	Complete      = "complete"
	ReportsOnTime = "reports_on_time"
	UnitsOnTime   = "units_on_time"
	Feedback      = "feedback"
	Replied       = "replied"
	Satisfied     = "satisfied"
)

// Measures lists every share that figures hold, in the order of a report (EX-28).
func Measures() []Measure {
	return []Measure{
		{Claimed, Text{"Buổi theo báo cáo của công chức", "Visits claimed"}, func(f Figures) Share { return f.Claimed }, true},
		{Verified, Text{"Buổi được cơ sở xác nhận", "Visits verified"}, func(f Figures) Share { return f.Verified }, true},
		{Complete, Text{"Ấp đủ chỉ tiêu", "Hamlets complete"}, func(f Figures) Share { return f.Complete }, true},
		{ReportsOnTime, Text{"Báo cáo buổi đúng hạn", "Reports on time"}, func(f Figures) Share { return f.Visits.OnTime }, true},
		{UnitsOnTime, Text{"Đơn vị trả lời đúng hạn", "Units on time"}, func(f Figures) Share { return f.Units }, false},
		{Feedback, Text{"Đã phản hồi cho dân", "Answers told to the people"}, func(f Figures) Share { return f.Feedback }, false},
		{Replied, Text{"Người dân có cho ý kiến", "Response rate"}, func(f Figures) Share { return f.Replied }, false},
		{Satisfied, Text{"Hài lòng, trong số có ý kiến", "Satisfied, of those who replied"}, func(f Figures) Share { return f.Satisfied }, false},
	}
}

// Change is one measure of a locked period as it was locked and as it is now.
type Change struct {
	Measure string `json:"measure"`
	Was     Share  `json:"was"`
	Now     Share  `json:"now"`
}

// Changes compares what was locked with what the facts show now, measure by
// measure, as far as the period alone decides it. Nil when nothing changed.
func Changes(was, now Figures) []Change {
	var all []Change
	for _, m := range Measures() {
		if m.Settled && m.Of(was) != m.Of(now) {
			all = append(all, Change{m.Name, m.Of(was), m.Of(now)})
		}
	}
	return all
}
