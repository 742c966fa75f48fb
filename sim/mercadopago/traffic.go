package mercadopago

import (
	"regexp"
	"sync"
	"time"
)

// Exchange is a call, a notice or a buyer's deed, as the control panel lists
// it, secrets masked.
type Exchange struct {
	ID             int64     `json:"id"`
	At             time.Time `json:"at"`
	Direction      string    `json:"direction"` // in, out, phone
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

// traffic is a ring of the latest exchanges, in memory only; secrets are masked
// when it is read.
type traffic struct {
	mu   sync.Mutex
	last int64
	list []Exchange
}

const trafficKept = 500

func newTraffic() *traffic { return &traffic{} }

var secretish = regexp.MustCompile(`(?i)(access_token=|"access_token":"|"(?:webhook_)?secret":"|APP_USR-|TEST-)[^&"\s]+`)

func mask(text string) string {
	if len(text) > 4000 {
		text = text[:4000] + "…"
	}
	return secretish.ReplaceAllString(text, "$1•••")
}

func (t *traffic) add(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e.ID = t.last
	t.list = append(t.list, e)
	if len(t.list) > 2*trafficKept {
		t.list = append([]Exchange(nil), t.list[len(t.list)-trafficKept:]...)
	}
}

func (t *traffic) since(id int64) []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Exchange{}
	for _, e := range t.list[max(0, len(t.list)-trafficKept):] {
		if e.ID > id {
			e.Request, e.Response, e.Path = mask(e.Request), mask(e.Response), mask(e.Path)
			out = append(out, e)
		}
	}
	return out
}

// Traffic lists the latest exchanges after the given id, oldest first.
func (s *Simulator) Traffic(after int64) []Exchange { return s.traffic.since(after) }
