package httpsms

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/huongvecoso/outreach/core/notify"
)

// News is how to read what became of a message, in a callback or in the answer
// to a question. Places are written as in Answer.
type News struct {
	ID   string `json:"id,omitempty"`  // place of the gateway's id of the message
	Key  string `json:"key,omitempty"` // place of our client_id
	Code string `json:"code"`          // place of the word for what became of it
	// Success and Failed are places of counters, for gateways whose word says
	// only that they are done with it: they overrule Code.
	Success string `json:"success,omitempty"`
	Failed  string `json:"failed,omitempty"`
	// Codes say what each word means; every other is unclear, and kept.
	Codes map[string]notify.Verdict `json:"codes"`
	// Bars are the words that say something about the address itself.
	Bars map[string]notify.Bar `json:"bars,omitempty"`
}

// Callback is how the gateway calls back. Its URL is that of the place where
// callbacks are taken, with the name of the gateway and Token behind it.
type Callback struct {
	// Token (mật khẩu trong đường dẫn) is the secret last part of the URL: 16
	// letters and digits at least.
	Token Secret `json:"token"`
	// Allow are addresses or networks the gateway calls from. Empty: any.
	Allow []string `json:"allow,omitempty"`
	// Format of the callback: query, form, json or xml.
	Format BodyKind `json:"format"`
	// List is the place of a list of receipts, in JSON. Empty: a callback has one.
	List string `json:"list,omitempty"`

	News

	// Reply is what the gateway wants to hear. Default: status 200, no body.
	Reply Reply `json:"reply,omitzero"`
}

// Reply is an answer to a callback.
type Reply struct {
	Status int    `json:"status,omitempty"`
	Type   string `json:"type,omitempty"`
	Body   string `json:"body,omitempty"`
}

// StatusQuery is how to ask what became of a message. Its placeholders are those of
// the message's own request without {{to}} and {{text}}, and {{id}}.
type StatusQuery struct {
	Method string `json:"method,omitempty"` // default as in Config
	URL    string `json:"url"`
	Body   Body   `json:"body"`
	Format Format `json:"format,omitempty"`
	// ByKey says that a message is found by {{client_id}}; else only one whose id
	// is known is asked for.
	ByKey bool `json:"by_key,omitempty"`
	// Unknown are codes that say that the gateway knows no such message.
	Unknown []string `json:"unknown,omitempty"`

	News
}

// ReadReceipts implements [notify.ReceiptReader].
func (s *Sender) ReadReceipts(c notify.Callback) ([]notify.Receipt, notify.Reply, error) {
	set := s.config.Callback
	if set == nil || !set.from(c) {
		return nil, notify.Reply{Status: http.StatusNotFound}, notify.ErrForeign
	}
	receipts, err := s.receipts(set, c)
	if err != nil || len(receipts) == 0 {
		return nil, notify.Reply{Status: http.StatusBadRequest}, notify.ErrMalformed
	}
	return receipts, notify.Reply{Status: set.Reply.Status, ContentType: set.Reply.Type, Body: set.Reply.Body}, nil
}

// from reports whether a callback has the secret and comes from the gateway.
func (set *Callback) from(c notify.Callback) bool {
	if subtle.ConstantTimeCompare([]byte(c.Token), []byte(set.Token)) != 1 {
		return false
	}
	if len(set.Allow) == 0 {
		return true
	}
	at, err := netip.ParseAddr(c.Remote)
	if err != nil {
		return false
	}
	for _, allowed := range set.Allow {
		if network, err := network(allowed); err == nil && network.Contains(at.Unmap()) {
			return true
		}
	}
	return false
}

// network reads an address or a network.
func network(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	at, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return at.Prefix(at.BitLen())
}

func (s *Sender) receipts(set *Callback, c notify.Callback) ([]notify.Receipt, error) {
	if len(c.Body) > notify.MaxCallback {
		return nil, errTooLong
	}
	var finders []finder
	switch set.Format {
	case Query:
		finders = append(finders, fields(c.Query))
	case Form:
		params, err := url.ParseQuery(string(c.Body))
		if err != nil {
			return nil, errUnreadable
		}
		finders = append(finders, fields(params))
	case XML:
		find, err := readXML(c.Body)
		if err != nil {
			return nil, err
		}
		finders = append(finders, find)
	default:
		var err error
		if finders, err = readList(c.Body, set.List); err != nil {
			return nil, err
		}
	}
	var all []notify.Receipt
	for _, find := range finders {
		r, err := set.News.read(find)
		if err != nil {
			return nil, err
		}
		r.Provider = s.config.Name
		if r.ProviderID == "" && r.Key == "" {
			return nil, errUnreadable
		}
		all = append(all, r)
	}
	return all, nil
}

// fields looks names up among parameters.
func fields(params map[string][]string) finder {
	return func(path string) (string, error) {
		if all := params[path]; path != "" && len(all) > 0 {
			return strings.TrimSpace(all[0]), nil
		}
		return "", nil
	}
}

// readList returns a finder for each element of a list in JSON, or one for all.
func readList(body []byte, list string) ([]finder, error) {
	root, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	elements := []any{root}
	if list != "" {
		var ok bool
		if elements, ok = descend(root, list).([]any); !ok {
			return nil, errWrongType
		}
	}
	finders := make([]finder, len(elements))
	for i, element := range elements {
		finders[i] = func(path string) (string, error) { return scalar(descend(element, path)) }
	}
	return finders, nil
}

