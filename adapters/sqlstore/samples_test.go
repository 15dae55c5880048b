package sqlstore

import (
	"fmt"
	"time"

	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
)

var noon = time.Date(2017, time.March, 1, 5, 0, 0, 0, time.UTC)

// waiting returns a notice that is due at noon.
func waiting(n int) *notify.Notice {
	id := fmt.Sprintf("%08d", n)
	return &notify.Notice{ID: notify.ID(id), Key: "visit.reminder/" + id, Template: "visit.reminder", Subject: event.Subject{Type: "visit", ID: id},
		Duty: id, Moot: "visit/" + id, To: org.Party{Role: org.Official, Person: "o"}, Audience: notify.ToOfficial, Channel: notify.SMS, Class: notify.Duty,
		Priority: notify.Normal, OnUnknown: notify.Hold, Vars: map[string]string{"place": "ấp Suối Cát"},
		NotBefore: noon, State: notify.Pending, NextAt: noon, Created: noon}
}

// record returns the first record of a subject of its own.
func record(n int) *event.Record {
	r := &event.Record{ID: fmt.Sprint("r", n), Subject: event.Subject{Type: "visit", ID: fmt.Sprint(n)}, Kind: "visit.planned",
		Actor: "system", Happened: noon, Recorded: noon, Data: []byte(`{"place": "ấp Suối Cát"}`)}
	r.Seal(event.Record{})
	return r
}

func pointers[T any](values ...*T) []*T { return values }
