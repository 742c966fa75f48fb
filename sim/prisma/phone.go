package prisma

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// discounts are the benefits, in percent, that the wallet can take when the
// till lets one be taken.
var discounts = []int64{0, 10, 20}

// shownQR is a QR that a terminal shows now.
type shownQR struct {
	Intent
	Shop, Name string // of the merchant, of the terminal
}

func (s *Simulator) shownQRs() []shownQR {
	list := []shownQR{}
	for _, t := range s.Terminals() {
		if t.On && t.Current != nil && t.Current.QR != "" {
			list = append(list, shownQR{*t.Current, t.Merchant, t.Name})
		}
	}
	return list
}

// phone is the test wallet: the QRs that terminals show, or, with ?qr=, what
// one of them asks for and how to pay it.
func (s *Simulator) phone(w http.ResponseWriter, r *http.Request) {
	list, qr, words := s.shownQRs(), strings.TrimSpace(r.FormValue("qr")), s.words(r)
	data := object{"list": list, "qr": qr, "left": r.FormValue("left") != "", "error": sorry(words, r.FormValue("e"))}
	n := slices.IndexFunc(list, func(v shownQR) bool { return v.QR == qr })
	switch {
	case qr == "":
	case n < 0:
		data["error"] = words.T("sim.error.qr")
	default:
		chosen := list[n]
		var tip, discount []choice
		for _, p := range tips {
			tip = append(tip, choice{p, chosen.Amount * p / 100})
		}
		for _, p := range discounts {
			discount = append(discount, choice{p, chosen.Amount * p / 100})
		}
		var cards []testCard
		for _, c := range testCards {
			if c.Outcome != "wrong_pin" && c.Outcome != "error_charged" {
				cards = append(cards, c)
			}
		}
		data["chosen"], data["cards"], data["tips"], data["discounts"], data["offered"] = chosen, cards, tip, discount, offered
		s.show(w, r, http.StatusOK, "pay", data)
		return
	}
	s.show(w, r, http.StatusOK, "phone", data)
}

// phonePay pays the QR and follows what becomes of it. Installments are the
// credit cards' only.
func (s *Simulator) phonePay(w http.ResponseWriter, r *http.Request) {
	qr := r.PostFormValue("qr")
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(r.PostFormValue(name), 10, 64)
		return n
	}
	c, ok := findCard(r.PostFormValue("card"))
	i, err := s.ScanQR(qr)
	switch {
	case err != nil:
	case !ok:
		err = ErrCard
	default:
		wallet := Wallet{Brand: c.Brand, Kind: c.Kind, LastFour: c.LastFour, Holder: "TITULAR DE PRUEBA", Outcome: c.Outcome,
			Tip: i.Amount * number("tip") / 100, Discount: i.Amount * number("discount") / 100}
		if c.Kind == "CREDIT" {
			wallet.Installments = number("installments")
		}
		err = s.PayQR(qr, wallet)
	}
	if err != nil {
		http.Redirect(w, r, "/sim/phone?"+url.Values{"qr": {qr}, "e": {slug(err)}}.Encode(), http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/sim/phone/result?"+url.Values{"intent": {i.ID}}.Encode(), http.StatusSeeOther)
}

// phoneLeave is the customer who goes without paying; the terminal waits on.
func (s *Simulator) phoneLeave(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/sim/phone?left=1", http.StatusSeeOther)
}

func (s *Simulator) phoneResult(w http.ResponseWriter, r *http.Request) {
	var out *ended
	s.look(func() {
		i := s.intents[r.FormValue("intent")]
		if i == nil || i.Method != "QR_CODE" || i.Card == nil {
			return
		}
		out = i.ended()
		if a := s.auths[i.Result.number()]; a != nil {
			out.Amount = a.Amount
		}
		if !i.final() {
			out.Outcome = "processing"
		}
	})
	if out == nil {
		http.Redirect(w, r, "/sim/phone?e=qr", http.StatusSeeOther)
		return
	}
	state := map[string]string{"approved": "paid", "processing": "pending", "undone": "canceled"}[out.Outcome]
	if state == "" {
		state = "rejected"
	}
	s.show(w, r, http.StatusOK, "result", object{"ended": out, "state": state})
}
