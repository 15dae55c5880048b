// Embed is a district's help desk that has its own database and takes the
// programme in: its ticket and our referral, journal entry and notices are
// written in one transaction that it began itself, and are kept or undone
// together. It needs no fx, no Redis and none of our workers; with -redis the
// workers carry the notices instead.
//
//	go run ./examples/embed                              # a SQLite file
//	go run ./examples/embed -db postgres://…             # an empty PostgreSQL database, our tables in a schema of their own
//	go run ./examples/embed -redis localhost:6379        # delivered by the workers
//	go run ./examples/embed -webhook https://…           # another system is told as well, signed with OUTREACH_WEBHOOK_SECRET
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/huongvecoso/outreach/adapters/webhook"
)

func main() {
	database := flag.String("db", "", "postgres:// URL; default: a SQLite `file` that is thrown away")
	queue := flag.String("redis", "", "`address` of a Redis for the workers; default: the desk delivers by itself")
	hook := flag.String("webhook", "", "`URL` of another system that is told what happened; default: none is")
	flag.Parse()
	if err := run(context.Background(), *database, *queue, *hook, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, database, queue, hook string, out io.Writer) error {
	if database == "" {
		folder, err := os.MkdirTemp("", "outreach-embed")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		database = filepath.Join(folder, "helpdesk.db")
	}
	d, err := open(ctx, database, out)
	if err != nil {
		return err
	}
	defer func() { _ = d.db.Close() }()
	if err := d.sys.Update(ctx, admin, enter); err != nil {
		return err
	}
	if err := d.tell(ctx, queue); err != nil { // what the office was told by being appointed
		return err
	}

	ticket, err := d.take(ctx, "lan", "Cứ mưa lớn là hẻm sau chợ ngập.")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "taken:           ", d.stand(ctx))
	if err := d.refer(ctx, ticket, "kt-ht", errChangedItsMind); err != nil {
		fmt.Fprintln(out, "refused:         ", err)
	}
	fmt.Fprintln(out, "after rollback:  ", d.stand(ctx))
	if err := d.refer(ctx, ticket, "kt-ht", nil); err != nil {
		return err
	}
	fmt.Fprintln(out, "after commit:    ", d.stand(ctx))
	if err := d.tell(ctx, queue); err != nil {
		return err
	}
	fmt.Fprintln(out, "after delivery:  ", d.stand(ctx))
	if hook == "" {
		return nil
	}
	sent, err := d.publish(ctx, hook, webhook.Secret(os.Getenv("OUTREACH_WEBHOOK_SECRET")))
	fmt.Fprintln(out, "told elsewhere:  ", sent, "events")
	return err
}

// tell delivers what is due: through the workers when there is a Redis for them.
func (d *desk) tell(ctx context.Context, queue string) error {
	if queue == "" {
		return d.carry(ctx)
	}
	client := redis.NewClient(&redis.Options{Addr: strings.TrimPrefix(queue, "redis://")})
	defer func() { _ = client.Close() }()
	return d.employ(ctx, client)
}
