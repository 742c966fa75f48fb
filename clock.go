package posta

import (
	"sync"
	"time"
)

// Clock tells the time. Everything in Posta that needs the time is handed a
// Clock; time.Now is called in this file only (arch_test.go holds it).
// Times are UTC, truncated to microseconds: what the databases keep.
type Clock interface {
	Now() time.Time
}

// SystemClock is the machine's clock. It cannot be moved.
type SystemClock struct{}

// Now returns the machine's time.
func (SystemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// MovableClock runs with the machine's clock, moved by an offset. posta demo
// hands one to hub and simulators; tests freeze it.
type MovableClock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen time.Time
	moved  []func()
}

// NewMovableClock returns a clock that agrees with the machine's.
func NewMovableClock() *MovableClock { return &MovableClock{} }

// NewFrozenClock returns a clock that stands at t until it is moved.
func NewFrozenClock(t time.Time) *MovableClock {
	return &MovableClock{frozen: t.UTC().Truncate(time.Microsecond)}
}

// Now returns the moved time.
func (c *MovableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return SystemClock{}.Now().Add(c.offset)
}

// Move advances the clock by d (back, if negative) and tells whoever asked
// through OnMove.
func (c *MovableClock) Move(d time.Duration) {
	c.mu.Lock()
	if !c.frozen.IsZero() {
		c.frozen = c.frozen.Add(d)
	} else {
		c.offset += d
	}
	told := append([]func(){}, c.moved...)
	c.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// Offset is how far the clock has been moved from the machine's.
func (c *MovableClock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// OnMove has f called after each Move, so that sleepers can look again.
func (c *MovableClock) OnMove(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = append(c.moved, f)
}
