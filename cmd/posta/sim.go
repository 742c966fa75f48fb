package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"posta"
	"posta/sim/mercadopago"
	"posta/sim/prisma"
)

type simCmd struct {
	Provider string  `help:"Whose simulator: ${enum}." enum:"mercadopago,prisma" default:"mercadopago"`
	Listen   string  `help:"Address to serve on; 127.0.0.1:8081 by default, Prisma's 127.0.0.1:8082." placeholder:"ADDRESS"`
	File     string  `help:"SQLite file of its books; in memory by default." type:"path"`
	Scale    float64 `help:"How many times faster than the real provider's its retries come; Mercado Pago's only." default:"1"`
	TLSCA    string  `name:"tls-ca" help:"Serve HTTPS with a certificate for the provider's own names, and write the authority that a client has to trust to this file; Mercado Pago's only." type:"path" placeholder:"FILE"`
}

// Help is shown by --help.
func (c *simCmd) Help() string {
	return `Examples:

  posta sim
  posta sim --file simulator.db      its books outlive it
  posta serve --mercadopago-url http://127.0.0.1:8081      a hub that charges there

  posta sim --tls-ca ca.pem      by HTTPS, for the provider's own names
  curl --cacert ca.pem --connect-to ::127.0.0.1:8081 https://api.mercadopago.com/users/me      as an SDK of the provider would call it

  posta sim --provider prisma
  posta serve --prisma-url http://127.0.0.1:8082      a hub whose new Prisma connections charge there`
}

// simulator is one that this command serves.
type simulator interface {
	Handler() http.Handler
	Run(context.Context) error
	Close() error
}

// open makes the simulator, and names it and its pages. Alone it runs on real time.
func (c *simCmd) open(address string, log *slog.Logger) (s simulator, name string, pages []string, err error) {
	if c.Provider == "prisma" {
		s, err = prisma.New(prisma.Config{Clock: posta.SystemClock{}, File: c.File, PublicURL: address, Log: log, Pace: prisma.RealisticPace})
		return s, "Prisma", []string{"terminals", "phone", "control"}, err
	}
	s, err = mercadopago.New(mercadopago.Config{Clock: posta.SystemClock{}, File: c.File, PublicURL: address,
		AllowLoopback: true, TimeScale: c.Scale, Log: log})
	return s, "Mercado Pago", []string{"phone", "control"}, err
}

// secure serves by TLS under a certificate of its own, whose authority it
// writes to the file that was named. The machine is not changed.
func (c *simCmd) secure(plain net.Listener) (net.Listener, error) {
	if c.Provider != "mercadopago" {
		return plain, posta.Errorf(posta.CodeInvalid, "--tls-ca goes with --provider mercadopago")
	}
	config, authority, err := mercadopago.Certificate()
	if err != nil {
		return plain, err
	}
	if err := os.WriteFile(c.TLSCA, authority, 0o600); err != nil {
		return plain, err
	}
	return tls.NewListener(plain, config), nil
}

// Run serves the simulator until it is interrupted.
func (c *simCmd) Run(ctx context.Context, t terminal) error {
	if c.Listen == "" {
		c.Listen = map[string]string{"mercadopago": "127.0.0.1:8081", "prisma": "127.0.0.1:8082"}[c.Provider]
	}
	listener, err := net.Listen("tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return posta.Errorf(posta.CodeConflict, "another program serves on %s; choose another address with --listen", c.Listen)
	}
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	if c.TLSCA != "" {
		address = "https://" + listener.Addr().String()
		if listener, err = c.secure(listener); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	simulator, name, pages, err := c.open(address, slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: logLevel()})))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: simulator.Handler(), ReadHeaderTimeout: 10 * time.Second}
	addresses, words := map[string]string{"url": address}, "The "+name+" simulator serves on "+address+"\n"
	for _, page := range pages {
		addresses[page] = address + "/sim/" + page
		words += fmt.Sprintf("  %-9s  %s\n", page, addresses[page])
	}
	if err := t.print(addresses, "%s", words); err != nil {
		return errors.Join(err, listener.Close(), simulator.Close())
	}
	go func() {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(limit) != nil {
			server.Close()
		}
	}()
	go simulator.Run(ctx)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, simulator.Close())
	}
	return simulator.Close()
}
