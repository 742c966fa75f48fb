package mercadopago

import "time"

// customerCard is a card that a seller keeps for a customer
// (docs/providers/mercadopago-online.md §2.6).
type customerCard struct {
	ID         string
	UserID     int64
	CustomerID string
	Method     string
	Card       heldCard
	Code       int // digits of its security code
	Created    time.Time
	Updated    time.Time
}

func (k *customerCard) key() (string, string) { return "customer_card", k.ID }
func (k *customerCard) index(st *state)       { st.customerCards[k.ID] = k }
