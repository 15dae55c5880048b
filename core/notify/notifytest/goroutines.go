package notifytest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// goroutines are the stacks of all goroutines by their number.
func goroutines() map[string]string {
	buffer := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	all := make(map[string]string)
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		var number string
		if _, err := fmt.Sscanf(stack, "goroutine %s", &number); err == nil {
			all[number] = stack
		}
	}
	return all
}

// leakPatience is how long goroutines may take to end after they were told to.
const leakPatience = 2 * time.Second

// leaked returns the stack of a goroutine that was not there before and does
// not end; it is empty where there is none. Those of the test runner itself do
// not count.
func leaked(before map[string]string) string {
	for waited := time.Duration(0); ; waited += 10 * time.Millisecond {
		left := ""
		for number, stack := range goroutines() {
			if _, known := before[number]; !known && !strings.Contains(stack, "testing.tRunner") && !strings.Contains(stack, "runtime.Stack") {
				left = stack
			}
		}
		if left == "" || waited >= leakPatience {
			return left
		}
		time.Sleep(10 * time.Millisecond)
	}
}
