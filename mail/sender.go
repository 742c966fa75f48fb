package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"posta"
)

// Config says through whom mail goes out. URL and Clock are needed.
type Config struct {
	// URL is the mail server: smtp://user:password@host:587 (STARTTLS, which the
	// server must offer) or smtps://… (TLS from the start, port 465). Without TLS
	// only to this machine, or with ?tls=off.
	URL     string
	Clock   posta.Clock
	Timeout time.Duration  // of one step of the exchange; 0 means 30 s
	RootCAs *x509.CertPool // nil means the machine's
	// Dial makes the connection; nil means the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sender sends messages, each over a connection of its own.
type Sender struct {
	config         Config
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the start
	plain          bool // no TLS at all
}

// NewSender reads the configuration; it opens no connection. Errors: invalid,
// field smtp, whose cause never holds the password.
func NewSender(c Config) (*Sender, error) {
	bad := func(why string) (*Sender, error) {
		e := posta.Invalid("smtp", "format")
		e.Cause = fmt.Errorf("the mail server's address %s; it has the form smtp://user:password@host:587", why)
		return nil, e
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return bad("cannot be read")
	}
	s := &Sender{config: c, host: u.Hostname(), implicit: u.Scheme == "smtps", port: 587}
	if u.Scheme != "smtp" && u.Scheme != "smtps" {
		return bad("begins with neither smtp:// nor smtps://")
	}
	if s.host == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return bad("has no host, or more than one")
	}
	if s.implicit {
		s.port = 465
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return bad("has no port that can be")
		}
	}
	switch query := u.RawQuery; {
	case query == "tls=off" && !s.implicit:
		s.plain = true
	case query != "":
		return bad("has a setting that there is not: the only one is ?tls=off, with smtp://")
	default:
		s.plain = !s.implicit && loopback(s.host)
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
	if s.config.Timeout == 0 {
		s.config.Timeout = 30 * time.Second
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send hands the message to the mail server, for all its recipients or for
// none: when the server refuses one of them nobody gets it.
//
// Errors: invalid (see Message.Check); provider_rejected when the server said
// no for good, with Params["addresses"] if it was about recipients and
// Params["provider_code"], such as "550 5.1.1"; provider_unavailable when another
// try may succeed: the server said so, was not reached, or did not let us in,
// which its operator can mend. Both have a *Failure among their causes. A mail
// whose Failure is Uncertain may have been sent: another try bears the same
// Message-ID.
func (s *Sender) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	msg, err := s.compose(m)
	if err != nil {
		return posta.Errorf(posta.CodeInternal, "mail: compose: %w", err)
	}
	_, domain, _ := strings.Cut(m.From.Email, "@")
	var line net.Conn
	hangUp := func() { _ = line.Close() }
	client, err := s.client(domain, &line)
	if err != nil {
		return posta.Errorf(posta.CodeInternal, "mail: client: %w", err)
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return failed("connect", err, nil)
	}
	defer context.AfterFunc(ctx, hangUp)()
	defer func() { _ = server.Close() }()
	if err := s.converse(server, envelope(m), m.Recipients(), msg); err != nil {
		return err
	}
	_ = server.Quit() // the mail is the server's now, whatever it says to this
	return nil
}

// envelope is where a delivery failure comes back to: the reply address, whose
// token names the thread, when it is in the sender's own domain.
func envelope(m Message) string {
	_, domain, _ := strings.Cut(m.From.Email, "@")
	if _, reply, _ := strings.Cut(m.ReplyTo.Email, "@"); strings.EqualFold(domain, reply) {
		return m.ReplyTo.Email
	}
	return m.From.Email
}

// converse is one mail's exchange (RFC 5321 §3.3). Each recipient's refusal is
// taken down, so that the error can name them all.
func (s *Sender) converse(server *smtp.Client, from string, to []string, msg *gomail.Msg) error {
	_ = server.UpdateDeadline(s.config.Timeout)
	if err := server.Mail("<" + from + ">"); err != nil {
		return failed("MAIL", err, nil)
	}
	var refused refusals
	for _, address := range to {
		_ = server.UpdateDeadline(s.config.Timeout)
		if err := server.Rcpt("<" + address + ">"); err != nil {
			if !refused.add(address, err) {
				return failed("RCPT", err, nil)
			}
		}
	}
	if err := refused.err(); err != nil {
		return err
	}
	_ = server.UpdateDeadline(s.config.Timeout)
	body, err := server.Data()
	if err != nil {
		return failed("DATA", err, nil)
	}
	_ = server.UpdateDeadline(4 * s.config.Timeout) // ten megabytes over a slow line
	if _, err := msg.WriteTo(body); err != nil {
		return failed("DATA", err, nil) // without the final dot the server keeps nothing
	}
	if err := body.Close(); err != nil {
		return failed("accept", err, nil)
	}
	return nil
}

// client sets go-mail up for one connection, which it puts into line.
func (s *Sender) client(domain string, line *net.Conn) (*gomail.Client, error) {
	config := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.config.RootCAs}
	dial := s.config.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(s.config.Timeout), gomail.WithHELO(domain), gomail.WithTLSConfig(config),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			if conn, err = dial(ctx, network, address); err != nil {
				return nil, err
			}
			if *line = conn; !s.implicit {
				return conn, nil
			}
			secure := tls.Client(conn, config)
			if err = secure.HandshakeContext(ctx); err != nil {
				_ = conn.Close()
				return nil, err
			}
			return secure, nil
		})}
	logIn := gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
	switch {
	case s.plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		logIn = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc)
	case s.implicit: // a server that has TLS already offers no STARTTLS
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.user != "" {
		options = append(options, logIn, gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}

// compose writes the message in MIME.
func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(s.config.Clock.Now().UTC())
	msg.Subject(m.Subject)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, header(m.From)...)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, header(m.To...)...)
	if len(m.Cc) > 0 {
		msg.SetAddrHeaderFromMailAddress(gomail.HeaderCc, header(m.Cc...)...)
	}
	if m.ReplyTo != (Address{}) {
		msg.SetAddrHeaderFromMailAddress(gomail.HeaderReplyTo, header(m.ReplyTo)...)
	}
	if m.InReplyTo != "" {
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+m.InReplyTo+">")
	}
	if len(m.References) > 0 {
		msg.SetGenHeaderPreformatted(gomail.HeaderReferences, "<"+strings.Join(m.References, ">\r\n <")+">")
	}
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, crlf(m.Text))
	for _, a := range m.Attachments {
		kind := a.Type
		if kind == "" {
			kind = "application/octet-stream"
		}
		if err := msg.AttachReader(a.Name, strings.NewReader(string(a.Data)), gomail.WithFileContentType(gomail.ContentType(kind))); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

func header(list ...Address) (out []*netmail.Address) {
	for _, a := range list {
		out = append(out, &netmail.Address{Name: a.Name, Address: a.Email})
	}
	return out
}

// crlf ends each line as mail does.
func crlf(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r", "\n"), "\n", "\r\n")
}

// Compose writes the message as it would go out, for a copy on file. Errors:
// those of Message.Check.
func (s *Sender) Compose(w io.Writer, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	msg, err := s.compose(m)
	if err == nil {
		_, err = msg.WriteTo(w)
	}
	return err
}
