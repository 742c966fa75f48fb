package journal

import "sync"

// Signal wakes all that wait for the next change.
type Signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// NewSignal returns one that nobody waits for yet.
func NewSignal() *Signal { return &Signal{ch: make(chan struct{})} }

// Next is closed at the next change.
func (g *Signal) Next() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ch
}

// Tell wakes all that wait.
func (g *Signal) Tell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.ch)
	g.ch = make(chan struct{})
}
