package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/store"
)

// Options adjust a store. Nil means all defaults.
type Options struct {
	// TablePrefix begins the name of every table. Default "outreach_". Small
	// letters, digits and underscores.
	TablePrefix string
	// Schema is the PostgreSQL schema of the tables. Default: the search path
	// of the connection decides. Small letters, digits and underscores.
	Schema string
	// Retries is how often an Update is run again after it lost against another
	// transaction. Default 5; a negative number means never.
	Retries int
	// ReadDB, if not nil, serves the Views: for SQLite a handle opened with
	// SQLiteReadDSN, so that readers do not take connections from the writer.
	// It has to be the same database as the writer's.
	ReadDB *sql.DB
	// Isolation of Updates on PostgreSQL. Default: READ COMMITTED, see the
	// package comment. On SQLite an Update is always serializable.
	Isolation sql.IsolationLevel
}

const (
	defaultPrefix  = "outreach_"
	defaultRetries = 5
)

// Store is a [store.Store] over a *sql.DB. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	reads   *sql.DB
	dialect *dialect
	names   names
	update  sql.TxOptions
	retries int
	writer  chan struct{} // holds one token while an Update runs; nil where they run side by side
}

var _ store.Store = (*Store)(nil)

// Open returns the store in db, which stays the caller's to close. It does not
// look into the database: the tables are made by Migrate, or by whoever applies
// the files of Migrations.
func Open(db *sql.DB, d Dialect, opts *Options) (*Store, error) {
	differences, names, err := resolve(d, opts)
	if err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{db: db, reads: db, dialect: differences, names: names, update: differences.update, retries: opts.Retries}
	if opts.ReadDB != nil {
		s.reads = opts.ReadDB
	}
	if s.retries == 0 {
		s.retries = defaultRetries
	}
	if differences.serial {
		s.writer = make(chan struct{}, 1)
	} else {
		s.update.Isolation = opts.Isolation
	}
	return s, nil
}

func resolve(d Dialect, opts *Options) (*dialect, names, error) {
	differences, err := d.differences()
	if err != nil {
		return nil, names{}, err
	}
	n, err := newNames(d, opts)
	return differences, n, err
}

