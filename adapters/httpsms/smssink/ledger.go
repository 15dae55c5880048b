package smssink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// Message is one accepted SMS, as a line of the ledger.
type Message struct {
	// At is when it was accepted, in UTC to the microsecond.
	At time.Time `json:"at"`
	// ID is what the answer to the sender named.
	ID string `json:"id"`
	// ClientID, To, Sender and Class are as they came.
	ClientID string `json:"client_id,omitempty"`
	To       string `json:"to"`
	Sender   string `json:"sender"`
	Class    string `json:"class,omitempty"`
	// Segments is what the text costs.
	Segments smstext.Segments `json:"segments"`
	// TextSHA256 is the hash of the text, in hexadecimal.
	TextSHA256 string `json:"text_sha256"`
	// Text is not written to the ledger file.
	Text string `json:"-"`
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ReadLedger returns the messages in a ledger file, in the order in which they
// were accepted. A last line that a crash cut short is left out: nobody was
// told that its message was accepted. Text is empty.
func ReadLedger(path string) ([]Message, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseLedger(whole(data))
}

// whole returns the complete lines of data.
func whole(data []byte) []byte { return data[:bytes.LastIndexByte(data, '\n')+1] }

func parseLedger(lines []byte) ([]Message, error) {
	var messages []Message
	for n, line := range bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var m Message
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("ledger, line %d: %w", n+1, err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// ledgerFile is an append-only file of one JSON object a line.
type ledgerFile struct{ f *os.File }

// openLedger opens or creates the file, cuts off a torn last line, and returns
// what is in it.
func openLedger(path string) (*ledgerFile, []Message, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	messages, err := recoverLedger(f)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return &ledgerFile{f}, messages, nil
}

func recoverLedger(f *os.File) ([]Message, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	lines := whole(data)
	if len(lines) < len(data) {
		if err := f.Truncate(int64(len(lines))); err != nil {
			return nil, err
		}
	}
	return parseLedger(lines)
}

// append returns once the message is on disk.
func (l *ledgerFile) append(m Message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := l.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return l.f.Sync()
}
