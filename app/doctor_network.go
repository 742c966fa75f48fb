package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/smtp"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/outbound"
	"posta/payment"
)

// skew is how far our clock is ahead of a host's.
type skew struct {
	host string
	by   time.Duration
}

// client calls providers and notes what time they have.
func (d *doctor) client() *http.Client {
	return outbound.NewClient(outbound.Options{Clock: posta.SystemClock{}, RootCAs: d.roots, Log: d.config.Log,
		Record: func(_ context.Context, c outbound.Call) error {
			if u, err := url.Parse(c.URL); err == nil {
				d.heardTime(u.Hostname(), c.ResponseHeader.Get("Date"), c.StartedAt, c.Duration)
			}
			return nil
		}})
}

// heardTime notes a Date header, which leaves out the fraction of a second
// (RFC 9110 §6.6.1).
func (d *doctor) heardTime(host, date string, asked time.Time, took time.Duration) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.skews = append(d.skews, skew{host, asked.Add(took / 2).Sub(at.Add(500 * time.Millisecond))})
}

// list gives every merchant's connections.
func (d *doctor) list(ctx context.Context) (out []account.Connection, err error) {
	merchants, err := d.db.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range merchants {
		some, err := d.db.Connections(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// connections asks each provider who the credentials belong to, eight at a time.
func (d *doctor) connections(ctx context.Context) {
	list, err := d.list(ctx)
	if err != nil {
		d.report("connection", "", LevelFail, "unknown", err)
		return
	}
	if len(list) == 0 {
		d.report("connection", "", LevelOK, "none", nil)
	}
	begun, accounts := len(d.found), d.accounts()
	slots := make(chan struct{}, 8)
	var all sync.WaitGroup
	for _, c := range list {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			d.connection(ctx, accounts, c)
		})
	}
	all.Wait()
	slices.SortStableFunc(d.found[begun:], func(a, b Finding) int { return strings.Compare(a.Subject, b.Subject) })
}

func (d *doctor) connection(ctx context.Context, accounts *account.Service, c account.Connection) {
	_, err := accounts.Check(ctx, c.MerchantID, c.ID)
	level, outcome := judge(err)
	d.report("connection", string(c.ID), level, outcome, err, "provider", c.Provider, "mode", string(c.Mode))
	if c.Mode != posta.Live {
		return
	}
	gate, err := d.db.Gate(ctx, c.MerchantID, c.ID)
	switch state := gate.At(d.config.Clock.Now()).State; {
	case err != nil:
		d.report("gate", string(c.ID), LevelFail, "unknown", err)
	case state == payment.GateOpen:
		d.report("gate", string(c.ID), LevelOK, string(state), nil)
	default:
		d.report("gate", string(c.ID), LevelWarn, string(state), nil)
	}
}

// judge reads what account.Service.Check answered.
func judge(err error) (Level, string) {
	var e *posta.Error
	if err == nil {
		return LevelOK, "good"
	}
	if !errors.As(err, &e) {
		return LevelFail, "unreachable"
	}
	switch e.Code {
	case posta.CodeUnauthorized:
		return LevelFail, "refused"
	case posta.CodeModeMismatch:
		return LevelFail, "mode"
	case posta.CodeInvalid:
		if len(e.Fields) == 1 && e.Fields[0].Field == "country" {
			return LevelFail, "country"
		}
		return LevelFail, "settings"
	case posta.CodeConflict:
		return LevelFail, "account"
	case posta.CodeRateLimited:
		return LevelWarn, "busy"
	case posta.CodeProviderRejected:
		return LevelFail, "rejected"
	}
	return LevelFail, "unreachable"
}

// everywhere lets the hub's own address be looked at wherever it is.
var everywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// public looks at the hub's own address, as well as can be told from inside.
func (d *doctor) public(ctx context.Context) {
	u, err := url.Parse(d.url)
	switch {
	case d.url == "" || err != nil || u.Hostname() == "":
		d.report("public", "", LevelWarn, "unset", err)
		return
	case here(u.Hostname()):
		d.report("public", d.url, LevelWarn, "here", nil, "url", d.url)
	case outside(ctx, u.Hostname()):
		d.report("public", d.url, LevelOK, "public", nil, "url", d.url)
	default:
		d.report("public", d.url, LevelWarn, "private", nil, "url", d.url, "host", u.Hostname())
	}
	if u.Scheme == "https" {
		d.certificate(ctx)
	} else if !here(u.Hostname()) {
		d.report("https", d.url, LevelFail, "http", nil, "url", d.url)
	}
	if d.running {
		d.healthz(ctx, u)
	}
}

// here tells whether a host is this machine by name.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// outside tells whether a name leads to a public address, seen from here.
func outside(ctx context.Context, host string) bool {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	guard := outbound.Guard()
	for _, a := range addresses {
		if guard("tcp4", netip.AddrPortFrom(a, 443).String(), nil) == nil {
			return true
		}
	}
	return false
}

// certificate looks at the certificate of the hub's own address.
func (d *doctor) certificate(ctx context.Context) {
	report := golive.CheckTLS(ctx, d.url+"/healthz", golive.TLSOptions{Roots: d.roots, Allow: everywhere})
	good := true
	for _, f := range report.Findings {
		if f.Verdict == golive.TLSPass {
			continue
		}
		good = false
		level := LevelWarn
		if f.Verdict == golive.TLSFail {
			level = LevelFail
		}
		d.mu.Lock()
		d.found = append(d.found, Finding{Check: "https", Subject: d.url, Level: level, Words: f.Fix, Params: f.Params, Detail: f.Detail})
		d.mu.Unlock()
	}
	if good {
		d.report("https", d.url, LevelOK, "good", nil, "date", report.Certificate.NotAfter.Format(time.DateOnly))
	}
}

// healthz asks the hub for its health by its public address.
func (d *doctor) healthz(ctx context.Context, u *url.URL) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/healthz", nil)
	if err != nil {
		return // told as unset
	}
	// Its Date tells nothing: behind no proxy it is this machine's own.
	answer, err := outbound.NewClient(outbound.Options{Clock: posta.SystemClock{}, RootCAs: d.roots, Log: d.config.Log}).Do(request)
	if err != nil {
		d.report("webhook", d.url, LevelFail, "unreachable", err, "url", d.url)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil || answer.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != "ok" {
		d.report("webhook", d.url, LevelFail, "other", err, "url", d.url, "status", fmt.Sprint(answer.StatusCode))
		return
	}
	d.report("webhook", d.url, LevelOK, "good", nil, "url", d.url)
}

// mail waits for the mail server's greeting, and says who we are.
func (d *doctor) mail(ctx context.Context) {
	if d.config.SMTP == "" {
		d.report("mail", "", LevelOK, "none", nil)
		return
	}
	u, err := url.Parse(d.config.SMTP)
	if err != nil || u.Hostname() == "" {
		d.report("mail", "", LevelFail, "malformed", nil) // err would quote the password
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtps": "465"}[u.Scheme]
	}
	if port == "" {
		port = "587"
	}
	if err := greet(ctx, u.Scheme == "smtps", u.Hostname(), port, &tls.Config{ServerName: u.Hostname(), RootCAs: d.roots}); err != nil {
		d.report("mail", u.Hostname(), LevelFail, "silent", err, "host", u.Hostname(), "port", port)
		return
	}
	d.report("mail", u.Hostname(), LevelOK, "good", nil, "host", u.Hostname(), "port", port)
}

func greet(ctx context.Context, secure bool, host, port string, config *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // a server that says nothing
	defer stop()
	if secure {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := c.Hello("posta.invalid"); err != nil {
		return err
	}
	_ = c.Quit() // it has greeted: enough
	return nil
}
