package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"posta"
	"posta/outbound"
	"posta/seal"
	"posta/store"
)

// certificate is how a hub that serves TLS itself proves who it is.
type certificate struct {
	get   func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	host  string                          // its first name; "" where it is for no plain name
	plain func(http.Handler) http.Handler // answers challenges on plain http, hands on the rest
	acme  []string                        // hosts whose certificates an authority issues
}

// newCertificate reads the certificate's files or prepares to have one issued;
// nil where the hub serves plain http. Errors: invalid.
func newCertificate(c Config, db *store.DB, box *seal.Box) (*certificate, error) {
	files := c.TLSCert != "" || c.TLSKey != ""
	switch {
	case !files && len(c.ACME) == 0 && c.HTTPRedirect != "":
		return nil, posta.Errorf(posta.CodeInvalid, "a redirect from http needs a certificate to lead to: --tls-cert and --tls-key, or --acme")
	case !files && len(c.ACME) == 0:
		return nil, nil
	case files && len(c.ACME) > 0:
		return nil, posta.Errorf(posta.CodeInvalid, "the certificate comes from files or by ACME, not both")
	case files && (c.TLSCert == "" || c.TLSKey == ""):
		return nil, posta.Errorf(posta.CodeInvalid, "a certificate and its key go together: --tls-cert and --tls-key")
	case c.PublicURL != "" && !strings.HasPrefix(c.PublicURL, "https://"):
		return nil, posta.Errorf(posta.CodeInvalid, "with a certificate the public address begins with https://")
	}
	if files {
		return fromFiles(c)
	}
	if u, err := url.Parse(c.PublicURL); err == nil && c.PublicURL != "" && !slices.Contains(c.ACME, u.Hostname()) {
		return nil, posta.Errorf(posta.CodeInvalid, "%s, the host of the public address, is not among those to have a certificate issued for", u.Hostname())
	}
	for _, host := range c.ACME {
		if !strings.Contains(host, ".") || strings.ContainsAny(host, "*:/ ") {
			return nil, posta.Errorf(posta.CodeInvalid, "%q is not a host that a certificate can be issued for", host)
		}
	}
	manager := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.ACME...), Email: c.ACMEEmail,
		Cache: certificateCache{db, box}, Client: &acme.Client{DirectoryURL: c.ACMEDirectory, UserAgent: "Posta " + Version,
			HTTPClient: outbound.NewClient(outbound.Options{Clock: c.Clock, Log: c.Log})}}
	return &certificate{get: manager.GetCertificate, host: c.ACME[0], plain: manager.HTTPHandler, acme: c.ACME}, nil
}

func fromFiles(c Config) (*certificate, error) {
	f := &certificateFiles{cert: c.TLSCert, key: c.TLSKey, log: c.Log}
	if _, err := f.get(nil); err != nil {
		return nil, posta.Errorf(posta.CodeInvalid, "the certificate cannot be used: %w", err)
	}
	out := &certificate{get: f.get, plain: func(next http.Handler) http.Handler { return next }}
	for _, name := range f.current.Leaf.DNSNames {
		if out.host == "" && !strings.HasPrefix(name, "*") {
			out.host = name
		}
	}
	return out, nil
}

// config is what a listener speaks TLS by.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1", acme.ALPNProto}}
}

// obtain has certificates issued before somebody asks for a page, so that what
// is wrong is in the log from the start.
func (c *certificate) obtain(log *slog.Logger) {
	for _, host := range c.acme {
		hello := &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
		got, err := c.get(hello)
		if err != nil {
			log.Error("no certificate yet; each visit tries again", "host", host, "error", err)
		} else if leaf, err := x509.ParseCertificate(got.Certificate[0]); err == nil {
			log.Info("certificate in use", "host", host, "expires", leaf.NotAfter)
		}
	}
}

// certificateFiles is a certificate in files that somebody else renews.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	seen    [2]stamp
	current *tls.Certificate
}

// stamp tells one content of a file from the next.
type stamp struct {
	at   time.Time
	size int64
}

