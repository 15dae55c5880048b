package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/huongvecoso/outreach/core/fault"
)

// Lock encrypts what was said and how to reach who said it, under a key made from
// the installation's secret: who can read the tables, a copy of them or a backup
// reads nothing. Ids stay readable, because routing needs them. A case that is
// locked already, or erased, stays as it is.
//
// The cipher is AES-256 in Galois/Counter Mode, bound to the case and the field;
// its nonce is derived from key and content, so that nothing random is needed.
func (c *Case) Lock(secret []byte) error {
	if c.Locked || c.Status == Erased {
		return nil
	}
	k, err := newLock(secret)
	if err != nil {
		return err
	}
	c.Body, c.Speaker = k.close(c.ID, "body", c.Body), k.close(c.ID, "speaker", c.Speaker)
	c.Locked = true
	return nil
}

// Unlock returns the case with what was said in the clear, opened with the first
// of the secrets that fits, and which one that was. The rule is "sealed.unlock.secret".
func (c Case) Unlock(secrets ...[]byte) (open Case, with int, err error) {
	if !c.Locked {
		return c, 0, nil
	}
	for i, secret := range secrets {
		k, err := newLock(secret)
		if err != nil {
			return Case{}, 0, err
		}
		body, err := k.open(c.ID, "body", c.Body)
		if err != nil {
			continue
		}
		speaker, err := k.open(c.ID, "speaker", c.Speaker)
		if err != nil {
			continue
		}
		open = c
		open.Body, open.Speaker, open.Locked = body, speaker, false
		return open, i, nil
	}
	return Case{}, 0, fault.Broken("sealed.unlock.secret", "secret",
		"this case was locked under another secret: name that one among the former secrets",
		"nội dung này được khóa bằng khóa bí mật khác: hãy khai báo khóa đó trong các khóa cũ")
}

// lock is one key in use.
type lock struct {
	aead  cipher.AEAD
	nonce []byte // keys the derivation of nonces
}

func newLock(secret []byte) (lock, error) {
	keys, err := hkdf.Key(sha256.New, secret, nil, "outreach sealed case 1", 64)
	if err != nil {
		return lock{}, err
	}
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		return lock{}, err
	}
	aead, err := cipher.NewGCM(block)
	return lock{aead, keys[32:]}, err
}

func (k lock) close(id ID, field, text string) string {
	if text == "" {
		return ""
	}
	bound := []byte(string(id) + "\x00" + field)
	mac := hmac.New(sha256.New, k.nonce)
	mac.Write(bound)
	mac.Write([]byte("\x00" + text))
	nonce := mac.Sum(nil)[:k.aead.NonceSize()]
	return base64.RawStdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, []byte(text), bound))
}

func (k lock) open(id ID, field, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(data) < k.aead.NonceSize() {
		return "", errors.New("sealed: not locked text")
	}
	n := k.aead.NonceSize()
	plain, err := k.aead.Open(nil, data[:n], data[n:], []byte(string(id)+"\x00"+field))
	return string(plain), err
}
