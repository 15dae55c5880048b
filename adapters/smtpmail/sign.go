package smtpmail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"
)

// signed are the header fields that a signature covers: those that are there,
// and From, To, Subject, Date and Message-Id once more than they are there, so
// that none can be added on the way.
var signed = []string{
	"From", "From", "To", "To", "Subject", "Subject", "Date", "Date", "Message-Id", "Message-Id",
	"Mime-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted", "List-Id",
	"List-Unsubscribe", "List-Unsubscribe-Post",
}

// minRSA is the shortest RSA key that verifiers still trust (RFC 8301 asks for 2048).
const minRSA = 2048

// Record returns the TXT record by which the DNS must publish the public half of
// the key (RFC 6376 3.6.1, RFC 8463): its name, without a dot at the end, and its
// value. A key that cannot be used is an error, which holds nothing of it.
func (d DKIM) Record() (name, value string, err error) {
	key, err := parseKey(d.Key)
	if err != nil {
		return "", "", fmt.Errorf("smtpmail: the key for DKIM cannot be used: %w", err)
	}
	kind, public := "ed25519", []byte(nil)
	switch of := key.Public().(type) {
	case ed25519.PublicKey:
		public = of
	case *rsa.PublicKey:
		kind = "rsa"
		if public, err = x509.MarshalPKIXPublicKey(of); err != nil {
			return "", "", fmt.Errorf("smtpmail: the key for DKIM cannot be published: %w", err)
		}
	}
	return d.Selector + "._domainkey." + d.Domain, "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// signer signs mails. It is safe for concurrent use.
type signer struct{ options dkim.SignOptions }

func newSigner(d DKIM) (*signer, error) {
	key, err := parseKey(d.Key)
	if err != nil {
		return nil, err
	}
	return &signer{dkim.SignOptions{
		Domain: d.Domain, Selector: d.Selector, Signer: key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: signed,
	}}, nil
}

// sign returns the mail with its signature in front.
func (s *signer) sign(mail []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := dkim.Sign(&out, bytes.NewReader(mail), &s.options); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// parseKey reads a private key. Its errors never hold any of it.
func parseKey(s Secret) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(s))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return strong(key)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("no private key")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return strong(key)
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, errors.New("neither RSA nor Ed25519")
}

func strong(key *rsa.PrivateKey) (crypto.Signer, error) {
	if key.N.BitLen() < minRSA {
		return nil, errors.New("too short")
	}
	return key, nil
}
