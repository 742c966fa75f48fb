package mercadopago

import "net/http"

// pointRoutes are the control API's part for terminals.
func (s *Simulator) pointRoutes() map[string]func(r *http.Request) (any, error) {
	return map[string]func(r *http.Request) (any, error){
		"POST /sim/api/terminals":     s.apiAddTerminal,
		"GET /sim/api/terminals":      func(*http.Request) (any, error) { return s.Terminals(), nil },
		"GET /sim/api/point/orders":   func(r *http.Request) (any, error) { return s.PointOrders(r.URL.Query().Get("terminal")) },
		"POST /sim/api/point/take":    s.apiPoint(func(q pointRequest) error { return s.TakePoint(q.Terminal) }),
		"POST /sim/api/point/pay":     s.apiPoint(func(q pointRequest) error { return s.PayPoint(q.Terminal, q.PointPayment) }),
		"POST /sim/api/point/cancel":  s.apiPoint(func(q pointRequest) error { return s.CancelPoint(q.Terminal) }),
		"POST /sim/api/point/stall":   s.apiPoint(s.apiStall),
		"POST /sim/api/point/power":   s.apiPoint(func(q pointRequest) error { return s.SetPointPower(q.Terminal, q.On) }),
		"POST /sim/api/point/sign-in": s.apiPoint(func(q pointRequest) error { return s.SignInPoint(q.Terminal, q.ExternalPOS) }),
	}
}

// pointRequest is what is asked of a terminal: its name, and what the deed needs.
type pointRequest struct {
	Terminal    string `json:"terminal"`
	On          bool   `json:"on"`
	Charged     bool   `json:"charged"`
	ExternalPOS string `json:"external_pos"`
	PointPayment
}

func (s *Simulator) apiStall(q pointRequest) error {
	if q.Charged {
		return s.StallPoint(q.Terminal, q.PointPayment)
	}
	return s.StallPoint(q.Terminal)
}

// apiPoint does the deed and answers the terminal as it is then.
func (s *Simulator) apiPoint(do func(pointRequest) error) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		q, err := readJSON[pointRequest](r)
		if err != nil {
			return nil, err
		}
		if err := do(q); err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		d, err := s.terminal(q.Terminal)
		if err != nil {
			return nil, err
		}
		return s.terminalView(d), nil
	}
}

func (s *Simulator) apiAddTerminal(r *http.Request) (any, error) {
	p, err := readJSON[PointTerminal](r)
	if err == nil {
		err = s.AddTerminal(p)
	}
	return object{"name": terminalKey(p.UserID, p.ID)}, err
}
