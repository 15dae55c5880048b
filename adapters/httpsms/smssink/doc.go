// Package smssink is an SMS gateway that sends nothing. It takes what is sent
// to it over HTTP, on the loopback interface, and keeps account: for tests
// that must know what a gateway really accepted, and for a demonstration that
// must not reach anybody's phone.
//
//	POST /sms  {"to":"0912345678","text":"…","sender":"XUANLOC","client_id":"42","class":"DH"}
//	200        {"code":"100","id":"sms-000001"}
//
// The same fields may come as a form. As with the gateways it stands in for,
// the HTTP status says only that the request was understood; the code in the
// body says what became of the message:
//
//	99   the request cannot be read (HTTP 400)
//	100  accepted
//	101  wrong credentials (HTTP 401)
//	104  the sender name is not registered
//	108  the number is not that of a mobile phone in Viet Nam
//	124  a message with this client_id was accepted before; nothing was sent
//	     and the id is that of the first
//	146  the text is empty or holds a character the gateway refuses
//
// A message is in the ledger before its sender is told so. With
// [Options.LedgerFile] it is also on disk by then, so that the count, and the
// memory of client ids, survive the sink's own process. A [Script] makes the
// sink refuse, delay, hang up or talk nonsense at chosen moments.
package smssink
