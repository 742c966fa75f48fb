package mercadopago

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/sim/fault"
)

// mountAPI mounts the control API, with which another process drives the
// simulator (docs/simulators.md).
func (s *Simulator) mountAPI(mux *http.ServeMux) {
	routes := map[string]func(r *http.Request) (any, error){
		"POST /sim/api/accounts":     s.apiAddAccount,
		"GET /sim/api/accounts":      s.apiAccounts,
		"GET /sim/api/pos":           s.apiPOS,
		"POST /sim/api/scan":         s.apiScan,
		"POST /sim/api/pay":          s.apiPay,
		"POST /sim/api/walk-away":    s.apiWalkAway,
		"GET /sim/api/in-process":    s.apiInProcess,
		"POST /sim/api/settle":       s.apiSettle,
		"GET /sim/api/faults":        s.apiFaults,
		"PUT /sim/api/faults":        s.apiSetFaults,
		"POST /sim/api/faults":       s.apiAddFault,
		"DELETE /sim/api/faults":     s.apiClearFaults,
		"GET /sim/api/switches":      s.apiSwitches,
		"PUT /sim/api/switches":      s.apiSetSwitches,
		"GET /sim/api/clock":         s.apiClock,
		"POST /sim/api/clock":        s.apiMoveClock,
		"POST /sim/api/deliver":      s.apiDeliver,
		"GET /sim/api/traffic":       s.apiTraffic,
		"GET /sim/api/deliveries":    s.apiDeliveries,
		"GET /sim/api/books":         s.apiBooks,
		"DELETE /sim/api/fault/{id}": s.apiRemoveFault,
	}
	maps.Copy(routes, s.pointRoutes())
	maps.Copy(routes, s.onlineRoutes())
	maps.Copy(routes, s.subscriptionRoutes())
	maps.Copy(routes, s.checkoutRoutes())
	for pattern, handle := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answerOwn(w, r, handle) })
	}
}

func (s *Simulator) answerOwn(w http.ResponseWriter, r *http.Request, handle func(*http.Request) (any, error)) {
	out, err := handle(r)
	status := http.StatusOK
	if err != nil {
		status, out = http.StatusBadRequest, object{"error": err.Error()}
		if errors.Is(err, ErrNothing) || errors.Is(err, ErrPOS) || errors.Is(err, ErrTerminal) || errors.Is(err, ErrSubscription) || errors.Is(err, ErrPreference) || errors.Is(err, ErrApplication) {
			status = http.StatusNotFound
		} else if errors.Is(err, ErrGone) || errors.Is(err, ErrPower) || errors.Is(err, ErrMode) || errors.Is(err, ErrBusy) || errors.Is(err, ErrEnded) || errors.Is(err, ErrOpen) ||
			errors.Is(err, ErrPaid) || errors.Is(err, ErrExpired) || errors.Is(err, ErrNotYet) {
			status = http.StatusConflict
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(encode(out))
}

func readJSON[T any](r *http.Request) (v T, err error) {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, bodyLimit))
	d.DisallowUnknownFields()
	return v, d.Decode(&v)
}

func (s *Simulator) apiAddAccount(r *http.Request) (any, error) {
	a, err := readJSON[Account](r)
	if err == nil {
		err = s.AddAccount(a)
	}
	return object{"user_id": a.UserID}, err
}

// Accounts lists the accounts with their secrets masked.
func (s *Simulator) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Account{}
	for _, a := range sorted(s.accounts) {
		v := *a
		v.Password = strings.Repeat("•", min(3, len(v.Password)))
		v.AccessToken, v.WebhookSecret, v.FeedKey = "•••"+v.AccessToken[max(0, len(v.AccessToken)-4):], "•••", "•••"
		list = append(list, v)
	}
	return list
}

func (s *Simulator) apiAccounts(*http.Request) (any, error) { return s.Accounts(), nil }

