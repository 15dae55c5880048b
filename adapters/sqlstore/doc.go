// Package sqlstore keeps the programme in a SQL database: SQLite for one
// machine, PostgreSQL for several. It works on a *sql.DB that the caller opened
// with the driver of his choice, and imports none itself. It is tested whole with
// modernc.org/sqlite, ncruces/go-sqlite3 and mattn/go-sqlite3, pgx and lib/pq.
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("outreach.db"))
//	…
//	err = sqlstore.Migrate(ctx, db, sqlstore.SQLite, nil) // only ever when asked
//	…
//	st, err := sqlstore.Open(db, sqlstore.SQLite, nil)
//
// An application that has a transaction open already lets the programme work in
// it, so that both commit together or not at all:
//
//	work := sys.Join(sqlstore.Join(tx, sqlstore.Postgres, nil), actor)
//
// There each statement is a round trip; over a [Pipeline], as package pgxtx has one,
// what is written waits and travels with the next question, or with the commit.
//
// # Tables
//
// There is one table for each type of value. The column state holds the whole
// value as JSON and is what is read back; the columns beside it repeat what is
// looked up, sorted or kept unique, and an empty reference in them is NULL.
// Civil dates are dates, instants are UTC with microseconds (in SQLite both are
// text that sorts by time). Ids sort as bytes, whatever the database's locale.
// Sealed cases and the looks taken at them stand in tables of their own and
// nowhere else.
//
// # Concurrency
//
// SQLite has one writer at a time; the Updates of one Store wait for each other
// in this process, those of several processes in the database. The passes that
// deliver notices ([store.Optimistic]) read a snapshot first, beside the writer, and
// wait for their turn when they write; what was changed meanwhile shows by its version,
// and they run again.
//
// On PostgreSQL an Update runs at READ COMMITTED unless [Options] say otherwise.
// Every replacement names the version it replaces, natural keys are unique
// constraints, and each subject's journal is a chain that cannot fork, so two
// units of work that change the same thing never both succeed: the later one
// is run again on what the earlier one left. What a unit of work has only read
// can change before it commits; with Options.Isolation set to
// [sql.LevelSerializable] it cannot, at the price of more reruns.
// A View reads one snapshot (REPEATABLE READ).
//
// The Position of records on PostgreSQL rises in the order in which they were
// written, which is not always the order in which they are committed: a reader
// that remembers a position must look back a little, or it can miss a record.
package sqlstore
