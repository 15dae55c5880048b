package calendar_test

import (
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// tet2017 is a calendar that knows Tết 2017 and nothing else.
func tet2017() *calendar.Calendar {
	c, err := calendar.New(calendar.Spec{
		ID: "VN-XL-2017", Version: 1,
		Coverage: calendar.Period{From: calendar.MustDate(2017, time.January, 1), To: calendar.MustDate(2017, time.December, 31)},
		Closures: []calendar.Closure{{
			From: calendar.MustDate(2017, time.January, 26), To: calendar.MustDate(2017, time.February, 1),
			Name: "Tết Nguyên đán", NameEn: "Lunar New Year", Kind: calendar.Holiday,
		}},
	})
	if err != nil {
		panic(err)
	}
	return c
}

// A unit has ten working days to answer an issue referred to it on Friday
// 20 January 2017. Tết lies between.
func ExampleCalendar_Add() {
	c := tet2017()
	due := c.Add(calendar.MustDate(2017, time.January, 20), 10)
	fmt.Println("due     ", due.Text("en"))
	fmt.Println("reminder", c.Subtract(due, 2).Text("en"))
	fmt.Println("late by ", c.Elapsed(due, calendar.MustDate(2017, time.February, 16)), "working days on 16 February")
	// Output:
	// due      Friday 10 February 2017
	// reminder Wednesday 8 February 2017
	// late by  4 working days on 16 February
}

// A deadline can be checked with a wall calendar.
func ExampleCalendar_Explain() {
	e := tet2017().Explain(calendar.MustDate(2017, time.January, 24), 2)
	fmt.Print(e.Text("vi"))
	// Output:
	// Hạn: thứ Năm, 02/02/2017. Tính 2 ngày làm việc, không kể ngày bắt đầu là thứ Ba, 24/01/2017.
	//   thứ Tư, 25/01/2017: ngày thứ 1 (ngày làm việc)
	//   thứ Năm, 26/01/2017: không tính (Tết Nguyên đán)
	//   thứ Sáu, 27/01/2017: không tính (Tết Nguyên đán)
	//   thứ Bảy, 28/01/2017: không tính (Tết Nguyên đán)
	//   Chủ nhật, 29/01/2017: không tính (Tết Nguyên đán)
	//   thứ Hai, 30/01/2017: không tính (Tết Nguyên đán)
	//   thứ Ba, 31/01/2017: không tính (Tết Nguyên đán)
	//   thứ Tư, 01/02/2017: không tính (Tết Nguyên đán)
	//   thứ Năm, 02/02/2017: ngày thứ 2 (ngày làm việc)
	// Trong 9 ngày có 2 ngày được tính, 7 ngày nghỉ theo lịch, 0 ngày nghỉ cuối tuần. Lịch VN-XL-2017, phiên bản 1.
}

func ExampleCalendar_EndOfTerm() {
	// Ten calendar days from 18 January end on the first day of the lunar
	// year; the term runs to the reopening.
	fmt.Println(tet2017().EndOfTerm(calendar.MustDate(2017, time.January, 18), 10))
	// Output: 2017-02-02
}

func ExampleCalendar_ClosureRuns() {
	c := tet2017()
	today := calendar.MustDate(2017, time.January, 25)
	for _, run := range c.ClosureRuns(today.Add(1), today.Add(1), 3) {
		fmt.Println(run.Closures[0].Name, run.Days(), "ngày, làm việc lại", run.After.Text("vi"))
	}
	// Output: Tết Nguyên đán 7 ngày, làm việc lại thứ Năm, 02/02/2017
}

func ExampleWeekdaysOnly() {
	c := calendar.WeekdaysOnly("no holidays yet")
	fmt.Println(c.Add(calendar.MustDate(2017, time.March, 3), 1))
	// Output: 2017-03-06
}

func ExampleDateOf() {
	// Eight in the evening in London is already tomorrow in Vietnam.
	t := time.Date(2017, time.May, 4, 20, 0, 0, 0, time.UTC)
	fmt.Println(calendar.DateOf(t), calendar.TimeOfDayOf(t))
	// Output: 2017-05-05 03:00
}

func ExampleDate_VN() {
	d := calendar.MustDate(2017, time.May, 5)
	fmt.Println(d.VN())
	fmt.Println(d.Long())
	fmt.Println(d.Text("vi"))
	// Output:
	// 05/5/2017
	// ngày 05 tháng 5 năm 2017
	// thứ Sáu, 05/5/2017
}

func ExampleParseDateVN() {
	d, err := calendar.ParseDateVN("5/5/2017")
	fmt.Println(d, err)
	_, err = calendar.ParseDateVN("31/4/2017")
	fmt.Println(err)
	// Output:
	// 2017-05-05 <nil>
	// calendar.date.range: There is no day 31 of month 4 in the year 2017; dates run from 01/01/0001 to 31/12/9999.
}

func ExampleMonthPeriod() {
	march := calendar.Month{Year: 2017, Month: time.March}
	fmt.Println(calendar.MonthPeriod(march, 0))
	fmt.Println(calendar.MonthPeriod(march, 25)) // the office closes its month on the 25th
	// Output:
	// 2017-03-01..2017-03-31
	// 2017-02-26..2017-03-25
}
