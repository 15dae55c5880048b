package smtpsink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"time"
)

// Mail is one accepted message, as a line of the ledger.
type Mail struct {
	// At is when it was accepted, in UTC to the microsecond.
	At time.Time `json:"at"`
	// ID is the queue id that the answer to the sender named.
	ID string `json:"id"`
	// MessageID is the header's Message-ID without angle brackets.
	MessageID string `json:"message_id,omitempty"`
	// EnvelopeID is the ENVID of the MAIL command.
	EnvelopeID string `json:"envelope_id,omitempty"`
	// From and To are the addresses of the envelope, not of the header.
	From string   `json:"from"`
	To   []string `json:"to"`
	// Size counts the bytes of header and body.
	Size int `json:"size"`
	// BodySHA256 is the hash of what follows the header, in hexadecimal. Two
	// attempts to send one text agree in it though their Date differs.
	BodySHA256 string `json:"body_sha256"`
	// TLS tells that the connection was encrypted.
	TLS bool `json:"tls,omitempty"`
	// User is who logged in, if anybody.
	User string `json:"user,omitempty"`
	// File names the message in Options.Dir.
	File string `json:"file,omitempty"`
	// Raw is the message as it came, with its dots unstuffed. It is not
	// written to the ledger file. Callers must not change it.
	Raw []byte `json:"-"`
}

// describe fills in what the message itself says.
func (m *Mail) describe(raw []byte) {
	m.Raw, m.Size = raw, len(raw)
	body := raw
	if parsed, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		m.MessageID = strings.Trim(parsed.Header.Get("Message-ID"), "<> \t")
		if _, after, found := bytes.Cut(raw, []byte("\r\n\r\n")); found {
			body = after
		}
	}
	sum := sha256.Sum256(body)
	m.BodySHA256 = hex.EncodeToString(sum[:])
}
