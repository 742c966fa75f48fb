package app

import (
	"crypto/x509"
	"log/slog"
)

// Trust has the hub's doctor trust an authority.
func Trust(a *App, authority *x509.Certificate) {
	a.roots = x509.NewCertPool()
	a.roots.AddCert(authority)
}

// Log is the hub's log.
func Log(a *App) *slog.Logger { return a.config.Log }
