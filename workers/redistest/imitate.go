package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Imitate is a server that can only be asked what it is: it answers PING, INFO
// with the given lines ("redis_version:5.0.14"), and TIME with the beginning of
// 1970. It returns host:port, and ends with the test.
func Imitate(tb testing.TB, info ...string) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var all sync.WaitGroup
	tb.Cleanup(func() { l.Close(); all.Wait() })
	text := strings.Join(info, "\r\n") + "\r\n"
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); answer(conn, text) })
		}
	})
	return l.Addr().String()
}

func answer(conn net.Conn, info string) {
	in := bufio.NewReader(conn)
	for {
		words, err := command(in)
		if err != nil {
			return
		}
		switch strings.ToUpper(words[0]) {
		case "PING":
			fmt.Fprint(conn, "+PONG\r\n")
		case "INFO":
			fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(info), info)
		case "TIME":
			fmt.Fprint(conn, "*2\r\n$1\r\n0\r\n$1\r\n0\r\n")
		default:
			fmt.Fprint(conn, "-ERR unknown command\r\n")
		}
	}
}

// command reads one command as clients write it: an array of bulk strings.
func command(in *bufio.Reader) ([]string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.Trim(line, "*\r\n"))
	if err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		if line, err = in.ReadString('\n'); err != nil {
			return nil, err
		}
		size, err := strconv.Atoi(strings.Trim(line, "$\r\n"))
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words[i] = string(word[:size])
	}
	return words, nil
}
