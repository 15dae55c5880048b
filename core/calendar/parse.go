package calendar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
)

// ParseSpec reads a spec from JSON, strictly: an unknown or repeated field, a
// null, a value of the wrong type and every fault of [Spec.Check] are
// reported, all at once, each with the path of its field ("closures[2].from").
func ParseSpec(data []byte) (Spec, error) {
	var spec Spec
	var r specReader
	r.object("", data, fields{
		"id":       r.text(&spec.ID),
		"version":  r.number(&spec.Version),
		"coverage": r.period(&spec.Coverage),
		"weekend": func(path string, raw []byte) {
			spec.Weekend = []string{}
			r.list(path, raw, func(path string, raw []byte) {
				var name string
				r.text(&name)(path, raw)
				spec.Weekend = append(spec.Weekend, name)
			})
		},
		"closures": func(path string, raw []byte) {
			r.list(path, raw, func(path string, raw []byte) {
				var c Closure
				r.object(path, raw, fields{
					"from": r.date(&c.From), "to": r.date(&c.To),
					"name": r.text(&c.Name), "nameEn": r.text(&c.NameEn),
					"kind": r.text((*string)(&c.Kind)), "source": r.text(&c.Source),
				})
				spec.Closures = append(spec.Closures, c)
			})
		},
		"workingDays": func(path string, raw []byte) {
			r.list(path, raw, func(path string, raw []byte) {
				var w WorkingDay
				r.object(path, raw, fields{
					"date": r.date(&w.Date), "name": r.text(&w.Name),
					"nameEn": r.text(&w.NameEn), "source": r.text(&w.Source),
				})
				spec.WorkingDays = append(spec.WorkingDays, w)
			})
		},
	})
	r.add(fault.Violations(spec.Check())...)
	if err := r.faults.Err(); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

// specReader reads JSON and gathers what is wrong with it.
type specReader struct {
	faults fault.List
	fields []string // already at fault
}

// fields says how each field of an object is read.
type fields map[string]func(path string, raw []byte)

// add keeps the first fault of a field and of what it is part of: a date that
// cannot be read is not also reported as missing.
func (r *specReader) add(faults ...*fault.Violation) {
	for _, v := range faults {
		if !slices.ContainsFunc(r.fields, func(field string) bool { return within(v.Field, field) || within(field, v.Field) }) {
			r.fields = append(r.fields, v.Field)
			r.faults.Add(v)
		}
	}
}

// within reports whether the field is the whole or a part of it; the empty
// path is the whole document.
func within(field, whole string) bool {
	return whole == "" || field == whole || strings.HasPrefix(field, whole+".")
}

func (r *specReader) wrongType(path, en, vi string) {
	r.add(fault.Broken("calendar.spec.json", path, "Expected %[1]s here.", "Ở đây phải là %[2]s.", en, vi))
}

// object reads the fields of an object in the order written.
func (r *specReader) object(path string, raw []byte, read fields) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		r.wrongType(path, "an object", "một đối tượng JSON")
		return
	}
	seen := make(map[string]bool, len(read))
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			r.wrongType(path, "well-formed JSON", "JSON đúng cú pháp")
			return
		}
		name, _ := key.(string)
		field := name
		if path != "" {
			field = path + "." + name
		}
		switch {
		case read[name] == nil:
			r.add(fault.Broken("calendar.spec.unknown_field", field,
				"There is no field %q.", "Không có trường %q.", name))
		case seen[name]:
			r.add(fault.Broken("calendar.spec.repeated_field", field,
				"The field %q is given twice.", "Trường %q bị ghi hai lần.", name))
		default:
			seen[name] = true
			read[name](field, value)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		r.wrongType(path, "well-formed JSON", "JSON đúng cú pháp")
		return
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		r.wrongType(path, "nothing after the object", "hết nội dung sau đối tượng JSON")
	}
}

func (r *specReader) list(path string, raw []byte, each func(path string, raw []byte)) {
	var items []json.RawMessage
	if !decode(raw, &items) {
		r.wrongType(path, "a list", "một danh sách")
		return
	}
	for i, item := range items {
		each(fmt.Sprintf("%s[%d]", path, i), item)
	}
}

func (r *specReader) text(into *string) func(string, []byte) {
	return func(path string, raw []byte) {
		if !decode(raw, into) {
			r.wrongType(path, "a text", "một chuỗi văn bản")
		}
	}
}

func (r *specReader) number(into *int) func(string, []byte) {
	return func(path string, raw []byte) {
		if !decode(raw, into) {
			r.wrongType(path, "a whole number", "một số nguyên")
		}
	}
}

func (r *specReader) date(into *Date) func(string, []byte) {
	return func(path string, raw []byte) {
		var text string
		if !decode(raw, &text) {
			r.wrongType(path, "a date such as 2017-05-31", "một ngày như 2017-05-31")
			return
		}
		d, err := ParseDate(text)
		for _, v := range fault.Violations(err) {
			v.Field = path
			r.add(v)
		}
		*into = d
	}
}

func (r *specReader) period(into *Period) func(string, []byte) {
	return func(path string, raw []byte) {
		r.object(path, raw, fields{"from": r.date(&into.From), "to": r.date(&into.To)})
	}
}

// decode reports whether raw is a value for into; a null is none.
func decode(raw []byte, into any) bool {
	return !bytes.Equal(raw, []byte("null")) && json.Unmarshal(raw, into) == nil
}
