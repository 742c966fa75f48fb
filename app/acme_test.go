package app_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"posta/app"
)

// directory is as much of an ACME authority (RFC 8555) as issuing for one host
// needs. It proves the host by the challenge of its choice before it signs.
type directory struct {
	*httptest.Server
	issuer    *issuer
	challenge string        // http-01 or tls-alpn-01
	address   func() string // where the host is, for the challenge

	mu               sync.Mutex
	host             string
	valid            bool
	leaf             []byte
	issued, accounts int64
	complaints       []string
}

func newDirectory(t *testing.T, challenge string) *directory {
	t.Helper()
	d := &directory{issuer: newIssuer(t), challenge: challenge}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

// ServeHTTP answers the client; a payload's signature is not looked at.
func (d *directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", "nonce")
	var envelope struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&envelope)
	payload, _ := base64.RawURLEncoding.DecodeString(envelope.Payload)
	d.mu.Lock()
	defer d.mu.Unlock()
	status := map[bool]string{true: "valid", false: "pending"}[d.valid]
	answer := func(code int, body map[string]any) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
	order := map[string]any{"status": map[bool]string{true: "ready", false: "pending"}[d.valid], "authorizations": []string{d.URL + "/authz"}, "finalize": d.URL + "/finalize"}
	switch r.URL.Path {
	case "/":
		answer(200, map[string]any{"newNonce": d.URL + "/nonce", "newAccount": d.URL + "/account", "newOrder": d.URL + "/order"})
	case "/nonce":
	case "/account":
		d.accounts++
		w.Header().Set("Location", d.URL+"/accounts/1")
		answer(201, map[string]any{"status": "valid"})
	case "/order":
		var in struct{ Identifiers []struct{ Value string } }
		_ = json.Unmarshal(payload, &in)
		d.host = in.Identifiers[0].Value
		w.Header().Set("Location", d.URL+"/orders/1")
		answer(201, order)
	case "/orders/1":
		w.Header().Set("Location", d.URL+"/orders/1")
		if d.leaf != nil {
			order["status"], order["certificate"] = "valid", d.URL+"/certificate"
		}
		answer(200, order)
	case "/authz":
		answer(200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": d.host},
			"challenges": []map[string]string{{"type": d.challenge, "url": d.URL + "/challenge", "token": "the-token", "status": status}}})
	case "/challenge":
		err := d.prove(r.Context())
		if d.valid = err == nil; err != nil {
			d.complaints = append(d.complaints, err.Error())
		}
		answer(200, map[string]any{"type": d.challenge, "url": d.URL + "/challenge", "token": "the-token", "status": status})
	case "/finalize":
		var in struct{ CSR string }
		_ = json.Unmarshal(payload, &in)
		der, _ := base64.RawURLEncoding.DecodeString(in.CSR)
		csr, err := x509.ParseCertificateRequest(der)
		if err != nil || !d.valid || csr.CheckSignature() != nil {
			answer(403, map[string]any{"type": "urn:ietf:params:acme:error:unauthorized"})
			return
		}
		d.issued++
		if d.leaf, err = d.issuer.sign(csr.PublicKey, d.issued, d.host); err != nil {
			d.complaints = append(d.complaints, err.Error())
		}
		w.Header().Set("Location", d.URL+"/orders/1")
		order["status"], order["certificate"] = "valid", d.URL+"/certificate"
		answer(200, order)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, der := range [][]byte{d.leaf, d.issuer.cert.Raw} {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	default:
		d.complaints = append(d.complaints, "asked for "+r.URL.Path)
		w.WriteHeader(404)
	}
}

// prove looks for the answer to the challenge where the host is.
func (d *directory) prove(ctx context.Context) error {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, d.address())
	}
	if d.challenge == "http-01" {
		request, err := http.NewRequestWithContext(ctx, "GET", "http://"+d.host+path.Join("/.well-known/acme-challenge", "the-token"), nil)
		if err != nil {
			return err
		}
		answer, err := (&http.Transport{DialContext: dial, DisableKeepAlives: true}).RoundTrip(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err == nil && !strings.HasPrefix(string(body), "the-token.") {
			err = fmt.Errorf("the challenge is answered %s %q", answer.Status, body)
		}
		return err
	}
	raw, err := dial(ctx, "tcp", "")
	if err != nil {
		return err
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{ServerName: d.host, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	for _, extension := range conn.ConnectionState().PeerCertificates[0].Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && extension.Critical {
			return nil
		}
	}
	return fmt.Errorf("no answer to the challenge in the certificate")
}

// TestACertificateIsIssuedAndShared: an authority proves the host by either
// challenge and signs; a hub that starts again, or a second one on the same
// database, asks for nothing more; what is kept is sealed.
func TestACertificateIsIssuedAndShared(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			d, data := newDirectory(t, challenge), t.TempDir()
			listen, redirect := freePort(t), freePort(t)
			if d.address = func() string { return listen }; challenge == "http-01" {
				d.address = func() string { return redirect }
			}
			config := app.Config{Data: data, Listen: listen, HTTPRedirect: redirect, ACME: []string{"pagos.example"}, ACMEEmail: "avisos@pagos.example",
				ACMEDirectory: d.URL + "/", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			serial := func(hub *app.App) int64 {
				t.Helper()
				_, port, _ := net.SplitHostPort(hub.Listens())
				if hub.URL() != "https://pagos.example:"+port {
					t.Errorf("the hub is at %s", hub.URL())
				}
				return visit(t, d.issuer.visitor(t, hub.Listens), "GET", hub.URL()+"/healthz").TLS.PeerCertificates[0].SerialNumber.Int64()
			}
			t.Run("first", func(t *testing.T) {
				if n := serial(runHub(t, config)); n != 1 {
					t.Errorf("certificate %d", n)
				}
			})
			t.Run("again", func(t *testing.T) {
				if n := serial(runHub(t, config)); n != 1 {
					t.Errorf("certificate %d after a restart", n)
				}
			})
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.issued != 1 || d.accounts != 1 || len(d.complaints) > 0 {
				t.Errorf("%d certificates and %d accounts; %v", d.issued, d.accounts, d.complaints)
			}
			for _, name := range []string{"posta.db", "posta.db-wal"} {
				if b, _ := os.ReadFile(filepath.Join(data, name)); strings.Contains(string(b), "PRIVATE KEY") {
					t.Errorf("%s holds a key", name)
				}
			}
		})
	}
}

// A host that is not ours gets no certificate, and none is asked for.
func TestNoCertificateForAStranger(t *testing.T) {
	d := newDirectory(t, "tls-alpn-01")
	listen := freePort(t)
	d.address = func() string { return listen }
	hub := runHub(t, app.Config{Data: t.TempDir(), Listen: listen, ACME: []string{"pagos.example"}, ACMEDirectory: d.URL + "/"})
	visit(t, d.issuer.visitor(t, hub.Listens), "GET", hub.URL()+"/healthz")
	raw, err := net.Dial("tcp", hub.Listens())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := tls.Client(raw, &tls.Config{ServerName: "otros.example", InsecureSkipVerify: true}).HandshakeContext(t.Context()); err == nil {
		t.Error("served")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.host != "pagos.example" {
		t.Error("asked for")
	}
}
