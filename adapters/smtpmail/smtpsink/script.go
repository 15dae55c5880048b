package smtpsink

import "time"

// Phase is a moment of an SMTP conversation at which a [Script] is asked.
type Phase string

// The phases in their order. The greeting and the answer to DATA itself are
// not among them: go-smtp gives both by itself. A [Rogue] can refuse there.
const (
	PhaseHello    Phase = "hello"    // EHLO or HELO was said, for the first time or after STARTTLS
	PhaseAuth     Phase = "auth"     // name and password have arrived
	PhaseMail     Phase = "mail"     // MAIL FROM
	PhaseRcpt     Phase = "rcpt"     // RCPT TO, once for each recipient
	PhaseData     Phase = "data"     // the message has arrived whole; it is not accepted yet
	PhaseAccepted Phase = "accepted" // the message is in the ledger; its sender does not know yet
)

// Event is what a [Script] is told.
type Event struct {
	Phase Phase
	// Conn numbers the connections from 1.
	Conn int
	// Hello is the name the client gave itself.
	Hello string
	// User, From, To and MessageID are known from PhaseAuth, PhaseMail,
	// PhaseRcpt and PhaseData on. At PhaseRcpt the last of To is at issue.
	User, From, MessageID string
	To                    []string
}

// Reply is what a [Script] wants done. The zero value lets the sink go on as
// usual.
type Reply struct {
	// Delay is waited first. Closing the sink ends it early.
	Delay time.Duration
	// Drop then closes the connection without a word.
	Drop bool
	// Code, when not zero, is answered instead: 400 to 599, or 250 at
	// PhaseData for a server that says yes and forgets. At PhaseAccepted the
	// mail stays accepted whatever the answer. After 421 the connection stays
	// open, which a [Rogue] does better.
	Code int
	// Enhanced is the enhanced status code, made up from Code when zero.
	Enhanced [3]int
	// Text is the rest of the answer. It may have several lines.
	Text string
}

// Script decides what happens at each phase. It is called from the goroutines
// of all connections at once. If it panics, the command is answered with 451
// and Close returns the panic as an error.
type Script func(Event) Reply
