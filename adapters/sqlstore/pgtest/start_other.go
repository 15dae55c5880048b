//go:build !unix

package pgtest

// start cannot start a server: one needs Unix sockets, users and signals.
func (s *server) start(string) error {
	return &missing{"a server can be started on Unix systems only"}
}

// instance is the server of an Instance.
type instance struct{}

func (i *Instance) prepare() {
	i.tb.Helper()
	(&missing{"a server can be started on Unix systems only"}).end(i.tb)
}

func (i *Instance) remove() {}

func (*instance) launch(string) error { return nil }

func (*instance) kill() error { return nil }
