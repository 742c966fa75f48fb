package mercadopago

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	language "posta/text"
)

// phone is the first screen of the buyer's wallet: the tills to scan, and a
// field for the text of a QR. ?pos= shows that till alone, ready to scan.
func (s *Simulator) phone(w http.ResponseWriter, r *http.Request) { s.phoneHome(w, r, nil) }

func (s *Simulator) phoneHome(w http.ResponseWriter, r *http.Request, err error) {
	external, user := r.FormValue("pos"), r.FormValue("user")
	var chosen *Till
	tills := s.Tills()
	for i, t := range tills {
		if external != "" && t.ExternalPOS == external && (user == "" || user == text(t.UserID)) {
			chosen = &tills[i]
		}
	}
	data := object{"tills": tills, "chosen": chosen, "left": r.FormValue("left") != "", "qr": r.FormValue("qr"), "missing": external != "" && chosen == nil}
	status := http.StatusOK
	if err != nil {
		data["error"], status = sorry(s.words(r), err), http.StatusConflict
	}
	s.show(w, r, status, "phone", data)
}

func (s *Simulator) phoneScan(w http.ResponseWriter, r *http.Request) {
	user, _ := strconv.ParseInt(r.FormValue("user"), 10, 64)
	out, err := s.Scan(ScanRequest{UserID: user, ExternalPOS: r.FormValue("pos"), QR: strings.TrimSpace(r.FormValue("qr"))})
	if err != nil {
		s.phoneHome(w, r, err)
		return
	}
	http.Redirect(w, r, "/sim/phone/pay?"+orderQuery(out.MerchantOrderID, out.OrderID).Encode(), http.StatusSeeOther)
}

func orderQuery(merchantOrder int64, order string) url.Values {
	if order != "" {
		return url.Values{"order": {order}}
	}
	return url.Values{"mo": {text(merchantOrder)}}
}

// scanned shows again what was scanned before.
func (s *Simulator) scanned(r *http.Request) (out Scanned, open bool) {
	id, _ := strconv.ParseInt(r.FormValue("mo"), 10, 64)
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.merchant[id]; m != nil {
		l := s.pendingLegacy(m.LegacyKey, now)
		return s.scannedLegacy(m), m.Status == "opened" && l != nil && l.UUID == m.UUID && s.left(m) > 0
	}
	if o := s.orders[r.FormValue("order")]; o != nil {
		return s.scannedOrder(o), s.payable(o, now)
	}
	return Scanned{}, false
}

// face is a card of the wallet as the phone shows it.
type face struct {
	Value, Kind, Name, Holder, Four, Effect, Look string
	More                                          bool
}

func faces(w *language.Localizer, siteID string) []face {
	var list []face
	add := func(brand, kind, holder, look string, more bool) {
		d, o, err := Card{Brand: brand, Type: kind, Holder: holder}.filled(sites[siteID])
		if err != nil {
			return
		}
		effect := w.T("sim.effect." + o.Status)
		if w.Has("sim.effect." + holder) {
			effect = w.T("sim.effect." + holder)
		}
		list = append(list, face{brand + "|" + kind + "|" + holder, kind, w.T("sim.card." + d.method(sites[siteID])), holder, d.LastFour, effect, look, more})
	}
	add("visa", "credit_card", "APRO", "good", false)
	add("master", "debit_card", "APRO", "good", false)
	add("amex", "credit_card", "APRO", "good", false)
	add("account_money", "account_money", "APRO", "good", false)
	add("master", "credit_card", "CONT", "odd", false)
	for _, o := range Outcomes {
		if o.Status == rejected {
			add("visa", "credit_card", o.Holder, "bad", o.Holder != "FUND" && o.Holder != "OTHE" && o.Holder != "CALL")
		}
	}
	return list
}

func (s *Simulator) phonePay(w http.ResponseWriter, r *http.Request) { s.phoneChoose(w, r, nil) }

func (s *Simulator) phoneChoose(w http.ResponseWriter, r *http.Request, err error) {
	out, open := s.scanned(r)
	status := http.StatusOK
	data := object{"scanned": out, "open": open, "faces": faces(s.words(r), out.Site), "query": orderQuery(out.MerchantOrderID, out.OrderID),
		"card": r.FormValue("card"), "second": r.FormValue("second"), "amount": r.FormValue("amount")}
	if err != nil {
		status, data["error"] = http.StatusConflict, sorry(s.words(r), err)
	}
	s.show(w, r, status, "pay", data)
}

