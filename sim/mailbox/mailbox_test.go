package mailbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/page"
	"posta/sim/fault"
	"posta/sim/mailbox"
	language "posta/text"
)

var at = time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)

// stand is a mailbox that runs, its pages, and a hub's inbound address that
// keeps what is posted.
type stand struct {
	*testing.T
	*mailbox.Simulator
	pages, hub *httptest.Server
	stop       func()

	mu     sync.Mutex
	posted [][]byte
	answer int
}

func start(t *testing.T, c mailbox.Config) *stand {
	t.Helper()
	s := &stand{T: t, answer: http.StatusAccepted}
	s.hub = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "message/rfc822" || r.URL.Path != "/hooks/mail/x" {
			t.Errorf("%s %s as %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
		}
		s.posted = append(s.posted, raw)
		w.WriteHeader(s.answer)
	}))
	c.Clock = posta.NewFrozenClock(at)
	var err error
	if s.Simulator, err = mailbox.New(c); err != nil {
		t.Fatal(err)
	}
	s.pages = httptest.NewServer(s.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Simulator.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		s.pages.Close()
		s.hub.Close()
		if err := errors.Join(<-done, s.Simulator.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *stand) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// send is a mail by the standard library's client, which knows nothing of ours.
func (s *stand) send(text string, to ...string) error {
	return smtp.SendMail(s.SMTPAddress(), nil, "desk+k3v9@posta.example", to, []byte(strings.ReplaceAll(text, "\n", "\r\n")))
}

const kickoff = "From: =?utf-8?q?Integraci=C3=B3n=2C_Posta?= <desk@posta.example>\nReply-To: desk+k3v9@posta.example\nTo: Ana <ana@cliente.example>, jose@cliente.example\nSubject: Inicio\nMessage-ID: <m1@posta.example>\nReferences: <m0@posta.example>\nDate: Mon, 2 Mar 2026 15:04:05 +0000\n\nHola, Ana.\n¿Confirma?\n"

func (s *stand) received() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posted)
}

func TestAMailIsKeptBeforeItIsAccepted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mailbox.db")
	s := start(t, mailbox.Config{File: file})
	s.ok(s.send(kickoff, "ana@cliente.example", "jose@cliente.example"))
	before := s.Letters("")
	// The first one is not closed, as after a kill: what was accepted is there.
	other, err := mailbox.New(mailbox.Config{File: file})
	s.ok(err)
	after := other.Letters("jose@cliente.example")
	s.ok(other.Close())
	if len(after) != 1 || fmt.Sprint(after) != fmt.Sprint(before) || after[0].Subject != "Inicio" || after[0].From != "Integración, Posta <desk@posta.example>" || after[0].Envelope != "desk+k3v9@posta.example" || !after[0].At.Equal(at) {
		t.Fatalf("%+v, was %+v", after, before)
	}
	s.ok(s.SetHook(s.hub.URL + "/hooks/mail/x"))
	s.ok(s.Answer(context.Background(), 1, mailbox.Reply{Text: "Sí"}))
	s.stop()
	again := start(t, mailbox.Config{File: file})
	if l := again.Letters("")[0]; len(l.Answers) != 1 || l.Answers[0].Text != "Sí" || !strings.HasSuffix(again.Hook(), "/hooks/mail/x") {
		t.Fatalf("%+v, hook %s", l, again.Hook())
	}
}

func TestWhatTheScriptDoesToAMail(t *testing.T) {
	s := start(t, mailbox.Config{})
	code := func(err error) int {
		var e *textproto.Error
		if errors.As(err, &e) {
			return e.Code
		}
		return 0
	}
	for _, tc := range []struct {
		to   string
		rule fault.Rule
		code int
		kept bool
	}{
		{"bounce-ana@cliente.example", fault.Rule{}, 550, false},
		{"later@cliente.example", fault.Rule{}, 451, false},
		{"ana@cliente.example", fault.Rule{Operation: "data", Action: fault.Status, Status: 552}, 552, false},
		{"ana@cliente.example", fault.Rule{Operation: "data", Action: fault.Status, Status: 451, After: true}, 451, true},
		{"ana@cliente.example", fault.Rule{Operation: "data", Action: fault.CutBefore}, 0, false},
		{"ana@cliente.example", fault.Rule{Operation: "data", Action: fault.CutAfter}, 0, true},
		{"ana@cliente.example", fault.Rule{Operation: "rcpt", Path: "ana.*", Action: fault.CutBefore}, 0, false},
	} {
		s.ok(s.Fault().Set(mailbox.DefaultFaults()...))
		if tc.rule.Action != "" {
			s.ok(s.Fault().Add(tc.rule))
		}
		before := len(s.Letters(""))
		err := s.send(kickoff, tc.to)
		if err == nil || code(err) != tc.code || (len(s.Letters("")) > before) != tc.kept {
			t.Errorf("%s %+v: %v, %d letters after %d", tc.to, tc.rule, err, len(s.Letters("")), before)
		}
	}
	s.ok(s.Fault().Set())
	if err := s.send("Subject: x\n\nno sender\n", "ana@cliente.example"); code(err) != 554 {
		t.Errorf("a mail that breaks the rules: %v", err)
	}
	list := s.Letters("")
	if len(list) != 2 || list[0].Repeat || !list[1].Repeat {
		t.Errorf("%+v", list)
	}
}

