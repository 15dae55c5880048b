package main

import (
	"context"

	"github.com/huongvecoso/outreach/adapters/webhook"
)

// publish tells another system what happened since it was told last, signed and in
// order, from the journal: what was rolled back is not in it. What that system
// does not take it is told the next time. Call it from a timer, or let
// webhook.Feed.Run do so.
func (d *desk) publish(ctx context.Context, url string, secret webhook.Secret) (sent int, err error) {
	cursor, err := webhook.Table(d.db, "webhook_cursor", "neighbour")
	if err != nil {
		return 0, err
	}
	feed, err := webhook.New(d.sys, cursor, webhook.Config{URL: url, Secrets: []webhook.Secret{secret}, Kinds: []string{"issue."}}, nil)
	if err != nil {
		return 0, err
	}
	return feed.Pass(ctx)
}
