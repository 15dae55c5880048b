// Package httpsms sends notices as SMS through a gateway that is spoken to
// over HTTP. The gateways of Viet Nam differ in the names of their fields and
// in the codes of their answers, not in kind, so one [Sender] serves them all
// and a [Config] says what is different. [Generic] is a configuration for a
// gateway of one's own; [ParseConfig] reads one from JSON:
//
//	{
//	  "name": "tram-sms",
//	  "url": "https://sms.xuanloc.example/send",
//	  "secrets": {"key": "…"},
//	  "auth": {"kind": "header", "header": "X-Api-Key", "token": "…"},
//	  "body": {
//	    "kind": "json",
//	    "fields": {
//	      "Phone":      {"value": "{{to}}", "filter": "phone84"},
//	      "Content":    {"value": "{{text}}"},
//	      "Brandname":  {"value": "{{sender}}"},
//	      "RequestId":  {"value": "{{client_id}}"},
//	      "IsUnicode":  {"value": "{{unicode}}", "type": "number"},
//	      "list.0.key": {"value": "{{secret.key}}"}
//	    }
//	  },
//	  "sender": "XUANLOC",
//	  "answer": {
//	    "code": "CodeResult",
//	    "id": "SMSID",
//	    "codes": {"100": "accepted", "124": "duplicate", "103": "misconfigured"}
//	  },
//	  "idempotent": true,
//	  "window": "1h"
//	}
//
// [Preset] has the configurations of gateways that are used in Viet Nam: esms,
// speedsms, vietguys, fpt, viettel (SOAP), stringee and zalo-zns, which sends
// registered messages. A file names one and changes what its contract has
// otherwise:
//
//	{"preset": "esms", "sender": "XUANLOC", "secrets": {"api_key": "…", "secret_key": "…"},
//	 "callback": {"token": "…", "allow": ["203.0.113.0/24"]}}
//
// testdata/conformance.md says what each of them was shown to keep.
//
// A gateway proves who is calling it by a fixed key, by HTTP basic authentication,
// by a token that is fetched ([OAuth2]) or whose refresh token works once
// ([Rotating]), or by one that is signed ([JWT]). A token that turns out to be
// worthless is replaced once, by whoever finds out, and the message, which the
// gateway has refused, goes out with the new one in the same Send.
//
// What became of a message is told by callbacks ([Callback]) or when the gateway
// is asked ([StatusQuery]).
//
// What an answer means is decided in this order:
//
//	no connection, no TLS                    not sent
//	connection lost or time over after that  unknown
//	HTTP 429                                 throttled
//	a documented code in the answer          its class
//	any other code, or none, under HTTP 2xx  unknown: 200 alone never means accepted
//	any other HTTP status                    Answer.Statuses, else the table in status.go
//
// A connection counts as handed over as soon as the HTTP transport has it,
// since nobody can say which of the bytes that follow a gateway acts upon.
// Redirects are not followed and nothing is sent twice, not even by the
// transport, which likes to repeat what it takes for harmless.
package httpsms
