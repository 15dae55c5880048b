package smssink

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/adapters/smstext"
)

// The codes a gateway answers with, as the package comment lists them.
const (
	CodeUnreadable  = "99"
	CodeAccepted    = "100"
	CodeCredentials = "101"
	CodeSender      = "104"
	CodeNumber      = "108"
	CodeRepeat      = "124"
	CodeText        = "146"
)

// maxBody is far above the longest message and its form fields.
const maxBody = 64 << 10

// mobile is a mobile number of Viet Nam in any of the forms gateways take.
var mobile = regexp.MustCompile(`^(0|\+?84)[35789][0-9]{8}$`)

// answer is what the gateway says, before a fault garbles it.
type answer struct {
	status  int
	Code    string `json:"code"`
	ID      string `json:"id,omitempty"`
	Message string `json:"message,omitempty"`
}

func (s *Sink) handle(w http.ResponseWriter, r *http.Request) {
	number, ok := s.begin()
	if !ok {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.running.Done()

	request, err := read(w, r)
	if err != nil {
		s.write(w, r, answer{http.StatusBadRequest, CodeUnreadable, "", err.Error()}, Fault{})
		return
	}
	request.Number = number
	fault, err := s.ask(request)
	if err != nil {
		s.fail(err)
		s.write(w, r, answer{status: http.StatusInternalServerError, Code: CodeUnreadable, Message: "the script panicked"}, Fault{})
		return
	}
	if fault.Accepted {
		said := s.take(r, request)
		s.pause(r.Context(), fault.Delay)
		s.write(w, r, said, fault)
		return
	}
	s.pause(r.Context(), fault.Delay)
	if fault.instead() {
		s.write(w, r, answer{status: http.StatusOK, Code: CodeUnreadable, Message: "scripted fault"}, fault)
		return
	}
	s.write(w, r, s.take(r, request), fault)
}

// read takes the fields from a JSON object or a form.
func read(w http.ResponseWriter, r *http.Request) (Request, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return Request{}, errors.New("the Content-Type must be application/json or application/x-www-form-urlencoded")
	}
	switch kind {
	case "application/json":
		var fields struct {
			To, Text, Sender, Class string
			ClientID                string `json:"client_id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			return Request{}, fmt.Errorf("the JSON cannot be read: %w", err)
		}
		return Request{ClientID: fields.ClientID, To: fields.To, Sender: fields.Sender, Class: fields.Class, Text: fields.Text}, nil
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return Request{}, fmt.Errorf("the form cannot be read: %w", err)
		}
		form := r.PostForm
		return Request{ClientID: form.Get("client_id"), To: form.Get("to"), Sender: form.Get("sender"), Class: form.Get("class"), Text: form.Get("text")}, nil
	}
	return Request{}, fmt.Errorf("the Content-Type %s is neither JSON nor a form", kind)
}

func (s *Sink) ask(request Request) (fault Fault, err error) {
	if s.opts.Script == nil {
		return Fault{}, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("smssink: the script panicked at request %d: %v", request.Number, p)
		}
	}()
	return s.opts.Script(request), nil
}

// take does what a gateway does with a message: it checks, recognises repeats
// and accepts.
func (s *Sink) take(r *http.Request, request Request) answer {
	if s.opts.Token != "" {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(s.opts.Token)) != 1 {
			return answer{status: http.StatusUnauthorized, Code: CodeCredentials, Message: "wrong token"}
		}
	}
	if code, why := s.check(request); code != "" {
		return answer{status: http.StatusOK, Code: code, Message: why}
	}
	m, repeat, err := s.accept(Message{
		ClientID: request.ClientID, To: request.To, Sender: request.Sender, Class: request.Class,
		Text: request.Text, TextSHA256: hash(request.Text), Segments: smstext.Count(request.Text),
	})
	switch {
	case err != nil:
		s.fail(err)
		return answer{status: http.StatusInternalServerError, Code: CodeUnreadable, Message: "the ledger cannot be written"}
	case repeat:
		return answer{status: http.StatusOK, Code: CodeRepeat, ID: m.ID}
	}
	return answer{status: http.StatusOK, Code: CodeAccepted, ID: m.ID}
}

// check returns the code for what is wrong with a message, "" when nothing is.
func (s *Sink) check(request Request) (code, why string) {
	registered := smstext.ValidSender(request.Sender) == nil
	if len(s.opts.Senders) > 0 {
		registered = slices.Contains(s.opts.Senders, request.Sender)
	}
	switch {
	case !registered:
		return CodeSender, "the sender name is not registered"
	case !mobile.MatchString(request.To):
		return CodeNumber, "not a mobile number"
	case strings.TrimSpace(request.Text) == "":
		return CodeText, "the text is empty"
	case strings.ContainsAny(request.Text, s.forbidden):
		return CodeText, "the text holds one of " + s.forbidden
	}
	return "", ""
}

// write answers what the gateway said, or what the fault makes of it.
func (s *Sink) write(w http.ResponseWriter, r *http.Request, said answer, fault Fault) {
	if fault.Drop {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
		return
	}
	if fault.Code != "" {
		said = answer{status: said.status, Code: fault.Code}
	}
	body, err := json.Marshal(said)
	if err != nil {
		s.fail(err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if fault.Body != "" {
		body = []byte(fault.Body)
		w.Header().Del("Content-Type") // guessed from the body
	}
	for key, values := range fault.Header {
		w.Header()[http.CanonicalHeaderKey(key)] = values
	}
	w.WriteHeader(cmp.Or(fault.Status, said.status))
	s.writeBody(w, r, body, fault)
}

func (s *Sink) writeBody(w http.ResponseWriter, r *http.Request, body []byte, fault Fault) {
	if fault.Drip == 0 {
		_, _ = w.Write(body) // a client that is gone is no fault of the sink
		return
	}
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		s.pause(r.Context(), fault.Drip)
	}
}
