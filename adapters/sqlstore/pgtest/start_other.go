//go:build !unix

package pgtest

// start cannot start a server: one needs Unix sockets, users and signals.
func (s *server) start(string) error {
	return &missing{"a server can be started on Unix systems only"}
}