// What the simulator's people write is a mail that the hub reads.
func TestPeopleAndMachinesAnswer(t *testing.T) {
	s := start(t, mailbox.Config{})
	s.ok(s.send(kickoff, "ana@cliente.example", "jose@cliente.example"))
	ctx := context.Background()
	if err := s.Answer(ctx, 1, mailbox.Reply{Text: "x"}); !errors.Is(err, mailbox.ErrHook) {
		t.Fatal(err)
	}
	s.ok(s.SetHook(s.hub.URL + "/hooks/mail/x"))
	pdf := bytes.Repeat([]byte("%PDF\r\n\x00"), 1000)
	s.ok(s.Answer(ctx, 1, mailbox.Reply{From: "jose@cliente.example", Text: "Sí, el martes.\nJosé", Files: []mailbox.Upload{{Name: "dirección.pdf", Type: "application/pdf", Data: pdf}}}))
	s.ok(s.Answer(ctx, 1, mailbox.Reply{Text: "Vuelvo el 9.", Away: true}))
	s.ok(s.Bounce(ctx, 1, "jose@cliente.example", false))
	s.ok(s.Bounce(ctx, 1, "", true))
	var in []mail.Inbound
	for _, raw := range s.received() {
		one, err := mail.Parse(raw)
		s.ok(err)
		in = append(in, one)
		if token, ok := mail.TokenOf(one.Recipients(), "desk@posta.example"); !ok || token != "k3v9" {
			t.Errorf("token %q of %v", token, one.Recipients())
		}
	}
	if len(in) != 4 {
		t.Fatal(len(in))
	}
	if r := in[0]; r.From.Email != "jose@cliente.example" || r.Subject != "Re: Inicio" || r.Text != "Sí, el martes.\nJosé" || !strings.Contains(r.Quoted, "> ¿Confirma?") || r.InReplyTo != "m1@posta.example" ||
		!slices.Equal(r.References, []string{"m0@posta.example", "m1@posta.example"}) || r.Auto || r.Bounce != nil || !r.Date.Equal(at) {
		t.Errorf("%+v", r)
	} else if f := r.Attachments; len(f) != 1 || f[0].Name != "dirección.pdf" || f[0].Type != "application/pdf" || !bytes.Equal(f[0].Data, pdf) {
		t.Errorf("%+v", f)
	}
	if r := in[1]; !r.Auto || r.Text != "Vuelvo el 9." || r.From.Email != "ana@cliente.example" {
		t.Errorf("%+v", r)
	}
	if b := in[2].Bounce; b == nil || b.Address != "jose@cliente.example" || !b.Permanent || b.Status != "5.1.1" || b.MessageID != "m1@posta.example" {
		t.Errorf("%+v", b)
	}
	if b := in[3].Bounce; b == nil || b.Address != "ana@cliente.example" || b.Permanent {
		t.Errorf("%+v", b)
	}
	ids := map[string]bool{}
	for _, r := range in {
		ids[r.MessageID] = true
	}
	if len(ids) != 4 || ids[""] {
		t.Errorf("%v", ids)
	}
	if err := s.Answer(ctx, 1, mailbox.Reply{From: "eve@evil.example", Text: "x"}); !errors.Is(err, mailbox.ErrNothing) {
		t.Error(err)
	}
	if err := s.Answer(ctx, 2, mailbox.Reply{Text: "x"}); !errors.Is(err, mailbox.ErrNothing) {
		t.Error(err)
	}
	s.mu.Lock()
	s.answer = http.StatusServiceUnavailable
	s.mu.Unlock()
	if err := s.Answer(ctx, 1, mailbox.Reply{Text: "x"}); !errors.Is(err, mailbox.ErrRefused) {
		t.Error(err)
	}
	l, err := s.Letter(1)
	s.ok(err)
	var kinds []string
	for _, a := range l.Answers {
		kinds = append(kinds, fmt.Sprint(a.Kind, " ", a.Status))
	}
	if !slices.Equal(kinds, []string{"reply 202", "away 202", "bounce 202", "late 202", "reply 503"}) {
		t.Error(kinds)
	}
	s.ok(s.Fault().Set(fault.Rule{Operation: "hook", Action: fault.Duplicate, Times: 1}))
	s.mu.Lock()
	s.answer = http.StatusOK
	s.mu.Unlock()
	s.ok(s.Answer(ctx, 1, mailbox.Reply{Text: "twice"}))
	if list := s.received(); len(list) != 7 || !bytes.Equal(list[5], list[6]) {
		t.Errorf("%d posted", len(list))
	}
}

