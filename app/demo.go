package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"posta"
	"posta/sim/mailbox"
	"posta/sim/mercadopago"
	"posta/sim/prisma"
)

// Demo is a hub and a provider's simulator in one program, with a merchant to
// try them with. It keeps everything in the data folder: started again, all is
// as it was.
type Demo struct {
	*App
	Simulator *mercadopago.Simulator
	Prisma    *prisma.Simulator
	Mailbox   *mailbox.Simulator
	Seed      Seed

	clock       *posta.MovableClock
	mercadopago *simulated
	prisma      *simulated
}

// DemoConfig says where a demo lives.
type DemoConfig struct {
	Config
	SimulatorListen string // Mercado Pago's: 127.0.0.1:8081 by default, port 0 for any
	PrismaListen    string // Prisma's: 127.0.0.1:8082 by default
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
	// Terminals are those of the first store, at Prisma's simulator; the last one
	// is a Point of the second store.
	Terminals []posta.TerminalID `json:"terminals"`
	// People are who works at the desk, by e-mail: two integrators, the project
	// manager, the commercial. They log in with Password.
	People []string `json:"people"`
	// The demo's own projects, in homologation: terminals, and QR.
	ProjectECR posta.ProjectID `json:"project_ecr"`
	ProjectQR  posta.ProjectID `json:"project_qr"`
	// Links sell online: one in each country of the demo.
	Links []SeedLink `json:"links"`
	// Offset is how far the demo's clock was moved.
	Offset time.Duration `json:"clock_offset"`
}

// NewDemo makes the demo's hub and simulator, and on the first start its merchant.
func NewDemo(ctx context.Context, config DemoConfig) (*Demo, error) {
	config.Config = config.withDefaults()
	if config.SimulatorListen == "" {
		config.SimulatorListen = "127.0.0.1:8081"
	}
	if config.PrismaListen == "" {
		config.PrismaListen = "127.0.0.1:8082"
	}
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return nil, err
	}
	var err error
	if config.held, err = hold(config.Config); err != nil { // before the simulator's file is touched
		return nil, err
	}
	d, err := newDemo(ctx, config)
	if err != nil {
		return nil, errors.Join(err, config.held.release())
	}
	return d, nil
}

