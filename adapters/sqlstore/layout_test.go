package sqlstore

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/report"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/supervision"
	"github.com/huongvecoso/outreach/core/visit"
)

// Versions that read and wrote with encoding/json work beside this one on the
// same rows: whatever a value holds, both write the same and read the same.
func TestAStateIsWhatEncodingJSONMakesOfAValue(t *testing.T) {
	t.Run("person", sameStates[org.Person])
	t.Run("place", sameStates[org.Place])
	t.Run("unit", sameStates[org.Unit])
	t.Run("holding", sameStates[org.Holding])
	t.Run("leave", sameStates[org.Leave])
	t.Run("programme", sameStates[programme.State])
	t.Run("team", sameStates[programme.Team])
	t.Run("assignment", sameStates[programme.Assignment])
	t.Run("rule", sameStates[programme.Rule])
	t.Run("visit", sameStates[visit.State])
	t.Run("profile", sameStates[visit.Profile])
	t.Run("item", sameStates[visit.Item])
	t.Run("duty", sameStates[duty.State])
	t.Run("opinion", sameStates[opinion.State])
	t.Run("speaker", sameStates[opinion.Speaker])
	t.Run("issue", sameStates[issue.State])
	t.Run("route", sameStates[issue.Route])
	t.Run("sealed case", sameStates[sealed.Case])
	t.Run("sealed access", sameStates[sealed.Access])
	t.Run("rating round", sameStates[supervision.Round])
	t.Run("rating", sameStates[supervision.Rating])
	t.Run("flag", sameStates[supervision.Flag])
	t.Run("report", sameStates[report.State])
	t.Run("notice", sameStates[notify.Notice])
	t.Run("attempt", sameStates[notify.Attempt])
	t.Run("provider", sameStates[notify.Provider])
	t.Run("suppression", sameStates[notify.Suppression])
	t.Run("receipt", sameStates[notify.Inbound])
	t.Run("record", sameStates[event.Record])
}

func sameStates[T any](t *testing.T) {
	kind := reflect.TypeFor[T]()
	c := codingOf(kind)
	for seed := range uint64(400) {
		var v T
		dice{rand.New(rand.NewPCG(seed, 0))}.fill(reflect.ValueOf(&v).Elem())
		want, err := encode(&v, coding{nil, c.instants})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := encode(&v, c); err != nil || got != want {
			t.Fatalf("seed %d: written (%v)\n%s\nby encoding/json\n%s", seed, err, got, want)
		}
		sameValue[T](t, want)
	}
}

func TestAnInstantIsWrittenInUTCToTheMicrosecond(t *testing.T) {
	n := notify.Notice{NextAt: noon.Add(1999 * time.Nanosecond).In(calendar.Zone()), Expires: time.Time{}.Add(999 * time.Nanosecond)}
	for _, c := range []coding{notices.coding, {nil, notices.coding.instants}} {
		state, err := encode(&n, c)
		if err != nil || !strings.Contains(state, `"next_at":"2017-03-01T05:00:00.000001Z"`) || strings.Contains(state, "expires") {
			t.Errorf("written %s (%v)", state, err)
		}
	}
}

// Neither is a text that is no UTF-8 refused: what cannot be read of it is replaced.
func TestAStateHoldsWhatCanBeReadOfATextThatIsNoUTF8(t *testing.T) {
	var unit org.Unit
	state, err := encode(&org.Unit{Name: "\xff ấ\xe1"}, units.coding)
	if err == nil {
		err = decode(state, &unit, units.coding)
	}
	if want := "\ufffd ấ\ufffd"; err != nil || unit.Name != want {
		t.Errorf("read %q (%v), want %q", unit.Name, err, want)
	}
}

