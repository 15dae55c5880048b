package smtpmail

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/emersion/go-smtp"
)

// errGarbled ends a conversation in which the server says what is no reply.
var errGarbled = errors.New("the server does not speak SMTP")

// readReply reads one whole reply, of one line or several. A line that was cut
// off is an error and never taken for a whole one.
func readReply(in *bufio.Reader) (*smtp.SMTPError, error) {
	reply := &smtp.SMTPError{EnhancedCode: smtp.NoEnhancedCode}
	var text []string
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, errBabble
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		code, rest, more, ok := splitReply(strings.TrimRight(string(line), "\r\n"))
		if !ok || reply.Code != 0 && code != reply.Code {
			return nil, errGarbled
		}
		reply.Code = code
		if word, after, _ := strings.Cut(rest, " "); enhanced(word) {
			reply.EnhancedCode, rest = parseEnhanced(word), after
		}
		text = append(text, rest)
		if !more {
			reply.Message = strings.Join(text, "\n")
			return reply, nil
		}
	}
}

// splitReply takes a line of a reply apart: "250-SIZE" is 250, SIZE, and more.
func splitReply(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" {
		return 0, "", false, false
	}
	code, err := strconv.Atoi(line[:3])
	if err != nil || code < 200 || code > 599 {
		return 0, "", false, false
	}
	if len(line) == 3 {
		return code, "", false, true
	}
	return code, line[4:], line[3] == '-', line[3] == '-' || line[3] == ' '
}

func parseEnhanced(word string) smtp.EnhancedCode {
	var code smtp.EnhancedCode
	digits := strings.Split(word, ".")
	if len(digits) != len(code) {
		return smtp.NoEnhancedCode
	}
	for i := range code {
		n, err := strconv.Atoi(digits[i])
		if err != nil || n > 999 {
			return smtp.NoEnhancedCode
		}
		code[i] = n
	}
	return code
}

// extensions are what a server offers in its answer to EHLO, in capitals, with
// their parameters.
type extensions map[string]string

func readExtensions(ehlo *smtp.SMTPError) extensions {
	offered := extensions{}
	for i, text := range strings.Split(ehlo.Message, "\n") {
		if i > 0 { // the first line greets
			name, parameters, _ := strings.Cut(text, " ")
			offered[strings.ToUpper(name)] = parameters
		}
	}
	return offered
}

func (e extensions) has(name string) bool {
	_, offered := e[name]
	return offered
}
