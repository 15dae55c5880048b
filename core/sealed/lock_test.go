package sealed_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/sealed"
)

func TestALockedCaseIsReadWithTheSecretAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sealed.Case{ID: sealed.ID(rapid.StringN(1, 9, 20).Draw(t, "id")), Body: rapid.StringN(8, 60, 200).Draw(t, "body"), Speaker: rapid.String().Draw(t, "speaker"), Status: sealed.Transferred}
		locked := c
		if err := locked.Lock([]byte("now")); err != nil || !locked.Locked {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(locked); strings.Contains(string(text), c.Body) || locked.Body == c.Body {
			t.Fatalf("%s", text)
		}
		again := locked
		if err := again.Lock([]byte("now")); err != nil || again.Body != locked.Body {
			t.Fatal("locked twice")
		}
		open, with, err := locked.Unlock([]byte("next"), []byte("now"))
		if err != nil || with != 1 || !cmp.Equal(open, c) {
			t.Fatalf("%v %v", open, err)
		}
		if _, _, err := locked.Unlock([]byte("other")); len(fault.Violations(err)) != 1 || fault.Violations(err)[0].Rule != "sealed.unlock.secret" {
			t.Fatal(err)
		}
		moved := locked
		moved.ID += "x"
		if _, _, err := moved.Unlock([]byte("now")); err == nil {
			t.Fatal("the text of one case was read as another's")
		}
	})
}
