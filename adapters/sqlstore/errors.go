package sqlstore

import (
	"errors"
	"reflect"
)

// Drivers are recognised by what their errors can say, not by their type.
type (
	sqlStater interface{ SQLState() string } // jackc/pgx, lib/pq
	coder     interface{ Code() int }        // modernc.org/sqlite: the extended code
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
	switch sqliteCode(err) & 0xff {
	case 5, 6: // busy, locked
		return true
	}
	return false
}

// taken reports whether a unique constraint refused a row.
func taken(err error) bool {
	var state sqlStater
	if errors.As(err, &state) {
		return state.SQLState() == "23505"
	}
	switch sqliteCode(err) {
	case 1555, 2067: // primary key, unique
		return true
	}
	return false
}

// sqliteCode returns the extended result code of SQLite in an error, 0 where there is none.
func sqliteCode(err error) int {
	if err == nil {
		return 0
	}
	if code := extendedCode(reflect.ValueOf(err)); code != 0 {
		return code
	}
	switch err := err.(type) { //nolint:errorlint // it goes through all of them itself
	case coder:
		return err.Code()
	case interface{ Unwrap() error }:
		return sqliteCode(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, within := range err.Unwrap() {
			if code := sqliteCode(within); code != 0 {
				return code
			}
		}
	}
	return 0
}

// extendedCode is what an error says it is, by a number of a type of its own that the
// driver's package alone can name: as a method ncruces/go-sqlite3, as a field
// mattn/go-sqlite3.
func extendedCode(err reflect.Value) int {
	if err.Kind() == reflect.Pointer && err.IsNil() {
		return 0
	}
	var code reflect.Value
	if method := err.MethodByName("ExtendedCode"); method.IsValid() && method.Type().NumIn() == 0 && method.Type().NumOut() == 1 {
		code = method.Call(nil)[0]
	} else if at := reflect.Indirect(err); at.Kind() == reflect.Struct {
		if field, there := at.Type().FieldByName("ExtendedCode"); there && len(field.Index) == 1 {
			code = at.FieldByIndex(field.Index)
		}
	}
	switch {
	case !code.IsValid():
		return 0
	case code.CanInt():
		return int(code.Int())
	case code.CanUint():
		return int(code.Uint())
	}
	return 0
}