func (s *stand) call(method, path, body string, into any) int {
	s.Helper()
	r, err := http.NewRequest(method, s.pages.URL+path, strings.NewReader(body))
	s.ok(err)
	res, err := http.DefaultClient.Do(r)
	s.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	s.ok(err)
	if into != nil && res.StatusCode == http.StatusOK {
		s.ok(json.Unmarshal(raw, into))
	}
	return res.StatusCode
}

func TestTheControlAPI(t *testing.T) {
	s := start(t, mailbox.Config{})
	s.ok(s.send(kickoff, "ana@cliente.example", "jose@cliente.example"))
	var list []mailbox.Letter
	if s.call("GET", "/sim/mail/messages?to=ANA@cliente.example", "", &list); len(list) != 1 || list[0].Text != "Hola, Ana.\n¿Confirma?\n" || list[0].MessageID != "m1@posta.example" {
		t.Errorf("%+v", list)
	}
	if s.call("GET", "/sim/mail/messages?to=eve@evil.example", "", &list); list == nil || len(list) != 0 {
		t.Errorf("%+v", list)
	}
	var boxes []mailbox.Inbox
	if s.call("GET", "/sim/mail/inboxes", "", &boxes); len(boxes) != 2 || boxes[0].Address != "ana@cliente.example" {
		t.Errorf("%+v", boxes)
	}
	var l mailbox.Letter
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/sim/mail/messages/1", "", 200}, {"GET", "/sim/mail/messages/2", "", 404}, {"GET", "/sim/mail/messages/x", "", 404}, {"GET", "/sim/mail/messages/1/raw", "", 200},
		{"POST", "/sim/mail/messages/1/reply", `{"text":"x"}`, 409}, {"PUT", "/sim/mail/hook", fmt.Sprintf(`{"url":"%s/hooks/mail/x"}`, s.hub.URL), 200},
		{"POST", "/sim/mail/messages/1/reply", `{"text":"x"}`, 200}, {"POST", "/sim/mail/messages/1/reply", `{"txt":"x"}`, 400}, {"POST", "/sim/mail/messages/1/bounce", `{"address":"ana@cliente.example"}`, 200},
		{"POST", "/sim/mail/messages/1/bounce", `{"address":"eve@evil.example"}`, 404}, {"POST", "/sim/mail/faults", `{"operation":"data","action":"cut_after"}`, 200},
		{"PUT", "/sim/mail/faults", `[{"action":"explode"}]`, 400}, {"PUT", "/sim/mail/faults", `[]`, 200}, {"GET", "/sim/mail/faults", "", 200},
	} {
		if got := s.call(tc.method, tc.path, tc.body, nil); got != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, got, tc.status)
		}
	}
	if s.call("GET", "/sim/mail/messages/1", "", &l); len(l.Answers) != 2 || len(s.received()) != 2 || len(s.Fault().Rules()) != 0 {
		t.Errorf("%+v", l)
	}
	r, err := http.NewRequest("POST", s.pages.URL+"/sim/mail/letter/1/bounce", nil)
	s.ok(err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(r)
	s.ok(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %d", res.StatusCode)
	}
}

var rawKey = regexp.MustCompile(`\bsim\.mail[a-z._-]*\b`)

func (s *stand) page(path string) string {
	s.Helper()
	res, err := http.Get(s.pages.URL + path)
	s.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	s.ok(err)
	for _, bad := range append(rawKey.FindAllString(string(raw), -1), "ZgotmplZ", "no value", " style=") {
		if strings.Contains(string(raw), bad) {
			s.Fatalf("%s holds %q", path, bad)
		}
	}
	return html.UnescapeString(string(raw))
}

