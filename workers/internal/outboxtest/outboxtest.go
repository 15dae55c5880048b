// Package outboxtest fills an outbox for tests of what delivers it: people who
// can be reached, and notices to them that are due.
package outboxtest

import (
	"context"
	"fmt"
	"testing/fstest"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/store"
)

// Template is the name of the one template of [Templates].
const Template = "test.notice"

// Templates holds a text that names its recipient and its notice.
func Templates() (*notify.Templates, error) {
	own, err := notify.DefaultTemplates()
	if err != nil {
		return nil, err
	}
	ours, err := notify.ParseTemplates(fstest.MapFS{Template + ".txt": {Data: []byte("fields: label\n" +
		"--- vi sms\nHVCS: {{recipient}} xem {{label}}.\n--- vi subject\nXem {{label}}\n--- vi text\nKính gửi {{recipient}},\n\nXem {{label}}.\n" +
		"--- vi item\nXem {{label}}\n--- en sms\nSee {{label}}.\n--- en subject\nSee {{label}}\n--- en text\nSee {{label}}.\n--- en item\nSee {{label}}\n")}})
	if err != nil {
		return nil, err
	}
	return own.Override(ours), nil
}

// Person is the id of the i-th person.
func Person(i int) org.PersonID { return org.PersonID(fmt.Sprintf("CC-%05d", i)) }

// Name is the name of the i-th person. Nobody is called so.
func Name(i int) string { return fmt.Sprintf("Nguyễn Thử Nghiệm %05d", i) }

// Phone is the number of the i-th person.
func Phone(i int) string { return fmt.Sprintf("+8490%07d", i) }

// Email is the mailbox of the i-th person, in a domain that cannot exist.
func Email(i int) string { return fmt.Sprintf("cc-%05d@xuanloc.example", i) }

// People puts the first n people into the store.
func People(ctx context.Context, st store.Store, n int) error {
	return st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		for i := range n {
			err := tx.PutPerson(ctx, &org.Person{
				ID: Person(i), FullName: Name(i), Honorific: "ông/bà", Phone: Phone(i), PhoneSMS: true, Email: Email(i),
				Valid: calendar.Period{From: calendar.MustDate(2016, 1, 1)},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ID is the id of the i-th notice.
func ID(i int) notify.ID { return notify.ID(fmt.Sprintf("n-%06d", i)) }

// Notice is the i-th notice: to the i-th person, due at the given instant. What
// a test needs otherwise it changes.
func Notice(i int, channel notify.Channel, due time.Time) notify.Notice {
	due = due.UTC().Truncate(time.Microsecond)
	return notify.Notice{
		ID: ID(i), Key: fmt.Sprintf("test/%06d", i), Template: Template, Subject: event.Subject{Type: "test", ID: string(ID(i))},
		To: org.Party{Person: Person(i)}, Audience: notify.ToOfficial, Channel: channel, Class: notify.Duty,
		Priority: notify.Normal, OnUnknown: notify.Hold, Vars: map[string]string{"label": "XL-" + string(ID(i))},
		NotBefore: due, State: notify.Pending, NextAt: due, Created: due,
	}
}

// Add puts the notices into the store in one transaction.
func Add(ctx context.Context, st store.Store, notices ...notify.Notice) error {
	return st.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		for _, n := range notices {
			added, err := tx.AddNotice(ctx, &n)
			if err == nil && !added {
				err = fault.Exists("notice", n.Key)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
