package prisma

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// resultShown is how long a result stays on the display by itself.
const resultShown = 2 * time.Minute

// ended is the last thing that a terminal finished.
type ended struct {
	ID      string // of the intent, or of the batch that the device closed
	Kind    string
	Outcome string // approved, declined, failed, undone
	Code    string
	Message string
	Amount  int64
	Card    *Card
	Auth    string
	Coupon  int64
	At      time.Time
	printed string // begins what it printed
}

// lastEnded finds it; nil when there is none. It must be called under the lock.
func (s *Simulator) lastEnded(terminal string) *ended {
	var last *intent
	for _, i := range s.intents {
		if i.Terminal == terminal && i.final() && (last == nil || i.Moved.After(last.Moved) || i.Moved.Equal(last.Moved) && i.Number > last.Number) {
			last = i
		}
	}
	var e *ended
	if last != nil {
		e = last.ended()
		if a := s.auths[last.Result.number()]; a != nil && last.Kind == KindPayment {
			e.Amount = a.Amount
		}
	}
	for _, b := range s.batches {
		if b.Terminal == terminal && b.By != "settlement" && (e == nil || !b.ClosedAt.Before(e.At)) {
			e = &ended{ID: b.id(), Kind: KindSettlement, Outcome: "approved", Message: "CIERRE ACEPTADO", At: b.ClosedAt, printed: s.closingSlip(b)}
		}
	}
	return e
}

// number is that of the authorization; 0 for none.
func (r *result) number() int64 {
	if r == nil {
		return 0
	}
	return r.Authorization
}

func (i *intent) ended() *ended {
	e := &ended{ID: i.ID, Kind: i.Kind, Amount: i.Amount, Card: i.Card, At: i.Moved,
		Outcome: map[stage]string{done: "approved", undoRefused: "approved", declined: "declined", failed: "failed", undone: "undone"}[i.Stage]}
	if r := i.Result; r != nil {
		e.Code, e.Message = r.Code, r.Message
		switch {
		case e.Outcome == "approved":
			e.Auth, e.Coupon = r.Auth, r.Coupon
			e.printed = r.Client
			if r.Shop != "" && (i.Copies == "BOTH" || i.Copies == "MERCHANT_ONLY") {
				e.printed = r.Shop
			}
		case e.Code == "": // left by a key of the device
			e.Outcome = "undone"
		}
	}
	return e
}

// screen is what a terminal's display shows.
type screen struct {
	// Kind is off, list, card, installments, tip, pin, qr, confirm, processing,
	// canceling or result.
	Kind   string
	Card   *testCard // that was presented, while something is asked
	Held   *Card     // that the terminal has read
	Undo   bool      // the till asked to cancel
	Ended  *ended    // the result, or what is said above the list
	Digits bool      // the keypad's digits do something
	Slip   string    // that stands in the printer
}

// display tells what the terminal shows to someone who has answered so much
// and has seen the result of that id.
func (s *Simulator) display(t TerminalState, h hand, seen string) (v screen) {
	now := s.clock.Now()
	s.look(func() {
		v.Ended = s.lastEnded(t.ID)
		if t.Current != nil && s.intents[t.Current.ID] != nil {
			v.Held = s.intents[t.Current.ID].Card
		}
	})
	v.Undo = t.Current != nil && strings.Contains(t.Current.Status, "UNDO")
	if v.Ended != nil {
		v.Ended.Message = t.Message // also of what ended without the acquirer
	}
	fresh := v.Ended != nil && v.Ended.ID != seen && now.Sub(v.Ended.At) < resultShown && t.Current == nil
	if fresh && v.Ended.printed != "" && strings.HasPrefix(t.Slip, v.Ended.printed) {
		v.Slip = t.Slip
	}
	switch {
	case !t.On:
		v.Kind = "off"
	case t.Current != nil:
		v.Kind = map[string]string{StepCard: "card", StepQR: "qr", StepConfirm: "confirm", stepUndo: "canceling"}[t.Current.Step]
		if v.Kind == "" {
			v.Kind = "processing"
		}
		if c, ok := findCard(h.Card); v.Kind == "card" && ok && h.Intent == t.Current.ID && slices.Contains(entries, h.Entry) {
			if question := h.asks(*t.Current, c); question != "" {
				v.Kind, v.Card = question, &c
			}
		}
	case fresh && !slices.ContainsFunc(t.Waiting, func(i Intent) bool { return !i.Created.Before(v.Ended.At) }):
		v.Kind = "result"
	default:
		v.Kind = "list"
		if !fresh {
			v.Ended = nil
		}
	}
	v.Digits = v.Kind == "installments" || v.Kind == "tip" || v.Kind == "pin" || v.Kind == "list" && len(t.Waiting) > 0
	return v
}

// choice is a line of a menu on the display.
type choice struct {
	Value, Amount int64
}

// terminals lists the terminals to choose one.
func (s *Simulator) terminals(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "terminals", object{"terminals": s.Terminals(), "error": sorry(s.words(r), r.FormValue("e"))})
}

// terminalPage shows a terminal, and beside it what people can do with it.
func (s *Simulator) terminalPage(w http.ResponseWriter, r *http.Request) {
	words := s.words(r)
	list := s.Terminals()
	n := slices.IndexFunc(list, func(t TerminalState) bool { return t.ID == r.PathValue("id") })
	if n < 0 {
		s.show(w, r, http.StatusNotFound, "terminals", object{"terminals": list, "error": words.T("sim.error.terminal")})
		return
	}
	t, h := list[n], readHand(r.URL.Query().Get)
	v := s.display(t, h, r.FormValue("seen"))
	var menu []choice
	switch v.Kind {
	case "installments":
		for _, n := range offered {
			menu = append(menu, choice{n, t.Current.Amount / n})
		}
	case "tip":
		for _, p := range tips {
			menu = append(menu, choice{p, t.Current.Amount * p / 100})
		}
	}
	s.show(w, r, http.StatusOK, "terminal", object{"t": t, "screen": v, "hand": h, "menu": menu, "cards": testCards, "now": s.clock.Now(), "hour": s.clock.Now().In(buenosAires).Format("15:04"), "error": sorry(words, r.FormValue("e")),
		"self": "/sim/terminal/" + t.ID, "outcomes": Outcomes, "pin": pinForTests, "others": len(list) > 1})
}
