// Package webhook tells another system what happens in the programme: each
// record of the journal is posted to its address, signed, in order, again and
// again until it is taken.
//
//	feed, err := webhook.New(sys, webhook.File("/var/lib/outreach/webhook.json"), webhook.Config{
//		URL:     "https://donthu.xuanloc.example/outreach",
//		Secrets: []webhook.Secret{secret},
//	}, nil)
//	…
//	err = feed.Run(ctx) // until ctx ends
//
// # What is promised
//
// Every event arrives at least once, also after a crash of either side; the
// header webhook-id says which one it is, so that the receiver can leave out
// what it has. The events of one subject arrive in the order in which they
// happened; those of different subjects in the order in which they became
// visible. An event that is not taken holds up those behind it: a receiver
// answers 2xx to what it does not want.
//
// # What is sent
//
// The body is the JSON of an [Event]. It holds ids, dates and codes, as the
// journal does, and leaves out who acted and why they say they did: no name, no
// number, no word that anybody said. Sealed matters are in no journal. What
// residents think of an official, and the staff's own data, are sent only when
// Config.Kinds names them.
//
// The request follows the Standard Webhooks convention, for which there are
// libraries in many languages: webhook-id, webhook-timestamp, and
// webhook-signature, "v1," and the base64 of an HMAC-SHA256 over
// "id.timestamp.body". [Verify] is the receiver's side in Go.
package webhook