func stampOf(name string) stamp {
	info, err := os.Stat(name)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// get gives the certificate, read again when a file has changed. Files that do
// not fit together, as between two writes, leave the old one in use.
func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := [2]stamp{stampOf(f.cert), stampOf(f.key)}
	if f.current != nil && now == f.seen {
		return f.current, nil
	}
	f.seen = now
	next, err := tls.LoadX509KeyPair(f.cert, f.key)
	switch {
	case err == nil:
		f.current = &next
		f.log.Info("certificate in use", "names", strings.Join(next.Leaf.DNSNames, ","), "expires", next.Leaf.NotAfter)
	case f.current == nil:
		return nil, err
	default:
		f.log.Error("the new certificate cannot be used; the old one stays", "error", err)
	}
	return f.current, nil
}

// certificateCache lets replicas share what an authority issued, sealed.
type certificateCache struct {
	db  *store.DB
	box *seal.Box
}

func certificateBind(name string) string { return "certificate:" + name }

// Get finds what was put under a name. Errors: autocert.ErrCacheMiss.
func (c certificateCache) Get(ctx context.Context, name string) ([]byte, error) {
	sealed, err := c.db.Certificate(ctx, name)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return nil, autocert.ErrCacheMiss
	}
	if err != nil {
		return nil, err
	}
	return c.box.Unseal(sealed, certificateBind(name))
}

// Put keeps data under a name.
func (c certificateCache) Put(ctx context.Context, name string, data []byte) error {
	sealed, err := c.box.Seal(data, certificateBind(name))
	if err != nil {
		return err
	}
	return c.db.SaveCertificate(ctx, name, sealed)
}

// Delete forgets a name.
func (c certificateCache) Delete(ctx context.Context, name string) error {
	return c.db.DropCertificate(ctx, name)
}

// front is one address that the hub serves on.
type front struct {
	listener net.Listener
	server   *http.Server
}

func (f front) serve() error {
	if f.server.TLSConfig != nil {
		return f.server.ServeTLS(f.listener, "", "")
	}
	return f.server.Serve(f.listener)
}

// openFronts takes the addresses: the one that all come by, and, where that
// speaks TLS, one on loopback for this machine's command line, which knows no
// name to expect of a certificate, and one that leads from http to https.
func (a *App) openFronts() error {
	c := a.config
	open := func(flag, address string) (net.Listener, error) {
		l, err := listen("Posta", flag, address)
		if err == nil {
			a.fronts = append(a.fronts, front{listener: l})
		}
		return l, err
	}
	var err error
	if a.listener, err = open("--listen", c.Listen); err != nil || a.certificate == nil {
		return err
	}
	if a.local, err = open("loopback", "127.0.0.1:0"); err != nil {
		return err
	}
	if c.HTTPRedirect != "" {
		a.plain, err = open("--http-redirect", c.HTTPRedirect)
	}
	return err
}

// fill says what is served on each address.
func (a *App) fill(handler http.Handler) {
	for i, f := range a.fronts {
		s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
		switch {
		case f.listener == a.plain:
			s.Handler = a.certificate.plain(http.HandlerFunc(a.toHTTPS))
		case f.listener == a.listener && a.certificate != nil:
			s.TLSConfig = a.certificate.config()
			// Whoever scans the internet fails in a handshake: no news.
			s.ErrorLog = slog.NewLogLogger(a.config.Log.Handler(), slog.LevelDebug)
		}
		a.fronts[i].server = s
	}
}

// shutdown lets requests under way finish until limit ends.
func (a *App) shutdown(limit context.Context) (err error) {
	for _, f := range a.fronts {
		err = errors.Join(err, f.server.Shutdown(limit))
	}
	return err
}

func (a *App) closeFronts() (err error) {
	for _, f := range a.fronts {
		err = errors.Join(err, ignoreClosed(f.listener.Close()))
	}
	return err
}

// toHTTPS leads a browser to the same page on https. What is sent unencrypted
// is not worth taking.
func (a *App) toHTTPS(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "use https", http.StatusBadRequest)
		return
	}
	to := a.URL() + "/" + strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusPermanentRedirect)
}

// strict tells browsers to come by https only, where that is how the hub is
// reached (RFC 6797).
func (a *App) strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(a.URL(), "https://") {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// secureURL is the address of a hub that has a certificate.
func (a *App) secureURL() string {
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if err != nil {
		return fmt.Sprintf("https://%s", a.listener.Addr())
	}
	if a.certificate.host != "" {
		host = a.certificate.host
	}
	if port == "443" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}
