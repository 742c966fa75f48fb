package prisma

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Authorization is a sale that the acquirer granted. Amounts are centavos.
type Authorization struct {
	Number           int64     `json:"number"`
	PaymentID        string    `json:"payment_id"` // "" for a sale without an intent
	EcrTransactionID string    `json:"ecr_transaction_id"`
	CUIT             string    `json:"cuit"`
	Terminal         string    `json:"terminal"`
	Batch            int64     `json:"batch"`
	Coupon           int64     `json:"coupon"`
	Code             string    `json:"code"` // authorization code
	Brand            string    `json:"brand"`
	Kind             string    `json:"kind"` // CREDIT, DEBIT
	Installments     int64     `json:"installments"`
	Amount           int64     `json:"amount"` // as authorised, all included
	Change           int64     `json:"change,omitempty"`
	Tip              int64     `json:"tip,omitempty"`
	Discount         int64     `json:"discount,omitempty"`
	At               time.Time `json:"at"`
	// Reversed: the money was given back whole. VoidedBy says how: reversal (an
	// intent), device (a void made on it), undo (the till's cancellation won),
	// power (taken back at power-on). The last two are in no total of a batch.
	Reversed bool      `json:"reversed"`
	VoidedBy string    `json:"voided_by,omitempty"`
	VoidedIn int64     `json:"voided_in,omitempty"` // batch of the void
	VoidedAt time.Time `json:"voided_at,omitzero"`
}

func (a *Authorization) key() (string, string) {
	return "authorization", strconv.FormatInt(a.Number, 10)
}

func (a *Authorization) index(st *state) {
	st.auths[a.Number] = a
	st.authsOn[a.Terminal] = once(st.authsOn[a.Terminal], a)
	if a.PaymentID != "" {
		st.authOf[a.PaymentID] = a
	}
}

// technical says whether the sale was taken back before it was anybody's.
func (a *Authorization) technical() bool { return a.VoidedBy == "undo" || a.VoidedBy == "power" }

// RefundEntry is a refund that the acquirer granted. Amounts are centavos.
type RefundEntry struct {
	Number           int64     `json:"number"`
	RefundID         string    `json:"refund_id"` // "" for one without an intent
	EcrTransactionID string    `json:"ecr_transaction_id"`
	CUIT             string    `json:"cuit"`
	Terminal         string    `json:"terminal"`
	Batch            int64     `json:"batch"`
	Coupon           int64     `json:"coupon"`
	Code             string    `json:"code"`
	Brand            string    `json:"brand"`
	Kind             string    `json:"kind"`
	Amount           int64     `json:"amount"`
	At               time.Time `json:"at"`
	// Voided: taken back, by undo or power; it is in no total.
	Voided bool `json:"voided"`
}

func (r *RefundEntry) key() (string, string) { return "refund", strconv.FormatInt(r.Number, 10) }

func (r *RefundEntry) index(st *state) {
	st.refunds[r.Number] = r
	st.refundsOn[r.Terminal] = once(st.refundsOn[r.Terminal], r)
}

// Sum counts and adds up centavos.
type Sum struct {
	Count  int   `json:"count"`
	Amount int64 `json:"amount"`
}

func (s *Sum) add(amount int64) { s.Count++; s.Amount += amount }

// BrandSum is the sum of a brand's sales.
type BrandSum struct {
	Brand string `json:"brand"` // code
	Name  string `json:"name"`
	Sum
}

// Totals are what a batch close prints: Sales of all brands, voided ones too;
// Total counts sales, reversals and refunds, and is sales less the others.
type Totals struct {
	Brands    []BrandSum `json:"brands"`
	Sales     Sum        `json:"sales"`
	Reversals Sum        `json:"reversals"`
	Refunds   Sum        `json:"refunds"`
	Total     Sum        `json:"total"`
}

// totals adds up a batch of a terminal.
func (s *Simulator) totals(terminal string, batch int64) Totals {
	t := Totals{Brands: []BrandSum{}}
	for _, a := range s.authsOn[terminal] {
		if a.technical() {
			continue
		}
		if a.Batch == batch {
			t.Sales.add(a.Amount)
			n := slices.IndexFunc(t.Brands, func(b BrandSum) bool { return b.Brand == a.Brand })
			if n < 0 {
				n = len(t.Brands)
				t.Brands = append(t.Brands, BrandSum{Brand: a.Brand, Name: brandName(a.Brand)})
			}
			t.Brands[n].add(a.Amount)
		}
		if a.Reversed && a.VoidedIn == batch {
			t.Reversals.add(a.Amount)
		}
	}
	for _, r := range s.refundsOn[terminal] {
		if r.Batch == batch && !r.Voided {
			t.Refunds.add(r.Amount)
		}
	}
	slices.SortFunc(t.Brands, func(a, b BrandSum) int {
		return cmp.Or(cmp.Compare(brandOrder(a.Brand), brandOrder(b.Brand)), cmp.Compare(a.Brand, b.Brand))
	})
	t.Total = Sum{t.Sales.Count + t.Reversals.Count + t.Refunds.Count, t.Sales.Amount - t.Reversals.Amount - t.Refunds.Amount}
	return t
}

// Batch is a closed batch.
type Batch struct {
	Terminal     string    `json:"terminal"`
	CUIT         string    `json:"cuit"`
	Number       int64     `json:"number"`
	SettlementID string    `json:"settlement_id,omitempty"`
	By           string    `json:"by"` // settlement, device, auto
	ClosedAt     time.Time `json:"closed_at"`
	Totals       Totals    `json:"totals"`
}

func (b *Batch) id() string            { return b.Terminal + " " + strconv.FormatInt(b.Number, 10) }
func (b *Batch) key() (string, string) { return "batch", b.id() }
func (b *Batch) index(st *state)       { st.batches[b.id()] = b }

// Books are the truth that a hub is held against: all that the acquirer
// granted, in order, and all batches that were closed.
type Books struct {
	Authorizations []Authorization `json:"authorizations"`
	Refunds        []RefundEntry   `json:"refunds"`
	Batches        []Batch         `json:"batches"`
}

// Books tells what the simulator's own file holds.
func (s *Simulator) Books() Books {
	b := Books{Authorizations: []Authorization{}, Refunds: []RefundEntry{}, Batches: []Batch{}}
	s.look(func() {
		for _, a := range sorted(s.auths) {
			b.Authorizations = append(b.Authorizations, *a)
		}
		for _, r := range sorted(s.refunds) {
			b.Refunds = append(b.Refunds, *r)
		}
		for _, v := range s.batches {
			b.Batches = append(b.Batches, *v)
		}
	})
	slices.SortFunc(b.Batches, func(x, y Batch) int {
		return cmp.Or(x.ClosedAt.Compare(y.ClosedAt), cmp.Compare(x.Terminal, y.Terminal), cmp.Compare(x.Number, y.Number))
	})
	return b
}
