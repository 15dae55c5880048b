package receipt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/huongvecoso/outreach/adapters/memstore"
	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/policy"
	"github.com/huongvecoso/outreach/workers/receipt"
)

// A host mounts the desk where its gateways can reach it and runs it beside its
// workers.
func Example() {
	sys, err := core.New(memstore.New(), policy.Default(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := receipt.New(sys, "host-1", []notify.Sender{&gateway{}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/receipts/", desk)
	// go desk.Run(ctx)

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("POST", "/receipts/gateway/"+secret, strings.NewReader(`{"key":"n-1","verdict":"delivered"}`)))
	fmt.Println(answer.Code, answer.Body)

	// Nobody knows the message yet: the receipt waits for it.
	matched, err := sys.MatchReceipts(context.Background(), "host-1", 100)
	fmt.Println(matched.Looked, matched.Waiting, err)
	// Output:
	// 200 0
	// 1 1 <nil>
}
