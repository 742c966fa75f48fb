// Package work runs what is due. A sweep takes due rows under a lease and
// handles them; the loop calls sweeps when they are woken, when the clock is
// moved, and now and then. Nothing is kept here: the rows say what is pending.
package work

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"posta"
)

// Sweep handles what is due of one kind of row.
type Sweep struct {
	Name string
	// Run takes a batch of due rows, hands the handling of each to each, which
	// runs them at the same time, and says how many it took. Every handling is
	// safe to repeat.
	Run func(ctx context.Context, each func(func())) (took int, err error)
	// Every is how long to wait when nothing was due and nobody woke it.
	Every time.Duration
	// Limit is how many rows are handled at the same time.
	Limit int
}

// Loop runs sweeps until it is stopped.
type Loop struct {
	log    *slog.Logger
	sweeps []Sweep
	wake   map[string]chan struct{}
}

// NewLoop makes a loop over the sweeps. A clock that can be moved wakes them all.
func NewLoop(log *slog.Logger, clock posta.Clock, sweeps ...Sweep) *Loop {
	l := &Loop{log: log, sweeps: sweeps, wake: map[string]chan struct{}{}}
	for _, s := range sweeps {
		l.wake[s.Name] = make(chan struct{}, 1)
	}
	if movable, ok := clock.(*posta.MovableClock); ok {
		movable.OnMove(func() {
			for _, s := range sweeps {
				l.Wake(s.Name)
			}
		})
	}
	return l
}

// Wake has a sweep look at once. It never blocks; a name it does not know is ignored.
func (l *Loop) Wake(name string) {
	select {
	case l.wake[name] <- struct{}{}:
	default:
	}
}

// Run runs all sweeps until ctx ends, and returns when the last handling has
// returned.
func (l *Loop) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, s := range l.sweeps {
		running.Go(func() { l.run(ctx, s) })
	}
	running.Wait()
}

func (l *Loop) run(ctx context.Context, s Sweep) {
	slots := make(chan struct{}, max(s.Limit, 1))
	var handling sync.WaitGroup
	defer handling.Wait()
	each := func(handle func()) {
		slots <- struct{}{}
		handling.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					l.log.ErrorContext(ctx, "sweep panicked", "sweep", s.Name, "panic", r, "stack", string(debug.Stack()))
				}
				<-slots
			}()
			handle()
		})
	}
	failures := 0
	for ctx.Err() == nil {
		took, err := look(ctx, s, each)
		wait := s.Every
		switch {
		case err != nil && ctx.Err() == nil:
			failures++
			wait = min(time.Duration(failures)*time.Second, 30*time.Second)
			l.log.ErrorContext(ctx, "sweep failed", "sweep", s.Name, "error", err, "again_in", wait)
		case took > 0:
			failures = 0
			continue
		default:
			failures = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-l.wake[s.Name]:
		}
		timer.Stop()
	}
}

// look runs a sweep once. A sweep that panics has failed, like any other.
func look(ctx context.Context, s Sweep, each func(func())) (took int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return s.Run(ctx, each)
}

// Once runs a sweep until nothing is due, waiting for each batch: for tests and
// for a movable clock.
func Once(ctx context.Context, s Sweep) error {
	for {
		var handling sync.WaitGroup
		took, err := s.Run(ctx, func(handle func()) { handling.Go(handle) })
		handling.Wait()
		if err != nil || took == 0 {
			return err
		}
	}
}
