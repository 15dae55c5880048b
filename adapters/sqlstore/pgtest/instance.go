package pgtest

import "testing"

// Instance is a PostgreSQL of one test, which the test may kill, freeze and
// start again. Its methods report what goes wrong to the test, must not be
// called after it, and not by two goroutines at once.
type Instance struct {
	// DSN is the URL of a database that is empty at first. It stays the same
	// when the server is started again.
	DSN string
	// Socket is the path of the Unix socket that the server listens on.
	Socket string

	tb     testing.TB
	server instance
}

// Start starts a server for this test alone, whatever OUTREACH_POSTGRES says;
// it answers when Start returns. It is killed when the test ends, at the
// latest, and on Linux also when the test process dies. What it committed
// survives that it is killed, not that the machine is. The test is skipped
// where PostgreSQL is not installed.
func Start(tb testing.TB) *Instance {
	tb.Helper()
	i := &Instance{tb: tb}
	i.prepare()
	tb.Cleanup(i.remove)
	i.Start()
	if tb.Failed() {
		tb.FailNow()
	}
	return i
}

// Start starts the server again after Kill and returns once it answers. A
// running server is left alone.
func (i *Instance) Start() {
	i.tb.Helper()
	if err := i.server.launch(i.DSN); err != nil {
		i.tb.Errorf("start PostgreSQL: %v", err)
	}
}

// Kill ends the server as a power cut would that leaves the disk alone:
// nothing is tidied up, and connections break as soon as their processes notice.
// A server that does not run is left alone.
func (i *Instance) Kill() {
	i.tb.Helper()
	if err := i.server.kill(); err != nil {
		i.tb.Errorf("kill PostgreSQL: %v", err)
	}
}
