package memstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/huongvecoso/outreach/core/store"
)

// Store keeps the programme in memory. Use New. It is safe for concurrent use.
type Store struct {
	writer chan struct{} // holds one token while a transaction that may write is open

	mu      sync.RWMutex  // guards what follows, the tables' and the journal's contents included
	commits int64         // how many there were
	open    map[int64]int // Views open, by the commit they began with
	tables  tables
	journal journal
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		writer:  make(chan struct{}, 1),
		open:    map[int64]int{},
		tables:  newTables(),
		journal: newJournal(),
	}
}

// View runs fn on the state as it is now; a write through its Tx is an error.
// It never waits for an Update.
func (s *Store) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	tx := s.tx(ctx)
	tx.reading = true
	s.open[tx.began]++
	s.mu.Unlock()

	defer func() {
		tx.over = true
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[tx.began]--; s.open[tx.began] == 0 {
			delete(s.open, tx.began)
		}
	}()
	return fn(ctx, tx)
}

// Update runs fn in a transaction, after every Update that began before it. fn
// runs once. An Update inside an Update waits for itself until ctx ends.
func (s *Store) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	tx, err := s.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // also when fn panics
	if err := fn(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Begin opens a transaction that the caller ends with Commit or Rollback, as an
// embedder does who joins the programme's work to its own. It waits while
// another one is open, at most until ctx ends.
func (s *Store) Begin(ctx context.Context) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tx(ctx), nil
}

// Tx is one transaction: a [store.Tx] with an end. It is not safe for
// concurrent use.
type Tx struct {
	ctx     context.Context
	store   *Store
	began   int64 // the last commit it sees
	reading bool  // of a View
	over    bool
	writes  []func(commit, oldest int64)
	sights
	entries
}

var _ store.Tx = (*Tx)(nil)

// tx returns a transaction over the state as it is now. The caller holds s.mu.
func (s *Store) tx(ctx context.Context) *Tx {
	tx := &Tx{ctx: ctx, store: s, began: s.commits}
	tx.sights = s.tables.look(tx)
	tx.entries = s.journal.look(tx)
	return tx
}

var (
	errReading = errors.New("memstore: a View cannot write")
	errOver    = errors.New("memstore: the transaction is over")
)

func (tx *Tx) usable() error {
	if tx.over {
		return errOver
	}
	return tx.ctx.Err()
}

func (tx *Tx) writable() error {
	if tx.reading {
		return errReading
	}
	return tx.usable()
}

// Commit keeps everything that was written, or nothing when it returns an
// error: the context has ended, or the transaction is over already.
func (tx *Tx) Commit() error {
	if err := tx.writable(); err != nil {
		tx.Rollback()
		return err
	}
	s := tx.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	oldest := s.commits
	if len(s.open) > 0 {
		oldest = slices.Min(slices.Collect(maps.Keys(s.open)))
	}
	for _, write := range tx.writes {
		write(s.commits, oldest)
	}
	tx.end()
	return nil
}

// Rollback forgets everything that was written. After Commit it does nothing.
func (tx *Tx) Rollback() {
	if !tx.over && !tx.reading {
		tx.end()
	}
}

func (tx *Tx) end() {
	tx.over = true
	<-tx.store.writer
}
