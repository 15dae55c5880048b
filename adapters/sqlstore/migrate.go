package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"regexp"
	"strings"
	"time"
)

//go:embed migrations
var files embed.FS

// Migrations returns the files that make and change the tables, under their
// default names, to be applied in the order of their file names. They remember
// nothing: a host that has a migration tool of its own wants [MigrationFiles].
func Migrations(d Dialect) fs.FS {
	sub, err := fs.Sub(files, "migrations/"+string(d))
	if err != nil { // not a name of a folder: there are no files
		return embed.FS{}
	}
	return sub
}

// Migration is one step from one version of the tables to the next.
type Migration struct {
	Name string // of its file: "0001_initial.sql"
	SQL  string // one or more statements

	checksum string // of the file, whatever the tables are called
}

// MigrationsFor returns the migrations in order, written for the table prefix
// and schema of opts.
func MigrationsFor(d Dialect, opts *Options) ([]Migration, error) {
	_, names, err := resolve(d, opts)
	if err != nil {
		return nil, err
	}
	return read(Migrations(d), names)
}

func read(files fs.FS, names names) ([]Migration, error) {
	entries, err := fs.Glob(files, "*.sql") // in the order of their names
	if err != nil {
		return nil, err
	}
	migrations := make([]Migration, len(entries))
	for i, name := range entries {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		migrations[i] = Migration{Name: name, SQL: names.inFile(string(content)), checksum: hex.EncodeToString(sum[:])}
	}
	return migrations, nil
}

var defaultName = regexp.MustCompile(`(?i)((?:\bDROP\s+)?\bINDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?)?\b` + defaultPrefix)

// inFile writes a migration for this database. The name of an index, where it is
// made, takes no schema: it lives in that of its table.
func (n names) inFile(content string) string {
	return defaultName.ReplaceAllStringFunc(content, func(found string) string {
		before := found[:len(found)-len(defaultPrefix)]
		if before == "" || strings.EqualFold(before[:1], "D") {
			return before + n.qualifier()
		}
		return before + n.prefix
	})
}

// Migrate brings the tables to the version of this package: it applies the
// migrations that were not applied yet, all in one transaction, and remembers
// them in the table outreach_migration. Any number of processes may call it at
// once. A migration whose file has changed since it was applied is an error;
// one that this package does not know, because a later version applied it, is
// not. On PostgreSQL the schema of opts is created if it is missing.
func Migrate(ctx context.Context, db *sql.DB, d Dialect, opts *Options) error {
	return migrate(ctx, db, d, opts, Migrations(d))
}

func migrate(ctx context.Context, db *sql.DB, d Dialect, opts *Options, files fs.FS) error {
	dialect, names, err := resolve(d, opts)
	if err != nil {
		return err
	}
	migrations, err := read(files, names)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return alone(ctx, conn, dialect, names, func() error {
		if err := prepare(ctx, conn, names); err != nil {
			return err
		}
		missing, err := pending(ctx, conn, names, migrations)
		if err != nil {
			return err
		}
		for _, m := range missing {
			if err := m.apply(ctx, conn, names); err != nil {
				return fmt.Errorf("sqlstore: migration %s: %w", m.Name, err)
			}
		}
		return nil
	})
}

// Pending returns the names of the migrations that Migrate would apply, so that
// a program can refuse to start on tables older than itself. It changes nothing.
func Pending(ctx context.Context, db *sql.DB, d Dialect, opts *Options) ([]string, error) {
	dialect, names, err := resolve(d, opts)
	if err != nil {
		return nil, err
	}
	migrations, err := read(Migrations(d), names)
	if err != nil {
		return nil, err
	}
	known, err := remembers(ctx, db, dialect, names)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: pending migrations: %w", err)
	}
	if known {
		if migrations, err = pending(ctx, db, names, migrations); err != nil {
			return nil, err
		}
	}
	missing := make([]string, len(migrations))
	for i, m := range migrations {
		missing[i] = m.Name
	}
	return missing, nil
}

// remembers reports whether there is a table of applied migrations.
func remembers(ctx context.Context, q Querier, d *dialect, names names) (bool, error) {
	question, name := "SELECT to_regclass($1) IS NOT NULL", names.in("outreach_migration")
	if d.name == SQLite {
		question = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)"
	}
	var known bool
	err := q.QueryRowContext(ctx, question, name).Scan(&known)
	return known, err
}

// alone runs fn in a transaction during which nobody else migrates.
func alone(ctx context.Context, conn *sql.Conn, d *dialect, names names, fn func() error) error {
	if err := begin(ctx, conn, d, names); err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	err := fn()
	if err == nil {
		if _, err = conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
	}
	// The connection goes back to the pool: it must not keep the transaction,
	// also when ctx has ended.
	if _, undone := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); undone != nil {
		err = errors.Join(err, undone)
	}
	return err
}

func begin(ctx context.Context, conn *sql.Conn, d *dialect, names names) error {
	if d.name == Postgres {
		if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
			return err
		}
		key := fnv.New64a()
		fmt.Fprintf(key, "outreach migrations of %q", names.qualifier())
		_, err := conn.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(key.Sum64()))
		return err
	}
	for end := time.Now().Add(lockPatience); ; {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err == nil || !conflict(err) || time.Now().After(end) || !pause(ctx, 5) {
			return err
		}
	}
}

// lockPatience is how long Migrate waits for the write lock of a SQLite file.
const lockPatience = time.Minute

// appliedMigrations is the table in which migrations are remembered. It never changes.
const appliedMigrations = "outreach_migration (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)"

// prepare makes the schema and the table in which migrations are remembered.
func prepare(ctx context.Context, conn *sql.Conn, names names) error {
	if names.schema != "" {
		// Not CREATE SCHEMA IF NOT EXISTS: that asks for the right to create
		// one also when it is there.
		var there bool
		err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", names.schema).Scan(&there)
		if err == nil && !there {
			_, err = conn.ExecContext(ctx, `CREATE SCHEMA "`+names.schema+`"`)
		}
		if err != nil {
			return fmt.Errorf("sqlstore: schema %s: %w", names.schema, err)
		}
	}
	_, err := conn.ExecContext(ctx, names.in("CREATE TABLE IF NOT EXISTS "+appliedMigrations))
	return err
}

// pending returns the migrations that were not applied yet, and an error when
// one that was applied is not what it was.
func pending(ctx context.Context, q Querier, names names, migrations []Migration) ([]Migration, error) {
	rows, err := q.QueryContext(ctx, names.in("SELECT name, checksum FROM outreach_migration"))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: applied migrations: %w", err)
	}
	defer rows.Close()
	applied := map[string]string{}
	for rows.Next() {
		var name, checksum string
		if err := rows.Scan(&name, &checksum); err != nil {
			return nil, err
		}
		applied[name] = checksum
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var missing []Migration
	for _, m := range migrations {
		switch checksum, done := applied[m.Name]; {
		case !done:
			missing = append(missing, m)
		case checksum != m.checksum:
			return nil, fmt.Errorf("sqlstore: migration %s was edited after it ran; what is new belongs in a migration of its own", m.Name)
		}
	}
	return missing, nil
}

func (m Migration) apply(ctx context.Context, conn *sql.Conn, names names) error {
	if _, err := conn.ExecContext(ctx, m.SQL); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, names.in("INSERT INTO outreach_migration (name, checksum, applied_at) VALUES ($1, $2, $3)"),
		m.Name, m.checksum, time.Now().UTC().Format(fixedWidth))
	return err
}
