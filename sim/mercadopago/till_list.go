package mercadopago

import "net/http"

// Till is a POS as the phone and the panel list it, with what waits there.
type Till struct {
	UserID      int64  `json:"user_id"`
	ID          int64  `json:"id"`
	ExternalPOS string `json:"pos"`
	Name        string `json:"name"`
	Store       string `json:"store"`
	Shop        string `json:"shop"`
	Site        string `json:"site"`
	Currency    string `json:"currency"`
	QR          string `json:"qr"`
	// Waiting is legacy, order or empty.
	Waiting           string `json:"waiting"`
	ExternalReference string `json:"external_reference,omitempty"`
	Amount            int64  `json:"amount,omitempty"`
	AmountText        string `json:"amount_text,omitempty"`
}

// Tills lists every POS of every account.
func (s *Simulator) Tills() []Till {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	list := []Till{}
	for _, p := range sorted(s.pos) {
		a := s.accounts[p.UserID]
		t := Till{UserID: p.UserID, ID: p.ID, ExternalPOS: p.ExternalID, Name: p.Name, Shop: a.BusinessName, Site: a.Site, Currency: a.site().Currency, QR: s.staticQR(p)}
		if b := s.stores[p.StoreID]; b != nil {
			t.Store = b.Name
		}
		if o := s.onPOS(p.UserID, p.ExternalID, now); o != nil {
			t.Waiting, t.ExternalReference, t.Amount = "order", o.Ref, o.Total
		} else if l := s.pendingLegacy(legacyKey(p.UserID, p.ExternalID), now); l != nil {
			t.Waiting, t.ExternalReference, t.Amount = "legacy", l.Ref, l.Total
		}
		if t.Waiting != "" {
			t.AmountText = a.site().text(t.Amount)
		}
		list = append(list, t)
	}
	return list
}

func (s *Simulator) apiPOS(*http.Request) (any, error) { return s.Tills(), nil }

// Undecided is a payment in process, which the panel can approve or reject.
type Undecided struct {
	PaymentID         int64  `json:"payment_id"`
	ExternalReference string `json:"external_reference"`
	Amount            int64  `json:"amount"`
	AmountText        string `json:"amount_text"`
	Currency          string `json:"currency"`
	Holder            string `json:"holder"`
}

// InProcess lists the payments whose fate is open.
func (s *Simulator) InProcess() []Undecided {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Undecided{}
	for _, p := range sorted(s.payments) {
		if p.Status == inProcess {
			t := s.accounts[p.UserID].site()
			list = append(list, Undecided{p.ID, p.Ref, p.Amount, t.text(p.Amount), t.Currency, p.Card.Holder})
		}
	}
	return list
}

func (s *Simulator) apiInProcess(*http.Request) (any, error) { return s.InProcess(), nil }