func newDemo(ctx context.Context, config DemoConfig) (*Demo, error) {
	d := &Demo{clock: posta.NewMovableClock()}
	var err error
	if d.Seed, err = claimFolder(config.Config); err != nil {
		return nil, err
	}
	d.clock.Move(d.Seed.Offset)
	config.Clock, config.Migrate, config.EndpointNetworks = d.clock, true, loopback
	d.mercadopago, err = simulate("the Mercado Pago simulator", "--simulator", config.SimulatorListen, func() (simulator, error) {
		d.Simulator, err = mercadopago.New(mercadopago.Config{Clock: d.clock, Log: config.Log,
			File: filepath.Join(config.Data, simulatorFile), AllowLoopback: true, TimeScale: config.SimulatorScale})
		return d.Simulator, err
	})
	if err != nil {
		return nil, err
	}
	d.prisma, err = simulate("the Prisma simulator", "--prisma-simulator", config.PrismaListen, func() (simulator, error) {
		d.Prisma, err = prisma.New(prisma.Config{Clock: d.clock, Log: config.Log, File: filepath.Join(config.Data, prismaFile),
			Pace: prisma.RealisticPace})
		return d.Prisma, err
	})
	if err != nil {
		return nil, errors.Join(err, d.mercadopago.close())
	}
	d.Mailbox, err = mailbox.New(mailbox.Config{Clock: d.clock, Log: config.Log, File: filepath.Join(config.Data, mailboxFile)})
	if err != nil {
		return nil, errors.Join(err, d.mercadopago.close(), d.prisma.close())
	}
	d.mercadopago.serveMail(d.Mailbox.Handler())
	config.SMTP, config.MailFrom, config.Inboxes = "smtp://"+d.Mailbox.SMTPAddress(), demoMailFrom, d.mercadopago.url()+"/sim/mail"
	config.MercadoPagoURL, config.Phone, config.MercadoPagoApp = d.mercadopago.url(), d.mercadopago.url(), demoApp
	config.PrismaURL, config.Terminals = d.prisma.url(), d.prisma.url()
	if d.App, err = New(ctx, config.Config); err != nil {
		return nil, errors.Join(err, d.mercadopago.close(), d.prisma.close(), d.Mailbox.Close())
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
func (d *Demo) PhoneURL() string { return d.mercadopago.url() + "/sim/phone" }

// ControlURL is the simulator's control panel.
func (d *Demo) ControlURL() string { return d.mercadopago.url() + "/sim/control" }

// TerminalsURL is where the card terminals stand.
func (d *Demo) TerminalsURL() string { return d.prisma.url() + "/sim/terminals" }

// PrismaControlURL is the control panel of Prisma's simulator.
func (d *Demo) PrismaControlURL() string { return d.prisma.url() + "/sim/control" }

// InboxesURL is where the mail that the demo sends arrives.
func (d *Demo) InboxesURL() string { return d.config.Inboxes }

// Run serves until ctx ends. ready is called once the demo can be used; on the
// first start that is after the merchant, stores and tills were made.
func (d *Demo) Run(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	fail := make(chan error, 8)
	start := func(run func() error) {
		running.Go(func() {
			if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
				fail <- err
			}
			cancel()
		})
	}
	for _, s := range d.simulators() {
		start(s.serve)
		start(func() error { return s.Run(ctx) })
	}
	start(func() error { return d.Mailbox.Run(ctx) })
	// The hub runs once all is there: its sweeps would meddle with a past that is
	// still being told.
	err := d.prepare(ctx)
	if err == nil {
		err = d.offerApp()
	}
	if err == nil {
		err = d.Mailbox.SetHook(d.URL() + "/hooks/mail/" + d.Accounts.MailSecret(d.Seed.Merchant))
	}
	if err == nil {
		err = d.leaveNote() // whoever is told that it is ready finds it
	}
	if err == nil {
		start(func() error { return d.App.Run(ctx) })
		err = ready()
	}
	if err != nil {
		fail <- err
		cancel()
	}
	<-ctx.Done()
	limit, done := context.WithTimeout(context.Background(), stopLimit)
	defer done()
	for _, s := range d.simulators() {
		s.stop(limit)
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
	return errors.Join(d.App.Close(), d.mercadopago.close(), d.prisma.close(), d.Mailbox.Close())
}

func (d *Demo) simulators() []*simulated { return []*simulated{d.mercadopago, d.prisma} }

const (
	seedFile      = "demo.json"
	simulatorFile = "mercadopago-simulator.db"
	prismaFile    = "prisma-simulator.db"
	mailboxFile   = "mailbox.db"
	demoMailFrom  = "desk@posta.example"
)

// ReadSeed reads what the demo in a data folder started with. Errors:
// not_found when the folder is no demo's.
func ReadSeed(data string) (Seed, error) {
	var seed Seed
	b, err := os.ReadFile(filepath.Join(data, seedFile))
	if errors.Is(err, os.ErrNotExist) {
		return seed, &posta.Error{Code: posta.CodeNotFound, Cause: err}
	}
	if err == nil {
		err = json.Unmarshal(b, &seed)
	}
	if err != nil {
		return Seed{}, fmt.Errorf("%s: %w", filepath.Join(data, seedFile), err)
	}
	return seed, nil
}

// claimFolder marks a new folder as a demo's, before anything else is in it. A
// folder of a hub that is no demo is refused: the demo's user has a password
// that everybody knows. A first start that did not come to its end is begun anew.
func claimFolder(c Config) (Seed, error) {
	seed, err := ReadSeed(c.Data)
	switch {
	case posta.ErrorCode(err) == posta.CodeNotFound:
		if file := c.sqlite(); file != "" {
			if _, err := os.Stat(file); err == nil {
				return Seed{}, posta.Errorf(posta.CodeConflict, "%s is the database of a hub that is no demo; choose another folder with --data", file)
			}
		}
		return Seed{}, saveSeed(c.Data, Seed{})
	case err == nil && seed.Merchant == "" && c.sqlite() != "":
		for _, name := range []string{c.sqlite(), filepath.Join(c.Data, simulatorFile), filepath.Join(c.Data, prismaFile), filepath.Join(c.Data, mailboxFile)} {
			for _, tail := range databaseTails {
				if err := os.Remove(name + tail); err != nil && !errors.Is(err, os.ErrNotExist) {
					return Seed{}, err
				}
			}
		}
	}
	return seed, err
}

func (d *Demo) save() error { return saveSeed(d.config.Data, d.Seed) }

func saveSeed(data string, seed Seed) error {
	b, err := json.MarshalIndent(seed, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(data, seedFile), b)
}
