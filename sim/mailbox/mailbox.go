// Package mailbox is a mail server for the demo and the tests: real SMTP on
// loopback, an inbox for each address that mail was sent to, and the people
// behind them, who answer. It keeps each mail in a file of its own before it
// accepts it, and goes wrong by script.
package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"posta"
	"posta/sim/fault"
	"posta/sim/journal"
)

// Config is what a mailbox is made of. Nothing is needed.
type Config struct {
	Clock posta.Clock
	// File is the SQLite file that holds the mails; "" keeps them in memory.
	File string
	// SMTP is the loopback address to take mail on; any free port by default.
	SMTP string
	// Hook is where answers are posted, as message/rfc822: the hub's inbound
	// address. It can be set later.
	Hook string
	// Fault is the script of what goes wrong; by default addresses that begin
	// with "bounce" are refused for good, and those with "later" for now.
	Fault *fault.Script
	// TLS offers STARTTLS with this certificate; with ImplicitTLS there is
	// nothing but TLS.
	TLS         *tls.Config
	ImplicitTLS bool
	// User and Password are asked for, where they are set.
	User, Password string
	Log            *slog.Logger
}

// DefaultFaults refuse addresses by their name.
func DefaultFaults() []fault.Rule {
	return []fault.Rule{
		{ID: "bounce", Operation: "rcpt", Path: "bounce.*", Action: fault.Status, Status: 550},
		{ID: "later", Operation: "rcpt", Path: "later.*", Action: fault.Status, Status: 451},
	}
}

// Errors of what a person does with a mail.
var (
	ErrNothing = errors.New("there is no such mail")
	ErrHook    = errors.New("the hub's inbound address is not known")
	ErrRefused = errors.New("the hub did not take the mail")
)

// Simulator is one mail server.
type Simulator struct {
	cfg      Config
	log      *slog.Logger
	clock    posta.Clock
	fault    *fault.Script
	file     *journal.File
	changed  *journal.Signal
	listener net.Listener
	server   *smtp.Server
	client   *http.Client
	closing  context.Context // ends streams and delays
	stop     context.CancelFunc

	mu      sync.Mutex
	letters []*letter // oldest first; the number is the place, from 1
	byID    map[string]int64
	answers int64
	hook    string
}

// New opens the file, reads what it holds and listens; mail is taken once Run
// runs.
func New(cfg Config) (*Simulator, error) {
	if cfg.Clock == nil {
		cfg.Clock = posta.SystemClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Fault == nil {
		cfg.Fault = fault.New(1, DefaultFaults()...)
	}
	if cfg.SMTP == "" {
		cfg.SMTP = "127.0.0.1:0"
	}
	s := &Simulator{cfg: cfg, log: cfg.Log, clock: cfg.Clock, fault: cfg.Fault, changed: journal.NewSignal(), byID: map[string]int64{},
		client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	s.closing, s.stop = context.WithCancel(context.Background())
	var err error
	if s.file, err = journal.Open(cfg.File); err != nil {
		return nil, err
	}
	if err = s.load(); err == nil {
		s.listener, err = net.Listen("tcp", cfg.SMTP)
	}
	if err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	if cfg.Hook != "" {
		s.hook = cfg.Hook
	}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{sim: s, conn: c}, nil }))
	s.server.Domain = domain
	s.server.MaxMessageBytes = 32 << 20
	s.server.MaxRecipients = 100
	s.server.AllowInsecureAuth = true
	s.server.ReadTimeout, s.server.WriteTimeout = 30*time.Second, 30*time.Second
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	if cfg.TLS != nil && cfg.ImplicitTLS {
		s.listener = tls.NewListener(s.listener, cfg.TLS)
	} else {
		s.server.TLSConfig = cfg.TLS
	}
	return s, nil
}

// domain is the mail server's own name.
const domain = "mailbox.example"

// SMTPAddress is where mail is taken: host and port.
func (s *Simulator) SMTPAddress() string { return s.listener.Addr().String() }

// SetPublicURL is not needed: pages link to each other without it.
func (s *Simulator) SetPublicURL(string) {}

// Fault is the script that the mail server asks, with the operations rcpt
// (its path is the address), data and hook.
func (s *Simulator) Fault() *fault.Script { return s.fault }

// Hook is where answers are posted; "" when that is not known.
func (s *Simulator) Hook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook
}

// SetHook says where answers are posted, and keeps it.
func (s *Simulator) SetHook(address string) error {
	s.mu.Lock()
	s.hook = address
	seq := s.file.Push([]journal.Record{{Kind: "meta", ID: "hook", Doc: []byte(address)}})
	s.mu.Unlock()
	return s.file.Wait(seq)
}

// Run takes mail until ctx ends.
func (s *Simulator) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		s.stop()
		_ = s.server.Close()
		_ = s.listener.Close() // the server may not know of it yet
		<-served
		return nil
	}
}

// Close ends the server and the file. Nothing may be asked afterwards.
func (s *Simulator) Close() error {
	s.stop()
	_ = s.server.Close()
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, s.file.Close())
}

// Changed is closed at the next mail or answer: take it, look, and wait if what
// you look for is not there yet.
func (s *Simulator) Changed() <-chan struct{} { return s.changed.Next() }

// Await returns once ok holds, looking again after each change.
func (s *Simulator) Await(ctx context.Context, ok func() bool) error {
	for {
		changed := s.Changed()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keep commits a letter as it now stands; it must be called under the lock and
// what it returns waited for outside.
func (s *Simulator) keep(l *letter) int64 {
	return s.file.Push([]journal.Record{{Kind: "letter", ID: fmt.Sprintf("%012d", l.ID), Doc: l.encode()}})
}

func (s *Simulator) load() error {
	return s.file.Each(func(kind, id string, doc []byte) error {
		switch kind {
		case "meta":
			s.hook = string(doc)
		case "letter":
			l, err := decode(doc)
			if err != nil {
				return fmt.Errorf("sim/mailbox: letter %s in the file: %w", id, err)
			}
			s.index(l)
		}
		return nil
	})
}
