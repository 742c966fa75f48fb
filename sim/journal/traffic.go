package journal

import (
	"sync"
	"time"
)

// Exchange is a call, a notice or a person's deed, as the control panel lists
// it, secrets masked.
type Exchange struct {
	ID             int64     `json:"id"`
	At             time.Time `json:"at"`
	Direction      string    `json:"direction"` // in, out, phone, terminal
	Operation      string    `json:"operation"`
	Method         string    `json:"method,omitempty"`
	Path           string    `json:"path"`
	Status         int       `json:"status,omitempty"`
	Note           string    `json:"note,omitempty"`
	IdempotencyKey string    `json:"idempotency_key,omitempty"`
	Faults         []string  `json:"faults,omitempty"`
	Request        string    `json:"request,omitempty"`
	Response       string    `json:"response,omitempty"`
	Millis         float64   `json:"millis,omitempty"`
}

// Traffic is a ring of the latest exchanges, in memory only; secrets are masked
// when it is read.
type Traffic struct {
	mask func(string) string
	mu   sync.Mutex
	last int64
	list []Exchange
}

const (
	trafficKept = 500
	longestText = 4000
)

// NewTraffic returns an empty list. mask hides the secrets of a text.
func NewTraffic(mask func(string) string) *Traffic { return &Traffic{mask: mask} }

func (t *Traffic) masked(text string) string {
	if len(text) > longestText {
		text = text[:longestText] + "…"
	}
	return t.mask(text)
}

// Add lists an exchange and numbers it.
func (t *Traffic) Add(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e.ID = t.last
	t.list = append(t.list, e)
	if len(t.list) > 2*trafficKept {
		t.list = append([]Exchange(nil), t.list[len(t.list)-trafficKept:]...)
	}
}

// Since lists the latest exchanges after the given id, oldest first.
func (t *Traffic) Since(id int64) []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Exchange{}
	for _, e := range t.list[max(0, len(t.list)-trafficKept):] {
		if e.ID > id {
			e.Request, e.Response, e.Path = t.masked(e.Request), t.masked(e.Response), t.masked(e.Path)
			out = append(out, e)
		}
	}
	return out
}
