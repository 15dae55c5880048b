package smssink

import (
	"net/http"
	"strconv"
	"time"
)

// Request is what a [Script] is told.
type Request struct {
	// Number counts the requests from 1.
	Number int
	// The fields of the request, before any of them was checked.
	ClientID, To, Sender, Class, Text string
}

// Fault is what a [Script] wants to go wrong. The zero value wants nothing.
type Fault struct {
	// Accepted lets the message be checked and, if nothing is wrong with it,
	// be accepted before the fault strikes. Otherwise a fault that answers or
	// drops strikes first, and the message is not accepted.
	Accepted bool
	// Delay is waited before the answer: before the message is looked at, or,
	// with Accepted, after. Closing the sink ends it early.
	Delay time.Duration
	// Drop closes the connection without an answer.
	Drop bool
	// Status, when not zero, is answered instead of 200.
	Status int
	// Code, when not empty, is answered in the body as the gateway's code.
	Code string
	// Body, when not empty, is answered instead of the JSON.
	Body string
	// Header is added to that of the answer.
	Header http.Header
	// Drip is waited after each byte of the body.
	Drip time.Duration
}

// instead tells whether the fault answers in place of the gateway.
func (f Fault) instead() bool { return f.Drop || f.Status != 0 || f.Code != "" || f.Body != "" }

// Throttled returns the fault of a gateway that has had enough: 429 with a
// Retry-After in whole seconds, and nothing accepted.
func Throttled(after time.Duration) Fault {
	seconds := strconv.Itoa(int(after.Round(time.Second) / time.Second))
	return Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {seconds}}}
}

// Script decides what goes wrong with a request. It is called from the
// goroutines of all connections at once. If it panics, the request is answered
// with 500 and Close returns the panic as an error.
type Script func(Request) Fault
