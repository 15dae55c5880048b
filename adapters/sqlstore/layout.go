package sqlstore

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// layout is how the values of a type stand in their states: what encoding/json
// makes of them, found out once for a table instead of for every row. A worker
// spends most of its time on that.
//
// It knows what states consist of and how this package writes them. Whatever is
// otherwise, of a type or in a state, is left to encoding/json: so what it reads
// and writes is what encoding/json reads and writes.
type layout struct {
	form    form
	rooms   sync.Pool // of *[]byte, in which states are written
	members []member  // of a structure, in the order in which they are written
	elem    *layout   // of a pointer or a list
}

// member is one field of a structure.
type member struct {
	*layout
	index     int
	name      string // as it is written: in quotes, with the colon
	id        bool
	omitEmpty bool
	omitZero  bool
}

type form int

const (
	asText    form = iota // of kind string
	asBool                // of kind bool
	asInt                 // of a signed kind
	asInstant             // a time.Time
	asSpoken              // with MarshalText and UnmarshalText
	asTexts               // a map[string]string
	asRare                // raw JSON, and other maps: read and written here as long as they are empty
	asPointer
	asList
	asStruct
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	textsType = reflect.TypeFor[map[string]string]()
)

// textual is what a value that is written as a text can do.
type textual interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// layoutOf returns nil where a type has something that only encoding/json knows.
func layoutOf(t reflect.Type) *layout { return layoutWithin(t, nil) }

func layoutWithin(t reflect.Type, outer []reflect.Type) *layout {
	reads := reflect.PointerTo(t)
	switch {
	case t == timeType:
		return &layout{form: asInstant}
	case t == textsType:
		return &layout{form: asTexts}
	case t == rawType:
		return &layout{form: asRare}
	case slices.Contains(outer, t),
		reads.Implements(reflect.TypeFor[json.Marshaler]()), reads.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil
	case reads.Implements(reflect.TypeFor[textual]()):
		return &layout{form: asSpoken}
	case reads.Implements(reflect.TypeFor[encoding.TextMarshaler]()), reads.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return nil
	}
	outer = append(outer, t)
	switch t.Kind() {
	case reflect.String:
		return &layout{form: asText}
	case reflect.Bool:
		return &layout{form: asBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &layout{form: asInt}
	case reflect.Pointer:
		return layoutAround(asPointer, t, outer)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		return layoutAround(asList, t, outer)
	case reflect.Map:
		return &layout{form: asRare}
	case reflect.Struct:
		return layoutOfStruct(t, outer)
	}
	return nil
}

func layoutAround(f form, t reflect.Type, outer []reflect.Type) *layout {
	elem := layoutWithin(t.Elem(), outer)
	if elem == nil {
		return nil
	}
	return &layout{form: f, elem: elem}
}

func layoutOfStruct(t reflect.Type, outer []reflect.Type) *layout {
	l := &layout{form: asStruct}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			return nil
		case !field.IsExported(), name == "-" && options == "":
			continue
		case name == "", strings.Trim(name, "_abcdefghijklmnopqrstuvwxyz0123456789") != "":
			return nil
		}
		m := member{layout: layoutWithin(field.Type, outer), index: i, name: `"` + name + `":`}
		if m.layout == nil || m.form == asPointer && strings.Contains(options, "omitzero") {
			return nil
		}
		m.id = name == "id" && m.form == asText
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty":
				m.omitEmpty = true
			case "omitzero":
				m.omitZero = true
			case "":
			default:
				return nil
			}
		}
		l.members = append(l.members, m)
	}
	return l
}

