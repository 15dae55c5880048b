package httpsms

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// Kinds of authentication by a token that is fetched or made.
const (
	// OAuth2: a token is fetched by client credentials, kept until shortly before
	// it expires, and fetched anew once, whoever finds out that it is worthless.
	OAuth2 AuthKind = "oauth2"
	// Rotating: as OAuth2, but each token is fetched with a refresh token that
	// works once and is replaced by the next: Options.Tokens keeps it.
	Rotating AuthKind = "refresh"
	// JWT: a token is made for each call and signed with Token (HS256); User is
	// its issuer.
	JWT AuthKind = "jwt"
)

// TokenRequest is how a token is fetched.
type TokenRequest struct {
	// URL where tokens are given. Required for OAuth2 and Rotating.
	URL string `json:"url,omitempty"`
	// Body of the request, with {{user}}, {{key}}, {{refresh_token}} and
	// {{session}}, a random word. Default: a form as RFC 6749 has it.
	Body Body `json:"body,omitzero"`
	// Headers of the request, with the same placeholders.
	Headers map[string]string `json:"headers,omitempty"`
	// Access, Refresh and Expires are the places of both tokens and of the
	// seconds that the first is good for, in the answer, which is JSON. Default:
	// access_token, refresh_token, expires_in.
	Access  string `json:"access,omitempty"`
	Refresh string `json:"refresh,omitempty"`
	Expires string `json:"expires,omitempty"`
}

// Tokens are what a provider gave last.
type Tokens struct {
	Access  string
	Refresh string
	Expires time.Time
}

// TokenStore keeps the tokens of providers whose refresh token works once. It is
// shared by all processes that use the account. Exchange gives fn what is stored,
// alone among all of them, and returns only when what fn returned is stored for
// good: the old refresh token is worthless by then. When fn fails, nothing
// changes. It is safe for concurrent use.
type TokenStore interface {
	Exchange(ctx context.Context, provider string, fn func(Tokens) (Tokens, error)) (Tokens, error)
}

// early is how long before its end a token is no longer used.
const early = time.Minute

// errAccount says that the provider of tokens refuses the account.
var errAccount = errors.New("no token: the account is refused")

var errNoToken = errors.New("no token: its provider gives no answer that can be read")

// tokens gives the tokens of one sender. One call at a time fetches; the others
// wait for what it gets.
type tokens struct {
	sender  *Sender
	auth    Auth
	request call
	turn    chan struct{} // holds one: whose turn it is
	have    Tokens
}

func (s *Sender) newTokens(c Config) (*tokens, error) {
	f, err := c.formOf("auth.token_request.body", c.Auth.Request.Body, authNames...)
	if err != nil {
		return nil, err
	}
	heads := map[string]template{}
	for name, value := range c.Auth.Request.Headers {
		if heads[name], err = c.parse("auth.token_request.headers."+name, value, authNames...); err != nil {
			return nil, err
		}
	}
	request, err := newCall(http.MethodPost, c.Auth.Request.URL, f, heads)
	return &tokens{sender: s, auth: c.Auth, request: request, turn: make(chan struct{}, 1)}, err
}

// authNames are the placeholders of a request for a token.
var authNames = []string{"user", "key", "refresh_token", "session"}

// fetches reports whether the kind fetches tokens.
func (a Auth) fetches() bool { return a.Kind == OAuth2 || a.Kind == Rotating }

// get returns a token that is good as far as anybody knows, and not the one that
// was found worthless.
func (t *tokens) get(ctx context.Context, worthless string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if t.good(t.have, worthless) {
		return t.have.Access, nil
	}
	fetch := func(old Tokens) (Tokens, error) {
		if t.good(old, worthless) { // another process was quicker
			return old, nil
		}
		return t.fetch(ctx, old)
	}
	var err error
	if t.auth.Kind == Rotating {
		t.have, err = t.sender.store.Exchange(ctx, t.sender.config.Name, fetch)
	} else {
		t.have, err = fetch(Tokens{})
	}
	if err != nil {
		t.have = Tokens{}
		return "", err
	}
	return t.have.Access, nil
}

func (t *tokens) good(have Tokens, worthless string) bool {
	return have.Access != "" && have.Access != worthless && (have.Expires.IsZero() || t.sender.clock().Add(early).Before(have.Expires))
}

// fetch asks for a token once.
func (t *tokens) fetch(ctx context.Context, old Tokens) (Tokens, error) {
	v := values{"user": t.auth.User, "key": string(t.auth.Token), "refresh_token": old.Refresh, "session": rand.Text()}
	req, err := t.sender.compose(ctx, t.request, v)
	if err != nil {
		return Tokens{}, errAccount
	}
	resp, err := t.sender.transport.RoundTrip(req)
	if err != nil {
		return Tokens{}, errNoToken
	}
	defer resp.Body.Close()
	answer, err := readAnswer(resp.Body)
	if err != nil {
		return Tokens{}, errNoToken
	}
	if resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		return Tokens{}, errAccount
	}
	find, err := readJSON(answer)
	if err != nil || resp.StatusCode != http.StatusOK {
		return Tokens{}, errNoToken
	}
	access, err := find(t.auth.Request.Access)
	if err != nil || access == "" || !validHeader("Authorization", access) {
		return Tokens{}, errAccount // "200, your account is …" is how some say no
	}
	got := Tokens{Access: access, Refresh: old.Refresh}
	if next, err := find(t.auth.Request.Refresh); err == nil && next != "" {
		got.Refresh = next
	}
	if s, err := find(t.auth.Request.Expires); err == nil {
		if seconds, err := strconv.Atoi(s); err == nil && seconds > 0 {
			got.Expires = t.sender.clock().Add(time.Duration(min(seconds, 366*24*3600)) * time.Second)
		}
	}
	return got, nil
}

// refusedToken is the outcome of a Send that got no token: nothing was sent.
func refusedToken(err error) notify.Outcome {
	if errors.Is(err, errAccount) {
		return notify.Outcome{Result: notify.ResultMisconfigured, Code: "token", Detail: errAccount.Error()}
	}
	if errors.Is(err, errNoToken) {
		return notSent(errNoToken.Error())
	}
	return notSent("no token: it could not be kept, or there was no time")
}

// sign makes a JWT for one call.
func (a Auth) sign(now time.Time) (string, error) {
	header := map[string]any{"typ": "JWT", "alg": "HS256"}
	maps.Copy(header, a.JWT.Header)
	claims := map[string]any{"iss": a.User, "jti": a.User + "-" + rand.Text(), "exp": now.Add(time.Duration(a.JWT.Lifetime)).Unix()}
	maps.Copy(claims, a.JWT.Claims)
	var parts [2]string
	for i, part := range []any{header, claims} {
		encoded, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(encoded)
	}
	signed := parts[0] + "." + parts[1]
	mac := hmac.New(sha256.New, []byte(a.Token))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// JWTParts are what a JWT holds beside issuer, expiry and a random id.
type JWTParts struct {
	Header   map[string]any `json:"header,omitempty"`
	Claims   map[string]any `json:"claims,omitempty"`
	Lifetime Duration       `json:"lifetime,omitempty"` // default 5 minutes
}
