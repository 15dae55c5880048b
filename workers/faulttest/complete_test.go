package faulttest

import (
	"fmt"
	"slices"
	"testing"
)

// The plan has 27 faults, and the baseline beside them.
func TestEveryFaultOfThePlanIsInTheTable(t *testing.T) {
	count := map[string]int{}
	for _, row := range rows() {
		count[row.id]++
	}
	var known []string
	for i := 1; i <= 27; i++ {
		id := fmt.Sprintf("F%d", i)
		known = append(known, id)
		if count[id] == 0 {
			t.Errorf("%s is missing", id)
		}
	}
	if count["naive"] == 0 {
		t.Error("the baseline is missing")
	}
	for id := range count {
		if id != "naive" && !slices.Contains(known, id) {
			t.Errorf("%s is none of the plan's", id)
		}
	}
}
