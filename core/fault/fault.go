// Package fault says what went wrong, in two parts that do not change with
// the wording: a class to branch on and a rule code to report.
//
// The class is one of five sentinels, tested with [errors.Is]:
//
//	ErrNotFound   the thing named does not exist for this caller
//	ErrExists     it exists already
//	ErrStale      somebody changed it since it was read
//	ErrForbidden  this actor may not do this
//	ErrRule       a rule of the programme, or the shape of the input, says no
//
// A broken rule is a [*Violation]. It carries the code of the rule
// ("visit.plan.on_closure"), the field at fault, and one sentence in English
// and one in Vietnamese that say what is wrong and what would be right. Rule
// codes are part of the interface of the package that raises them: they are
// stable, so programs, translations and tests may depend on them. Sentences
// may be reworded at any time.
//
// Errors must not carry personal data: name a record by its id, never by the
// person's name or phone number.
//
// All values of this package are immutable once built and safe for use by
// several goroutines, except [List], which belongs to the goroutine filling it.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// The classes of failure. Every error a core package returns on purpose is one
// of these under [errors.Is]; anything else comes from below (a database, a
// network) and is passed through.
var (
	// ErrNotFound: no such record, or none that this caller may know of.
	ErrNotFound = errors.New("not found")
	// ErrExists: a record with this id or natural key is there already.
	ErrExists = errors.New("already exists")
	// ErrStale: the record was changed after the caller read it. Read it
	// again and decide again; repeating the same write is wrong.
	ErrStale = errors.New("changed since it was read")
	// ErrForbidden: the actor has no right to this action at this place.
	ErrForbidden = errors.New("forbidden")
	// ErrRule: a rule of the programme refuses the action, or the input is
	// malformed. The same call will be refused again until it is changed.
	ErrRule = errors.New("rule broken")
)

// Violation (vi phạm quy tắc) is one rule that was broken, told in both
// languages. It is an ErrRule; one made by [Forbidden] is an ErrForbidden as well.
type Violation struct {
	// Rule is the stable code, module first: "visit.plan.on_closure".
	Rule string `json:"rule"`
	// Field names the input at fault as the caller knows it ("date",
	// "closures[2].from"), empty when the rule is not about one field.
	Field string `json:"field,omitempty"`
	// En and Vi are whole sentences that say what is wrong and what would be right.
	En string `json:"en"`
	Vi string `json:"vi"`

	class error // a second sentinel this violation answers to, or nil
}

// Broken returns the violation of a rule. The same args are formatted into
// both sentences in the manner of [fmt.Sprintf]; where the two languages want
// them in another order, index the verbs ("%[2]s"). A per cent sign is
// written "%%".
func Broken(rule, field, en, vi string, args ...any) *Violation {
	return &Violation{Rule: rule, Field: field, En: fmt.Sprintf(en, args...), Vi: fmt.Sprintf(vi, args...)}
}

// Forbidden returns a violation that is both [ErrForbidden] and [ErrRule]:
// the actor lacks the right, and rule says which permission was asked for.
// Arguments are formatted as in [Broken].
func Forbidden(rule, en, vi string, args ...any) error {
	v := Broken(rule, "", en, vi, args...)
	v.class = ErrForbidden
	return v
}

// Error returns the code and the English sentence, for logs and developers.
func (v *Violation) Error() string { return v.Rule + ": " + v.En }

// Is makes [errors.Is] recognise the classes of the violation.
func (v *Violation) Is(target error) bool {
	return target == ErrRule || v.class != nil && target == v.class
}

// Message returns the sentence for a reader of the given language, chosen by
// [English]. A missing sentence is replaced by the other one: the reader is
// never shown nothing.
func (v *Violation) Message(lang string) string {
	if English(lang) && v.En != "" || v.Vi == "" {
		return v.En
	}
	return v.Vi
}

// English reports whether a reader of the given language, a BCP 47 tag such
// as "en", "en-GB" or "vi", is addressed in English. Every other tag, the
// empty one included, gets Vietnamese, the language of the programme.
func English(lang string) bool {
	lang = strings.ToLower(lang)
	return lang == "en" || strings.HasPrefix(lang, "en-") || strings.HasPrefix(lang, "en_")
}

// NotFound returns an [ErrNotFound] that names the record: kind in the words
// of the programme ("visit", "issue"), id as stored.
func NotFound(kind, id string) error { return record(kind, id, ErrNotFound) }

// Exists returns an [ErrExists] that names the record.
func Exists(kind, id string) error { return record(kind, id, ErrExists) }

// Stale returns an [ErrStale] that names the record.
func Stale(kind, id string) error { return record(kind, id, ErrStale) }

func record(kind, id string, class error) error {
	return fmt.Errorf("%s %q: %w", kind, id, class)
}

// List collects several failures, so that one answer names every fault of an
// input at once. The zero value is ready for use.
//
//	var faults fault.List
//	if in.Date.IsZero() {
//		faults.Add(fault.Broken("visit.date.missing", "date", "…", "…"))
//	}
//	return faults.Err()
type List []error

// Add appends errors. Nil errors, and nil violations, are left out.
func (l *List) Add(errs ...error) {
	for _, err := range errs {
		if v, ok := err.(*Violation); err == nil || ok && v == nil {
			continue
		}
		*l = append(*l, err)
	}
}

// Err returns nil for an empty list and otherwise one error that holds them
// all, as [errors.Join] does: [errors.Is] and [errors.As] see every one, and
// its text has one line each.
func (l List) Err() error { return errors.Join(l...) }

// Violations returns every violation inside err, in the order they were
// joined or wrapped. [errors.As] stops at the first; a form that marks each
// wrong field wants them all. The result is nil when there is none.
func Violations(err error) []*Violation {
	switch e := err.(type) {
	case nil:
		return nil
	case *Violation:
		return []*Violation{e}
	case interface{ Unwrap() []error }:
		var found []*Violation
		for _, inner := range e.Unwrap() {
			found = append(found, Violations(inner)...)
		}
		return found
	case interface{ Unwrap() error }:
		return Violations(e.Unwrap())
	}
	return nil
}
