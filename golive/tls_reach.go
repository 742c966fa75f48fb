package golive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"posta/outbound"
)

// dialer dials public addresses only; refused tells whether it met another.
func (c *tlsCheck) dialer() (d *net.Dialer, refused *atomic.Bool) {
	refused = new(atomic.Bool)
	guard := outbound.Guard(c.Allow...)
	return &net.Dialer{Timeout: tlsStep, Control: func(network, address string, raw syscall.RawConn) error {
		err := guard(network, address, raw)
		if err != nil {
			refused.Store(true)
		}
		return err
	}}, refused
}

// reach finds the name and its port.
func (c *tlsCheck) reach(ctx context.Context) bool {
	if _, err := netip.ParseAddr(c.host); err != nil {
		if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", c.host); err != nil {
			c.add(finding(TLSResolve, TLSFail, "unknown", err, "host", c.host))
			return false
		}
	}
	c.add(finding(TLSResolve, TLSPass, "good", nil, "host", c.host))
	dial, refused := c.dialer()
	conn, err := dial.DialContext(ctx, "tcp", net.JoinHostPort(c.host, c.port))
	switch {
	case err == nil:
		_ = conn.Close()
		c.add(finding(TLSPublic, TLSPass, "good", nil), finding(TLSConnect, TLSPass, "good", nil, "port", c.port))
		return true
	case refused.Load():
		c.add(finding(TLSPublic, TLSFail, "private", err, "host", c.host))
	default:
		c.add(finding(TLSPublic, TLSPass, "good", nil), finding(TLSConnect, TLSFail, "closed", err, "host", c.host, "port", c.port))
	}
	return false
}

// everySuite lets a check speak with servers that a browser would not.
var everySuite = func() (ids []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}()

// speak shakes hands within a range of versions, and trusts nobody by it: the
// certificate is judged apart.
func (c *tlsCheck) speak(ctx context.Context, from, to uint16) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, tlsStep)
	defer cancel()
	dial, _ := c.dialer()
	conn, err := dial.DialContext(ctx, "tcp", net.JoinHostPort(c.host, c.port))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	secure := tls.Client(conn, &tls.Config{ServerName: c.host, MinVersion: from, MaxVersion: to, CipherSuites: everySuite, InsecureSkipVerify: true})
	err = secure.HandshakeContext(ctx)
	return secure.ConnectionState(), err
}

// handshake judges how TLS is spoken.
func (c *tlsCheck) handshake(ctx context.Context) bool {
	var err error
	if c.state, err = c.speak(ctx, tls.VersionTLS10, tls.VersionTLS13); err != nil || len(c.state.PeerCertificates) == 0 {
		var plain tls.RecordHeaderError
		outcome := "failed"
		if errors.As(err, &plain) {
			outcome = "plain"
		}
		c.add(finding(TLSSpeaks, TLSFail, outcome, err, "port", c.port))
		return false
	}
	version := tls.VersionName(c.state.Version)
	c.report.Version = version
	c.add(finding(TLSSpeaks, TLSPass, "good", nil))
	if c.state.Version < tls.VersionTLS12 {
		c.add(finding(TLSVersion, TLSFail, "old", nil, "version", version))
		return true
	}
	c.add(finding(TLSVersion, TLSPass, "good", nil, "version", version))
	if old, err := c.speak(ctx, tls.VersionTLS10, tls.VersionTLS11); err == nil {
		c.add(finding(TLSOld, TLSWarn, "offered", nil, "version", tls.VersionName(old.Version)))
	} else {
		c.add(finding(TLSOld, TLSPass, "good", nil))
	}
	return true
}

// serve judges what is answered over http and https, both at once.
func (c *tlsCheck) serve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tlsStep)
	defer cancel()
	var plain TLSFinding
	var page []TLSFinding
	var both sync.WaitGroup
	both.Go(func() { plain = c.redirect(ctx) })
	both.Go(func() { page = c.page(ctx) })
	both.Wait()
	c.add(plain)
	c.add(page...)
}