// names turns the default names of tables into those of a database.
type names struct{ schema, prefix string }

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,30}$`)

func newNames(d Dialect, opts *Options) (names, error) {
	n := names{prefix: defaultPrefix}
	if opts == nil {
		return n, nil
	}
	if opts.TablePrefix != "" {
		n.prefix = opts.TablePrefix
	}
	n.schema = opts.Schema
	if !identifier.MatchString(n.prefix) {
		return n, fmt.Errorf("sqlstore: table prefix %q: want small letters, digits and underscores, 31 at most", n.prefix)
	}
	if n.schema != "" && (d != Postgres || !identifier.MatchString(n.schema)) {
		return n, fmt.Errorf("sqlstore: schema %q: want small letters, digits and underscores, 31 at most, on PostgreSQL only", n.schema)
	}
	return n, nil
}

// qualifier is what stands before the bare name of a table.
func (n names) qualifier() string {
	if n.schema == "" {
		return n.prefix
	}
	return `"` + n.schema + `".` + n.prefix
}

// in writes a statement for this database.
func (n names) in(statement string) string {
	if n.schema == "" && n.prefix == defaultPrefix {
		return statement
	}
	return strings.ReplaceAll(statement, defaultPrefix, n.qualifier())
}

// Querier runs statements in a transaction: *sql.Tx, or a *sql.Conn on which
// the caller began one. (A *sql.DB would commit every statement by itself.)
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Join returns the programme's view of a transaction that the caller began and
// will finish: nothing is committed, rolled back or run again here. Opts must
// be those of the store; of them TablePrefix and Schema count. A mistake in
// them is the error of every method. Where q is a [Pipeline] and the database
// PostgreSQL, what is written may wait, and is refused, if it is, when it is sent:
// with what is asked next or with the commit, and the transaction is over then. When
// a method fails with an error other than one of package fault, PostgreSQL refuses
// all further statements of the transaction, and the caller has to roll it back.
func Join(q Querier, d Dialect, opts *Options) store.Tx {
	differences, names, err := resolve(d, opts)
	t := &tx{q: q, dialect: differences, names: names, broken: err}
	if p, ok := q.(Pipeline); ok && err == nil && differences.setBased {
		t.attach(p)
	}
	return t
}

// View runs fn on a snapshot; a write through its Tx is an error. On both
// databases the snapshot is taken at fn's first question.
func (s *Store) View(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	sqlTx, err := s.reads.BeginTx(ctx, &s.dialect.view)
	if err != nil {
		return err
	}
	defer sqlTx.Rollback() // there is nothing to keep
	tx := &tx{q: sqlTx, dialect: s.dialect, names: s.names, reading: true}
	defer tx.finish()
	return fn(ctx, tx)
}

// Update runs fn in a transaction, again up to Options.Retries times when the
// transaction lost against another one. A commit that fails is an error, and
// whether it took place is then not known. On SQLite a fn that is optimistic (see
// [store.Optimistic]) reads a snapshot, of Options.ReadDB if there is one, until it
// first writes; once it has lost it runs as any other.
func (s *Store) Update(ctx context.Context, fn func(context.Context, store.Tx) error) error {
	for round := 0; ; round++ {
		write, late := s.write, round == 0 && s.dialect.serial && store.IsOptimistic(ctx)
		if late {
			write = s.writeLate
		}
		lost, err := write(ctx, fn)
		if err == nil || !lost || round >= s.retries && !late || !pause(ctx, round) {
			return err
		}
	}
}

// pause waits a little, longer with each round, and reports whether ctx still runs.
func pause(ctx context.Context, round int) bool {
	most := time.Millisecond << min(round, 6)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

func (s *Store) write(ctx context.Context, fn func(context.Context, store.Tx) error) (lost bool, err error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer s.leave()
	sqlTx, err := s.db.BeginTx(ctx, &s.update)
	if err != nil {
		return conflict(err), err
	}
	defer sqlTx.Rollback() // also when fn panics; nothing happens after a commit
	tx := &tx{q: sqlTx, dialect: s.dialect, names: s.names, keeps: true}
	defer tx.finish()
	err = fn(ctx, tx)
	if err == nil {
		err = tx.writeAll(ctx)
	}
	if err != nil {
		return tx.lost(err), err
	}
	return s.commit(ctx, tx, sqlTx)
}

// commit ends a transaction in which all went well.
func (s *Store) commit(ctx context.Context, tx *tx, sqlTx *sql.Tx) (lost bool, err error) {
	if err := sqlTx.Commit(); err != nil {
		if ended := ctx.Err(); ended != nil && errors.Is(err, sql.ErrTxDone) {
			return false, ended // the end of ctx rolled it back
		}
		return tx.conflicted || conflict(err), fmt.Errorf("sqlstore: commit: %w", err)
	}
	return false, nil
}

// enter waits until no other Update of this store runs, where only one can.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil || s.writer == nil {
		return err
	}
	select {
	case s.writer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) leave() {
	if s.writer != nil {
		<-s.writer
	}
}

// tx is a [store.Tx] over a transaction that somebody else ends.
type tx struct {
	q       Querier
	dialect *dialect
	names   names
	broken  error // by wrong options
	reading bool  // of a View
	over    bool
	pipe    Pipeline // nil: each statement is sent at once
	turn    *turn    // not nil: it only reads until it has something to write

	conflicted bool    // the database took another transaction's side
	overtaken  bool    // what it has read was changed before it wrote
	memory     *memory // nil: it knows nothing yet
	// keeps says that it remembers the states of single values it has read or written,
	// so that a value that is asked for again, as a unit of work does at every step,
	// takes no round trip: not where somebody else may write in the transaction as well.
	keeps bool
	// counting says that what it reads is only counted: it remembers none of it.
	counting bool

	waiting   map[string]*later // by table: rows that are written later
	order     []string          // of the tables that wait
	announced map[string]bool   // ids that nothing can bear but what this transaction writes
	appended  bool              // a record was written
	positions []int64           // of the journal, taken ahead
	ahead     int               // how many were taken last
	numbers   map[string]int    // of the series it has counted on

	indexed  bool              // its statements go by an index, see byIndex
	ordered  bool              // and read it entry by entry, see inOrder
	foreseen map[string]answer // to questions that were not asked yet
	notes    *notebook         // not nil: it answers nothing and notes what it is asked
	scratch  []byte            // for the keys of questions
	planned  []string          // in a pipeline: how its caller has statements planned, where this one changed it
}

// memory is what a transaction knows.
type memory struct {
	tables map[string]shelf
	kept   int // states
}

func newMemory() *memory { return &memory{tables: make(map[string]shelf)} }

// shelf is what a transaction knows of the rows of a table by their ids, or of the
// chains of records by their subjects.
type shelf map[string]*known

// remembers reports whether the transaction needs to know what it reads: where nothing
// is written, or of rows that are only counted, no version is ever compared.
func (t *tx) remembers() bool {
	return !t.counting && (!t.reading || t.notes != nil)
}

// shelf returns what is known of a table, to be read.
func (m *memory) shelf(table string) shelf {
	if m == nil {
		return nil
	}
	return m.tables[table]
}

// known is what a transaction knows of one of them.
type known struct {
	version int64  // that it has read or written
	seen    bool   // the version is one
	owned   bool   // it has the row locked, or made it: see own
	state   string // that it has read or written; empty: it would have to ask
}

var _ store.Tx = (*tx)(nil)

var (
	errReading = errors.New("sqlstore: a View cannot write")
	errOver    = errors.New("sqlstore: the transaction is over")
)

func (t *tx) finish() { t.over = true }

// shelf returns what the transaction knows of a table, with room for so many rows.
func (t *tx) shelf(table string, rows int) shelf {
	if t.memory == nil {
		t.memory = newMemory()
	}
	s := t.memory.tables[table]
	if s == nil {
		s = make(shelf, rows)
		t.memory.tables[table] = s
	}
	return s
}

// of returns what is known of a row, to be changed.
func (s shelf) of(id string) *known {
	k := s[id]
	if k == nil {
		k = new(known)
		s[id] = k
	}
	return k
}

// saw notes which version of it the transaction knows.
func (k *known) saw(version int64) { k.version, k.seen = version, true }

// saw notes which version of a row or chain the transaction knows.
func (t *tx) saw(table, id string, version int64) { t.shelf(table, 1).of(id).saw(version) }

// keptInAll is how many values a transaction remembers at most.
const keptInAll = 4096

// keep remembers the state of a value; an empty one forgets it.
func (t *tx) keep(k *known, state string) {
	switch m := t.memory; {
	case !t.keeps:
	case state == "":
		if k.state != "" {
			m.kept--
		}
		k.state = ""
	case m.kept >= keptInAll:
		m.forgetStates()
	default:
		if k.state == "" {
			m.kept++
		}
		k.state = state
	}
}

// forgetStates has every value asked for again.
func (m *memory) forgetStates() {
	if m == nil {
		return
	}
	for _, s := range m.tables {
		for _, k := range s {
			k.state = ""
		}
	}
	m.kept = 0
}

// disown forgets which rows are locked.
func (m *memory) disown() {
	if m == nil {
		return
	}
	for _, s := range m.tables {
		for _, k := range s {
			k.owned = false
		}
	}
}

func (t *tx) knows(table, id string, version int64) bool {
	k := t.memory.shelf(table)[id]
	return k != nil && k.seen && k.version == version
}

// lost reports whether the transaction failed because of another one, so that
// it is worth running again. A stale version that it has not read itself came
// from its caller, and would be stale again.
func (t *tx) lost(err error) bool {
	return t.conflicted || conflict(err) || t.overtaken && errors.Is(err, fault.ErrStale)
}

// exec runs a statement that writes and returns how many rows it wrote.
func (t *tx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	if t.reading {
		return 0, errReading
	}
	if err := t.usable(); err != nil {
		return 0, err
	}
	if err := t.toWrite(ctx); err != nil {
		return 0, err
	}
	if err := t.write(ctx, statement); err != nil {
		return 0, err
	}
	t.forget(statement)
	result, err := t.q.ExecContext(ctx, t.in(statement), t.bind(args)...)
	if err != nil {
		return 0, t.failed(err)
	}
	return result.RowsAffected()
}

// query runs a statement that returns rows and gives each to scan.
func (t *tx) query(ctx context.Context, scan func(*sql.Rows) error, statement string, args ...any) error {
	if t.notes != nil {
		return errNoted
	}
	if err := t.usable(); err != nil {
		return err
	}
	if err := t.write(ctx, statement); err != nil {
		return err
	}
	return t.ask(ctx, scan, statement, args...)
}

// ask is query for what no row that waits can answer.
func (t *tx) ask(ctx context.Context, scan func(*sql.Rows) error, statement string, args ...any) error {
	if t.notes != nil {
		return errNoted
	}
	if err := t.usable(); err != nil {
		return err
	}
	rows, err := t.q.QueryContext(ctx, t.in(statement), t.bind(args)...)
	if err != nil {
		return t.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return t.failed(err)
		}
	}
	return t.failed(rows.Err())
}

// returning runs a statement that writes one row and returns a number of it;
// false when it wrote none.
func (t *tx) returning(ctx context.Context, statement string, args ...any) (n int64, ok bool, err error) {
	if t.reading {
		return 0, false, errReading
	}
	if err := t.toWrite(ctx); err != nil {
		return 0, false, err
	}
	t.forget(statement)
	err = t.query(ctx, func(rows *sql.Rows) error {
		ok = true
		return rows.Scan(&n)
	}, statement, args...)
	return n, ok, err
}

// writable is usable for what is not written by a statement at once.
func (t *tx) writable() error {
	if t.reading {
		return errReading
	}
	return t.usable()
}

func (t *tx) usable() error {
	switch {
	case t.broken != nil:
		return t.broken
	case t.over:
		return errOver
	}
	return nil
}

// in writes a statement for the database of the transaction.
func (t *tx) in(statement string) string {
	statement = t.names.in(statement)
	if t.dialect.name == SQLite {
		return questionMarks(statement)
	}
	return statement
}

// bind turns instants into what the database stores.
func (t *tx) bind(args []any) []any {
	for i, arg := range args {
		if at, ok := arg.(time.Time); ok {
			args[i] = t.dialect.instant(at.Truncate(time.Microsecond))
		}
	}
	return args
}

func (t *tx) failed(err error) error {
	if err == nil {
		return nil
	}
	t.conflicted = t.conflicted || conflict(err)
	return fmt.Errorf("sqlstore: %w", err)
}
