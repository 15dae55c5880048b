package httpsms

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// What an object consists of is worked out once. What comes out is what
// encoding/json makes of the whole.
func TestAnObjectIsWhatEncodingJSONMakesOfItsFields(t *testing.T) {
	c := Generic()
	c.Secrets = map[string]Secret{"key": "<&>\"\\"}
	for _, fields := range []map[string]Field{
		{},
		c.Body.Fields,
		{"a": {Value: "{{text}}"}},
		{"b.1.x": {Value: "1"}, "b.0.x": {Value: "{{to}}"}, "b.0.<y>": {Value: "{{secret.key}}"}, "a.c": {Value: "3", Type: Number}, "a.b": {Value: "true", Type: Bool}, "z": {Value: "{{text}}", Filter: Base64}},
		{"p": {Type: Params}, "ấp \"1\"": {Value: "x{{text}}y{{class}}"}, "0x": {Value: "\u2028\xff"}},
	} {
		f, err := c.formOf("body", Body{Kind: JSON, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		v := values{"text": "Đường <liên ấp> & \"cầu\"\n", "to": "84900000001", "class": "DH", "secret.key": "<&>\"\\", paramsValue: `{"a":1}`}
		got, err := f.writeJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := whole(t, f, v); string(got) != want {
			t.Errorf("of %v\n%s, want\n%s", slices.Sorted(maps.Keys(fields)), got, want)
		}
	}
}

func whole(t *testing.T, f form, v values) string {
	t.Helper()
	flat := map[string]any{}
	for name, field := range f.fields {
		value, err := field.typed(v)
		if err != nil {
			t.Fatal(err)
		}
		flat[name] = value
	}
	tree, err := nest(flat)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
