package mercadopago

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"posta/page"
)

// mountChargebacks mounts the panel on which fate takes money back.
func (s *Simulator) mountChargebacks(mux *http.ServeMux) {
	mux.Handle("GET /sim/chargebacks", page.Secure(http.HandlerFunc(s.chargebackPage)))
	mux.Handle("POST /sim/chargebacks/{deed}", http.NewCrossOriginProtection().Handler(page.Secure(http.HandlerFunc(s.chargebackDeed))))
}

// Chargeback is one as tests and the panel see it.
type Chargeback struct {
	ID        string    `json:"id"`
	PaymentID int64     `json:"payment_id"`
	UserID    int64     `json:"user_id"`
	Reference string    `json:"external_reference"`
	Amount    int64     `json:"amount"` // minor units
	Currency  string    `json:"currency"`
	Status    string    `json:"status"` // in_review, settled, reimbursed
	Papers    string    `json:"documentation_status"`
	Files     []string  `json:"files"`
	Deadline  time.Time `json:"deadline"`
}

// Chargebacks lists all of them, the newest first.
func (s *Simulator) Chargebacks() []Chargeback {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Chargeback{}
	for _, k := range sorted(s.chargebacks) {
		files := []string{}
		for _, d := range k.Documents {
			files = append(files, d.Name)
		}
		list = append(list, Chargeback{k.ID, k.PaymentID, k.UserID, s.payments[k.PaymentID].Ref, k.Amount, s.accounts[k.UserID].site().Currency, k.Status, k.Papers, files, k.Deadline})
	}
	slices.Reverse(list)
	return list
}

// sale is an online payment that the panel can act on.
type sale struct {
	ID       int64
	Ref      string
	Amount   int64
	Currency string
	Status   string
	Card     bool
	At       time.Time
}

func (s *Simulator) chargebackPage(w http.ResponseWriter, r *http.Request) {
	s.showChargebacks(w, r, nil)
}

func (s *Simulator) showChargebacks(w http.ResponseWriter, r *http.Request, err error) {
	sales := []sale{}
	s.mu.Lock()
	list := sorted(s.payments)
	for i := len(list) - 1; i >= 0 && len(sales) < 30; i-- {
		p := list[i]
		if p.Online != nil && (p.Status == approved || p.Status == inMediation) {
			sales = append(sales, sale{p.ID, p.Ref, p.Amount, s.accounts[p.UserID].site().Currency, p.Status, p.Online.Card != nil, p.Approved})
		}
	}
	s.mu.Unlock()
	data, status := object{"sales": sales, "chargebacks": s.Chargebacks()}, http.StatusOK
	if err != nil {
		data["error"], status = err.Error(), http.StatusConflict
	}
	s.show(w, r, status, "chargebacks", data)
}

func (s *Simulator) chargebackDeed(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.FormValue("payment"), 10, 64)
	var err error
	switch r.PathValue("deed") {
	case "open":
		_, err = s.OpenChargeback(ChargebackRequest{PaymentID: id})
	case "decide":
		err = s.DecideChargeback(r.FormValue("id"), r.FormValue("won") != "")
	case "dispute":
		err = s.OpenDispute(id)
	case "close":
		err = s.CloseDispute(id, r.FormValue("refund") != "")
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.showChargebacks(w, r, err)
		return
	}
	http.Redirect(w, r, "/sim/chargebacks", http.StatusSeeOther)
}
