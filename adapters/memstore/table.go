package memstore

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/huongvecoso/outreach/core/fault"
)

// stored is a value at rest. Neither part is ever changed or handed out.
type stored[T any] struct {
	value *T     // for the predicates and orders of this package
	text  []byte // what callers get their own copy from
}

// newStored brings v into the form in which it is kept.
func newStored[T any](v *T) (stored[T], error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // raw JSON inside v keeps its bytes
	if err := enc.Encode(v); err != nil {
		return stored[T]{}, err
	}
	s := stored[T]{text: text.Bytes()}
	own, err := s.copy()
	s.value = &own
	return s, err
}

func (s stored[T]) copy() (T, error) {
	var v T
	err := json.Unmarshal(s.text, &v)
	settle(reflect.ValueOf(&v))
	return v, err
}

// settle sets every instant within v to UTC with microseconds.
func settle(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			settle(v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				settle(v.Index(i))
			}
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = instant(*t)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				settle(v.Field(i))
			}
		}
	}
}

func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// table holds all committed values of one type.
type table[T any] struct {
	kind    string             // in errors
	id      func(*T) string    // never changes
	version func(*T) *int64    // nil for values that are only ever added
	terms   func(*T) []string  // by which values are looked up, may be nil
	rows    map[string][]at[T] // by id; ascending commits
	finder
}

// at is a value and the commit that put it in place.
type at[T any] struct {
	commit int64
	stored[T]
}

// finder knows the ids that have, or once had, a term: nothing is ever deleted,
// so it need not forget, and whoever asks looks at the value itself anyway.
type finder map[string]map[string]bool

func (f finder) add(terms []string, id string) {
	for _, term := range terms {
		if f[term] == nil {
			f[term] = map[string]bool{}
		}
		f[term][id] = true
	}
}

func newTable[T any](kind string, id func(*T) string, version func(*T) *int64, terms func(*T) []string) *table[T] {
	return &table[T]{kind: kind, id: id, version: version, terms: terms, rows: map[string][]at[T]{}, finder: finder{}}
}

// seen returns the value with the given id as it was after the commit now.
func (t *table[T]) seen(id string, now int64) (stored[T], bool) {
	for _, row := range slices.Backward(t.rows[id]) {
		if row.commit <= now {
			return row.stored, true
		}
	}
	return stored[T]{}, false
}

// sight is what one transaction sees of a table: the state it began with under
// its own writes. The maps are made with the first write.
type sight[T any] struct {
	tx    *Tx
	base  *table[T]
	own   map[string]stored[T]
	found finder
}

func look[T any](tx *Tx, base *table[T]) sight[T] { return sight[T]{tx: tx, base: base} }

// at returns the value with the given id as the transaction sees it.
func (s *sight[T]) at(id string) (stored[T], bool) {
	if v, ok := s.own[id]; ok {
		return v, true
	}
	s.tx.store.mu.RLock()
	defer s.tx.store.mu.RUnlock()
	return s.base.seen(id, s.tx.began)
}

func (s *sight[T]) get(id string) (T, error) {
	var none T
	if err := s.tx.usable(); err != nil {
		return none, err
	}
	v, ok := s.at(id)
	if !ok {
		return none, fault.NotFound(s.base.kind, id)
	}
	return v.copy()
}

// put inserts v when its version is 0 and otherwise replaces exactly that version.
func (s *sight[T]) put(v *T) error {
	if err := s.check(v); err != nil {
		return err
	}
	return s.keep(v)
}

// check reports what would keep put from succeeding.
func (s *sight[T]) check(v *T) error {
	if err := s.tx.writable(); err != nil {
		return err
	}
	id := s.base.id(v)
	old, exists := s.at(id)
	switch version := *s.base.version(v); {
	case version == 0 && exists:
		return fault.Exists(s.base.kind, id)
	case version != 0 && (!exists || *s.base.version(old.value) != version):
		return fault.Stale(s.base.kind, id)
	}
	return nil
}

// keep writes v, whose version it raises, without a look at what is there.
func (s *sight[T]) keep(v *T) error {
	next := *v
	*s.base.version(&next)++
	if err := s.add(&next); err != nil {
		return err
	}
	*s.base.version(v)++
	return nil
}

