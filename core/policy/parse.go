package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Parse reads a policy from JSON, strictly. It returns one error that lists
// every fault: a field that does not exist or stands twice, a value of the wrong
// type, a missing version, zone or first day, and everything Validate finds,
// each with the path of its field. Numbers that are left out keep the value of
// [Default]; null is not a value.
//
// Besides those of Validate the rules are "policy.syntax", "policy.unknown",
// "policy.duplicate" and "policy.type".
func Parse(data []byte) (Policy, error) {
	p := Default()
	p.Version, p.From, p.Zone, p.Basis = "", calendar.Date{}, "", ""
	r := newReader(&p)
	if !json.Valid(data) {
		r.broken("policy.syntax", "", "This is not valid JSON: %v.", "Đây không phải JSON hợp lệ: %v.", json.Unmarshal(data, new(any)))
		return Policy{}, r.faults.Err()
	}
	r.object("", data)
	for _, v := range fault.Violations(p.Validate()) {
		if !r.blamed(v.Field) {
			r.faults.Add(v)
		}
	}
	if err := r.faults.Err(); err != nil {
		return Policy{}, err
	}
	return p, nil
}

// reader fills the fields of a policy from JSON and gathers what is wrong.
type reader struct {
	fields   map[string]field
	sections map[string]bool // what a field's key begins with: "issues", "issues.unit_days"
	faults   fault.List
	faulty   []string // fields that could not be read
}

func newReader(p *Policy) *reader {
	r := &reader{fields: make(map[string]field), sections: map[string]bool{"": true}}
	for _, f := range p.fields() {
		r.fields[f.key] = f
		for key := f.key; strings.Contains(key, "."); {
			key = key[:strings.LastIndex(key, ".")]
			r.sections[key] = true
		}
	}
	return r
}

func (r *reader) broken(rule, path, en, vi string, args ...any) {
	r.faulty = append(r.faulty, path)
	r.faults.Add(fault.Broken(rule, path, en, vi, args...))
}

// blamed reports whether the field, or what it is part of, could not be read
// and so was reported already.
func (r *reader) blamed(path string) bool {
	for _, f := range r.faulty {
		if f != "" && (path == f || strings.HasPrefix(path, f+".") || strings.HasPrefix(path, f+"[") || strings.HasPrefix(f, path+"[")) {
			return true
		}
	}
	return false
}

// object reads a section of the policy. raw is valid JSON.
func (r *reader) object(path string, raw []byte) {
	r.members(path, raw, func(key string, value []byte) {
		at := key
		if path != "" {
			at = path + "." + key
		}
		if f, ok := r.fields[at]; ok {
			r.field(f, value)
		} else if r.sections[at] {
			r.object(at, value)
		} else {
			r.broken("policy.unknown", at, "There is no field %q.", "Không có mục %q.", at)
		}
	})
}

// members calls read for each member of a JSON object, once for each key.
func (r *reader) members(path string, raw []byte, read func(key string, value []byte)) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		r.wrongType(path, "an object", "một nhóm mục", raw)
		return
	}
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		key, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return // cannot be: raw is valid
		}
		if seen[key] {
			r.broken("policy.duplicate", strings.TrimPrefix(path+"."+key, "."), "The field %q stands twice.", "Mục %q ghi hai lần.", key)
			continue
		}
		seen[key] = true
		read(key, value)
	}
}

func (r *reader) wrongType(path, en, vi string, raw []byte) {
	found := string(raw)
	if len(found) > 40 {
		found = strings.ToValidUTF8(found[:40], "") + "…"
	}
	r.broken("policy.type", path, "%[1]q has to be %[2]s, not %[4]s.", "%[1]q phải là %[3]s, không phải %[4]s.", path, en, vi, found)
}

// field reads one value.
func (r *reader) field(f field, raw []byte) {
	switch at := f.at.(type) {
	case *int:
		n, err := strconv.Atoi(string(raw))
		if err != nil {
			r.wrongType(f.key, "a whole number", "số nguyên", raw)
			return
		}
		*at = n
	case *bool:
		if s := string(raw); s != "true" && s != "false" {
			r.wrongType(f.key, "true or false", "true hoặc false", raw)
			return
		}
		*at = string(raw) == "true"
	case *string:
		r.text(f.key, raw, at)
	case *calendar.Date:
		r.date(f.key, raw, at)
	case *calendar.TimeOfDay:
		r.timeOfDay(f.key, raw, at)
	case *[]Span:
		r.spans(f.key, raw, at)
	}
}

func (r *reader) text(path string, raw []byte, at *string) bool {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, at) != nil {
		r.wrongType(path, "a text", "chữ trong ngoặc kép", raw)
		return false
	}
	return true
}

func (r *reader) date(path string, raw []byte, at *calendar.Date) {
	var s string
	if !r.text(path, raw, &s) {
		return
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		r.wrongType(path, "a date such as 2017-01-31", "ngày dạng 2017-01-31", raw)
		return
	}
	*at = d
}

func (r *reader) timeOfDay(path string, raw []byte, at *calendar.TimeOfDay) {
	var s string
	if !r.text(path, raw, &s) {
		return
	}
	t, err := calendar.ParseTimeOfDay(s)
	if err != nil {
		r.wrongType(path, "a time such as 08:00", "giờ dạng 08:00", raw)
		return
	}
	*at = t
}

func (r *reader) spans(path string, raw []byte, at *[]Span) {
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		r.wrongType(path, "a list of windows", "danh sách khung giờ", raw)
		return
	}
	*at = make([]Span, len(items))
	for i, item := range items {
		at, span := fmt.Sprintf("%s[%d]", path, i), &(*at)[i]
		given := 0
		r.members(at, item, func(key string, value []byte) {
			given++
			switch key {
			case "from":
				r.timeOfDay(at+".from", value, &span.From)
			case "to":
				r.timeOfDay(at+".to", value, &span.To)
			default:
				r.broken("policy.unknown", at+"."+key, "There is no field %q.", "Không có mục %q.", at+"."+key)
			}
		})
		if given < 2 && !r.blamed(at) {
			r.broken("policy.missing", at, "A window needs its beginning and its end.", "Khung giờ phải có giờ bắt đầu và giờ kết thúc.")
		}
	}
}
