package logsender_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/adapters/logsender"
	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/notify/notifytest"
)

// console is what a developer sees: one page a message.
type console struct {
	mu    sync.Mutex
	pages []string
	log   bytes.Buffer
}

func (c *console) Write(page []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, string(page))
	return len(page), nil
}

// logged is the log as a writer of its own.
type logged struct{ *console }

func (l logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(line)
}

func (c *console) lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Split(strings.TrimSuffix(c.log.String(), "\n"), "\n")
}

// deliveries reads the pages back.
func (c *console) deliveries() []notifytest.Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []notifytest.Delivery
	for _, page := range c.pages {
		head, text, _ := strings.Cut(page, "\n\n")
		to, subject, _ := strings.Cut(head, "\n-- ")
		_, to, _ = strings.Cut(to, " to ")
		to, _, _ = strings.Cut(to, " (")
		list = append(list, notifytest.Delivery{To: to, Subject: subject, Text: strings.TrimSuffix(text, "\n\n")})
	}
	for i, line := range strings.Split(strings.TrimSpace(c.log.String()), "\n") {
		if _, rest, ok := strings.Cut(line, " notice="); ok && i < len(list) {
			notice, rest, _ := strings.Cut(rest, " attempt=")
			attempt, _, _ := strings.Cut(rest, " ")
			list[i].ID = "log-" + notice + "-" + attempt
		}
	}
	return list
}

func TestTheSenderKeepsItsPromises(t *testing.T) {
	cannot := map[notifytest.Fault]string{}
	for _, fault := range notifytest.Faults() {
		if fault != notifytest.Healthy {
			cannot[fault] = "there is no provider that could fail"
		}
	}
	for _, channel := range []notify.Channel{notify.SMS, notify.Email} {
		t.Run(string(channel), func(t *testing.T) {
			h := notifytest.Harness{Cannot: cannot, New: func(tb testing.TB, _ notifytest.Fault) notifytest.Fixture {
				c, clock := &console{}, new(notifytest.Clock)
				s, err := logsender.New(slog.New(slog.NewTextHandler(logged{c}, nil)), channel, &logsender.Options{Show: c, Clock: clock.Now})
				if err != nil {
					tb.Fatal(err)
				}
				return notifytest.Fixture{
					Sender:     s,
					Requests:   func() int { return len(c.deliveries()) },
					Deliveries: c.deliveries,
					Log:        func() string { return strings.Join(c.lines(), "\n") },
					SetClock:   clock.Set,
				}
			}}
			if channel == notify.SMS {
				h.Arrives = func(text string) string {
					folded, _ := smstext.Prepare(text, nil)
					return folded.Text
				}
				h.TooLong = strings.Repeat("x", 256*153)
			}
			notifytest.Run(t, h)
		})
	}
}

func notice() notify.Message {
	return notify.Message{
		Notice: "0198c0de-0000-7000-8000-000000000001", Attempt: 2, Channel: notify.SMS, Class: notify.Duty, Template: "report.due",
		To: "+84900000001", ToName: "Trưởng ấp", Text: "Còn 2 ngày làm việc.", Params: map[string]string{"days": "2"},
	}
}

func TestTheLogHasTheIDsAndNothingElse(t *testing.T) {
	c := &console{}
	s, err := logsender.New(slog.New(slog.NewTextHandler(logged{c}, nil)), notify.SMS, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := notify.Outcome{Result: notify.ResultAccepted, ProviderID: "log-0198c0de-0000-7000-8000-000000000001-2", Code: "logged"}
	if out := s.Send(context.Background(), notice()); out != want {
		t.Errorf("outcome %+v, want %+v", out, want)
	}
	line := c.lines()[0]
	_, line, _ = strings.Cut(line, " ") // the time
	if want := "level=INFO msg=notice notice=0198c0de-0000-7000-8000-000000000001 attempt=2 channel=sms class=duty template=report.due parts=1"; line != want {
		t.Errorf("log line\n%s\nwant\n%s", line, want)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	_, err := logsender.New(nil, "", &logsender.Options{Text: &smstext.Options{Policy: "fold"}})
	var fields []string
	for _, v := range fault.Violations(err) {
		fields = append(fields, v.Field+" "+v.Rule)
	}
	if diff := cmp.Diff([]string{"log logsender.log", "channel logsender.channel", "policy smstext.policy"}, fields); diff != "" || !errors.Is(err, fault.ErrRule) {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestCapabilities(t *testing.T) {
	for channel, name := range map[notify.Channel]string{notify.SMS: "log.sms", notify.Email: "log.email"} {
		s, err := logsender.New(slog.Default(), channel, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Describe()
		if hasParts := got.Segments != nil; hasParts != (channel == notify.SMS) || hasParts && got.Segments("đ") != 1 {
			t.Errorf("%s: parts are counted: %t", channel, hasParts)
		}
		got.Segments = nil
		if diff := cmp.Diff(notify.Capabilities{Name: name, Channel: channel, Timeout: time.Second, Parallel: 1}, got); diff != "" {
			t.Errorf("capabilities (-want +got):\n%s", diff)
		}
	}
}

func ExampleNew() {
	sender, err := logsender.New(slog.New(slog.DiscardHandler), notify.SMS, &logsender.Options{Show: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	out := sender.Send(context.Background(), notify.Message{
		Notice:  "0198c0de-0000-7000-8000-000000000001",
		Attempt: 1,
		Channel: notify.SMS,
		To:      "+84900000001",
		ToName:  "Trưởng ấp Suối Cát 1",
		Text:    "HVCS: ý kiến XL-17-0142 còn 2 ngày làm việc.",
	})
	fmt.Println(out.Result)
	// Output:
	// -- sms to +84900000001 (Trưởng ấp Suối Cát 1)
	//
	// HVCS: y kien XL-17-0142 con 2 ngay lam viec.
	//
	// accepted
}
