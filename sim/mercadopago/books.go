package mercadopago

import "slices"

// Book is what the simulator's own books say of an external reference: the
// truth that a hub is held against.
type Book struct {
	ExternalReference string `json:"external_reference"`
	UserID            int64  `json:"user_id"`
	Currency          string `json:"currency"`
	// Approved and Refunded are ISO minor units; the texts are decimals.
	Approved     int64  `json:"approved"`
	Refunded     int64  `json:"refunded"`
	ApprovedText string `json:"approved_text"`
	RefundedText string `json:"refunded_text"`
	// InProcess is money whose fate is open.
	InProcess int64 `json:"in_process"`
	// ChargedBack is what card holders' banks hold or have taken back.
	ChargedBack int64 `json:"charged_back"`
	// Returned came after a voucher's end and went back to who paid.
	Returned int64   `json:"returned"`
	Payments []int64 `json:"payments"` // approved ones
	Attempts int     `json:"attempts"`
}

// Books tells of one external reference; nothing is known of it when there are
// no attempts.
func (s *Simulator) Books(externalReference string) Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.book(externalReference)
}

// AllBooks tells of every external reference that was tried to be paid.
func (s *Simulator) AllBooks() []Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := make([]string, 0, len(s.paymentByRef))
	for ref := range s.paymentByRef {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	list := []Book{}
	for _, ref := range refs {
		list = append(list, s.book(ref))
	}
	return list
}

func (s *Simulator) book(ref string) Book {
	b := Book{ExternalReference: ref, Payments: []int64{}}
	t := sites["MLA"]
	for _, p := range s.paymentByRef[ref] {
		t = s.accounts[p.UserID].site()
		b.UserID, b.Currency = p.UserID, t.Currency
		b.Attempts++
		switch p.Status {
		case approved, refunded:
			b.Approved += p.Amount
			b.Payments = append(b.Payments, p.ID)
		case chargedBack:
			b.Approved += p.Amount
			b.Payments = append(b.Payments, p.ID)
			if p.Detail != "reimbursed" {
				b.ChargedBack += p.Amount
			}
		case inMediation:
			b.Approved += p.Amount
			b.Payments = append(b.Payments, p.ID)
		case inProcess, authorized:
			b.InProcess += p.Amount
		}
		if p.Online != nil {
			b.Returned += p.Online.Returned
		}
		b.Refunded += p.refundedTotal()
	}
	b.ApprovedText, b.RefundedText = t.text(b.Approved), t.text(b.Refunded)
	return b
}
