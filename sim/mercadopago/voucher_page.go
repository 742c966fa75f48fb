package mercadopago

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"posta/page"
)

// mountVouchers mounts the pages of what is paid away from the shop: the voucher at
// the address that external_resource_url and ticket_url give, the list of open
// ones, and the bank's 3DS question.
func (s *Simulator) mountVouchers(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	mux.Handle("GET /payments/{id}/ticket", page.Secure(http.HandlerFunc(s.voucherPage)))
	mux.Handle("POST /payments/{id}/ticket", guard.Handler(page.Secure(http.HandlerFunc(s.voucherDeed))))
	mux.HandleFunc("GET /3ds/{id}", framed(s.challengePage))
	mux.HandleFunc("POST /3ds/{id}", framed(s.challengePage)) // the shop's page posts creq here
	mux.Handle("POST /3ds/{id}/answer", guard.Handler(framed(s.challengeDeed)))
	mux.Handle("GET /sim/vouchers", page.Secure(http.HandlerFunc(s.voucherList)))
}

// ticketOf finds the payment of a voucher's address.
func (s *Simulator) ticketOf(r *http.Request) *payment {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	p := s.payments[id]
	if p == nil || p.Online == nil || p.Online.Voucher == nil || r.URL.Query().Get("hash") != ticketHash(p) {
		return nil
	}
	return p
}

func (s *Simulator) voucherPage(w http.ResponseWriter, r *http.Request) {
	s.showVoucher(w, r, http.StatusOK, "")
}

func (s *Simulator) showVoucher(w http.ResponseWriter, r *http.Request, status int, problem string) {
	s.mu.Lock()
	p := s.ticketOf(r)
	var data object
	if p != nil {
		data = s.voucherData(p, r)
	}
	s.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	data["error"] = problem
	s.show(w, r, status, "voucher", data)
}

func (s *Simulator) voucherData(p *payment, r *http.Request) object {
	o, a := p.Online, s.accounts[p.UserID]
	v := o.Voucher
	m, _ := a.site().method(o.Method)
	state := map[string]string{pending: "pending", approved: "paid", cancelled: "expired", rejected: "rejected", refunded: "refunded"}
	status := p.Status
	if state[status] == "" {
		status = "other"
	}
	pay := "pay_counter"
	if m.Type == bankTransfer {
		pay = "pay_app"
	}
	back := ""
	if m.ID == "pse" {
		pay = "pay_bank"
		if p.Status != pending {
			back = o.CallbackURL
		}
	}
	return object{"name": m.Name, "shop": cmp.Or(a.BusinessName, a.Nickname), "state": cmp.Or(state[status], "pending"), "status": status, "amount": p.Amount,
		"currency": a.site().Currency, "until": v.Until, "qr": v.QR, "barcode": v.Barcode, "bars": bars(v.Barcode), "bank": bankName(v.Institution), "clabe": m.ID == "clabe",
		"reference": v.Reference, "verification": v.Verification, "number": text(p.ID), "payer": strings.TrimSpace(o.Payer.FirstName + " " + o.Payer.LastName),
		"self": r.URL.RequestURI(), "pay": pay, "transfer": m.Type == bankTransfer, "back": back}
}

// voucherDeed is the counter, the bank's app or the bank's page.
func (s *Simulator) voucherDeed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.ticketOf(r)
	s.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	err := error(nil)
	if r.FormValue("deed") == "refuse" {
		err = s.RefuseTransfer(p.ID)
	} else {
		err = s.PayVoucher(p.ID)
	}
	if errors.Is(err, ErrReturned) {
		s.showVoucher(w, r, http.StatusConflict, s.words(r).T("sim.voucher.returned"))
		return
	}
	if err != nil {
		s.showVoucher(w, r, http.StatusConflict, err.Error())
		return
	}
	http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
}

// OpenVoucher is one that waits to be paid.
type OpenVoucher struct {
	Number   int64     `json:"payment_id"`
	UserID   int64     `json:"user_id"`
	Method   string    `json:"method"`
	Amount   int64     `json:"amount"` // minor units
	Currency string    `json:"currency"`
	Shop     string    `json:"shop"`
	Until    time.Time `json:"until"`
	Address  string    `json:"address"` // without the simulator's host
}

// OpenVouchers lists what waits to be paid, the newest first.
func (s *Simulator) OpenVouchers() []OpenVoucher {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []OpenVoucher{}
	for _, p := range sorted(s.awaiting) {
		if p.Status != pending || p.Online.Voucher == nil {
			continue
		}
		a := s.accounts[p.UserID]
		m, _ := a.site().method(p.Online.Method)
		list = append(list, OpenVoucher{p.ID, p.UserID, m.Name, p.Amount, a.site().Currency, cmp.Or(a.BusinessName, a.Nickname), p.Online.Voucher.Until,
			strings.TrimPrefix(s.voucherURL(p), s.cfg.PublicURL)})
	}
	slices.Reverse(list)
	return list
}

func (s *Simulator) voucherList(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "vouchers", object{"vouchers": s.OpenVouchers()})
}

func (s *Simulator) challenged(id string) *payment {
	for _, p := range s.awaiting {
		if p.Online.Challenge != nil && p.Online.Challenge.ID == id && p.Status == pending {
			return p
		}
	}
	return nil
}

func (s *Simulator) challengePage(w http.ResponseWriter, r *http.Request) {
	data := object{"gone": true}
	s.mu.Lock()
	if p := s.challenged(r.PathValue("id")); p != nil {
		a := s.accounts[p.UserID]
		data = object{"shop": cmp.Or(a.BusinessName, a.Nickname), "amount": p.Amount, "currency": a.site().Currency, "last": p.Online.Card.Last, "self": r.URL.Path + "/answer"}
	}
	s.mu.Unlock()
	s.show(w, r, http.StatusOK, "challenge", data)
}

func (s *Simulator) challengeDeed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.challenged(r.PathValue("id"))
	s.mu.Unlock()
	data := object{"gone": true}
	if p != nil {
		if err := s.AnswerChallenge(p.ID, r.FormValue("answer") == "pass"); err == nil {
			data = object{"done": true}
		}
	}
	s.show(w, r, http.StatusOK, "challenge", data)
}

// bars draws digits as interleaved 2 of 5, as a boleto bears them.
func bars(code string) template.HTML {
	if !digits(code) {
		return ""
	}
	if len(code)%2 == 1 {
		code = "0" + code
	}
	wide := []string{"00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010"}
	x, path := 10, strings.Builder{}
	draw := func(black bool, width int) {
		if black {
			fmt.Fprintf(&path, "M%d 0h%dv50h-%dz", x, width, width)
		}
		x += width
	}
	for i := range 4 {
		draw(i%2 == 0, 1)
	}
	for i := 0; i < len(code); i += 2 {
		for j := range 5 {
			draw(true, 1+2*int(wide[code[i]-'0'][j]-'0'))
			draw(false, 1+2*int(wide[code[i+1]-'0'][j]-'0'))
		}
	}
	draw(true, 3)
	draw(false, 1)
	draw(true, 1)
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %d 50" role="img" aria-label="%s" preserveAspectRatio="none"><rect width="%d" height="50" fill="#fff"/><path d="%s" fill="#000"/></svg>`, x+10, code, x+10, path.String()))
}
