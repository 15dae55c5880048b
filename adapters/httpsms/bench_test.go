package httpsms_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/huongvecoso/outreach/core/notify"
)

// BenchmarkSend is one message to a gateway that answers at once, with what the
// gateway's own server costs in it.
func BenchmarkSend(b *testing.B) {
	answer := []byte(`{"code":"100","id":"gw-000001"}`)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(answer)
	}))
	b.Cleanup(gateway.Close)
	c := config(gateway.URL)
	c.MaxConns = 16
	s := newSender(b, c, nil)
	m := notice(1)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if out := send(b, s, m); out.Result != notify.ResultAccepted {
				b.Errorf("outcome %+v", out)
				return
			}
		}
	})
}
