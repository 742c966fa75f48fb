package golive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// certificate judges what the server showed.
func (c *tlsCheck) certificate(ctx context.Context) {
	leaf := c.state.PeerCertificates[0]
	c.report.Certificate = summary(leaf, sha256.Sum256(leaf.Raw))
	c.add(c.chain(ctx, leaf))
	if err := leaf.VerifyHostname(c.host); err != nil {
		c.add(finding(TLSName, TLSFail, "other", nil, "host", c.host, "names", strings.Join(namesOf(leaf), ", ")))
	} else {
		c.add(finding(TLSName, TLSPass, "good", nil, "host", c.host))
	}
	c.add(validity(leaf, c.now))
}

// validity judges the days that a certificate is for.
func validity(leaf *x509.Certificate, now time.Time) TLSFinding {
	days := strconv.Itoa(int(leaf.NotAfter.Sub(now).Hours() / 24))
	date := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch left := leaf.NotAfter.Sub(now); {
	case now.Before(leaf.NotBefore):
		return finding(TLSValidity, TLSFail, "not_yet", nil, "date", leaf.NotBefore.UTC().Format(time.DateOnly))
	case left < 0:
		return finding(TLSValidity, TLSFail, "expired", nil, "date", date)
	case left < expirySoon*24*time.Hour:
		return finding(TLSValidity, TLSWarn, "soon", nil, "date", date, "days", days)
	case left < expiryNear*24*time.Hour:
		return finding(TLSValidity, TLSWarn, "near", nil, "date", date, "days", days)
	}
	return finding(TLSValidity, TLSPass, "good", nil, "date", date, "days", days)
}

// chain judges who vouches for the certificate, on a day on which it is valid:
// that it has expired is a finding of its own.
func (c *tlsCheck) chain(ctx context.Context, leaf *x509.Certificate) TLSFinding {
	sent := c.state.PeerCertificates[1:]
	issuer := leaf.Issuer.CommonName
	if issuer == "" {
		issuer = leaf.Issuer.String()
	}
	err := c.trusted(leaf, sent)
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return finding(TLSChain, TLSPass, "good", nil, "issuer", issuer)
	case selfSigned(leaf):
		return finding(TLSChain, TLSFail, "self_signed", err)
	case errors.As(err, &unknown):
		if c.completed(ctx, leaf, sent) {
			return finding(TLSChain, TLSFail, "incomplete", err, "issuer", issuer)
		}
		return finding(TLSChain, TLSFail, "unknown", err, "issuer", issuer)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return finding(TLSChain, TLSFail, "expired", err, "issuer", issuer)
	}
	return finding(TLSChain, TLSFail, "invalid", err, "issuer", issuer)
}

func (c *tlsCheck) trusted(leaf *x509.Certificate, sent []*x509.Certificate) error {
	at := c.now
	if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore
	}
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter
	}
	pool := x509.NewCertPool()
	for _, s := range sent {
		pool.AddCert(s)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: c.Roots, Intermediates: pool, CurrentTime: at})
	return err
}

func selfSigned(leaf *x509.Certificate) bool {
	return bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

// mostFetched is how many certificates of authorities a check looks up.
const mostFetched = 3

// completed reports whether the chain would be trusted if the server sent what
// it leaves out: the certificates that those it sent name the address of
// (RFC 5280 §4.2.2.1). Some browsers fetch them; providers do not.
func (c *tlsCheck) completed(ctx context.Context, leaf *x509.Certificate, sent []*x509.Certificate) bool {
	ctx, cancel := context.WithTimeout(ctx, tlsStep)
	defer cancel()
	top := leaf
	for _, s := range sent {
		if top.CheckSignatureFrom(s) == nil {
			top = s
		}
	}
	for range mostFetched {
		if len(top.IssuingCertificateURL) == 0 {
			return false
		}
		above, err := c.fetch(ctx, top.IssuingCertificateURL[0])
		if err != nil || top.CheckSignatureFrom(above) != nil {
			return false
		}
		sent = append(sent, above)
		if c.trusted(leaf, sent) == nil {
			return true
		}
		top = above
	}
	return false
}

// fetch gets one certificate of an authority.
func (c *tlsCheck) fetch(ctx context.Context, address string) (*x509.Certificate, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	dial, _ := c.dialer()
	transport := &http.Transport{DialContext: dial.DialContext, DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the authority answered %d", answer.StatusCode)
	}
	der, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