var errNoWord = errors.New("there is no word for what became of the message")

// read reads one receipt. Its words are printable and not too long, and none that
// could be a telephone number is taken for what became of a message.
func (n News) read(find finder) (notify.Receipt, error) {
	var r notify.Receipt
	for _, part := range []struct {
		place string
		into  *string
		limit int
	}{{n.ID, &r.ProviderID, maxID}, {n.Key, &r.Key, maxID}, {n.Code, &r.Code, maxCode}} {
		word, err := find(part.place)
		if err != nil {
			return notify.Receipt{}, err
		}
		if *part.into = plain(word); len(*part.into) > part.limit {
			return notify.Receipt{}, errTooLong
		}
	}
	if len(r.Code) >= 9 && digits(strings.TrimPrefix(r.Code, "+")) {
		return notify.Receipt{}, errNoWord
	}
	success, failed := n.count(find, n.Success), n.count(find, n.Failed)
	switch verdict, documented := n.Codes[r.Code]; {
	case r.Code == "" && success+failed == 0:
		return notify.Receipt{}, errNoWord
	case success > 0:
		r.Verdict = notify.VerdictDelivered
	case failed > 0:
		r.Verdict = notify.VerdictUndelivered
	case documented:
		r.Verdict = verdict
	default:
		r.Verdict = notify.VerdictUnclear
	}
	if r.Verdict == notify.VerdictUndelivered || r.Verdict == notify.VerdictUnclear {
		r.Bar = n.Bars[r.Code]
	}
	return r, nil
}

func (n News) count(find finder, place string) int {
	word, err := find(place)
	if err != nil {
		return 0
	}
	count, err := strconv.Atoi(word)
	if err != nil {
		return 0
	}
	return max(count, 0)
}

// plain keeps the printable characters of a word.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, word)
}

// QueryStatus implements [notify.StatusQuerier].
func (s *Sender) QueryStatus(ctx context.Context, about notify.Reference) (notify.Receipt, bool, error) {
	q := s.config.Query
	if q == nil {
		return notify.Receipt{}, false, errors.New("httpsms: the gateway cannot be asked")
	}
	if about.ProviderID == "" && !q.ByKey {
		return notify.Receipt{}, false, nil
	}
	if s.closed.Load() {
		return notify.Receipt{}, false, errors.New("httpsms: the sender is closed")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.config.Timeout))
	defer cancel()
	v := values{"id": about.ProviderID, "client_id": about.Key, "sender": s.config.Sender}
	s.addSecrets(v)
	find, err := s.ask(ctx, v)
	if err != nil {
		return notify.Receipt{}, false, err
	}
	code, err := find(q.Code)
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("httpsms: the answer of %s cannot be read", s.config.Name)
	}
	for _, unknown := range q.Unknown {
		if code == unknown {
			return notify.Receipt{}, false, nil
		}
	}
	r, err := q.read(find)
	if errors.Is(err, errNoWord) {
		return notify.Receipt{}, false, nil
	}
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("httpsms: the answer of %s cannot be read", s.config.Name)
	}
	r.Provider, r.ProviderID, r.Key = s.config.Name, about.ProviderID, about.Key
	return r, true, nil
}

// ask puts the question for a message and returns the answer, ready to be looked
// through. A gateway that knows no such message has nothing in its answer.
func (s *Sender) ask(ctx context.Context, v values) (finder, error) {
	find, status, err := s.inquire(ctx, s.question, s.config.Query.Format, v)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return func(string) (string, error) { return "", nil }, nil
	case status != http.StatusOK:
		return nil, fmt.Errorf("httpsms: %s answered HTTP %d", s.config.Name, status)
	}
	return find, nil
}

// inquire puts a question, with a new token where the old one turns out to be
// worthless, and returns the status of the answer; with 200 the answer too.
func (s *Sender) inquire(ctx context.Context, question call, format Format, v values) (find finder, status int, err error) {
	worthless := ""
	for range 2 {
		if v["token"], err = s.token(ctx, worthless); err != nil {
			return nil, 0, fmt.Errorf("httpsms: %s: no token", s.config.Name)
		}
		req, err := s.compose(ctx, question, v)
		if err != nil {
			return nil, 0, fmt.Errorf("httpsms: the question to %s cannot be written", s.config.Name)
		}
		resp, err := s.transport.RoundTrip(req)
		if err != nil {
			return nil, 0, fmt.Errorf("httpsms: %s: %s", s.config.Name, cause(err)) // the error itself may hold keys
		}
		answer, err := readAnswer(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, 0, fmt.Errorf("httpsms: %s: %s", s.config.Name, cause(err))
		}
		status = resp.StatusCode
		if status == http.StatusUnauthorized && s.tokens != nil {
			worthless = v["token"]
			continue
		}
		if status == http.StatusOK {
			find, err = format.read(answer)
		}
		return find, status, err
	}
	return nil, status, nil
}

// parseJSON reads one value and nothing behind it.
func parseJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	dec.UseNumber()
	var root any
	if dec.Decode(&root) != nil {
		return nil, errUnreadable
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errUnreadable
	}
	return root, nil
}
