package faulttest

import "sync"

// What providers do. The tables of the adapters' own tests are exhaustive about
// the outcome of each fault; here real workers have to live with them.
var providerRows = []row{
	{"F11", "SMTP answers with codes", smtpCodes},
	{"F12", "SMTP connections cut at any byte", smtpCuts},
	{"F12", "SMTP conversations end at each moment", smtpEnds},
	{"F13", "SMTP tarpit beside a healthy gateway", smtpTarpit},
	{"F14", "SMS gateway fails in every way", gatewayFaults},
	{"F14", "SMS gateway out of reach", gatewayOutOfReach},
	{"F14", "SMS gateway throttles in a storm", gatewayThrottles},
	{"F14", "SMS gateway refuses the credentials", gatewayCredentials},
	{"F14", "SMS gateway's tokens cannot be had", gatewayTokens},
	{"F14", "SMS gateway talks without end", gatewayBabbles},
}

// fickle goes wrong on the first calls for each message and then no more.
type fickle struct {
	mu    sync.Mutex
	calls map[string]int
	most  int
}

// turn is the number of this call for the message, or -1 when it is over.
func (f *fickle) turn(message string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	n := f.calls[message]
	f.calls[message]++
	if n >= f.most {
		return -1
	}
	return n
}
