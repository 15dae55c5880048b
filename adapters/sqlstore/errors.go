package sqlstore

import "errors"

// Drivers are recognised by what their errors can say, not by their type.
type (
	sqlStater interface{ SQLState() string } // jackc/pgx, lib/pq
	coder     interface{ Code() int }        // modernc.org/sqlite, ncruces (extended codes)
)

// conflict reports whether a transaction lost against another one and may
// succeed when it is run again.
func conflict(err error) bool {
	var state sqlStater
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01": // serialization failure, deadlock
			return true
		}
	}
	var code coder
	if errors.As(err, &code) {
		switch code.Code() & 0xff {
		case 5, 6: // busy, locked
			return true
		}
	}
	return false
}

// taken reports whether a unique constraint refused a row.
func taken(err error) bool {
	var state sqlStater
	if errors.As(err, &state) {
		return state.SQLState() == "23505"
	}
	var code coder
	if errors.As(err, &code) {
		switch code.Code() {
		case 1555, 2067: // primary key, unique
			return true
		}
	}
	return false
}
