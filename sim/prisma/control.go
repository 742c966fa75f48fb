package prisma

import (
	"cmp"
	"html"
	"net/http"
	"reflect"
	"slices"
	"time"

	"posta"
	"posta/sim/fault"
	"posta/sim/journal"
)

// presets are the faults that the panel offers at a press.
var presets = []struct {
	Key   string
	Rules []fault.Rule
}{
	{"latency", fault.Latency(120*time.Millisecond, 380*time.Millisecond, 0.007)},
	{"slow", []fault.Rule{{ID: "slow", Method: ".+", Action: fault.Delay, Delay: fault.Duration(12 * time.Second)}}},
	{"down", []fault.Rule{{ID: "down", Method: ".+", Action: fault.Status, Status: 503}}},
	{"crowded", []fault.Rule{{ID: "crowded", Method: ".+", Action: fault.Status, Status: 429, RetryAfter: fault.Duration(5 * time.Second)}}},
	{"cut", []fault.Rule{{ID: "cut", Operation: ".+_create", Action: fault.CutAfter, Times: 1}}},
	{"broken", []fault.Rule{{ID: "broken", Operation: ".+_create", Action: fault.Status, Status: 500, After: true, Times: 1}}},
	{"wrong", []fault.Rule{{ID: "wrong", Operation: "authorize", Action: fault.WrongAmount, Amount: -100, Times: 1}}},
	{"late", []fault.Rule{{ID: "late", Operation: "ask", Action: fault.LateApproval, Delay: fault.Duration(5 * time.Minute), Times: 1}}},
}

// toggle is a switch of the panel that is on or off.
type toggle struct {
	Name string
	On   bool
}

func (w Switches) toggles() (list []toggle) {
	v := reflect.ValueOf(w)
	for i, name := range SwitchNames() {
		if f := v.Field(i); f.Kind() == reflect.Bool {
			list = append(list, toggle{name, f.Bool()})
		}
	}
	return list
}

// The panel is kept light: so many lines of each list, and so many bytes of
// bodies.
const (
	trafficShown = 40
	bodiesShown  = 48 << 10
	booksShown   = 25
)

// latest are the newest exchanges, newest first; bodies beyond what a page may
// bear are left out.
func latest(list []journal.Exchange) []journal.Exchange {
	list = slices.Clone(list[max(0, len(list)-trafficShown):])
	slices.Reverse(list)
	left := bodiesShown
	for n := range list {
		e := &list[n]
		size := len(html.EscapeString(e.Request)) + len(html.EscapeString(e.Response))
		if left -= size; left < 0 {
			e.Request, e.Response = "", ""
		}
	}
	return list
}

func newest[T any](list []T) []T {
	list = slices.Clone(list[max(0, len(list)-booksShown):])
	slices.Reverse(list)
	return list
}

// control is the panel: what goes on, what shall go wrong, the clock and the
// books.
func (s *Simulator) control(w http.ResponseWriter, r *http.Request) { s.panel(w, r, "") }

func (s *Simulator) panel(w http.ResponseWriter, r *http.Request, problem string) {
	clock, movable := s.clock.(*posta.MovableClock)
	rules, on := s.fault.Rules(), map[string]bool{}
	for _, rule := range rules {
		on[rule.ID] = true
	}
	terminals, books, switches := s.Terminals(), s.Books(), s.Switches()
	batch, live := map[string]int64{}, 0
	for _, t := range terminals {
		batch[t.ID] = t.Batch
	}
	s.look(func() {
		for _, t := range s.tokens {
			if s.clock.Now().Before(t.Expires) {
				live++
			}
		}
	})
	data := object{"now": s.clock.Now(), "movable": movable, "offset": time.Duration(0), "traffic": latest(s.Traffic(0)), "rules": rules, "presets": presets, "on": on,
		"toggles": switches.toggles(), "choices": SwitchChoices(), "race": cmp.Or(switches.CancelRace, RaceRefuse), "shape": cmp.Or(switches.ErrorShape, "envelope"),
		"accounts": s.Accounts(), "terminals": terminals, "batch": batch, "tokens": live, "sales": newest(books.Authorizations), "refunds": newest(books.Refunds),
		"batches": newest(books.Batches), "rule": r.FormValue("rule"), "amount": r.FormValue("amount"), "error": problem, "brands": []string{"VI", "EL", "MC", "PD", "MA", "AM", "CA", "NA"}}
	if movable {
		data["offset"] = clock.Offset()
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusBadRequest
	}
	s.show(w, r, status, "control", data)
}
