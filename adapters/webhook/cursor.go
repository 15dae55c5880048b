package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Mark is how far a feed has got in the journal: everything up to the position
// After was dealt with, and of what follows, Seen. The zero Mark is the
// beginning.
type Mark struct {
	After int64   `json:"after"`
	Seen  []int64 `json:"seen,omitempty"`
}

// Cursor remembers a feed's Mark. Load returns what was saved last, the zero Mark
// when nothing was. Two feeds that share a cursor send events twice and lose
// none. [File] and [Table] are cursors.
type Cursor interface {
	Load(ctx context.Context) (Mark, error)
	Save(ctx context.Context, m Mark) error
}

// File returns the cursor in a file, which is replaced as a whole. Its folder
// must exist and last as long as the database does.
func File(path string) Cursor { return file(path) }

type file string

func (f file) Load(context.Context) (m Mark, err error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{}, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		err = fmt.Errorf("webhook: cursor: %w", err)
	}
	return m, err
}

func (f file) Save(_ context.Context, m Mark) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := replace(string(f), data); err != nil {
		return fmt.Errorf("webhook: cursor: %w", err)
	}
	return nil
}

// replace writes a file so that, whatever happens, the old or the new one is there.
func replace(path string, data []byte) error {
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // nothing to remove once it was renamed
	_, err = next.Write(data)
	err = errors.Join(err, next.Sync(), next.Close())
	if err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

// Table returns the cursor called name in a table of the host, on PostgreSQL or
// SQLite. The host makes the table, which any number of cursors share:
//
//	CREATE TABLE webhook_cursor (name text PRIMARY KEY, mark text NOT NULL)
func Table(db *sql.DB, table, name string) (Cursor, error) {
	if !tableName.MatchString(table) {
		return nil, fmt.Errorf("webhook: %q is no name of a table: want small letters, digits and underscores, after a schema and a dot if need be", table)
	}
	return &rows{db, table, name}, nil
}

var tableName = regexp.MustCompile(`^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$`)

type rows struct {
	db          *sql.DB
	table, name string
}

func (r *rows) Load(ctx context.Context) (m Mark, err error) {
	var data string
	err = r.db.QueryRowContext(ctx, "SELECT mark FROM "+r.table+" WHERE name = $1", r.name).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return Mark{}, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(data), &m)
	}
	if err != nil {
		err = fmt.Errorf("webhook: cursor: %w", err)
	}
	return m, err
}

func (r *rows) Save(ctx context.Context, m Mark) error {
	data, err := json.Marshal(m)
	if err == nil {
		_, err = r.db.ExecContext(ctx, "INSERT INTO "+r.table+" (name, mark) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET mark = excluded.mark", r.name, string(data))
	}
	if err != nil {
		err = fmt.Errorf("webhook: cursor: %w", err)
	}
	return err
}