// add writes v as it is.
func (s *sight[T]) add(v *T) error {
	if err := s.tx.writable(); err != nil {
		return err
	}
	own, err := newStored(v)
	if err != nil {
		return fmt.Errorf("memstore: %s %q: %w", s.base.kind, s.base.id(v), err)
	}
	if s.own == nil {
		s.own, s.found = map[string]stored[T]{}, finder{}
		s.tx.writes = append(s.tx.writes, s.commit)
	}
	id := s.base.id(v)
	s.own[id] = own
	if s.base.terms != nil {
		s.found.add(s.base.terms(own.value), id)
	}
	return nil
}

// replace puts all of vs, or none. Each must be there already.
func (s *sight[T]) replace(vs []*T) error {
	seen := make(map[string]bool, len(vs))
	for _, v := range vs {
		id := s.base.id(v)
		if seen[id] || *s.base.version(v) == 0 {
			return fault.Stale(s.base.kind, id)
		}
		seen[id] = true
		if err := s.check(v); err != nil {
			return err
		}
	}
	return s.keepAll(vs)
}

// insert adds all of vs, or none. None may be there already.
func (s *sight[T]) insert(vs []*T) error {
	seen := make(map[string]bool, len(vs))
	for _, v := range vs {
		id := s.base.id(v)
		if seen[id] || *s.base.version(v) != 0 {
			return fault.Exists(s.base.kind, id)
		}
		seen[id] = true
		if err := s.check(v); err != nil {
			return err
		}
	}
	return s.keepAll(vs)
}

func (s *sight[T]) keepAll(vs []*T) error {
	for _, v := range vs {
		if err := s.keep(v); err != nil {
			return err
		}
	}
	return nil
}

// pick returns those of the values with the given ids that keep accepts, in the
// given order, ties by id.
func (s *sight[T]) pick(ids []string, keep func(*T) bool, order func(a, b *T) int, limit int) ([]T, error) {
	if err := s.tx.usable(); err != nil {
		return nil, err
	}
	var picked []stored[T]
	for _, id := range ids {
		if v, ok := s.at(id); ok && keep(v.value) {
			picked = append(picked, v)
		}
	}
	slices.SortFunc(picked, func(a, b stored[T]) int {
		return cmp.Or(order(a.value, b.value), cmp.Compare(s.base.id(a.value), s.base.id(b.value)))
	})
	if limit > 0 && len(picked) > limit {
		picked = picked[:limit]
	}
	values := make([]T, len(picked))
	for i, v := range picked {
		var err error
		if values[i], err = v.copy(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// first is pick for the one value wanted, ErrNotFound when there is none.
func (s *sight[T]) first(term, name string, keep func(*T) bool, order func(a, b *T) int) (T, error) {
	vs, err := s.pick(s.having(term), keep, order, 1)
	if err != nil || len(vs) == 0 {
		var none T
		return none, cmp.Or(err, fault.NotFound(s.base.kind, name))
	}
	return vs[0], nil
}

// has reports whether keep accepts any value with the term.
func (s *sight[T]) has(term string, keep func(*T) bool) bool {
	return slices.ContainsFunc(s.having(term), func(id string) bool {
		v, ok := s.at(id)
		return ok && keep(v.value)
	})
}

// all returns the ids of all values, and perhaps of some committed too late to be seen.
func (s *sight[T]) all() []string {
	s.tx.store.mu.RLock()
	defer s.tx.store.mu.RUnlock()
	return union(s.base.rows, s.own)
}

// having returns the ids of the values that have, or once had, one of the
// terms; without terms, all. Where the wanted values have a term in common,
// naming it saves looking at all of them.
func (s *sight[T]) having(terms ...string) []string {
	if len(terms) == 0 {
		return s.all()
	}
	s.tx.store.mu.RLock()
	defer s.tx.store.mu.RUnlock()
	var ids []string
	for _, term := range terms {
		ids = append(ids, union(s.base.finder[term], s.found[term])...)
	}
	return unique(ids)
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func union[A, B any](a map[string]A, b map[string]B) []string {
	ids := slices.AppendSeq(make([]string, 0, len(a)+len(b)), maps.Keys(a))
	for id := range b {
		if _, both := a[id]; !both {
			ids = append(ids, id)
		}
	}
	return ids
}

// commit puts the transaction's writes in place as of the given commit. Older
// values stay as long as a transaction that began at oldest may ask for them.
func (s *sight[T]) commit(commit, oldest int64) {
	for id, v := range s.own {
		rows := append(s.base.rows[id], at[T]{commit, v})
		for len(rows) > 1 && rows[1].commit <= oldest {
			rows = rows[1:]
		}
		s.base.rows[id] = rows
		if s.base.terms != nil {
			s.base.add(s.base.terms(v.value), id)
		}
	}
}
