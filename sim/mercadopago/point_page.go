package mercadopago

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// screen is what a terminal's display shows.
type screen struct {
	// Kind is off, standalone, idle, new, charge, qr, letting_go, processing,
	// approved, failed, canceled, expired or action_required.
	Kind  string
	Order PointOrder
	QR    string
	Slip  *slip
}

// slip is what a terminal prints of an approved payment.
type slip struct {
	Payment      int64
	Card         string
	Installments int
	Amount, Tip  int64
	Provider     string
	At           time.Time
}

// resultShown is how long a result stays on the display by itself.
const resultShown = 2 * time.Minute

// display tells what the device shows now. It must be called under the lock.
func (s *Simulator) display(d *terminal, qr bool, now time.Time) screen {
	o := s.waiting(d)
	switch {
	case d.Off:
		return screen{Kind: "off"}
	case d.Running != modePDV:
		return screen{Kind: "standalone"}
	case o != nil:
		v := screen{Kind: "charge", Order: s.pointOrder(o)}
		switch {
		case o.Status == "created":
			v.Kind = "new"
		case v.Order.Processing || o.Point.Event != nil:
			v.Kind = "processing"
		case !o.Point.CancelAsked.IsZero():
			v.Kind = "letting_go"
		case qr:
			v.Kind, v.QR = "qr", s.dynamicQR(s.accounts[o.UserID], o.UUID)
		}
		return v
	}
	last := s.orders[d.Last]
	if last == nil || last.Status == "refunded" || now.Sub(last.Updated) >= resultShown {
		return screen{Kind: "idle"}
	}
	v := screen{Kind: last.Status, Order: s.pointOrder(last)}
	if p := s.paid(last); last.Status == "processed" && p != nil {
		v.Kind, v.Slip = "approved", &slip{Payment: p.ID, Card: p.Card.method(s.accounts[d.UserID].site()), Installments: p.Card.Installments,
			Amount: p.Amount, Tip: p.Tip, Provider: p.Provider, At: p.Approved}
		if p.Card.LastFour != "" && p.Provider == "" {
			v.Slip.Card += " " + p.Card.LastFour
		}
	}
	return v
}

func (s *Simulator) points(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "points", object{"terminals": s.Terminals()})
}

func (s *Simulator) pointPage(w http.ResponseWriter, r *http.Request) { s.device(w, r, nil) }

// device shows a terminal, and beside it what people can do with it.
func (s *Simulator) device(w http.ResponseWriter, r *http.Request, err error) {
	name := cmp.Or(r.PathValue("terminal"), r.FormValue("terminal"))
	words, now := s.words(r), s.clock.Now()
	s.mu.Lock()
	d, missing := s.terminal(name)
	if missing != nil {
		s.mu.Unlock()
		s.show(w, r, http.StatusNotFound, "points", object{"terminals": s.Terminals(), "error": words.T("sim.point.error.terminal")})
		return
	}
	a := s.accounts[d.UserID]
	v, shown := s.terminalView(d), s.display(d, r.FormValue("qr") != "", now)
	var tills []string
	for _, p := range sorted(s.pos) {
		if p.UserID == d.UserID {
			tills = append(tills, p.ExternalID)
		}
	}
	linked := s.posByExternal(d.UserID, d.ExternalPOS) != nil
	s.mu.Unlock()
	usual := "credit_card"
	if v.Order != nil && v.Order.DefaultType != "" {
		usual = v.Order.DefaultType
	}
	var cards, wallet []face
	for _, f := range faces(words, a.Site) {
		if strings.HasPrefix(f.Value, "account_money") {
			wallet = append(wallet, f)
			continue
		}
		cards = append(cards, f)
		if f.Look == "good" || f.Holder == "FUND" {
			wallet = append(wallet, f)
		}
	}
	data := object{"terminal": v, "screen": shown, "now": now, "cards": cards, "wallet": wallet, "usual": usual, "tills": tills, "linked": linked,
		"currency": a.site().Currency, "restart": d.Running != d.OperatingMode, "self": "/sim/point/" + v.Name}
	if shown.Slip != nil {
		method, four, _ := strings.Cut(shown.Slip.Card, " ")
		data["card"] = strings.TrimSpace(words.T("sim.card."+method) + " " + strings.Repeat("····", min(1, len(four))) + " " + four)
	}
	status := http.StatusOK
	if err != nil {
		status, data["error"] = http.StatusConflict, sorry(words, err)
	}
	s.show(w, r, status, "point", data)
}

// pointDone does what a button beside the terminal, or on it, asks for.
func (s *Simulator) pointDone(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("terminal")
	err := s.pressed(r.PathValue("deed"), name, r)
	if err != nil {
		s.device(w, r, err)
		return
	}
	http.Redirect(w, r, (&url.URL{Path: "/sim/point/" + name}).EscapedPath(), http.StatusSeeOther)
}

func (s *Simulator) pressed(deed, name string, r *http.Request) error {
	switch deed {
	case "take":
		return s.TakePoint(name)
	case "pay":
		return s.PayPoint(name, s.handed(name, r))
	case "cancel":
		return s.CancelPoint(name)
	case "stall":
		if r.FormValue("charged") != "" {
			return s.StallPoint(name, PointPayment{})
		}
		return s.StallPoint(name)
	case "power":
		return s.SetPointPower(name, r.FormValue("on") != "")
	case "sign-in":
		return s.SignInPoint(name, r.FormValue("pos"))
	case "seen":
		return s.seePoint(name)
	}
	return errors.New("there is no such deed")
}

// handed reads card, installments, tip and wallet from the form. The tip is a
// share of the amount.
func (s *Simulator) handed(name string, r *http.Request) PointPayment {
	p := PointPayment{Provider: r.FormValue("provider")}
	if parts := strings.Split(r.FormValue("card"), "|"); len(parts) == 3 {
		p.Card = Card{Brand: parts[0], Type: parts[1], Holder: parts[2]}
	}
	if n, err := strconv.Atoi(r.FormValue("installments")); err == nil && p.Card.Type == "credit_card" {
		p.Card.Installments = n
	}
	percent, _ := strconv.ParseInt(r.FormValue("tip"), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, err := s.terminal(name); err == nil && percent > 0 && percent <= 100 {
		if o := s.waiting(d); o != nil {
			p.Tip = o.Total * percent / 100
		}
	}
	return p
}

// seePoint takes the last result off the display.
func (s *Simulator) seePoint(name string) (err error) {
	e := s.do(func() {
		d, missing := s.terminal(name)
		if err = missing; err != nil {
			return
		}
		if o := s.orders[d.Last]; o != nil && !o.isOpenPoint() {
			d.Last = ""
			s.put(d)
		}
	})
	return cmp.Or(e, err)
}
