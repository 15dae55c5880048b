package webhookfx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/adapters/webhook"
	"github.com/huongvecoso/outreach/adapters/webhook/webhookfx"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/core/programme"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func system(t *testing.T) *core.System {
	t.Helper()
	sys, err := core.New(memstore.New(), policy.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

func TestTheFeedRunsAsLongAsTheApplication(t *testing.T) {
	sys := system(t)
	taken := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { taken <- r.Header.Get(webhook.HeaderID) }))
	t.Cleanup(other.Close)
	app := fxtest.New(t,
		fx.Supply(sys, webhook.Config{URL: other.URL, Secrets: []webhook.Secret{"whsec_bW90IGtob2EgY2hpIGR1bmcgdHJvbmcgdmkgZHU="}, Every: time.Millisecond}),
		fx.Provide(func() webhook.Cursor { return webhook.File(filepath.Join(t.TempDir(), "cursor")) }),
		webhookfx.Module,
	)
	app.RequireStart()
	err := sys.Update(t.Context(), org.System(), func(ctx context.Context, w *core.Work) error {
		_, err := w.Programme.Create(ctx, programme.State{
			ID: "hvcs", Code: "HVCS-2017", Name: "Hướng về cơ sở",
			Valid: calendar.Period{From: calendar.MustDate(2017, 1, 1), To: calendar.MustDate(2017, 12, 31)},
			Basis: programme.Basis{Number: "60", Symbol: "KH-UBND", Issuer: "UBND huyện", Title: "Hướng về cơ sở"},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-taken:
	case <-time.After(30 * time.Second):
		t.Error("nothing arrives")
	}
	app.RequireStop()
}

func TestAWrongConfigurationStopsTheApplicationFromStarting(t *testing.T) {
	app := fx.New(fx.NopLogger, fx.Supply(system(t), webhook.Config{}), fx.Provide(func() webhook.Cursor { return webhook.File("x") }), webhookfx.Module)
	if err := app.Err(); err == nil || !strings.Contains(err.Error(), "webhook.config.url") {
		t.Errorf("Err() = %v, want the address in it", err)
	}
}
