package mercadopago

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"posta"
)

// TLSNames are the provider's host names for which Certificate stands, besides
// this machine's own.
func TLSNames() []string {
	names := []string{"api.mercadopago.com", "auth.mercadopago.com", "www.mercadopago.com", "localhost"}
	for _, t := range sorted(sites) {
		names = append(names, t.Host, "auth"+t.Host[len("www"):], "sandbox"+t.Host[len("www"):])
	}
	return names
}

// Certificate makes a certificate for the provider's names and an authority of
// its own that vouches for it, good for a year of real time. A client that
// trusts the authority's PEM and dials the simulator for those names talks to
// it as to the provider; nobody else does, and the machine is not changed. The
// authority's key is thrown away.
func Certificate() (server *tls.Config, authorityPEM []byte, err error) {
	now := posta.SystemClock{}.Now()
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano() + serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Simulator: not the real provider"}},
			NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true}
	}
	authority := template(1, "Simulator's authority")
	authority.IsCA, authority.KeyUsage, authority.MaxPathLenZero = true, x509.KeyUsageCertSign, true
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("sim/mercadopago: certificate: %w", err)
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sim/mercadopago: certificate: %w", err)
	}
	leaf := template(2, "api.mercadopago.com")
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.DNSNames, leaf.IPAddresses = TLSNames(), []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("sim/mercadopago: certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sim/mercadopago: certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}), nil
}
