package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/huongvecoso/outreach/core/store"
)

// Where one transaction writes at a time, whoever reads and reckons before it writes
// keeps all others waiting meanwhile. A unit of work whose writes are guarded by
// versions need not: it reads a snapshot, and waits for its turn when it has
// something to write. What it read can have changed by then, as on PostgreSQL.

// turn is a unit of work that waits with its turn to write until it needs it.
type turn struct {
	store *Store
	sqlTx *sql.Tx // the snapshot it reads, then the transaction it writes in
	came  bool
	owed  []func(ctx context.Context) error // to be done first when it comes
}

// writeLate is write for such a unit of work.
func (s *Store) writeLate(ctx context.Context, fn func(context.Context, store.Tx) error) (lost bool, err error) {
	snapshot, err := s.reads.BeginTx(ctx, &s.dialect.view)
	if err != nil {
		return conflict(err), err
	}
	tn := &turn{store: s, sqlTx: snapshot}
	defer tn.end() // also when fn panics
	tx := &tx{q: snapshot, dialect: s.dialect, names: s.names, keeps: true, turn: tn}
	defer tx.finish()
	err = fn(ctx, tx)
	if err == nil && len(tn.owed) > 0 {
		err = tx.toWrite(ctx)
	}
	if err != nil {
		return tx.lost(err), err
	}
	if !tn.came {
		return false, nil // nothing was written
	}
	return s.commit(ctx, tx, tn.sqlTx)
}

// end gives up what is not committed, and the turn.
func (tn *turn) end() {
	_ = tn.sqlTx.Rollback() // nothing happens after a commit
	if tn.came {
		tn.came = false
		tn.store.leave()
	}
}

// waits reports whether the transaction only reads so far, and its turn to write is still to come.
func (t *tx) waits() bool { return t.turn != nil && !t.turn.came }

// toWrite makes sure that the transaction can write: a unit of work that has waited
// with its turn leaves its snapshot and waits for it now. The snapshot goes first: its
// connection may be the only one.
func (t *tx) toWrite(ctx context.Context) error {
	if !t.waits() {
		return nil
	}
	tn := t.turn
	if err := tn.sqlTx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return t.failed(err)
	}
	if err := tn.store.enter(ctx); err != nil {
		return err
	}
	tn.came = true
	began, err := tn.store.db.BeginTx(ctx, &tn.store.update)
	if err != nil {
		return t.failed(err)
	}
	tn.sqlTx, t.q = began, began
	for _, owed := range tn.owed {
		if err := owed(ctx); err != nil {
			return err
		}
	}
	tn.owed = nil
	return nil
}
