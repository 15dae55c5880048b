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
