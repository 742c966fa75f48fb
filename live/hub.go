package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"posta"
)

// Hub gives events their positions and hands them to whoever listens in this
// process. Each replica has one; the store is where they agree.
type Hub struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}

	mu        sync.Mutex
	listeners map[topic]map[*Listener]struct{}
	closed    bool
}

// topic is what a listener hears: a merchant's events, of one till or (till "") all.
type topic struct {
	merchant posta.MerchantID
	till     posta.TillID
}

// Listener receives a merchant's events from the moment it was made.
type Listener struct {
	topic  topic
	events chan posta.Event
	hub    *Hub
}

// NewHub makes a hub; Run has it work.
func NewHub(store Store, log *slog.Logger) *Hub {
	return &Hub{store: store, log: log, wake: make(chan struct{}, 1), listeners: map[topic]map[*Listener]struct{}{}}
}

// Wake tells that events were committed. It never blocks.
func (h *Hub) Wake() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Listen starts to receive a merchant's events. A listener that falls 64
// events behind is closed: its owner reads what it missed from the store and
// listens anew.
func (h *Hub) Listen(m posta.MerchantID) *Listener { return h.listen(topic{merchant: m}) }

// ListenTill is Listen for the events of one till only; of all with till "".
func (h *Hub) ListenTill(m posta.MerchantID, till posta.TillID) *Listener {
	return h.listen(topic{merchant: m, till: till})
}

func (h *Hub) listen(t topic) *Listener {
	l := &Listener{topic: t, events: make(chan posta.Event, 64), hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(l.events)
		return l
	}
	if h.listeners[t] == nil {
		h.listeners[t] = map[*Listener]struct{}{}
	}
	h.listeners[t][l] = struct{}{}
	return l
}

// Events gives the events; it is closed when the listener fell behind or was closed.
func (l *Listener) Events() <-chan posta.Event { return l.events }

// Close stops receiving. It may be called more than once.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	l.hub.drop(l)
}

func (h *Hub) drop(l *Listener) {
	mine := h.listeners[l.topic]
	if _, here := mine[l]; !here {
		return
	}
	delete(mine, l)
	if len(mine) == 0 {
		delete(h.listeners, l.topic)
	}
	close(l.events)
}

// Run positions and hands out events until ctx ends, then closes all listeners.
func (h *Hub) Run(ctx context.Context) {
	defer h.close()
	last := int64(-1)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if last < 0 {
			if position, err := h.store.LastPosition(ctx); err == nil {
				last = position
			}
		}
		if last >= 0 {
			last = h.relay(ctx, last)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-tick.C:
		}
	}
}

// relay hands out what came after last and returns the new last position.
func (h *Hub) relay(ctx context.Context, last int64) int64 {
	for {
		if _, err := h.store.PositionEvents(ctx); err != nil {
			h.report(ctx, err)
			return last
		}
		events, err := h.store.EventsAfter(ctx, last, 500)
		if err != nil {
			h.report(ctx, err)
			return last
		}
		for _, e := range events {
			h.hand(e)
			last = e.Position
		}
		if len(events) < 500 {
			return last
		}
	}
}

func (h *Hub) report(ctx context.Context, err error) {
	if ctx.Err() == nil {
		h.log.ErrorContext(ctx, "events not relayed", "error", err)
	}
}

func (h *Hub) hand(e posta.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.send(topic{merchant: e.MerchantID}, e)
	if e.TillID != "" {
		h.send(topic{e.MerchantID, e.TillID}, e)
	}
}

func (h *Hub) send(t topic, e posta.Event) {
	for l := range h.listeners[t] {
		select {
		case l.events <- e:
		default:
			h.drop(l)
		}
	}
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, mine := range h.listeners {
		for l := range mine {
			h.drop(l)
		}
	}
}