func TestAnInboxOnTheScreen(t *testing.T) {
	s := start(t, mailbox.Config{})
	for _, lang := range []string{"es", "pt", "en"} {
		s.page("/sim/mail?lang=" + lang)
	}
	s.ok(s.SetHook(s.hub.URL + "/hooks/mail/x"))
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}})
	_, _ = io.WriteString(part, "<script>alert(1)</script>")
	part, _ = w.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/html"}, "Content-Disposition": {`attachment; filename="a.html"`}})
	_, _ = io.WriteString(part, "<b>data</b>")
	_ = w.Close()
	s.ok(s.send("From: desk@posta.example\nTo: ana@cliente.example\nSubject: <i>Inicio</i>\nMessage-ID: <m1@posta.example>\nDate: Mon, 2 Mar 2026 15:04:05 +0000\nContent-Type: multipart/mixed; boundary="+
		w.Boundary()+"\n\n"+strings.ReplaceAll(body.String(), "\r\n", "\n"), "ana@cliente.example"))
	inbox := s.page("/sim/mail?to=ana@cliente.example")
	if !strings.Contains(inbox, `data-letter="1"`) || !strings.Contains(inbox, `data-box="ana@cliente.example" aria-current="page"`) {
		t.Error(inbox)
	}
	res, err := http.Get(s.pages.URL + "/sim/mail/letter/1")
	s.ok(err)
	raw, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if strings.Contains(string(raw), "<script>alert") || strings.Contains(string(raw), "<i>Inicio") || !strings.Contains(string(raw), "&lt;script&gt;") {
		t.Error("a mail's text is markup")
	}
	res, err = http.Get(s.pages.URL + "/sim/mail/letter/1/file/0")
	s.ok(err)
	raw, _ = io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(raw) != "<b>data</b>" || res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != `attachment; filename=a.html` {
		t.Errorf("%s %v", raw, res.Header)
	}
	for _, deed := range []string{"reply", "away", "late", "bounce"} {
		res, err := http.PostForm(s.pages.URL+"/sim/mail/letter/1/"+deed, url.Values{"as": {"ana@cliente.example"}, "text": {"Sí"}})
		s.ok(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.HasSuffix(res.Request.URL.Path, "/letter/1") {
			t.Errorf("%s: %d at %s", deed, res.StatusCode, res.Request.URL)
		}
	}
	s.upload("/sim/mail/letter/1/reply", "planilla.xlsx", "PK")
	for _, lang := range []string{"es", "pt", "en"} {
		page := s.page("/sim/mail/letter/1?lang=" + lang)
		for _, kind := range []string{"reply", "away", "late", "bounce"} {
			if !strings.Contains(page, `data-kind="`+kind+`"`) {
				t.Errorf("%s: no %s", lang, kind)
			}
		}
		s.page("/sim/mail/letter/7?lang=" + lang)
	}
	last, err := mail.Parse(s.received()[4])
	s.ok(err)
	if len(last.Attachments) != 1 || last.Attachments[0].Name != "planilla.xlsx" || string(last.Attachments[0].Data) != "PK" {
		t.Errorf("%+v", last)
	}
	s.mu.Lock()
	s.answer = http.StatusInternalServerError
	s.mu.Unlock()
	res, err = http.PostForm(s.pages.URL+"/sim/mail/letter/1/reply?lang=es", url.Values{"as": {"ana@cliente.example"}, "text": {"no se pierde"}})
	s.ok(err)
	raw, _ = io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(raw), ">no se pierde</textarea>") || !strings.Contains(string(raw), "Posta no tomó la respuesta") {
		t.Errorf("%d %s", res.StatusCode, raw)
	}
}

func (s *stand) upload(path, name, data string) {
	s.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	s.ok(w.WriteField("as", "ana@cliente.example"))
	s.ok(w.WriteField("text", "Adjunto"))
	f, err := w.CreateFormFile("file", name)
	s.ok(err)
	_, _ = io.WriteString(f, data)
	s.ok(w.Close())
	res, err := http.Post(s.pages.URL+path, w.FormDataContentType(), &body)
	s.ok(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.Fatal(res.StatusCode)
	}
}

func TestAnOpenPageHearsOfAMailAndLetsAStopGo(t *testing.T) {
	s := start(t, mailbox.Config{})
	res, err := http.Get(s.pages.URL + "/sim/mail/events")
	s.ok(err)
	defer res.Body.Close()
	one := make([]byte, 1)
	_, err = res.Body.Read(one)
	s.ok(err)
	s.ok(s.send(kickoff, "ana@cliente.example"))
	var heard strings.Builder
	for !strings.Contains(heard.String(), "id: 1\n") {
		if _, err := res.Body.Read(one); err != nil {
			t.Fatal(err)
		}
		heard.Write(one)
	}
	ended := make(chan struct{})
	go func() { s.stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the stop waits for the page")
	}
}

func TestThePagesHaveTheirWords(t *testing.T) {
	catalog := language.Must(os.DirFS("words"))
	if faults := catalog.Check(); len(faults) > 0 {
		t.Error(faults)
	}
	for _, lang := range []string{"es", "pt", "en"} {
		words := catalog.Localizer(lang)
		missing, err := page.Missing(words.Has, os.DirFS("html"), "*.html")
		if err != nil || len(missing) > 0 {
			t.Error(lang, missing, err)
		}
	}
}
