package storetest

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/store"
)

// keeping are the promises about one value of any type.
func keeping() []promise {
	return []promise{
		{"value/every field", "What was put is what is got, in every field, after an insert and after a replacement.", each(kept.keepsEveryField)},
		{"value/zero fields", "A value with nothing but an id comes back as it was.", each(kept.keepsZeroValues)},
		{"value/text", "Text comes back byte for byte: Vietnamese composed or decomposed, quotes, line ends.", each(kept.keepsText)},
		{"value/instants", "Instants come back in UTC, cut to microseconds, whatever zone they were given in.", each(kept.keepsInstants)},
		{"value/copy taken", "The store shares no memory with what was put: changing it later changes nothing.", each(kept.takesACopy)},
		{"value/copy given", "The store shares no memory with what was got: changing it changes nothing.", each(kept.givesACopy)},
		{"put/taken id", "An insert with an id that is taken is ErrExists and changes nothing.", each(kept.refusesTakenID)},
		{"put/stale version", "A replacement of any version but the stored one is ErrStale and changes nothing.", each(kept.refusesStaleVersion)},
		{"put/raises version", "A successful put raises Version in the caller's copy to the stored one; a refused put does not.", each(kept.raisesVersion)},
		{"get/unknown id", "A value that was never put is ErrNotFound.", each(kept.missesUnknown)},
	}
}

// insert puts v, which must be new.
func (e entity[T]) insert(k kit, v *T) {
	k.Helper()
	before := *v
	k.update(func(ctx context.Context, tx store.Tx) error {
		*v = before
		return e.named(e.put(ctx, tx, v))
	})
}

// stored returns the value with the id as a later View sees it.
func (e entity[T]) stored(k kit, id string) T {
	k.Helper()
	var v T
	k.view(func(ctx context.Context, tx store.Tx) (err error) {
		v, err = e.get(ctx, tx, id)
		return e.named(err)
	})
	return v
}

// same complains when got is not want.
func (e entity[T]) same(k kit, what string, want, got T) {
	k.Helper()
	if diff := differ(want, got); diff != "" {
		k.Errorf("%s: %s (-want +got):\n%s", e.name, what, diff)
	}
}

func (e entity[T]) named(err error) error {
	if err != nil {
		return &entityError{e.name, err}
	}
	return nil
}

// entityError says which entity was at fault.
type entityError struct {
	name string
	err  error
}

func (e *entityError) Error() string { return e.name + ": " + e.err.Error() }
func (e *entityError) Unwrap() error { return e.err }

func (e entity[T]) keepsEveryField(k kit) {
	v := e.sample("a", 1)
	e.insert(k, &v)
	e.same(k, "after an insert", v, e.stored(k, "a"))
	if e.final {
		return
	}
	next := e.sample("a", 2)
	*e.version(&next) = *e.version(&v)
	e.insert(k, &next)
	e.same(k, "after a replacement", next, e.stored(k, "a"))
}

func (e entity[T]) keepsZeroValues(k kit) {
	v := e.bare("a")
	e.insert(k, &v)
	e.same(k, "with zero fields", v, e.stored(k, "a"))
}

// difficult texts: decomposed and composed Vietnamese, what SQL and JSON could
// trip over, and characters beyond the basic plane.
var difficult = []string{
	"Nguye\u0302\u0303n Thi\u0323 U\u031b\u0301c, a\u0302\u0301p Suo\u0302\u0301i Ca\u0301t",
	"Nguyễn Thị Ước, ấp Suối Cát",
	"it's \"quoted\", 100% _ \\ $1 ?; -- {} [] <b>&amp;\r\n\ttab",
	" \U0001F33E \u00a0 ",
}

func (e entity[T]) keepsText(k kit) {
	for i, text := range difficult {
		id := string(rune('a' + i))
		v := e.sample(id, i)
		fillText(reflect.ValueOf(&v).Elem(), text)
		e.identify(&v, id)
		e.insert(k, &v)
		e.same(k, "with difficult text", v, e.stored(k, id))
	}
}

// fillText sets every string within v that is not part of a key.
func fillText(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		for i := range v.Len() {
			fillText(v.Index(i), text)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fillText(v.Elem(), text)
		}
	case reflect.Struct:
		if !opaque(v.Type()) {
			for i := range v.NumField() {
				fillText(v.Field(i), text)
			}
		}
	}
}

func (e entity[T]) keepsInstants(k kit) {
	given := time.Date(2017, time.March, 1, 6, 30, 0, 123456789, calendar.Zone())
	want := given.UTC().Truncate(time.Microsecond)
	v := e.sample("a", 1)
	instants(&v, func(_ string, t *time.Time) { *t = given })
	e.insert(k, &v)
	got := e.stored(k, "a")
	instants(&got, func(path string, t *time.Time) {
		if !t.Equal(want) || t.Location() != time.UTC {
			k.Errorf("%s%s is %v, want %v", e.name, path, t, want)
		}
	})
}

