package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/huongvecoso/outreach/core/calendar"
)

// fill sets every exported field within v, a pointer, to a value that is not
// zero, follows from seed, and differs from field to field. A field that a
// store loses then shows, also one that is added to a State later.
func fill(v any, seed int) { (&filler{n: seed * 1000}).set(reflect.ValueOf(v).Elem()) }

// launch is a day and an instant of the programme, from which fill counts.
var launch = calendar.MustDate(2017, time.February, 20)

type filler struct{ n int }

func (f *filler) next() int { f.n++; return f.n }

func (f *filler) set(v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Date(2017, time.March, 1, 1, 2, 3, 456789000, time.UTC).Add(time.Duration(f.next()) * time.Second)
		return
	case *calendar.Date:
		*p = launch.Add(f.next() % 1000)
		return
	case *calendar.Period:
		*p = calendar.Period{From: launch.Add(f.next() % 1000), To: launch.Add(1000 + f.n%1000)}
		return
	case *calendar.Month:
		*p = calendar.MonthOf(launch.Add(f.next() % 1000))
		return
	case *calendar.TimeOfDay:
		n := f.next()
		*p = calendar.MustTimeOfDay(n%24, n%60)
		return
	case *json.RawMessage:
		*p = json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"Xuân Lộc <&>"}`, f.next()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("số %d", f.next()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.next() % 100))
	case reflect.Float64:
		v.SetFloat(float64(f.next()) / 4)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.set(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.set(v.Index(0))
		f.set(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.set(key)
			f.set(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		f.fields(v)
	default:
		panic(fmt.Sprintf("storetest: fill does not know %s yet", v.Type()))
	}
}

func (f *filler) fields(v reflect.Value) {
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			panic(fmt.Sprintf("storetest: fill does not know %s yet", v.Type()))
		}
		f.set(v.Field(i))
	}
}

// shake changes everything that v, a pointer, shares with a copy of it: the
// contents of its slices and maps and what its pointers point to.
func shake(v any) {
	s := &filler{n: 7_000_000}
	s.shake(reflect.ValueOf(v).Elem(), false)
}

func (f *filler) shake(v reflect.Value, shared bool) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			f.shake(v.Index(i), true)
		}
		return
	case reflect.Map:
		v.Clear()
		return
	case reflect.Pointer:
		if !v.IsNil() {
			f.shake(v.Elem(), true)
		}
		return
	case reflect.Uint8:
		v.SetUint(' ')
		return
	case reflect.Struct:
		if opaque(v.Type()) {
			break
		}
		for i := range v.NumField() {
			f.shake(v.Field(i), shared)
		}
		return
	}
	if shared {
		f.set(v)
	}
}

// opaque reports whether values of the type are set as a whole.
func opaque(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return true
		}
	}
	return false
}

// instants calls fn with every instant within v, a pointer.
func instants(v any, fn func(path string, t *time.Time)) {
	eachInstant(reflect.ValueOf(v).Elem(), "", fn)
}

func eachInstant(v reflect.Value, path string, fn func(string, *time.Time)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachInstant(v.Elem(), path, fn)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachInstant(v.Index(i), fmt.Sprintf("%s[%d]", path, i), fn)
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			fn(path, t)
		} else if !opaque(v.Type()) {
			for i := range v.NumField() {
				eachInstant(v.Field(i), path+"."+v.Type().Field(i).Name, fn)
			}
		}
	}
}
