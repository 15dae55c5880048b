package report

import (
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Span is how much of a year a summary covers: the rhythm in which results are
// reported upward beside the months (domain 2.4).
type Span string

// The spans of a year, each from its beginning.
const (
	FirstQuarter Span = "q1"   // báo cáo quý I
	HalfYear     Span = "h1"   // báo cáo 6 tháng đầu năm
	NineMonths   Span = "m9"   // báo cáo 9 tháng
	WholeYear    Span = "year" // báo cáo năm
)

// Spans lists every span, the shortest first.
func Spans() []Span { return []Span{FirstQuarter, HalfYear, NineMonths, WholeYear} }

// months is how many months a span has; 0 for what is no span.
func (s Span) months() int {
	switch s {
	case FirstQuarter:
		return 3
	case HalfYear:
		return 6
	case NineMonths:
		return 9
	case WholeYear:
		return 12
	}
	return 0
}

// Period is the span of a year in civil days, made of whole months of reporting:
// with a closing day of 25 the year runs from 26/12 to 25/12 (A14, policy
// Reports.CloseDay). The zero period for what is no span.
func (s Span) Period(year, closeDay int) calendar.Period {
	if s.months() == 0 {
		return calendar.Period{}
	}
	first := calendar.Month{Year: year, Month: time.January}
	last := calendar.Month{Year: year, Month: time.Month(s.months())}
	return calendar.Period{From: calendar.MonthPeriod(first, closeDay).From, To: calendar.MonthPeriod(last, closeDay).To}
}
