package app_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/app"
)

// issuer is an authority that a test makes.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := posta.SystemClock{}.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert, key}
}

// sign makes a server's certificate for a key.
func (i *issuer) sign(key crypto.PublicKey, serial int64, names ...string) ([]byte, error) {
	now := posta.SystemClock{}.Now()
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: names, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
		i.cert, key, i.key)
}

// files writes a certificate and its key, and gives their names.
func (i *issuer) files(t *testing.T, folder string, serial int64, names ...string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := i.sign(&private.PublicKey, serial, names...)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return cert, key
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser that knows the authority and finds every name at address.
func (i *issuer) visitor(t *testing.T, address func() string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	transport := &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address())
		}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// runHub serves a hub until the test ends.
func runHub(t *testing.T, config app.Config) *app.App {
	t.Helper()
	if config.Log == nil {
		config.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	config.Migrate = true
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	hub, err := app.New(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := hub.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return hub
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func visit(t *testing.T, c *http.Client, method, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// TestTheHubsOwnCertificate: served, renewed without a restart, and kept when
// what comes in its place is no good.
func TestTheHubsOwnCertificate(t *testing.T) {
	authority, folder, data := newIssuer(t), t.TempDir(), t.TempDir()
	cert, key := authority.files(t, folder, 7, "*.example", "pagos.example")
	logged, redirect := &said{parts: map[string][]byte{}}, freePort(t)
	hub := runHub(t, app.Config{Data: data, TLSCert: cert, TLSKey: key, HTTPRedirect: redirect, Log: slog.New(slog.NewTextHandler(logged, nil))})
	_, port, _ := net.SplitHostPort(hub.Listens())
	if want := "https://pagos.example:" + port; hub.URL() != want || !strings.HasPrefix(hub.NotifyURL("con_1"), want+"/hooks/") || !hub.Secure() {
		t.Errorf("the hub is at %s, want %s", hub.URL(), want)
	}
	browser := authority.visitor(t, hub.Listens)
	served := func() int64 {
		t.Helper()
		answer := visit(t, browser, "GET", hub.URL()+"/healthz")
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") != "max-age=31536000" || answer.TLS.Version < tls.VersionTLS12 || answer.ProtoMajor != 2 {
			t.Errorf("%s %v %s", answer.Status, answer.Header, tls.VersionName(answer.TLS.Version))
		}
		return answer.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if n := served(); n != 7 {
		t.Errorf("certificate %d", n)
	}
	authority.files(t, folder, 8, "pagos.example")
	if n := served(); n != 8 {
		t.Errorf("certificate %d after it was renewed", n)
	}
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, key, "half a ke")
	for range 3 {
		if n := served(); n != 8 {
			t.Errorf("certificate %d while its files are broken", n)
		}
	}
	logged.mu.Lock()
	if n := strings.Count(string(logged.parts["the log"]), "the old one stays"); n != 1 {
		t.Errorf("the broken file was logged %d times", n)
	}
	logged.mu.Unlock()
	write(t, key, string(good))
	authority.files(t, folder, 9, "pagos.example")
	if n := served(); n != 9 {
		t.Errorf("certificate %d after the files were mended", n)
	}
	// Whoever speaks an old TLS gets nowhere.
	raw, err := net.Dial("tcp", hub.Listens())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}).HandshakeContext(t.Context()); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	// Plain http leads to the same page, and takes nothing.
	plain := authority.visitor(t, func() string { return redirect })
	for path, want := range map[string]string{"/payments?a=1": "/payments?a=1", "//evil.example/": "//evil.example/", "/%2e%2e/x": "/%2e%2e/x"} {
		if got := visit(t, plain, "GET", "http://pagos.example"+path); got.StatusCode != http.StatusPermanentRedirect || got.Header.Get("Location") != hub.URL()+want {
			t.Errorf("%s leads to %s %s", path, got.Status, got.Header.Get("Location"))
		}
	}
	if got := visit(t, plain, "POST", "http://pagos.example/hooks/x"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("sent unencrypted: %s", got.Status)
	}
	// The command line of this machine needs no name.
	note, err := app.ReadNote(data)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, note.URL+"/operator/metrics", note.Operator); status != http.StatusOK || !strings.HasPrefix(note.URL, "http://127.0.0.1:") {
		t.Errorf("%d from %s", status, note.URL)
	}
}

func TestCertificatesThatCannotBe(t *testing.T) {
	authority, folder := newIssuer(t), t.TempDir()
	cert, key := authority.files(t, folder, 1, "pagos.example")
	other := t.TempDir()
	_, stranger := authority.files(t, other, 2, "pagos.example")
	for name, c := range map[string]app.Config{
		"without a key":         {TLSCert: cert},
		"without a certificate": {TLSKey: key},
		"another's key":         {TLSCert: cert, TLSKey: stranger},
		"no file":               {TLSCert: filepath.Join(folder, "none"), TLSKey: key},
		"files and ACME":        {TLSCert: cert, TLSKey: key, ACME: []string{"pagos.example"}},
		"public http":           {TLSCert: cert, TLSKey: key, PublicURL: "http://pagos.example"},
		"another public host":   {ACME: []string{"pagos.example"}, PublicURL: "https://otros.example"},
		"a wildcard":            {ACME: []string{"*.pagos.example"}},
		"redirect to nowhere":   {HTTPRedirect: "127.0.0.1:0"},
	} {
		c.Data, c.Listen, c.Migrate = t.TempDir(), "127.0.0.1:0", true
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
		hub, err := app.New(t.Context(), c)
		if posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			hub.Close()
		}
	}
}
