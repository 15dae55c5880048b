package sqlstore

import (
	"testing"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

// beingSent is a notice as long as most are when they are being sent.
func noticeUnderway() *notify.Notice {
	const id = "0198c0de-0000-7000-8000-000000000001"
	return &notify.Notice{ID: id, Version: 3, Key: "visit.reminder/" + id + "/official", Template: "visit.reminder", Subject: event.Subject{Type: "visit", ID: id},
		Duty: id, Moot: "visit/" + id, To: org.Party{Role: org.Official, Person: id}, Audience: notify.ToOfficial, Channel: notify.Email, Class: notify.Duty,
		Priority: notify.Normal, Owner: "60731", OnUnknown: notify.Resend,
		Vars:      map[string]string{"date": "2017-03-15", "place": "ấp Suối Cát", "place_id": "p-26431", "time": "19:00", "visit": "XL-17-0001"},
		NotBefore: noon, Expires: noon.AddDate(0, 0, 2), State: notify.Sending, NextAt: noon, Generation: 1, LeaseOwner: "worker-1/7", LeaseUntil: noon.Add(time.Minute),
		Attempts: 1, Claims: 1, Person: id, Route: "smtp", Created: noon.Add(-time.Hour)}
}

func calling() *notify.Attempt {
	const id = "0198c0de-0000-7000-8000-000000000001"
	return &notify.Attempt{ID: id, Version: 1, Notice: id, Number: 1, Generation: 1, Provider: "smtp", Started: noon, Text: "visit.reminder@2",
		Body: "5f2c7a0d1b3e4f5a6b7c8d9e0f1a2b3c", Address: "0f1a2b3c4d5e6f708192a3b4c5d6e7f8"}
}

func official() *org.Person {
	return &org.Person{ID: "0198c0de-0000-7000-8000-000000000002", Version: 1, FullName: "Nguyễn Văn Mẫu", Honorific: "ông", Class: "civil_servant",
		Phone: "+84900000001", PhoneSMS: true, Email: "mau@xuanloc.example", Language: "vi", Valid: calendar.Period{From: calendar.MustDate(2017, time.January, 1)}}
}

func benchCoding[T any](b *testing.B, t *table[T], v *T) {
	state, err := encode(v, t.coding)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(t.kind+"/read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var read T
			if err := t.decode(string([]byte(state)), &read); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(t.kind+"/write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := t.row(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCoding is what one value costs on its way out of the database and into it.
func BenchmarkCoding(b *testing.B) {
	benchCoding(b, notices, noticeUnderway())
	benchCoding(b, attempts, calling())
	benchCoding(b, persons, official())
}

// BenchmarkColumns is what the parameters of a statement for 500 notices cost.
func BenchmarkColumns(b *testing.B) {
	all := make([]*notify.Notice, 500)
	for i := range all {
		all[i] = noticeUnderway()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := notices.columnArgs(all, notices.changing); err != nil {
			b.Fatal(err)
		}
	}
}
