package workersfx_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
	"github.com/huongvecoso/outreach/workers/internal/outboxtest"
	"github.com/huongvecoso/outreach/workers/redistest"
)

// What nobody outside the vault may ever hold.
const (
	saidInSecret = "đã nhận tiền của ba hộ để làm giấy"
	whoSaidIt    = "Bà Mẫu Người Tố Giác"
)

// overheard is everything that left the vault's side on the way of a notice.
type overheard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *overheard) note(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.WriteString(what + "\n")
}

// leaks are the secrets that were overheard.
func (o *overheard) leaks(secrets ...string) (found []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range secrets {
		if strings.Contains(o.text.String(), s) {
			found = append(found, s)
		}
	}
	return found
}

// eavesdropper is a provider that keeps every word it is given.
type eavesdropper struct {
	*provider
	heard *overheard
}

func (e eavesdropper) Send(ctx context.Context, m notify.Message) notify.Outcome {
	e.heard.note(fmt.Sprintf("%+v", m))
	return e.provider.Send(ctx, m)
}

// L4, model M6: of a denunciation nothing but a code travels. Queue payloads, logs
// at their loudest, and messages hold neither a word of it nor a name.
func TestOfADenunciationNothingTravelsButACode(t *testing.T) {
	noLeaks(t)
	mini := redistest.Mini(t)
	s := newStage(t, 3, mini.Addr())
	official, accused, inspector := outboxtest.Person(0), outboxtest.Person(1), outboxtest.Person(2)
	since := calendar.Period{From: calendar.MustDate(2016, 1, 1)}
	err := s.store.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for id, parent := range map[org.PlaceID]org.PlaceID{"H": "", "AP-01": "H"} {
			naming := org.Naming{Valid: since, Kind: "ap", Name: string(id), Code: string(id), Parent: parent}
			if err := tx.PutPlace(ctx, &org.Place{ID: id, Names: []org.Naming{naming}}); err != nil {
				return err
			}
		}
		for person, role := range map[org.PersonID]org.Role{official: org.Official, accused: org.Official, inspector: org.Inspector} {
			if err := tx.PutHolding(ctx, &org.Holding{ID: org.HoldingID(person), Person: person, Role: role, Place: "H", Valid: since}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	var heard overheard
	var log bytes.Buffer
	listening := func() { heard.note(mini.Dump()) } // the task is in Redis as long as its call is open
	var senders []notify.Sender
	for name, channel := range map[string]notify.Channel{"gateway": notify.SMS, "relay": notify.Email} {
		p := newProvider(name, channel)
		p.before = listening
		senders = append(senders, eavesdropper{p, &heard})
	}
	stop := s.start(quick(), senders, fx.Supply(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	err = s.sys.Update(t.Context(), org.Actor{Person: official}, func(ctx context.Context, w *core.Work) error {
		_, err := w.Sealed.Receive(ctx, sealed.Reception{Body: saidInSecret, Speaker: whoSaidIt, Place: "AP-01", Accused: []org.PersonID{accused}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sender := range senders {
		s.until("the inspector was told over "+sender.Describe().Name, sender.(eavesdropper).took(1))
	}
	s.settled()
	stop()
	heard.note(log.String())

	if got := heard.leaks("tickets", outboxtest.Email(2)); len(got) != 2 {
		t.Fatalf("only %q of the queue and the message was overheard: nothing is proven", got)
	}
	secrets := []string{saidInSecret, "ba hộ", whoSaidIt, outboxtest.Name(1), string(accused)}
	if got := heard.leaks(secrets...); len(got) > 0 {
		t.Errorf("these travelled: %q", got)
	}
	mini.Set("planted", saidInSecret)
	heard.note(mini.Dump())
	if got := heard.leaks(secrets...); len(got) == 0 {
		t.Error("a planted leak is not noticed")
	}
}
