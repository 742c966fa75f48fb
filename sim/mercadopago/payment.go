package mercadopago

import (
	"net/http"
	"strconv"
	"time"
)

// payment is one attempt of a buyer, with a numeric id (classic payments API).
type payment struct {
	ID              int64
	UserID          int64
	MerchantID      int64  // of a legacy QR
	OrderID         string // of the Orders API
	Ref             string
	Description     string
	NotificationURL string
	POSID, StoreID  int64
	Asked           int64  // what the buyer was to pay
	Tip             int64  `json:",omitempty"` // added to it on a terminal
	Provider        string `json:",omitempty"` // whose wallet read the QR on a terminal
	Amount          int64  // what was paid: another one under the wrong_amount fault
	Status, Detail  string
	Card            Card
	Created         time.Time
	Approved        time.Time
	Updated         time.Time
	Due             time.Time // when a late approval comes
	Refunds         []refund
	Version         int
	Online          *online `json:",omitempty"` // nil for one of a till
}

func (p *payment) key() (string, string) { return "payment", text(p.ID) }

func (p *payment) index(st *state) {
	st.payments[p.ID] = p
	under(st.paymentByRef, p.Ref, p)
	if p.Online != nil && !p.Online.Expires.IsZero() && (p.Status == pending || p.Status == authorized) {
		st.awaiting[p.ID] = p
	} else {
		delete(st.awaiting, p.ID)
	}
	if p.Status == inProcess && !p.Due.IsZero() {
		st.late[p.ID] = p
	} else {
		delete(st.late, p.ID)
	}
	delete(st.refunding, p.ID)
	for _, r := range p.Refunds {
		if r.Status == "processing" {
			st.refunding[p.ID] = p
		}
	}
}

func (p *payment) refundedTotal() (sum int64) {
	for _, r := range p.Refunds {
		sum += r.Amount
	}
	return sum
}

// change files a payment that was changed and tells the seller.
func (s *Simulator) change(p *payment, now time.Time) {
	action := "payment.updated"
	if p.Version == 0 {
		action = "payment.created"
	}
	p.Version++
	p.Updated = now
	s.put(p)
	s.announcePayment(p, action, now)
	s.invoicePaid(p, now)
}

func (s *Simulator) paymentView(p *payment) object {
	if p.Online != nil {
		return s.onlineView(p)
	}
	a := s.accounts[p.UserID]
	t := a.site()
	fee := p.Amount / 100 * 8 / 10 // 0.8 %, for the look of it
	refunds := []object{}
	for _, r := range p.Refunds {
		refunds = append(refunds, s.refundView(p, r))
	}
	order := object{}
	if p.MerchantID != 0 {
		order = object{"type": "mercadopago", "id": text(p.MerchantID)}
	}
	card := object{}
	if face, ok := cardFaces[p.Card.method(t)]; ok {
		card = object{"first_six_digits": face.six, "last_four_digits": p.Card.LastFour, "cardholder": object{"name": p.Card.Holder}}
	}
	method := p.Card.method(t)
	o := object{"id": p.ID, "date_created": classicTime(p.Created), "date_approved": classicOrNull(p.Approved), "date_last_updated": classicTime(p.Updated),
		"date_of_expiration": nil, "money_release_date": classicOrNull(p.Approved), "operation_type": "pos_payment", "issuer_id": "3",
		"payment_method_id": method, "payment_type_id": p.Card.Type, "payment_method": object{"id": method, "type": p.Card.Type, "issuer_id": "3"},
		"status": p.Status, "status_detail": p.Detail, "currency_id": t.Currency, "description": p.Description, "live_mode": !a.Test,
		"authorization_code": nil, "taxes_amount": 0, "shipping_amount": 0, "collector_id": a.UserID,
		"payer":    object{"id": text(buyerID), "email": "test_user_1299000111@testuser.com", "identification": object{"type": nil, "number": nil}, "type": nil},
		"metadata": object{}, "additional_info": object{}, "order": order, "external_reference": p.Ref, "transaction_amount": t.number(p.Amount),
		"transaction_amount_refunded": t.number(p.refundedTotal()), "coupon_amount": 0, "installments": p.Card.Installments,
		"transaction_details": object{"net_received_amount": t.number(p.Amount - fee), "total_paid_amount": t.number(p.Amount), "overpaid_amount": 0,
			"installment_amount": t.number(p.Amount / int64(p.Card.Installments)), "external_resource_url": nil, "financial_institution": nil, "payment_method_reference_id": nil},
		"fee_details": []object{}, "charges_details": []any{}, "captured": true, "binary_mode": false, "statement_descriptor": plain(a.BusinessName, 13),
		"card": card, "notification_url": orNull(p.NotificationURL), "refunds": refunds, "processing_mode": "aggregator", "merchant_account_id": nil,
		"point_of_interaction": object{"type": "INSTORE", "business_info": object{"unit": "in_store", "sub_unit": "qr"}}, "sponsor_id": nil,
		"pos_id": orNull(idText(p.POSID)), "store_id": orNull(idText(p.StoreID))}
	if p.Status == approved || p.Status == refunded {
		o["authorization_code"] = "301299"
		o["fee_details"] = []object{{"type": "mercadopago_fee", "amount": t.number(fee), "fee_payer": "collector"}}
	}
	return o
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return text(id)
}

// ownPayment finds the payment of the path that belongs to the token.
func (c *call) ownPayment() (*payment, *reply) {
	id, err := strconv.ParseInt(c.path("id"), 10, 64)
	if err != nil {
		r := c.cause(http.StatusBadRequest, 1, "Invalid payment id")
		return nil, &r
	}
	p := c.sim.payments[id]
	if p == nil || p.UserID != c.account.UserID {
		r := c.cause(http.StatusNotFound, 2000, "Payment not found")
		return nil, &r
	}
	return p, nil
}

func getPayment(c *call) reply {
	p, bad := c.ownPayment()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.paymentView(p)}
}
