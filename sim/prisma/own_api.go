package prisma

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"posta"
	"posta/sim/fault"
)

// mountAPI mounts the control API, with which another process drives the
// simulator (docs/simulators.md).
func (s *Simulator) mountAPI(mux *http.ServeMux) {
	for pattern, handle := range map[string]func(r *http.Request) (any, error){
		"POST /sim/api/accounts": ordered(func(a Account) (any, error) { return object{"public_key": a.PublicKey}, s.AddAccount(a) }),
		"GET /sim/api/accounts":  func(*http.Request) (any, error) { return s.Accounts(), nil },
		"GET /sim/api/terminals": func(*http.Request) (any, error) { return s.Terminals(), nil },
		"GET /sim/api/intents":   func(r *http.Request) (any, error) { return s.Intents(r.URL.Query().Get("terminal")), nil },
		"GET /sim/api/books":     func(*http.Request) (any, error) { return s.Books(), nil },

		"POST /sim/api/take":        ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.Take(o.Terminal, o.Intent)) }),
		"POST /sim/api/present":     ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.Present(o.Terminal, o.Card)) }),
		"POST /sim/api/confirm":     ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.Confirm(o.Terminal)) }),
		"POST /sim/api/cancel":      ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.CancelAt(o.Terminal)) }),
		"POST /sim/api/power":       ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.SetPower(o.Terminal, o.On)) }),
		"POST /sim/api/paper":       ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.SetPaper(o.Terminal, o.On)) }),
		"POST /sim/api/cut-power":   ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.CutPower(o.Terminal, o.When)) }),
		"POST /sim/api/outcome":     ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.SetOutcome(o.Terminal, o.Outcome)) }),
		"POST /sim/api/close-batch": ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.CloseBatch(o.Terminal)) }),
		"POST /sim/api/plant":       ordered(func(o order) (any, error) { return s.shown(o.Terminal, s.Plant(o.Terminal, o.Movement)) }),
		"POST /sim/api/scan-qr":     ordered(func(o order) (any, error) { return s.ScanQR(o.QR) }),
		"POST /sim/api/pay-qr":      ordered(func(o order) (any, error) { return object{}, s.PayQR(o.QR, o.Wallet) }),
		"POST /sim/api/settle":      func(*http.Request) (any, error) { return object{}, s.Settle(s.clock.Now()) },

		"GET /sim/api/faults":        func(*http.Request) (any, error) { return s.faults(nil) },
		"PUT /sim/api/faults":        ordered(func(list []fault.Rule) (any, error) { return s.faults(s.fault.Set(list...)) }),
		"POST /sim/api/faults":       ordered(func(rule fault.Rule) (any, error) { return s.faults(s.fault.Add(rule)) }),
		"DELETE /sim/api/faults":     func(*http.Request) (any, error) { return s.faults(s.fault.Set()) },
		"DELETE /sim/api/fault/{id}": s.apiRemoveFault,
		"GET /sim/api/switches":      func(*http.Request) (any, error) { return s.Switches(), nil },
		"PUT /sim/api/switches":      s.apiSetSwitches,
		"GET /sim/api/clock":         func(*http.Request) (any, error) { return s.apiClock(), nil },
		"POST /sim/api/clock":        s.apiMoveClock,
		"GET /sim/api/traffic":       s.apiTraffic,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answerOwn(w, r, handle) })
	}
}

// order is what the control API asks a terminal, or a wallet, to do.
type order struct {
	Terminal string   `json:"terminal"`
	Intent   string   `json:"intent"`
	Card     Card     `json:"card"`
	On       bool     `json:"on"`
	When     Cut      `json:"when"`
	Outcome  string   `json:"outcome"`
	Movement Movement `json:"movement"`
	QR       string   `json:"qr"`
	Wallet   Wallet   `json:"wallet"`
}

// ordered reads the body strictly.
func ordered[T any](do func(T) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var v T
		if err := readStrict(r, &v); err != nil {
			return nil, err
		}
		return do(v)
	}
}

func readStrict(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, bodyLimit))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func answerOwn(w http.ResponseWriter, r *http.Request, handle func(*http.Request) (any, error)) {
	out, err := handle(r)
	status := http.StatusOK
	if err != nil {
		status, out = http.StatusBadRequest, object{"error": err.Error()}
		if errors.Is(err, ErrTerminal) || errors.Is(err, ErrNothing) {
			status = http.StatusNotFound
		} else if errors.Is(err, ErrState) || errors.Is(err, ErrCard) {
			status = http.StatusConflict
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(encode(out))
}

// shown is the terminal after a deed.
func (s *Simulator) shown(terminal string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	for _, t := range s.Terminals() {
		if t.ID == terminal {
			return t, nil
		}
	}
	return nil, ErrTerminal
}

func (s *Simulator) faults(err error) (any, error) {
	list := s.fault.Rules()
	if list == nil {
		list = []fault.Rule{}
	}
	return list, err
}

func (s *Simulator) apiRemoveFault(r *http.Request) (any, error) {
	if !s.fault.Remove(r.PathValue("id")) {
		return nil, errors.New("there is no such rule")
	}
	return s.faults(nil)
}

func (s *Simulator) apiSetSwitches(r *http.Request) (any, error) {
	w := s.Switches()
	if err := readStrict(r, &w); err != nil {
		return nil, err
	}
	return w, s.SetSwitches(w)
}

func (s *Simulator) apiClock() any {
	m, movable := s.clock.(*posta.MovableClock)
	out := object{"now": s.clock.Now(), "movable": movable}
	if movable {
		out["offset"] = m.Offset().String()
	}
	return out
}

func (s *Simulator) apiMoveClock(r *http.Request) (any, error) {
	var q struct {
		Forward string `json:"forward"`
	}
	if err := readStrict(r, &q); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(q.Forward)
	if err != nil || d < 0 {
		return nil, errors.New("forward is a duration like 10m")
	}
	m, ok := s.clock.(*posta.MovableClock)
	if !ok {
		return nil, errors.New("this clock cannot be moved")
	}
	m.Move(d)
	return s.apiClock(), nil
}

func (s *Simulator) apiTraffic(r *http.Request) (any, error) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	return s.Traffic(after), nil
}
