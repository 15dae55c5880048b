// Package smtpmail sends notices as mail through one SMTP relay. [Sender] is
// a [notify.Sender]; everything is decided by one question: where in the
// conversation did it go wrong?
//
//	phase      server says 4xx       server says 5xx              connection lost, time over
//	connect    not sent              misconfigured                not sent
//	login      not sent              misconfigured                not sent
//	MAIL       transient             misconfigured, or permanent  not sent
//	                                 when it is about the size
//	RCPT       transient             permanent                    not sent
//	DATA       transient             permanent                    not sent
//	body                                                          not sent
//	answer     transient             permanent                    unknown
//
// 421 is transient in every phase but the first two. 530, 534, 535 and 538
// ask for a login and are misconfigured everywhere, and so is a refusal to
// relay. A permanent refusal whose enhanced code speaks of the mailbox itself
// (5.1.1 and its kin) also asks to suppress the address; a bare 550 does not,
// since many servers say it of a message they dislike.
//
// Only the final dot hands a message over. It is written after the whole mail
// was rendered in memory, and when any byte before it cannot be written the
// connection is closed without it, so that no server ever takes half a mail.
// A dot that went out without an answer is unknown, and nothing else is.
//
// Where the relay offers PIPELINING, commands are written without waiting for
// the answers before, and with CHUNKING a mail is one round trip; with
// [Config.Window] several mails share a connection. The table holds for each of
// them by itself, with one difference: with CHUNKING the mail has gone out
// before its envelope is accepted, so a connection that breaks before any
// answer leaves it unknown. Relays that offer no PIPELINING are spoken to
// command by command, one mail on a connection at a time.
//
// What comes back is read by [Config.ReadReport]: delivery reports, and bounces
// that name the attempt in their address.
//
// Connections are kept and used again. One that was closed by the server
// while it lay idle shows that only when it is used, before the server has
// accepted MAIL; then Send opens a fresh connection and goes on, once. Nothing
// can have been handed over at that moment, so this is not a second attempt.
package smtpmail
