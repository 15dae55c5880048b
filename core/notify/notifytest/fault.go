package notifytest

import (
	"strings"
	"time"
)

// Fault is how a fake provider misbehaves. A harness produces each of them,
// or says in [Harness.Cannot] why its kind of provider never does.
type Fault string

// Healthy: the provider takes every message and answers with an id of its own.
const Healthy Fault = "healthy"

// The provider cannot be reached, or is lost before it can have the message.
const (
	Refused     Fault = "connection refused"      // nothing listens at its address
	NoHost      Fault = "host not found"          // its name does not resolve
	BadTLS      Fault = "certificate not trusted" // its certificate is by nobody known
	CutBefore   Fault = "cut before taking"       // it hangs up before the message was sent to it
	StallBefore Fault = "stall before taking"     // it keeps silent before the message was sent to it
)

// The provider has the whole message and gives no answer.
const (
	CutAfter   Fault = "cut after taking"       // it hangs up
	StallAfter Fault = "stall after taking"     // it keeps silent
	StallOnce  Fault = "stall once"             // it keeps silent on the first message, and is healthy from then on
	Drip       Fault = "answer byte by byte"    // it starts an answer that never ends
	Huge       Fault = "answer of 10 MiB"       // it answers far more than any answer needs; a fake in the sender's own package has it ready before, since memory is measured
	Truncated  Fault = "answer cut off"         // it hangs up in the middle of its answer
	Empty      Fault = "empty answer"           // nothing where its answer should be
	Page       Fault = "answer is a web page"   // a proxy or a maintenance page speaks in its place
	Garbage    Fault = "answer is noise"        // bytes that follow no grammar
	WrongTypes Fault = "answer of wrong types"  // the right grammar with the wrong things in it
	Undefined  Fault = "answer of unknown code" // a code its documentation does not have
)

// The provider has the message and answers.
const (
	Throttled      Fault = "too fast"                      // come again after [ThrottleDelay]
	ThrottledUntil Fault = "too fast, until a date"        // the same, as the HTTP date when to come again
	ThrottledOwn   Fault = "too fast, in words of its own" // the same, in a header or field that only this provider has
	Duplicate      Fault = "duplicate key"                 // it had a message with this key before
)

// A provider of tokens, with [Harness.Tokens].
const (
	TokenDown    Fault = "no tokens to be had"     // where tokens are given, nobody answers
	TokenUseless Fault = "tokens are not honoured" // every token it gives is refused when it is used
)

// ThrottleDelay is what the provider asks for under [Throttled] and its like.
const ThrottleDelay = 7 * time.Second

// answered prefixes the faults that [Answers] makes.
const answered = "answers "

// Answers is the provider that answers every message with one of the codes of
// its documentation.
func Answers(code string) Fault { return Fault(answered + code) }

// Code returns the code of a fault made by [Answers], else "".
func (f Fault) Code() string {
	code, ok := strings.CutPrefix(string(f), answered)
	if !ok {
		return ""
	}
	return code
}

// Timeout is the time limit that a harness gives to a sender under this
// fault: short for a provider that never answers, ample otherwise.
func (f Fault) Timeout() time.Duration {
	if f.silent() {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// silent reports whether a Send under this fault waits for what never comes.
func (f Fault) silent() bool {
	switch f {
	case StallBefore, StallAfter, StallOnce, Drip:
		return true
	}
	return false
}

// Faults lists every fault that has a name of its own, so that a harness can
// say of all of them why its provider cannot show them.
func Faults() []Fault {
	return []Fault{Healthy, Refused, NoHost, BadTLS, CutBefore, StallBefore,
		CutAfter, StallAfter, StallOnce, Drip, Huge, Truncated, Empty, Page, Garbage, WrongTypes, Undefined,
		Throttled, ThrottledUntil, ThrottledOwn, Duplicate, TokenDown, TokenUseless}
}