func (s *Simulator) apiScan(r *http.Request) (any, error) {
	q, err := readJSON[ScanRequest](r)
	if err != nil {
		return nil, err
	}
	return s.Scan(q)
}

func (s *Simulator) apiPay(r *http.Request) (any, error) {
	q, err := readJSON[PayRequest](r)
	if err != nil {
		return nil, err
	}
	return s.Pay(q)
}

func (s *Simulator) apiWalkAway(r *http.Request) (any, error) {
	q, err := readJSON[PayRequest](r)
	if err == nil {
		s.WalkAway(q.MerchantOrderID, q.OrderID)
	}
	return object{}, err
}

func (s *Simulator) apiSettle(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		PaymentID int64 `json:"payment_id"`
		Approve   bool  `json:"approve"`
	}](r)
	if err != nil {
		return nil, err
	}
	return object{}, s.Settle(q.PaymentID, q.Approve)
}

func (s *Simulator) apiFaults(*http.Request) (any, error) {
	list := s.fault.Rules()
	if list == nil {
		list = []fault.Rule{}
	}
	return list, nil
}

func (s *Simulator) apiSetFaults(r *http.Request) (any, error) {
	rules, err := readJSON[[]fault.Rule](r)
	if err != nil {
		return nil, err
	}
	if err := s.fault.Set(rules...); err != nil {
		return nil, err
	}
	return s.fault.Rules(), nil
}

func (s *Simulator) apiAddFault(r *http.Request) (any, error) {
	rule, err := readJSON[fault.Rule](r)
	if err != nil {
		return nil, err
	}
	if err := s.fault.Add(rule); err != nil {
		return nil, err
	}
	return s.fault.Rules(), nil
}

func (s *Simulator) apiClearFaults(*http.Request) (any, error) {
	s.fault.Clear()
	return []fault.Rule{}, nil
}

func (s *Simulator) apiRemoveFault(r *http.Request) (any, error) {
	if !s.fault.Remove(r.PathValue("id")) {
		return nil, errors.New("there is no such rule")
	}
	return s.apiFaults(r)
}

// Switches tells how the switches stand.
func (s *Simulator) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches changes them, for good.
func (s *Simulator) SetSwitches(w Switches) error { return s.do(func() { s.put(w) }) }

func (s *Simulator) apiSwitches(*http.Request) (any, error) { return s.Switches(), nil }

func (s *Simulator) apiSetSwitches(r *http.Request) (any, error) {
	w := s.Switches()
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, bodyLimit))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return nil, err
	}
	return w, s.SetSwitches(w)
}

func (s *Simulator) apiClock(*http.Request) (any, error) {
	m, movable := s.clock.(*posta.MovableClock)
	out := object{"now": s.clock.Now(), "movable": movable}
	if movable {
		out["offset"] = m.Offset().String()
	}
	return out, nil
}

func (s *Simulator) apiMoveClock(r *http.Request) (any, error) {
	q, err := readJSON[struct {
		Forward string `json:"forward"`
	}](r)
	if err != nil {
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
	return s.apiClock(r)
}

func (s *Simulator) apiDeliver(r *http.Request) (any, error) {
	now := s.clock.Now()
	if err := s.Expire(now); err != nil {
		return nil, err
	}
	return object{"attempts": s.Deliver(r.Context(), now)}, nil
}

func (s *Simulator) apiTraffic(r *http.Request) (any, error) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	return s.Traffic(after), nil
}

func (s *Simulator) apiDeliveries(r *http.Request) (any, error) {
	list := s.Deliveries()
	status := r.URL.Query().Get("status")
	out := []Delivery{}
	for _, d := range list {
		if status == "" || d.Status == status {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *Simulator) apiBooks(r *http.Request) (any, error) {
	if ref := r.URL.Query().Get("external_reference"); ref != "" {
		return s.Books(ref), nil
	}
	return s.AllBooks(), nil
}
