package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"go.uber.org/fx/fxtest"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/workers/receipt"
	"github.com/huongvecoso/outreach/workers/workersfx"
)

// caller is a provider that calls back with an empty list.
type caller struct{}

func (caller) Describe() notify.Capabilities {
	return notify.Capabilities{Name: "esms", Channel: notify.SMS, Callback: true}
}
func (caller) Send(context.Context, notify.Message) (o notify.Outcome) { return o }
func (caller) ReadReceipts(c notify.Callback) ([]notify.Receipt, notify.Reply, error) {
	if c.Token != "bi-mat" || c.Remote != "192.0.2.7" {
		return nil, notify.Reply{Status: http.StatusNotFound}, notify.ErrForeign
	}
	return nil, notify.Reply{Status: http.StatusOK}, nil
}

func TestCallbacksAreTakenWhereTheSettingSays(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	desk, err := receipt.New((*core.System)(nil), "test", []notify.Sender{caller{}}, &receipt.Options{Forwarded: "X-Forwarded-For"})
	if err != nil {
		t.Fatal(err)
	}
	lc := fxtest.NewLifecycle(t)
	serveReceipts(lc, &parts{config: &config{Receipts: receiptConfig{Listen: address}}}, &workersfx.Workers{Desk: desk}, slog.New(slog.DiscardHandler))
	lc.RequireStart()
	defer lc.RequireStop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]int{"/receipts/esms/bi-mat": 200, "/receipts/esms/khac": 404, "/receipts/khac/bi-mat": 404, "/healthz": 404} {
		request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s%s", address, path), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "198.51.100.9, 192.0.2.7")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
}
