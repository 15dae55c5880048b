package httpsms

import (
	"errors"
	"strings"
	"testing"
)

func TestAValueIsFoundByItsPath(t *testing.T) {
	const soap = `<?xml version="1.0"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>
		<ns2:sendResponse xmlns:ns2="http://gateway.example/"><return><message> taken </message><result>1</result></return></ns2:sendResponse>
		</S:Body></S:Envelope>`
	tests := []struct {
		format             Format
		answer, path, want string
		err                error
	}{
		{AnswerJSON, `{"a":{"b":[{"c":7}]}}`, "a.b.0.c", "7", nil},
		{AnswerJSON, `{"a":{"b":[{"c":7}]}}`, "a.b.1.c", "", nil},
		{AnswerJSON, `{"a":{"b":[{"c":7}]}}`, "a.b.-1.c", "", nil},
		{AnswerJSON, `{"a":{"b":[{"c":7}]}}`, "a.b.x", "", nil},
		{AnswerJSON, `{"a":{"b":[{"c":7}]}}`, "a.b", "", errWrongType},
		{AnswerJSON, `[{"r":0}]`, "0.r", "0", nil},
		{AnswerJSON, `{"a":true}`, "a", "true", nil},
		{AnswerJSON, `{"a":1.50}`, "a", "1.50", nil},
		{AnswerJSON, `{"a":" x "}`, "a", "x", nil},
		{AnswerJSON, `{"a":null}`, "a", "", nil},
		{AnswerJSON, `{"a":"x"}`, "a.b", "", nil},
		{AnswerJSON, `{"a":"x"}`, "", "", nil},
		{AnswerXML, soap, "Envelope.Body.sendResponse.return.result", "1", nil},
		{AnswerXML, soap, "Envelope.Body.sendResponse.return.message", "taken", nil},
		{AnswerXML, soap, "Envelope.Body.sendResponse.return", "", errWrongType},
		{AnswerXML, soap, "Envelope.Body.other.return", "", nil},
		{AnswerXML, soap, "", "", nil},
	}
	for _, test := range tests {
		find, err := test.format.read([]byte(test.answer))
		if err != nil {
			t.Errorf("%s: %v", test.answer, err)
			continue
		}
		if got, err := find(test.path); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q in %s: %q, %v, want %q, %v", test.path, test.answer, got, err, test.want, test.err)
		}
	}
}

func TestAnAnswerThatIsNotInItsFormatIsUnreadable(t *testing.T) {
	for format, answers := range map[Format][]string{
		AnswerJSON: {"", "ok", "{", `{"a":1}}`, `{"a":1} <html>`, "<a>1</a>"},
		AnswerXML:  {"", "ok", "<a>", "<a></b>", "<a>1</a><a>2</a>", `{"a":1}`},
	} {
		for _, answer := range answers {
			if _, err := format.read([]byte(answer)); err == nil {
				t.Errorf("%s: %q was read", format, answer)
			}
		}
	}
}

// FuzzAnswer: no answer makes the reader panic, and what is accepted has a
// documented code in it.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"code":"100","id":"a"}`, 200)
	f.Add(`<code>100</code>`, 200)
	f.Add(`{"code":["100"]}`, 500)
	f.Fuzz(func(t *testing.T, answer string, status int) {
		if status < 100 || status > 999 {
			return
		}
		for _, format := range []Format{AnswerJSON, AnswerXML} {
			a := Answer{Format: format, Code: "code", ID: "id", Codes: map[string]Class{"100": Accepted}}
			class, _, _ := a.classify(status, []byte(answer))
			if class.result() == "" {
				t.Fatalf("%d %q has no class", status, answer)
			}
			// As the digits themselves, or spelt in the format's own escapes.
			spelt := strings.Contains(answer, "100") || strings.ContainsAny(answer, `\&`) || strings.Contains(answer, "<!")
			if class == Accepted && (!spelt || status < 200 || status > 299) {
				t.Fatalf("%d %q was taken for an acceptance", status, answer)
			}
		}
	})
}
