package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/fx"

	"github.com/huongvecoso/outreach/workers/workersfx"
)

// serve answers the questions of whoever watches the process.
func serve(lc fx.Lifecycle, p *parts, m *metrics, log *slog.Logger) {
	listen(lc, p.config.Listen, "health and metrics", handler(p, m), log)
}

// serveReceipts takes the callbacks of providers.
func serveReceipts(lc fx.Lifecycle, p *parts, w *workersfx.Workers, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("/receipts/", w.Desk)
	listen(lc, p.config.Receipts.Listen, "receipts", mux, log)
}

// listen serves h at an address for as long as the application runs.
func listen(lc fx.Lifecycle, address, what string, h http.Handler, log *slog.Logger) {
	if address == "off" {
		return
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
			if err != nil {
				return err
			}
			log.Info("listening", "address", listener.Addr().String(), "for", what)
			go func() {
				defer close(done)
				if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
					log.Error("not served any more", "what", what, "error", err)
				}
			}()
			return nil
		},
		OnStop: func(ctx context.Context) error {
			err := server.Shutdown(ctx)
			<-done
			return err
		},
	})
}

func handler(p *parts, m *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := p.reaches(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
