package prisma

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"posta"
	"posta/sim/fault"
	"posta/sim/journal"
)

// Config is what a simulator is made of. Nothing is needed.
type Config struct {
	Clock posta.Clock
	// File is the SQLite file that holds the books; "" keeps them in memory.
	File string
	Log  *slog.Logger
	// PublicURL is how the simulator is reached.
	PublicURL string
	// Fault is the script of what goes wrong; nil starts an empty one.
	Fault *fault.Script
	// Switches are the choices at the start; those that were set later, by the
	// panel or SetSwitches, are kept in File and win.
	Switches Switches
	// Pace is how long things take. Zero takes no time; RealisticPace is what
	// people at a counter know.
	Pace Pace
}

// Pace is how long things take, by the clock.
type Pace struct {
	// AnswerMin and AnswerMax bound the wait from the card, or from the key
	// that confirms, to the acquirer's answer.
	AnswerMin, AnswerMax time.Duration
	// Undo is each of the two steps of a cancellation.
	Undo time.Duration
	// Close is a batch close, from the key to the answer.
	Close time.Duration
	// Seed decides the draws between AnswerMin and AnswerMax.
	Seed uint64
}

// RealisticPace is inferred: docs/providers/prisma.md gives no durations.
var RealisticPace = Pace{AnswerMin: 1500 * time.Millisecond, AnswerMax: 4 * time.Second, Undo: 700 * time.Millisecond, Close: 5 * time.Second, Seed: 1}

// Simulator is one Prisma/Payway with as many accounts as are added.
type Simulator struct {
	cfg     Config
	log     *slog.Logger
	clock   posta.Clock
	fault   *fault.Script
	file    *journal.File
	wake    chan struct{}
	traffic *journal.Traffic
	changed *journal.Signal
	closing chan struct{} // ends the pages' event streams
	once    sync.Once

	mu    sync.Mutex
	dirty []journal.Record
	state
}

// New opens the file, reads what it holds and returns the simulator. Each call
// finds what time has moved until then; Run moves it without calls.
func New(cfg Config) (*Simulator, error) {
	if cfg.Clock == nil {
		cfg.Clock = posta.SystemClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Fault == nil {
		cfg.Fault = fault.New(1)
	}
	if err := cfg.Switches.check(); err != nil {
		return nil, err
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	s := &Simulator{
		cfg: cfg, log: cfg.Log, clock: cfg.Clock, fault: cfg.Fault,
		wake: make(chan struct{}, 1), traffic: journal.NewTraffic(mask), changed: journal.NewSignal(), closing: make(chan struct{}),
	}
	var err error
	if s.file, err = journal.Open(cfg.File); err != nil {
		return nil, err
	}
	s.state = newState(cfg.Switches)
	if err := s.load(); err != nil {
		_ = s.file.Close()
		return nil, err
	}
	if m, ok := cfg.Clock.(*posta.MovableClock); ok {
		m.OnMove(s.poke)
	}
	return s, nil
}

// SetPublicURL tells the simulator how it is reached, once that is known.
func (s *Simulator) SetPublicURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.PublicURL = strings.TrimRight(address, "/")
}

// Fault is the script that the simulator asks.
func (s *Simulator) Fault() *fault.Script { return s.fault }

// Run moves what time moves until ctx ends; then the pages' event streams end.
func (s *Simulator) Run(ctx context.Context) error {
	defer s.endStreams()
	for {
		if err := s.Settle(s.clock.Now()); err != nil {
			return err
		}
		timer := time.NewTimer(s.untilNext(s.clock.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-s.wake:
			timer.Stop()
		}
	}
}

// Settle does what is due by now: answers of the acquirer, steps of
// cancellations, automatic batch closes.
func (s *Simulator) Settle(now time.Time) error { return s.do(func() { s.settle(now) }) }

// endStreams lets pages that follow the simulator go: a server that stops waits
// for them.
func (s *Simulator) endStreams() { s.once.Do(func() { close(s.closing) }) }

// Close ends the file. Nothing may be asked of the simulator afterwards.
func (s *Simulator) Close() error {
	s.endStreams()
	return s.file.Close()
}

// Changed is closed at the next change of the simulator's state: take it,
// look, and wait if what you look for is not there yet.
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

func (s *Simulator) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// do runs f alone and returns once what it changed, and all that it may have
// seen, is on disk.
func (s *Simulator) do(f func()) error {
	s.mu.Lock()
	f()
	changed := len(s.dirty) > 0
	seq := s.file.Push(s.dirty)
	s.dirty = nil
	s.mu.Unlock()
	err := s.file.Wait(seq)
	if changed {
		s.changed.Tell()
		s.poke()
	}
	return err
}
