package main

import (
	"bytes"
	"testing"
)

func TestScratch(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-to", "2017-03-31", "-out", t.TempDir() + "/o"}, &out, &errs); code != 0 {
		t.Fatalf("%d\n%s\n%s", code, errs.String(), out.String())
	}
	t.Log(out.String()[max(0, out.Len()-5000):])
}
