package sqlstore

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"strings"
)

// MigrationFiles returns the migrations as a folder for the migration tool that
// the host has already: SQL files numbered in order, written for the table prefix
// and schema of opts, with the annotations of goose, which are comments to every
// other tool (and to psql). Each file also makes the entry by which [Migrate],
// [Pending] and the workers know that it was applied, so that both ways may be
// mixed. There is no way down: a version is left by restoring a backup.
//
//	files, err := sqlstore.MigrationFiles(sqlstore.Postgres, opts)
//	…
//	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
//
// For a tool that wants them on disk write them there with [os.CopyFS]. atlas then
// takes "atlas migrate hash" and "atlas migrate apply" with the folder as
// "file://…?format=goose". Both tools are tried out in testdata/tools.
func MigrationFiles(d Dialect, opts *Options) (fs.FS, error) {
	_, names, err := resolve(d, opts)
	if err != nil {
		return nil, err
	}
	migrations, err := read(Migrations(d), names)
	if err != nil {
		return nil, err
	}
	var folder bytes.Buffer // the shortest way to a folder that is not on disk
	w := zip.NewWriter(&folder)
	for i, m := range migrations {
		file, err := w.CreateHeader(&zip.FileHeader{Name: m.Name, Method: zip.Store})
		if err == nil {
			_, err = file.Write([]byte(m.script(d, names, i == 0)))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(folder.Bytes()), int64(folder.Len()))
}

// script is a migration that remembers itself, as one block to goose, which would
// otherwise look for the ends of statements by itself.
func (m Migration) script(d Dialect, names names, first bool) string {
	now := `to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
	if d == SQLite {
		now = `strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')`
	}
	var s strings.Builder
	s.WriteString("-- +goose Up\n-- +goose StatementBegin\n")
	if first && names.schema != "" {
		s.WriteString(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '` + names.schema + `') THEN CREATE SCHEMA "` + names.schema + "\"; END IF; END $$;\n")
	}
	if first {
		s.WriteString(names.in("CREATE TABLE IF NOT EXISTS "+appliedMigrations) + ";\n\n")
	}
	s.WriteString(strings.TrimSpace(m.SQL) + "\n\n")
	s.WriteString(names.in("INSERT INTO outreach_migration (name, checksum, applied_at)\nVALUES ('" + m.Name + "', '" + m.checksum + "', " + now + ");\n"))
	s.WriteString("-- +goose StatementEnd\n")
	return s.String()
}
