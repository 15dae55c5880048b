package smssink_test

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/huongvecoso/outreach/adapters/httpsms/smssink"
)

func Example() {
	sink, err := smssink.Start(&smssink.Options{Senders: []string{"XUANLOC"}, Strict: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()

	for range 2 { // the second is a repeat, which the gateway does not send
		response, err := http.PostForm(sink.URL(), url.Values{
			"to": {"0900000001"}, "text": {"HVCS: 19h00 thu Sau 12/05, d/c du sinh hoat tai ap Suoi Cat 1"},
			"sender": {"XUANLOC"}, "client_id": {"n.1"}, "class": {"DH"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
	}
	for _, m := range sink.Ledger() {
		fmt.Println(m.ID, m.ClientID, m.Segments.Parts, m.Text)
	}
	fmt.Println(sink.Repeats(), "repeat")
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// sms-000001 n.1 1 HVCS: 19h00 thu Sau 12/05, d/c du sinh hoat tai ap Suoi Cat 1
	// 1 repeat
}
