package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"posta"
	"posta/sim/mercadopago"
)

// Demo is a hub and a provider's simulator in one program, with a merchant to
// try them with. It keeps everything in the data folder: started again, all is
// as it was.
type Demo struct {
	*App
	Simulator *mercadopago.Simulator
	Seed      Seed

	clock    *posta.MovableClock
	listener net.Listener
	server   *http.Server
}

// DemoConfig says where a demo lives.
type DemoConfig struct {
	Config
	SimulatorListen string // 127.0.0.1:8081 by default, port 0 for any
	// SimulatorScale makes the simulator's retries come sooner by this factor.
	SimulatorScale float64
}

// Seed is what a demo starts with, kept in demo.json of the data folder.
type Seed struct {
	Merchant posta.MerchantID `json:"merchant"`
	Email    string           `json:"email"`
	Password string           `json:"password"`
	Key      string           `json:"key"` // an API key of test mode
	Tills    []posta.TillID   `json:"tills"`
	// Offset is how far the demo's clock was moved.
	Offset time.Duration `json:"clock_offset"`
}

// NewDemo makes the demo's hub and simulator, and on the first start its merchant.
func NewDemo(ctx context.Context, config DemoConfig) (*Demo, error) {
	config.Config = config.withDefaults()
	if config.SimulatorListen == "" {
		config.SimulatorListen = "127.0.0.1:8081"
	}
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return nil, err
	}
	d := &Demo{clock: posta.NewMovableClock()}
	if b, err := os.ReadFile(d.seedFile(config.Data)); err == nil {
		if err := json.Unmarshal(b, &d.Seed); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", d.seedFile(config.Data), err)
		}
		d.clock.Move(d.Seed.Offset)
	}
	config.Clock, config.Migrate = d.clock, true
	var err error
	if d.listener, err = net.Listen("tcp", config.SimulatorListen); err != nil {
		return nil, fmt.Errorf("the simulator cannot serve on %s: %w", config.SimulatorListen, err)
	}
	address := "http://" + d.listener.Addr().String()
	d.Simulator, err = mercadopago.New(mercadopago.Config{Clock: d.clock, Log: config.Log, PublicURL: address,
		File: filepath.Join(config.Data, "mercadopago-simulator.db"), AllowLoopback: true, TimeScale: config.SimulatorScale})
	if err != nil {
		return nil, errors.Join(err, d.listener.Close())
	}
	d.server = &http.Server{Handler: d.Simulator.Handler(), ReadHeaderTimeout: 10 * time.Second}
	config.MercadoPagoURL, config.Phone = address, address
	if d.App, err = New(ctx, config.Config); err != nil {
		return nil, errors.Join(err, d.listener.Close(), d.Simulator.Close())
	}
	d.clock.OnMove(func() {
		d.Seed.Offset = d.clock.Offset()
		if err := d.save(); err != nil {
			config.Log.Warn("clock not kept", "error", err)
		}
	})
	return d, nil
}

// PhoneURL is the buyer's phone.
func (d *Demo) PhoneURL() string { return "http://" + d.listener.Addr().String() + "/sim/phone" }

// ControlURL is the simulator's control panel.
func (d *Demo) ControlURL() string { return "http://" + d.listener.Addr().String() + "/sim/control" }

// Run serves until ctx ends. ready is called once the demo can be used; on the
// first start that is after the merchant, stores and tills were made.
func (d *Demo) Run(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	fail := make(chan error, 4)
	start := func(run func() error) {
		running.Go(func() {
			if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
				fail <- err
			}
			cancel()
		})
	}
	start(func() error { return d.server.Serve(d.listener) })
	start(func() error { return d.Simulator.Run(ctx) })
	start(func() error { return d.App.Run(ctx) })
	if err := d.prepare(ctx); err != nil {
		fail <- err
		cancel()
	} else if err := ready(); err != nil {
		fail <- err
		cancel()
	}
	<-ctx.Done()
	limit, done := context.WithTimeout(context.Background(), stopLimit)
	defer done()
	err := d.server.Shutdown(limit)
	if err != nil {
		d.server.Close()
	}
	running.Wait()
	select {
	case err := <-fail:
		return err
	default:
		return nil
	}
}

// Close gives up addresses and files. Run must have returned.
func (d *Demo) Close() error {
	return errors.Join(d.App.Close(), ignoreClosed(d.listener.Close()), d.Simulator.Close())
}

func (d *Demo) seedFile(data string) string { return filepath.Join(data, "demo.json") }

func (d *Demo) save() error {
	b, err := json.MarshalIndent(d.Seed, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(d.seedFile(d.config.Data), b, 0o600)
}