// phonePaid pays with one card or two. The second amount is decimal text as
// people write it.
func (s *Simulator) phonePaid(w http.ResponseWriter, r *http.Request) {
	out, _ := s.scanned(r)
	card := func(name string) (c Card) {
		parts := strings.Split(r.FormValue(name), "|")
		if len(parts) == 3 {
			c = Card{Brand: parts[0], Type: parts[1], Holder: parts[2]}
		}
		if n, err := strconv.Atoi(r.FormValue("installments")); err == nil && c.Type == "credit_card" {
			c.Installments = n
		}
		return c
	}
	req := PayRequest{MerchantOrderID: out.MerchantOrderID, OrderID: out.OrderID, Parts: []Part{{Card: card("card")}}}
	if amount := strings.TrimSpace(r.FormValue("amount")); amount != "" && out.OrderID == "" {
		second, err := sites[out.Site].people(amount)
		if err != nil || second <= 0 || second >= out.Amount {
			s.phoneChoose(w, r, ErrAmount)
			return
		}
		req.Parts = []Part{{Card: card("card"), Amount: out.Amount - second}, {Card: card("second"), Amount: second}}
	}
	paid, err := s.Pay(req)
	if err != nil && len(paid.Payments) == 0 {
		s.phoneChoose(w, r, err)
		return
	}
	q := orderQuery(out.MerchantOrderID, out.OrderID)
	for _, p := range paid.Payments {
		q.Add("payment", text(p.ID))
	}
	http.Redirect(w, r, "/sim/phone/result?"+q.Encode(), http.StatusSeeOther)
}

// people reads an amount as it is written by hand: 1.500,50 or 1500.50.
func (t site) people(v string) (int64, error) {
	if i := strings.LastIndexAny(v, ".,"); i >= 0 && len(v)-i-1 <= 2 && t.Decimals > 0 {
		return t.amount(strings.NewReplacer(".", "", ",", "").Replace(v[:i]) + "." + v[i+1:])
	}
	return t.amount(strings.NewReplacer(".", "", ",", "").Replace(v))
}

// outcome is one payment on the result screen.
type outcome struct {
	ID             int64
	State          string // paid, rejected, pending: the kit's states
	Amount         int64
	Currency, Card string
	Detail         string
	At             time.Time
}

func (s *Simulator) phoneResult(w http.ResponseWriter, r *http.Request) {
	out, open := s.scanned(r)
	words := s.words(r)
	var list []outcome
	state := "paid"
	s.mu.Lock()
	for _, v := range r.Form["payment"] {
		id, _ := strconv.ParseInt(v, 10, 64)
		p := s.payments[id]
		if p == nil {
			continue
		}
		o := outcome{ID: p.ID, State: "paid", Amount: p.Amount, Currency: out.Currency, Detail: p.Detail, At: p.Updated,
			Card: words.T("sim.card."+p.Card.method(sites[out.Site])) + " ···· " + p.Card.LastFour}
		switch p.Status {
		case rejected:
			o.State, o.Detail, state = "rejected", words.T("sim.effect."+p.Card.Holder), "rejected"
		case inProcess:
			o.State = "pending"
			if state == "paid" {
				state = "pending"
			}
		}
		list = append(list, o)
	}
	s.mu.Unlock()
	var total int64
	for _, o := range list {
		if o.State == state {
			total += o.Amount
		}
	}
	s.show(w, r, http.StatusOK, "result", object{"scanned": out, "open": open, "payments": list, "state": state, "total": total,
		"query": orderQuery(out.MerchantOrderID, out.OrderID), "words": words.T("sim.result." + state), "help": words.T(fmt.Sprintf("sim.result.%s.help", state))})
}

func (s *Simulator) phoneLeave(w http.ResponseWriter, r *http.Request) {
	out, _ := s.scanned(r)
	s.WalkAway(out.MerchantOrderID, out.OrderID)
	http.Redirect(w, r, "/sim/phone?left=1", http.StatusSeeOther)
}
