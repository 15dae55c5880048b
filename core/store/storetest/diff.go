package storetest

import (
	"fmt"
	"reflect"
	"strings"
)

// differ says where got differs from want, a line for each place; it is empty
// where they are alike. Values with a method Equal, such as instants, are
// compared by it; a list that is empty is not one that is absent.
func differ(want, got any) string {
	var places []string
	compare("", reflect.ValueOf(want), reflect.ValueOf(got), &places)
	return strings.Join(places, "\n")
}

func compare(path string, want, got reflect.Value, places *[]string) {
	differs := func() { *places = append(*places, fmt.Sprintf("%s: -%s +%s", path, shown(want), shown(got))) }
	if want.IsValid() != got.IsValid() || want.IsValid() && want.Type() != got.Type() {
		differs()
		return
	}
	if !want.IsValid() {
		return
	}
	if equal, ok := equalBy(want, got); ok {
		if !equal {
			differs()
		}
		return
	}
	switch want.Kind() {
	case reflect.Pointer, reflect.Interface:
		if want.IsNil() || got.IsNil() {
			if want.IsNil() != got.IsNil() {
				differs()
			}
			return
		}
		compare(path, want.Elem(), got.Elem(), places)
	case reflect.Struct:
		for i := range want.NumField() {
			compare(path+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i), places)
		}
	case reflect.Slice:
		if want.IsNil() != got.IsNil() || want.Len() != got.Len() {
			differs()
			return
		}
		for i := range want.Len() {
			compare(fmt.Sprintf("%s[%d]", path, i), want.Index(i), got.Index(i), places)
		}
	case reflect.Map:
		if want.IsNil() != got.IsNil() || want.Len() != got.Len() {
			differs()
			return
		}
		for _, key := range want.MapKeys() {
			compare(fmt.Sprintf("%s[%s]", path, shown(key)), want.MapIndex(key), got.MapIndex(key), places)
		}
	default:
		if !want.Equal(got) {
			differs()
		}
	}
}

// equalBy asks the values' own method Equal, where they have one.
func equalBy(want, got reflect.Value) (equal, ok bool) {
	if !want.CanInterface() {
		return false, false
	}
	method := want.MethodByName("Equal")
	if !method.IsValid() || method.Type().NumIn() != 1 || method.Type().In(0) != want.Type() || method.Type().NumOut() != 1 {
		return false, false
	}
	return method.Call([]reflect.Value{got})[0].Bool(), true
}

func shown(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	return fmt.Sprintf("%+v", v)
}