// The values that a worker reads and writes by the thousand do not take the way
// through encoding/json: not whole, and not for a text with a mark.
func TestWhatAWorkerHandlesMostIsReadAndWrittenDirectly(t *testing.T) {
	direct(t, *noticeUnderway())
	direct(t, *calling())
	direct(t, *official())
	direct(t, org.Place{ID: "p", Names: []org.Naming{{}}})
	direct(t, visit.State{ID: "v", Venue: "Nhà văn hóa ấp Suối Cát"})
	direct(t, opinion.State{ID: "o", Text: "Đường \"liên ấp\"\nngập nước"})
	direct(t, issue.State{ID: "i"})
	direct(t, duty.State{ID: "d"})
	direct(t, event.Record{ID: "r"})
}

func direct[T any](t *testing.T, v T) {
	t.Helper()
	l := layoutOf(reflect.TypeFor[T]())
	state, ok := l.stateOf(reflect.ValueOf(&v).Elem())
	if !ok || !l.valueOf(state, reflect.ValueOf(new(T)).Elem()) {
		t.Errorf("a %T is left to encoding/json", v)
	}
}

// What many keep of a value that is gone is its id: it does not keep the state.
func TestAnIDDoesNotKeepItsState(t *testing.T) {
	state := `{"id":"0198c0de-0000-7000-8000-000000000001","version":1}`
	var p org.Person
	if err := decode(state, &p, persons.coding); err != nil || p.Version != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	start, end := uintptr(unsafe.Pointer(unsafe.StringData(state))), uintptr(len(state))
	if at := uintptr(unsafe.Pointer(unsafe.StringData(string(p.ID)))); at >= start && at < start+end {
		t.Error("the id lies within the state")
	}
}

// What another hand has written into a state is read as encoding/json reads it.
func TestAStateOfAnotherHandIsReadAsEncodingJSONReadsIt(t *testing.T) {
	for _, state := range []string{
		`{}`, `null`, ` { "id" : "a" , "key":"\u1ea5p\n", "later": {"x": [1, "}"]}, "vars": {"a":"b","a":"c"}, "items": ["1", "2"] } `,
		`{"ID":"a","Key":"k","NEXT_AT":"2017-03-01T12:00:00+07:00","vars":null,"items":[]}`,
		`{"id":"a","id":"b","to":{"person":"x"},"to":{"role":"official"}}`,
		`{"id":1}`, `{"id":"a","version":01}`, `{"id":"a","version":-0}`, `{"id":"a","version":-}`, `{"id":"a","version":9223372036854775808}`,
		`{"id":"a",}`, `{"id":"a","key":"k"`, "{\"id\":\"a\tb\"}", `{"id":"a","vars":{"b":"1","a":"2",}}`, `{"id":"a","items":["1",]}`, `{"id":"a","next_at":"2017-3-1T00:00:00Z"}`,
		`{"id":"a","not_before":"2017-03-01T12:00:00+07:00"}`, `{"id":"a","subject":null,"to":null,"vars":null,"next_at":null,"version":null}`, `{"key":"k","id":"a"}`,
		`{"id":"a","version":1,"key":"k","template":"t","subject":{},"to":{},"vars":{},"items":[],"arrived":"2017-03-01T12:00:00.123456789Z"}`, `{"id":"a"`, `{"attempts":"1"}`, `{"attempts":1.5}`, `{"next_at":"yesterday"}`, `{"next_at":""}`, `{"vars":{"a":1}}`, `{"id":"a"} x`, ``, `[]`, `{"id":"\ud800"}`, "{\"id\":\"\xff\"}",
	} {
		sameValue[notify.Notice](t, state)
	}
}

// sameValue compares what is read of a state with what encoding/json reads.
func sameValue[T any](t *testing.T, state string) {
	t.Helper()
	var got, want T
	err, wantErr := decode(state, &got, codingOf(reflect.TypeFor[T]())), json.Unmarshal([]byte(state), &want)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s\nread with error %v, by encoding/json with %v", state, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("of %s\nread (-encoding/json +here)\n%s", state, cmp.Diff(want, got))
	}
}

// dice give values.
type dice struct{ *rand.Rand }

