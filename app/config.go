// Package app wires Posta together: New, Run, Close. The program is a value
// that main and tests start alike, on port 0 if they like.
package app

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"posta"
)

// Version is what this build calls itself.
const Version = "0.1.0"

// Config is all that can be set. The zero value of a field means its default.
type Config struct {
	// Data is the folder of the database, the sealing key and what the command
	// line needs; "posta-data" by default.
	Data string
	// Database is a SQLite file or a postgres:// address; posta.db in Data by default.
	Database string
	// Listen is the address to serve on; 127.0.0.1:8080 by default, port 0 for any.
	Listen string
	// PublicURL is how providers and browsers reach Posta: the one source of
	// webhook addresses and links. http:// and the address served on by default.
	PublicURL string
	// SealKey is the key that secrets are sealed with; the file seal.key in Data
	// by default, made when missing.
	SealKey string
	// TLSCert and TLSKey are PEM files of the hub's own certificate (with its
	// chain) and key, read again when they change; "" serves plain http, for a
	// proxy to encrypt.
	TLSCert, TLSKey string
	// ACME are hosts to have certificates issued for by an authority, in place of
	// files; the first is the public address where none is given.
	ACME []string
	// ACMEEmail is where the authority writes to; ACMEDirectory is its address,
	// Let's Encrypt by default.
	ACMEEmail, ACMEDirectory string
	// HTTPRedirect is an address that leads from http to https, and answers the
	// authority's challenges; "" for none.
	HTTPRedirect string
	// MercadoPagoURL is the provider's address; its real one by default.
	MercadoPagoURL string
	// MercadoPagoApp is the operator's own application there, by which merchants
	// connect without copying keys; none by default.
	MercadoPagoApp MercadoPagoApp
	// PrismaURL is the address of a new Prisma connection where none is typed; ""
	// outside demos, since its hosts cannot be told from anything else.
	PrismaURL string
	// SMTP is the server that mail goes out by: smtp://user:password@host:587, or
	// smtps://; "" sends none.
	SMTP string
	// MailFrom is the desk's address, which mail is from and answers go to with a
	// token in it; needed with SMTP.
	MailFrom string
	// EndpointNetworks are those besides the public internet that events may be
	// sent to, by http too; none by default, loopback in demos.
	EndpointNetworks []netip.Prefix
	// Migrate brings the database's schema up to date at start.
	Migrate bool
	// Phone is the simulators' address that pages of a demo link to; "" outside demos.
	Phone string
	// Terminals is the address of the simulated card terminals; "" outside demos.
	Terminals string
	// Inboxes is the page where a demo's mail arrives; "" outside demos.
	Inboxes string

	Clock posta.Clock  // the machine's by default
	Log   *slog.Logger // to standard error by default

	held *lock // of the database, where the caller took it already
}

func (c Config) withDefaults() Config {
	if c.Data == "" {
		c.Data = "posta-data"
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "posta.db")
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Clock == nil {
		c.Clock = posta.SystemClock{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return c
}

// defaults are the fields of new connections that the configuration gives.
func (c Config) defaults() map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, address := range map[string]string{"mercadopago": c.MercadoPagoURL, "prisma": c.PrismaURL} {
		if address != "" {
			out[name] = map[string]string{"base_url": address}
		}
	}
	return out
}

// stopLimit is how long requests under way may take when Posta stops.
const stopLimit = 15 * time.Second