// settled is how an instant is kept: in UTC with microseconds.
func settled(t time.Time) time.Time {
	if isSettled(&t) {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

// append writes v behind b with its instants settled; false where encoding/json
// has to write the value as a whole.
func (l *layout) append(b []byte, v reflect.Value) ([]byte, bool) {
	switch l.form {
	case asText:
		return appendText(b, v.String())
	case asBool:
		return strconv.AppendBool(b, v.Bool()), true
	case asInt:
		return strconv.AppendInt(b, v.Int(), 10), true
	case asInstant:
		b, err := settled(*v.Addr().Interface().(*time.Time)).AppendText(append(b, '"'))
		return append(b, '"'), err == nil
	case asSpoken:
		text, err := v.Addr().Interface().(textual).MarshalText()
		if err != nil {
			return b, false
		}
		return appendText(b, string(text))
	case asTexts:
		return appendTexts(b, *v.Addr().Interface().(*map[string]string))
	case asRare:
		return append(b, "null"...), v.IsNil()
	case asPointer:
		if v.IsNil() {
			return append(b, "null"...), true
		}
		return l.elem.append(b, v.Elem())
	case asList:
		return l.appendList(b, v)
	default:
		return l.appendStructure(b, v)
	}
}

func (l *layout) appendList(b []byte, v reflect.Value) (_ []byte, ok bool) {
	if v.IsNil() {
		return append(b, "null"...), true
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, ok = l.elem.append(b, v.Index(i)); !ok {
			return b, false
		}
	}
	return append(b, ']'), true
}

func appendTexts(b []byte, texts map[string]string) (_ []byte, ok bool) {
	if texts == nil {
		return append(b, "null"...), true
	}
	var room [16]string
	names := slices.AppendSeq(room[:0], maps.Keys(texts))
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, ok = appendText(b, name); !ok {
			return b, false
		}
		if b, ok = appendText(append(b, ':'), texts[name]); !ok {
			return b, false
		}
	}
	return append(b, '}'), true
}

func (l *layout) appendStructure(b []byte, v reflect.Value) (_ []byte, ok bool) {
	b = append(b, '{')
	first := true
	for i := range l.members {
		m := &l.members[i]
		field := v.Field(m.index)
		if m.omits(field) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		if b, ok = m.append(append(b, m.name...), field); !ok {
			return b, false
		}
	}
	return append(b, '}'), true
}

// omits reports whether a member is left out for what it is.
func (m *member) omits(v reflect.Value) bool {
	if m.omitZero && isZero(v) {
		return true
	}
	if m.omitEmpty {
		switch m.form {
		case asText, asList, asTexts, asRare:
			return v.Len() == 0
		case asBool, asInt, asPointer:
			return v.IsZero()
		}
	}
	return false
}

func isZero(v reflect.Value) bool {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		return settled(*at).IsZero()
	case interface{ IsZero() bool }:
		return at.IsZero()
	}
	return v.IsZero()
}

// appendText writes a text in quotes.
func appendText(b []byte, text string) ([]byte, bool) {
	plain, wide := true, false
	for i := range len(text) {
		c := text[i]
		// Of the characters outside ASCII, two that begin with this byte are escaped.
		if c < ' ' || c == '"' || c == '\\' || c == 0xe2 {
			plain = false
			break
		}
		wide = wide || c >= utf8.RuneSelf
	}
	if plain && (!wide || utf8.ValidString(text)) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"'), true
	}
	escaped, err := marshal(text)
	return append(b, escaped...), err == nil
}

// reading is a state as far as it is not read yet.
type reading struct{ rest string }

// take goes past what has to stand next, if it does.
func (r *reading) take(next string) bool {
	rest, ok := strings.CutPrefix(r.rest, next)
	r.rest = rest
	return ok
}

// read reads a value, whose zero v holds; false where encoding/json has to read
// the state as a whole.
func (l *layout) read(r *reading, v reflect.Value) bool {
	switch l.form {
	case asText:
		text, ok := r.text()
		v.SetString(text)
		return ok
	case asBool:
		v.SetBool(strings.HasPrefix(r.rest, "true"))
		return r.take("true") || r.take("false")
	case asInt:
		n, ok := r.whole()
		v.SetInt(n)
		return ok && v.Int() == n
	case asInstant:
		text, ok := r.text()
		return ok && v.Addr().Interface().(*time.Time).UnmarshalText([]byte(text)) == nil
	case asSpoken:
		text, ok := r.text()
		return ok && v.Addr().Interface().(textual).UnmarshalText([]byte(text)) == nil
	case asStruct:
		return l.readStructure(r, v)
	}
	switch {
	case r.take("null"):
		return l.form != asRare
	case l.form == asPointer:
		v.Set(reflect.New(v.Type().Elem()))
		return l.elem.read(r, v.Elem())
	case l.form == asList:
		return l.readList(r, v)
	case l.form == asTexts:
		return r.texts(v.Addr().Interface().(*map[string]string))
	}
	return false
}

