package notifytest

import (
	"context"
	"reflect"
	"runtime"
	"strings"
)

// MaxAnswer is how much memory, in bytes, one Send may take to hear an answer of
// 10 MiB: enough to read 1 MiB of it into what grows, not enough to keep it.
const MaxAnswer = 8 << 20

// boundsMemory measures what the sender's package allocates, freed or not, while
// its provider answers far more than any answer needs. The profile of the runtime
// takes samples: it misses small pieces and no large one.
func boundsMemory(c *check) {
	before := c.allocated()
	c.send(context.Background(), c.message(1))
	if took := c.allocated() - before; took > MaxAnswer {
		c.broken("an answer of 10 MiB took %d KiB of memory, %d KiB are allowed", took>>10, MaxAnswer>>10)
	}
}

// allocated is what functions of the sender's package, and those they called, have
// allocated so far.
func (c *check) allocated() int64 {
	of := reflect.TypeOf(c.fixture.Sender)
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	runtime.GC() // what was allocated is in the profile after two collections
	runtime.GC()
	var all int64
	for _, record := range profile() {
		frames := runtime.CallersFrames(record.Stack())
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.HasPrefix(frame.Function, of.PkgPath()+".") {
				all += record.AllocBytes
				break
			}
		}
	}
	return all
}

// profile is that of all allocations.
func profile() []runtime.MemProfileRecord {
	n, _ := runtime.MemProfile(nil, true)
	for {
		records := make([]runtime.MemProfileRecord, n+50)
		found, whole := runtime.MemProfile(records, true)
		if whole {
			return records[:found]
		}
		n = found
	}
}
