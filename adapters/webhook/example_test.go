package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/webhook"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

// Both sides: the programme tells what happens, another system checks the
// signature and reads.
func Example() {
	const secret = webhook.Secret("whsec_bW90IGtob2EgY2hpIGR1bmcgdHJvbmcgdmkgZHU=")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = webhook.Verify(secret, r.Header, body, time.Now())
		}
		var e webhook.Event
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if err != nil {
			http.Error(w, "not for us", http.StatusUnauthorized)
			return
		}
		fmt.Println(e.Kind, e.Subject, e.Seq)
	}))
	defer other.Close()

	ctx := context.Background()
	folder, err := os.MkdirTemp("", "outreach")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	sys, err := core.New(memstore.New(), policy.Default(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	feed, err := webhook.New(sys, webhook.File(filepath.Join(folder, "cursor")), webhook.Config{URL: other.URL, Secrets: []webhook.Secret{secret}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sys.Update(ctx, org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Create(ctx, programme.State{
			ID: "hvcs", Code: "HVCS-2017", Name: "Hướng về cơ sở",
			Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)},
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
		})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, err := feed.Pass(ctx) // or feed.Run(ctx), for good
	fmt.Println(sent, err)
	// Output:
	// programme.founded programme/hvcs 1
	// 1 <nil>
}
