package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Dialect is the kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"   // 3.39 or later, by modernc.org/sqlite or another of its drivers
	Postgres Dialect = "postgres" // 13 or later
)

// dialect is what the two databases do differently.
type dialect struct {
	name   Dialect
	serial bool // writing transactions run one after the other

	view   sql.TxOptions
	update sql.TxOptions

	lock    string // locks the rows that were selected
	claim   string // the same, leaving out those that others have locked
	clock   string // asks for the instant that it is
	find    string // function (text, part): where part is within text, 0 when it is not
	member  string // after a column: is among the values of a list, the parameter %s
	many    string // the same, of a list that is long
	each    string // the values of a list, the parameter %s, as rows
	list    func([]string) string
	field   func(state, name string) string // a field of a state, as text
	instant func(time.Time) any
	// lockRollups lets nobody else change what is rolled up until the transaction ends.
	lockRollups string
	someTouched string // picks notes to be deleted, $1 at most
	// setBased: many rows can be written with one statement by unnest.
	setBased bool
}

func (d Dialect) differences() (*dialect, error) {
	switch d {
	case SQLite:
		return &dialect{
			name:    SQLite,
			serial:  true,
			view:    sql.TxOptions{ReadOnly: true},
			clock:   "SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
			find:    "instr",
			member:  "IN (SELECT value FROM json_each(%s))",
			many:    "IN (SELECT value FROM json_each(%s))",
			each:    "json_each(%s)",
			list:    jsonList,
			field:   func(state, name string) string { return "(" + state + "->>'$." + name + "')" },
			instant: func(t time.Time) any { return t.UTC().Format(fixedWidth) },

			lockRollups: "DELETE FROM outreach_rollup WHERE false", // whoever writes writes alone
			someTouched: "(place, official, day_from, day_to) IN (SELECT place, official, day_from, day_to FROM outreach_touched LIMIT $1)",
		}, nil
	case Postgres:
		return &dialect{
			name:     Postgres,
			view:     sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
			lock:     " FOR UPDATE",
			claim:    " FOR UPDATE SKIP LOCKED",
			clock:    "SELECT clock_timestamp()",
			find:     "strpos",
			member:   "= ANY(%s::text[])",
			many:     "IN (SELECT unnest(%s::text[]))",
			each:     "unnest(%s::text[]) AS each (value)",
			list:     arrayLiteral,
			field:    func(state, name string) string { return "(" + state + "->>'" + name + "')" },
			instant:  func(t time.Time) any { return t.UTC() },
			setBased: true,

			lockRollups: "LOCK TABLE outreach_rollup IN SHARE ROW EXCLUSIVE MODE",
			someTouched: "ctid = ANY (ARRAY(SELECT ctid FROM outreach_touched LIMIT $1))",
		}, nil
	}
	return nil, fmt.Errorf("sqlstore: unknown dialect %q", d)
}

// questionMarks writes $1 as ?1. SQLite knows both, but takes $1 for a name, and names
// for numbers in the order in which they come; of its drivers only modernc.org/sqlite
// counts otherwise.
func questionMarks(statement string) string {
	b := []byte(statement)
	for i := range len(b) - 1 {
		if b[i] == '$' && '0' <= b[i+1] && b[i+1] <= '9' {
			b[i] = '?'
		}
	}
	return string(b)
}

// fixedWidth is how SQLite stores instants: as text that sorts by time.
const fixedWidth = "2006-01-02T15:04:05.000000Z"

func jsonList(values []string) string {
	text, err := json.Marshal(values)
	if err != nil { // strings always encode
		return "[]"
	}
	return string(text)
}

// arrayLiteral writes a PostgreSQL array of text, which every driver can pass.
func arrayLiteral(values []string) string {
	length := len("{}")
	for _, v := range values {
		length += len(v) + len(`"",`)
	}
	b := append(make([]byte, 0, length), '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendElement(b, v)
	}
	return string(append(b, '}'))
}

// appendElement writes an element of an array behind b: few hold what has to be escaped.
func appendElement(b []byte, v string) []byte {
	if strings.IndexByte(v, '"') >= 0 || strings.IndexByte(v, '\\') >= 0 {
		v = escaped.Replace(v)
	}
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"')
}

var escaped = strings.NewReplacer(`"`, `\"`, `\`, `\\`)

// SQLiteDSN returns the data source name under which the file at path serves several
// connections and processes: a busy database is waited for, readers see a snapshot
// beside the one writer (WAL), and a transaction takes the write lock when it begins,
// so that none fails half way. The log of what is not in the file itself yet grows to
// some 30 MB while there is much to write, instead of 4.
//
// Commits are flushed to the disk; append "&_pragma=synchronous(NORMAL)" where losing
// the last moments before a power cut is acceptable.
//
// It is understood by modernc.org/sqlite and ncruces/go-sqlite3, and by
// mattn/go-sqlite3 except for the size of the log and what is appended. Mattn's
// connections take the write lock to read as well: there Views need an Options.ReadDB.
func SQLiteDSN(path string) string {
	return sqliteFile(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(8000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)" +
		"&_txlock=immediate" +
		"&_busy_timeout=5000&_journal_mode=WAL&_foreign_keys=1&_synchronous=FULL" // for mattn
}

// SQLiteReadDSN returns the data source name, for the same drivers, for a second,
// read-only handle on a file that exists already: see Options.ReadDB.
func SQLiteReadDSN(path string) string {
	return sqliteFile(path) + "?_pragma=busy_timeout(5000)&_busy_timeout=5000&mode=ro"
}

// sqliteFile writes path as a file: URI without a host.
func sqliteFile(path string) string {
	path = filepath.ToSlash(path)
	if filepath.IsAbs(path) && !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}
