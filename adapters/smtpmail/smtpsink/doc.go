// Package smtpsink is a mail server that delivers nothing. It takes what is
// sent to it, on the loopback interface, and keeps account: for tests that
// must know what a relay really accepted, and for a demonstration that must
// not reach anybody's mailbox.
//
//	sink, err := smtpsink.Start(nil)
//	if err != nil { … }
//	defer sink.Close()
//	… send mail to sink.Addr() …
//	mails, err := sink.Wait(1, time.Second)
//
// A mail is in the ledger before its sender is told so. With
// [Options.LedgerFile] it is also on disk by then, so that the count survives
// the sink's own process: a mail that was answered with 250 is in the file,
// and whatever else is there was accepted without the sender knowing.
//
// A [Script] makes the sink refuse, delay or hang up at chosen moments. What
// no proper server would do is done by a [Rogue], which speaks line by line.
package smtpsink
