package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/sim/fault"
	"posta/sim/mailbox"
)

var at = time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)

// startMailbox runs a mail server until the test ends.
func startMailbox(t *testing.T, c mailbox.Config) *mailbox.Simulator {
	t.Helper()
	c.Clock = posta.NewFrozenClock(at)
	box, err := mailbox.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, box.Close()); err != nil {
			t.Error(err)
		}
	})
	return box
}

func sender(t *testing.T, c mail.Config) *mail.Sender {
	t.Helper()
	c.Clock = posta.NewFrozenClock(at)
	s, err := mail.NewSender(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pair is a mail server and a sender to it.
func pair(t *testing.T, rules ...fault.Rule) (*mailbox.Simulator, *mail.Sender) {
	t.Helper()
	var c mailbox.Config
	if len(rules) > 0 {
		c.Fault = fault.New(1, rules...)
	}
	box := startMailbox(t, c)
	return box, sender(t, mail.Config{URL: "smtp://" + box.SMTPAddress()})
}

func letter(to ...string) mail.Message {
	m := mail.Message{ID: "msg1.prj1@posta.example", From: mail.Address{Name: "Posta", Email: "desk@posta.example"},
		ReplyTo: mail.Address{Email: "desk+k3v9@posta.example"}, Subject: "Kickoff", Text: "Hola.\n"}
	for _, a := range to {
		m.To = append(m.To, mail.Address{Email: a})
	}
	return m
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	box, out := pair(t)
	m := letter("ana@cliente.example")
	m.To[0].Name = `Ana "la Ñandú" Pérez, Compras`
	m.Cc = []mail.Address{{Name: "José", Email: "jose@cliente.example"}, {Email: "ANA@cliente.example"}}
	m.Subject = "Homologación: la planilla con los números de pago — " + strings.Repeat("ação ", 20) + "fin"
	m.Text = "Buenos días, Ana:\n\n.un punto al comienzo\nFrom acá\n" + strings.Repeat("línea muy larga ", 200) + "\n¡Gracias! 🙂"
	m.InReplyTo = "a1@cliente.example"
	for n := range 30 {
		m.References = append(m.References, "reference-number-"+strings.Repeat("x", n)+"@cliente.example")
	}
	sheet := bytes.Repeat([]byte{0, 1, 2, '\r', '\n', '.', '\n', 255}, 5000)
	m.Attachments = []mail.Attachment{{Name: "Planilla de homologación ñ (1).xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Data: sheet},
		{Name: "vacío.txt", Type: "text/plain", Data: nil}, {Name: "sin-tipo.dat", Data: []byte("x")}}
	m.Headers = map[string]string{"Auto-Submitted": "auto-generated"}
	if err := out.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	list := box.Letters("")
	if len(list) != 1 {
		t.Fatal(len(list))
	}
	raw, _ := box.Raw(1)
	for n, line := range strings.Split(string(raw), "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 || r < 32 && r != '\t' }) {
			t.Errorf("line %d is no line of mail: %q", n, line)
		}
	}
	if l := list[0]; l.Subject != m.Subject || l.Text != m.Text || l.MessageID != m.ID || l.InReplyTo != m.InReplyTo || !slices.Equal(l.References, m.References) {
		t.Errorf("%+v", l)
	}
	if l := list[0]; !slices.Equal(l.To, []string{"ana@cliente.example", "jose@cliente.example"}) || l.Envelope != "desk+k3v9@posta.example" {
		t.Errorf("envelope %v from %s", l.To, l.Envelope)
	}
	_, data, err := box.Attachment(1, 0)
	if err != nil || !bytes.Equal(data, sheet) {
		t.Errorf("attachment: %v, %d bytes", err, len(data))
	}
	// What we write we read.
	in, err := mail.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if in.From != m.From || in.To[0] != m.To[0] || in.Cc[0] != m.Cc[0] || in.Subject != m.Subject || in.Text != m.Text || !in.Auto || !in.Date.Equal(at) {
		t.Errorf("%+v", in)
	}
	if len(in.Attachments) != 3 || in.Attachments[0].Name != m.Attachments[0].Name || in.Attachments[0].Type != m.Attachments[0].Type ||
		!bytes.Equal(in.Attachments[0].Data, sheet) || in.Attachments[1].Name != "vacío.txt" || in.Attachments[2].Type != "application/octet-stream" {
		t.Errorf("%+v", in.Attachments)
	}
}

// Sabotage that turns it red: hand the mail over when a recipient was refused.
func TestARefusedRecipientIsNamedAndNobodyGetsTheMail(t *testing.T) {
	box, out := pair(t)
	for _, tc := range []struct {
		to        []string
		code      posta.Code
		provider  string
		addresses string
	}{
		{[]string{"ana@cliente.example", "bounce@cliente.example", "bounce2@cliente.example"}, posta.CodeProviderRejected, "550 5.1.1", "bounce@cliente.example, bounce2@cliente.example"},
		{[]string{"later@cliente.example", "ana@cliente.example"}, posta.CodeProviderUnavailable, "451 4.2.1", "later@cliente.example"},
		{[]string{"bounce@cliente.example", "later@cliente.example"}, posta.CodeProviderRejected, "550 5.1.1", "bounce@cliente.example"},
	} {
		err := out.Send(context.Background(), letter(tc.to...))
		var e *posta.Error
		if !errors.As(err, &e) || e.Code != tc.code || e.Params["provider_code"] != tc.provider || e.Params["addresses"] != tc.addresses {
			t.Errorf("%v: %v %+v", tc.to, err, e)
		}
		if posta.Temporary(err) != (tc.code == posta.CodeProviderUnavailable) {
			t.Errorf("%v: temporary %v", tc.to, posta.Temporary(err))
		}
		if f, ok := mail.FailureOf(err); !ok || f.Uncertain || f.Step != "RCPT" || f.Text == "" {
			t.Errorf("%v: %+v", tc.to, f)
		}
		if strings.Contains(err.Error(), "cliente") {
			t.Errorf("the error, which is logged, holds an address: %v", err)
		}
	}
	if n := len(box.Letters("")); n != 0 {
		t.Fatalf("%d mails went out", n)
	}
	if err := out.Send(context.Background(), letter("ana@cliente.example")); err != nil {
		t.Fatal(err)
	}
}

func TestAMailWhoseAcceptanceWasLostSaysSo(t *testing.T) {
	box, out := pair(t, fault.Rule{Operation: "data", Action: fault.CutAfter, Nth: 1})
	m := letter("ana@cliente.example")
	err := out.Send(context.Background(), m)
	if f, ok := mail.FailureOf(err); !ok || !f.Uncertain || !posta.Temporary(err) {
		t.Fatalf("%v %+v", err, f)
	}
	if err := out.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	if list := box.Letters(""); len(list) != 2 || list[0].Repeat || !list[1].Repeat || list[1].MessageID != m.ID {
		t.Fatalf("%+v", list)
	}
}

func TestWhatTheServerSaysToTheWholeMail(t *testing.T) {
	for _, tc := range []struct {
		rule      fault.Rule
		temporary bool
		uncertain bool
		kept      int
	}{
		{fault.Rule{Action: fault.Status, Status: 552}, false, false, 0},
		{fault.Rule{Action: fault.Status, Status: 452}, true, false, 0},
		{fault.Rule{Action: fault.CutBefore}, true, true, 0}, // nobody can tell it from the next
		{fault.Rule{Action: fault.CutAfter}, true, true, 1},
		{fault.Rule{Action: fault.Status, Status: 451, After: true}, true, false, 1},
	} {
		tc.rule.Operation = "data"
		box, out := pair(t, tc.rule)
		err := out.Send(context.Background(), letter("ana@cliente.example"))
		f, ok := mail.FailureOf(err)
		if !ok || posta.Temporary(err) != tc.temporary || f.Uncertain != tc.uncertain || len(box.Letters("")) != tc.kept {
			t.Errorf("%+v: %v, %+v, %d kept", tc.rule, err, f, len(box.Letters("")))
		}
	}
}

func TestWithoutAServerAMailWaits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	err = sender(t, mail.Config{URL: "smtp://" + address}).Send(context.Background(), letter("ana@cliente.example"))
	if f, _ := mail.FailureOf(err); !posta.Temporary(err) || f == nil || f.Uncertain || f.Step != "connect" {
		t.Fatal(err)
	}
}

func TestAnEndedContextEndsTheExchange(t *testing.T) {
	box, out := pair(t, fault.Rule{Operation: "rcpt", Action: fault.Delay, Delay: fault.Duration(time.Hour)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- out.Send(ctx, letter("ana@cliente.example")) }()
	for box.Fault().Rules()[0].Hit == 0 {
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; !posta.Temporary(err) {
		t.Fatal(err)
	}
}

// Sabotage that turns it red: build headers from the fields as they are.
func TestNothingTypedBeginsAHeader(t *testing.T) {
	box, out := pair(t)
	for name, change := range map[string]func(*mail.Message){
		"subject":        func(m *mail.Message) { m.Subject = "x\r\nBcc: eve@evil.example" },
		"subject LF":     func(m *mail.Message) { m.Subject = "x\nBcc: eve@evil.example" },
		"subject NUL":    func(m *mail.Message) { m.Subject = "x\x00y" },
		"subject none":   func(m *mail.Message) { m.Subject = " " },
		"name":           func(m *mail.Message) { m.To[0].Name = "Ana\r\nBcc: eve@evil.example" },
		"name NEL":       func(m *mail.Message) { m.From.Name = "Ana\u0085Bcc: eve@evil.example" },
		"address":        func(m *mail.Message) { m.To[0].Email = "ana@cliente.example>\r\nRCPT TO:<eve@evil.example" },
		"address space":  func(m *mail.Message) { m.To[0].Email = "ana@cliente.example NOTIFY=NEVER" },
		"two addresses":  func(m *mail.Message) { m.Cc = []mail.Address{{Email: "a@x.example,eve@evil.example"}} },
		"reply":          func(m *mail.Message) { m.ReplyTo.Email = "desk" },
		"id":             func(m *mail.Message) { m.ID = "a@b>\r\nBcc: eve@evil.example" },
		"no id":          func(m *mail.Message) { m.ID = "" },
		"in reply":       func(m *mail.Message) { m.InReplyTo = "a@b> <c@d" },
		"reference":      func(m *mail.Message) { m.References = []string{"a@b\r\nBcc: eve@evil.example"} },
		"header's value": func(m *mail.Message) { m.Headers = map[string]string{"X-A": "b\r\nBcc: eve@evil.example"} },
		"header's name":  func(m *mail.Message) { m.Headers = map[string]string{"X-A: b\r\nBcc": "eve@evil.example"} },
		"a header twice": func(m *mail.Message) { m.Headers = map[string]string{"BCC": "eve@evil.example"} },
		"file's name":    func(m *mail.Message) { m.Attachments = []mail.Attachment{{Name: "a\"\r\nX: y.txt"}} },
		"file's path":    func(m *mail.Message) { m.Attachments = []mail.Attachment{{Name: "../a.txt"}} },
		"file's type":    func(m *mail.Message) { m.Attachments = []mail.Attachment{{Name: "a.txt", Type: "text/plain\r\nX: y"}} },
		"nobody":         func(m *mail.Message) { m.To = nil },
		"many":           func(m *mail.Message) { m.To = slices.Repeat(m.To, 51) },
		"long subject":   func(m *mail.Message) { m.Subject = strings.Repeat("a", 501) },
		"long text":      func(m *mail.Message) { m.Text = strings.Repeat("a", mail.MaxTextBytes+1) },
		"big files": func(m *mail.Message) {
			m.Attachments = []mail.Attachment{{Name: "a", Data: make([]byte, mail.MaxAttachmentBytes+1)}}
		},
		"many files":      func(m *mail.Message) { m.Attachments = slices.Repeat([]mail.Attachment{{Name: "a"}}, 21) },
		"text not UTF-8":  func(m *mail.Message) { m.Text = "\xff" },
		"dots in address": func(m *mail.Message) { m.To[0].Email = "ana..b@cliente.example" },
	} {
		m := letter("ana@cliente.example")
		change(&m)
		if err := out.Send(context.Background(), m); posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(box.Letters("")); n != 0 {
		t.Fatalf("%d mails went out", n)
	}
}

// certificate makes one for a name, and the pool that trusts it.
func certificate(t *testing.T, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

// Sabotage that turns it red: go on in the clear where STARTTLS is not offered.
func TestOffThisMachineMailGoesByTLSOnly(t *testing.T) {
	secured, pool := certificate(t, "mail.posta.example")
	_, stranger := certificate(t, "mail.posta.example")
	wrongName, wrongPool := certificate(t, "other.example")
	for name, tc := range map[string]struct {
		url    string
		server mailbox.Config
		pool   *x509.CertPool
		sent   bool
	}{
		"STARTTLS":                     {"smtp://mail.posta.example:587", mailbox.Config{TLS: secured}, pool, true},
		"STARTTLS with log-in":         {"smtp://desk:s%2Fecret@mail.posta.example", mailbox.Config{TLS: secured, User: "desk", Password: "s/ecret"}, pool, true},
		"TLS from the start":           {"smtps://mail.posta.example", mailbox.Config{TLS: secured, ImplicitTLS: true}, pool, true},
		"TLS from the start, log-in":   {"smtps://desk:secret@mail.posta.example", mailbox.Config{TLS: secured, ImplicitTLS: true, User: "desk", Password: "secret"}, pool, true},
		"no TLS, and said so":          {"smtp://mail.posta.example?tls=off", mailbox.Config{}, nil, true},
		"no TLS, said so, log-in":      {"smtp://desk:secret@mail.posta.example?tls=off", mailbox.Config{User: "desk", Password: "secret"}, nil, true},
		"STARTTLS not offered":         {"smtp://mail.posta.example:587", mailbox.Config{}, pool, false},
		"no TLS where it is asked for": {"smtps://mail.posta.example", mailbox.Config{}, pool, false},
		"unknown certificate":          {"smtp://mail.posta.example", mailbox.Config{TLS: secured}, stranger, false},
		"another's certificate":        {"smtps://mail.posta.example", mailbox.Config{TLS: wrongName, ImplicitTLS: true}, wrongPool, false},
		"wrong password":               {"smtp://desk:wrong@mail.posta.example", mailbox.Config{TLS: secured, User: "desk", Password: "secret"}, pool, false},
		"log-in that nobody offers":    {"smtp://desk:secret@mail.posta.example", mailbox.Config{TLS: secured}, pool, false},
		"no log-in where it is asked":  {"smtp://mail.posta.example", mailbox.Config{TLS: secured, User: "desk", Password: "secret"}, pool, false},
	} {
		t.Run(name, func(t *testing.T) {
			box := startMailbox(t, tc.server)
			out := sender(t, mail.Config{URL: tc.url, RootCAs: tc.pool, Timeout: 5 * time.Second, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if host, _, _ := net.SplitHostPort(address); host != "mail.posta.example" {
					t.Errorf("dialed %s", address)
				}
				return (&net.Dialer{}).DialContext(ctx, network, box.SMTPAddress())
			}})
			err := out.Send(context.Background(), letter("ana@cliente.example"))
			if (err == nil) != tc.sent || len(box.Letters("")) != map[bool]int{true: 1}[tc.sent] {
				t.Fatalf("%v, %d mails", err, len(box.Letters("")))
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestAnAddressOfAMailServerIsReadStrictly(t *testing.T) {
	for _, bad := range []string{"", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example/path", "smtp://mail.example?tls=maybe",
		"smtps://mail.example?tls=off", "smtp://mail.example:0", "smtp://mail.example:99999", "smtp://u:p%zz@mail.example", "smtp://user:topsecret@mail.example?x=1"} {
		_, err := mail.NewSender(mail.Config{URL: bad, Clock: posta.SystemClock{}})
		if posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		} else if strings.Contains(err.Error(), "topsecret") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

func TestAReplyAddressBearsItsToken(t *testing.T) {
	base := "desk@posta.example"
	if got := mail.ReplyAddress(base, "k3v9"); got != "desk+k3v9@posta.example" {
		t.Fatal(got)
	}
	for _, tc := range []struct {
		to    string
		token string
	}{
		{"desk+k3v9@posta.example", "k3v9"}, {"Desk+K3V9@Posta.Example", "k3v9"}, {"desk@posta.example", ""}, {"desk+@posta.example", ""},
		{"desk+k3v9@evil.example", ""}, {"eve+desk+k3v9@posta.example", ""}, {"desk", ""}, {"", ""}, {"desk+a+b@posta.example", "a+b"},
	} {
		token, ok := mail.TokenOf([]mail.Address{{Email: "ana@cliente.example"}, {Email: tc.to}}, base)
		if token != tc.token || ok != (tc.token != "") {
			t.Errorf("%s: %q %v", tc.to, token, ok)
		}
	}
}

func TestFileNamesAreCleaned(t *testing.T) {
	for in, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\Users\ana\hoja.xlsx`: "hoja.xlsx", ".htaccess": "htaccess", "..": "", "": "", "a\x00b\r\n.txt": "ab.txt",
		"factura\u202efdp.exe": "facturafdp.exe", `"a"<b>.txt`: "ab.txt", "planilla ñ.xlsx": "planilla ñ.xlsx", "a.txt. .": "a.txt", "\xff.txt": "txt",
		strings.Repeat("ñ", 200) + ".xlsx": strings.Repeat("ñ", 72) + ".xlsx",
	} {
		if got := mail.CleanName(in); got != want || mail.CleanName(got) != got {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