func (l *layout) readList(r *reading, v reflect.Value) bool {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	if !r.take("[") {
		return false
	}
	if r.take("]") {
		return true
	}
	for {
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		if !l.elem.read(r, v.Index(n)) {
			return false
		}
		if !r.take(",") {
			return r.take("]")
		}
	}
}

// readStructure reads the members in the order in which they are written. One
// that is missing was left out.
func (l *layout) readStructure(r *reading, v reflect.Value) bool {
	if !r.take("{") {
		return false
	}
	if r.take("}") {
		return true
	}
	for i := range l.members {
		m := &l.members[i]
		if !r.take(m.name) {
			continue
		}
		field := v.Field(m.index)
		if !m.read(r, field) {
			return false
		}
		if m.id { // what is kept of a value that is gone is its id: without the state
			field.SetString(strings.Clone(field.String()))
		}
		if !r.take(",") {
			return r.take("}")
		}
	}
	return false
}

// text reads a text in quotes.
func (r *reading) text() (string, bool) {
	if !r.take(`"`) {
		return "", false
	}
	wide := false
	for i := range len(r.rest) {
		switch c := r.rest[i]; {
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			return text, !wide || utf8.ValidString(text)
		case c == '\\':
			return r.escaped(i)
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			wide = true
		}
	}
	return "", false
}

// escaped reads on in a text, behind its first quote, that is escaped from a place on.
func (r *reading) escaped(from int) (text string, ok bool) {
	for i := from; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			i++
		case '"':
			quoted := `"` + r.rest[:i+1]
			r.rest = r.rest[i+1:]
			err := json.Unmarshal([]byte(quoted), &text)
			return text, err == nil
		}
	}
	return "", false
}

// texts reads a map of texts.
func (r *reading) texts(into *map[string]string) bool {
	texts := make(map[string]string)
	*into = texts
	if !r.take("{") {
		return false
	}
	if r.take("}") {
		return true
	}
	for {
		name, ok := r.text()
		if !ok || !r.take(":") {
			return false
		}
		if texts[name], ok = r.text(); !ok {
			return false
		}
		if !r.take(",") {
			return r.take("}")
		}
	}
}

// whole reads a whole number.
func (r *reading) whole() (int64, bool) {
	end := 0
	for end < len(r.rest) && (r.rest[end] == '-' || '0' <= r.rest[end] && r.rest[end] <= '9') {
		end++
	}
	digits := r.rest[:end]
	r.rest = r.rest[end:]
	n, err := strconv.ParseInt(digits, 10, 64)
	leading := len(digits) > 1 && (digits[0] == '0' || len(digits) > 2 && strings.HasPrefix(digits, "-0"))
	return n, err == nil && !leading
}

// stateOf writes a value as its state; false where encoding/json has to.
func (l *layout) stateOf(v reflect.Value) (string, bool) {
	if l == nil {
		return "", false
	}
	room := l.room()
	defer l.done(room)
	state, ok := l.append((*room)[:0], v)
	*room = state
	return string(state), ok
}

// room is a place to write states in, given back by done.
func (l *layout) room() *[]byte {
	if l != nil {
		if room, ok := l.rooms.Get().(*[]byte); ok {
			return room
		}
	}
	return new([]byte)
}

func (l *layout) done(room *[]byte) {
	if l != nil {
		l.rooms.Put(room)
	}
}

// valueOf reads a whole state into v, which holds the zero value; false where
// encoding/json has to.
func (l *layout) valueOf(state string, v reflect.Value) bool {
	if l == nil {
		return false
	}
	r := reading{state}
	return l.read(&r, v) && r.rest == ""
}