// get asks for one page and follows nothing. The first host's certificate has
// been judged; every other must be good.
func (c *tlsCheck) get(ctx context.Context, at *url.URL) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "Posta-TLS-check")
	dial, _ := c.dialer()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dial.DialContext, MaxResponseHeaderBytes: 64 << 10}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: everySuite, RootCAs: c.Roots, Time: c.Clock.Now,
		InsecureSkipVerify: strings.EqualFold(at.Host, c.url.Host)}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close() // only the head says something here
	return answer, nil
}

// redirect judges what stands at the same address on plain http.
func (c *tlsCheck) redirect(ctx context.Context) TLSFinding {
	at := *c.url
	at.Scheme, at.Host = "http", net.JoinHostPort(c.host, strconv.Itoa(c.HTTPPort))
	if c.HTTPPort == 80 {
		at.Host = strings.TrimSuffix(at.Host, ":80")
	}
	answer, err := c.get(ctx, &at)
	if err != nil {
		return finding(TLSRedirect, TLSPass, "closed", err)
	}
	status := strconv.Itoa(answer.StatusCode)
	to, err := answer.Location()
	switch code := answer.StatusCode; {
	case code >= 400:
		return finding(TLSRedirect, TLSPass, "nothing", nil, "status", status)
	case code < 300 || code == http.StatusNotModified || err != nil:
		return finding(TLSRedirect, TLSFail, "missing", err, "status", status)
	case to.Scheme != "https":
		return finding(TLSRedirect, TLSFail, "to_http", nil, "to", to.Scheme+"://"+to.Host)
	case !strings.EqualFold(to.Hostname(), c.url.Hostname()) && !strings.EqualFold(to.Hostname(), c.host):
		return finding(TLSRedirect, TLSWarn, "elsewhere", nil, "to", to.Host)
	case code != http.StatusMovedPermanently && code != http.StatusPermanentRedirect:
		return finding(TLSRedirect, TLSWarn, "temporary", nil, "status", status)
	}
	return finding(TLSRedirect, TLSPass, "good", nil, "status", status)
}

// mostRedirects is how far a page is followed.
const mostRedirects = 10

// page follows the address itself.
func (c *tlsCheck) page(ctx context.Context) []TLSFinding {
	at := c.url
	var out []TLSFinding
	for hop := range mostRedirects {
		answer, err := c.get(ctx, at)
		var untrusted *tls.CertificateVerificationError
		switch {
		case errors.As(err, &untrusted):
			return append([]TLSFinding{finding(TLSPage, TLSFail, "untrusted", err, "to", at.Host)}, out...)
		case err != nil:
			return append([]TLSFinding{finding(TLSPage, TLSWarn, "no_answer", err)}, out...)
		}
		if hop == 0 {
			out = append(out, strictTransport(answer.Header.Get("Strict-Transport-Security")))
		}
		to, err := answer.Location()
		switch {
		case answer.StatusCode < 300 || answer.StatusCode > 399 || answer.StatusCode == http.StatusNotModified || errors.Is(err, http.ErrNoLocation):
			return append([]TLSFinding{finding(TLSPage, TLSPass, "good", nil)}, out...)
		case err != nil:
			return append([]TLSFinding{finding(TLSPage, TLSFail, "malformed", err)}, out...)
		case to.Scheme != "https" || to.Hostname() == "":
			return append([]TLSFinding{finding(TLSPage, TLSFail, "to_http", nil, "to", to.Scheme+"://"+to.Host)}, out...)
		}
		at = to
	}
	return append([]TLSFinding{finding(TLSPage, TLSFail, "loop", fmt.Errorf("more than %d redirects", mostRedirects))}, out...)
}

// strictTransport judges the header of RFC 6797 §6.1.
func strictTransport(header string) TLSFinding {
	for part := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`)); strings.EqualFold(strings.TrimSpace(name), "max-age") && err == nil && n > 0 {
			return finding(TLSHSTS, TLSPass, "good", nil, "seconds", strconv.Itoa(n))
		}
	}
	return finding(TLSHSTS, TLSWarn, "missing", nil)
}