// fill gives every exported field within v a value.
func (d dice) fill(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		if d.IntN(4) > 0 {
			*at = time.Unix(d.Int64N(1<<32), d.Int64N(1e9)).Truncate(one(d, time.Second, time.Millisecond, time.Microsecond, 1)).In(one(d, time.UTC, calendar.Zone()))
		}
	case *calendar.Date:
		if d.IntN(4) > 0 {
			*at = calendar.MustDate(2017, time.January, 1).Add(d.IntN(40_000))
		}
	case *calendar.Month:
		*at = calendar.MonthOf(calendar.MustDate(2017, time.January, 1).Add(d.IntN(40_000)))
	case *calendar.TimeOfDay:
		*at = calendar.MustTimeOfDay(d.IntN(24), d.IntN(60))
	case *json.RawMessage:
		*at = one(d, nil, json.RawMessage(`null`), json.RawMessage(`{"a": [1, 2.50, "ấp \u00e1 <b>"], "b":{}}`), json.RawMessage(`"\u2028"`), json.RawMessage(`1e5`))
	default:
		d.fillKind(v)
	}
}

func (d dice) fillKind(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(d.text())
	case reflect.Bool:
		v.SetBool(d.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(one(d, 0, 1, -1, d.Int64()))
	case reflect.Float64:
		v.SetFloat(one(d, 0, 0.5, -1e-9, 1e21, d.Float64()))
	case reflect.Pointer:
		if d.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			d.fill(v.Elem())
		}
	case reflect.Slice:
		if n := d.IntN(5) - 1; n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			d.fill(v.Index(i))
		}
	case reflect.Map:
		n := d.IntN(6) - 1
		if n >= 0 {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for range n {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.fill(key)
			d.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				d.fill(v.Field(i))
			}
		}
	default:
		panic("no value for a " + v.Type().String())
	}
}

// text has everything that JSON writes in another way.
func (d dice) text() string {
	words := ""
	for range d.IntN(3) {
		words += one(d, "XL-17-0001", "ấp Suối Cát", `a "quoted" \ word`, "a\tb\nc\r\x00\x1f\x7f\b\f", "<b>&amp;</b>", "\u2028\u2029", "😀", "\ufffd", "\u0085", "/")
	}
	return words
}

func one[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// Values that are written together become the parameters that their rows would become,
// and their versions stay as they are until they are written.
func TestValuesMakeTheParametersOfTheirRows(t *testing.T) {
	t.Parallel()
	bare, odd := waiting(1), noticeUnderway()
	odd.Key, odd.Subject.ID, odd.Why, odd.Done = `a "key" \ with`, "{x,NULL}", "\u2028 <br> ", noon.In(calendar.Zone()).Add(7*time.Nanosecond)
	parametersAgree(t, notices, []*notify.Notice{bare, odd, noticeUnderway(), {ID: "nothing"}})
	parametersAgree(t, attempts, []*notify.Attempt{calling(), {}})
	parametersAgree(t, duties, []*duty.State{{ID: "d", Due: calendar.MustDate(2017, time.March, 1)}, {ID: "e", Version: 7}})
	parametersAgree(t, leaves, []*org.Leave{{ID: "l", Days: calendar.Period{From: calendar.MustDate(2017, time.March, 1)}}})
}

func parametersAgree[T any](t *testing.T, of *table[T], vs []*T) {
	t.Helper()
	for what, columns := range map[string][]column[T]{"added": of.columns, "replaced": of.changing} {
		var rows [][]any
		var versions []int64
		for _, v := range vs {
			row, err := of.rowOf(v, columns)
			must(t, err)
			rows, versions = append(rows, row), append(versions, *of.version(v))
		}
		args, states, err := of.columnArgs(vs, columns)
		must(t, err)
		if diff := cmp.Diff(columnArgs(rows), args); diff != "" {
			t.Errorf("%s %s (-rows +values):\n%s", of.kind, what, diff)
		}
		for i, v := range vs {
			if states[i] != stateIn(rows[i]) || *of.version(v) != versions[i] {
				t.Errorf("%s %s: state %d is %q in version %d, want %q and %d", of.kind, what, i, states[i], *of.version(v), stateIn(rows[i]), versions[i])
			}
		}
	}
}
