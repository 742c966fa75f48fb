package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"posta"
	"posta/sim/mercadopago"
)

type simCmd struct {
	Listen string  `help:"Address to serve on." default:"127.0.0.1:8081"`
	File   string  `help:"SQLite file of its books; in memory by default." type:"path"`
	Scale  float64 `help:"How many times faster than the real provider's its retries come." default:"1"`
}

// Help is shown by --help.
func (c *simCmd) Help() string {
	return `Examples:

  posta sim
  posta sim --file simulator.db      its books outlive it
  posta serve --mercadopago-url http://127.0.0.1:8081      a hub that charges there`
}

// Run serves the simulator until it is interrupted. Alone it signs with real time.
func (c *simCmd) Run(ctx context.Context, t terminal) error {
	listener, err := net.Listen("tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return posta.Errorf(posta.CodeConflict, "another program serves on %s; choose another address with --listen", c.Listen)
	}
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	simulator, err := mercadopago.New(mercadopago.Config{Clock: posta.SystemClock{}, File: c.File, PublicURL: address,
		AllowLoopback: true, TimeScale: c.Scale, Log: slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: logLevel()}))})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: simulator.Handler(), ReadHeaderTimeout: 10 * time.Second}
	if err := t.print(map[string]string{"url": address, "phone": address + "/sim/phone", "control": address + "/sim/control"},
		"The Mercado Pago simulator serves on %[1]s\n  Phone    %[1]s/sim/phone\n  Control  %[1]s/sim/control\n", address); err != nil {
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