func (e entity[T]) takesACopy(k kit) {
	v := e.sample("a", 1)
	want := e.sample("a", 1)
	k.update(func(ctx context.Context, tx store.Tx) error {
		v = e.sample("a", 1)
		if err := e.put(ctx, tx, &v); err != nil {
			return e.named(err)
		}
		if e.version != nil {
			*e.version(&want) = *e.version(&v)
		}
		shake(&v)
		got, err := e.get(ctx, tx, "a")
		e.same(k, "in the same transaction, after the value put was changed", want, got)
		return e.named(err)
	})
	shake(&v)
	e.same(k, "after the value put was changed", want, e.stored(k, "a"))
}

func (e entity[T]) givesACopy(k kit) {
	v := e.sample("a", 1)
	want := e.sample("a", 1)
	k.update(func(ctx context.Context, tx store.Tx) error {
		v = e.sample("a", 1)
		if err := e.put(ctx, tx, &v); err != nil {
			return e.named(err)
		}
		if e.version != nil {
			*e.version(&want) = *e.version(&v)
		}
		got, err := e.get(ctx, tx, "a")
		if err != nil {
			return e.named(err)
		}
		shake(&got)
		again, err := e.get(ctx, tx, "a")
		e.same(k, "in the same transaction, after the value got was changed", want, again)
		return e.named(err)
	})
	got := e.stored(k, "a")
	shake(&got)
	e.same(k, "after the value got was changed", want, e.stored(k, "a"))
}

func (e entity[T]) refusesTakenID(k kit) {
	v := e.sample("a", 1)
	e.insert(k, &v)
	e.refused(k, e.sample("a", 2), fault.ErrExists, "an insert with a taken id")
	e.same(k, "after a refused insert", v, e.stored(k, "a"))
}

func (e entity[T]) refusesStaleVersion(k kit) {
	if e.final {
		return
	}
	first := e.sample("a", 1)
	e.insert(k, &first)
	second := e.sample("a", 2)
	*e.version(&second) = *e.version(&first)
	e.insert(k, &second)

	late := e.sample("a", 3)
	*e.version(&late) = *e.version(&first)
	e.refused(k, late, fault.ErrStale, "a replacement of the version before")
	*e.version(&late) = *e.version(&second) + 1
	e.refused(k, late, fault.ErrStale, "a replacement of a version to come")
	unknown := e.sample("b", 4)
	*e.version(&unknown) = 1
	e.refused(k, unknown, fault.ErrStale, "a replacement of what is not there")
	e.same(k, "after refused replacements", second, e.stored(k, "a"))
}

// refused expects that putting v gives the class of error, also as the error of
// the whole Update.
func (e entity[T]) refused(k kit, v T, class error, what string) {
	k.Helper()
	err := k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error {
		put := v
		return e.put(ctx, tx, &put)
	})
	if !errors.Is(err, class) {
		k.Errorf("%s: %s gave %v, want %v", e.name, what, err, class)
	}
}

func (e entity[T]) raisesVersion(k kit) {
	if e.version == nil {
		return
	}
	v := e.sample("a", 1)
	e.insert(k, &v)
	first := *e.version(&v)
	if first < 1 {
		k.Errorf("%s: Version is %d after an insert", e.name, first)
	}
	refused := e.sample("a", 2)
	_ = k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error { return e.put(ctx, tx, &refused) })
	if *e.version(&refused) != 0 {
		k.Errorf("%s: Version is %d after a refused insert, want 0", e.name, *e.version(&refused))
	}
	if e.final {
		return
	}
	e.insert(k, &v)
	if second := *e.version(&v); second <= first {
		k.Errorf("%s: Version went from %d to %d with a replacement", e.name, first, second)
	}
	got := e.stored(k, "a")
	if *e.version(&got) != *e.version(&v) {
		k.Errorf("%s: Version is %d in the caller's copy, %d in the store", e.name, *e.version(&v), *e.version(&got))
	}
	late := v
	*e.version(&late) = first
	_ = k.store.Update(k.ctx, func(ctx context.Context, tx store.Tx) error { return e.put(ctx, tx, &late) })
	if *e.version(&late) != first {
		k.Errorf("%s: Version went from %d to %d with a refused replacement", e.name, first, *e.version(&late))
	}
}

func (e entity[T]) missesUnknown(k kit) {
	if !e.lookup {
		return
	}
	k.view(func(ctx context.Context, tx store.Tx) error {
		for _, id := range []string{"nowhere", ""} {
			if _, err := e.get(ctx, tx, id); !errors.Is(err, fault.ErrNotFound) {
				k.Errorf("%s: getting %q gave %v, want ErrNotFound", e.name, id, err)
			}
		}
		return nil
	})
}
