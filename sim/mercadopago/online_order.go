package mercadopago

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// onlineOrder is what an order of type online has beyond one of a till
// (docs/providers/mercadopago-online.md §2.1). It has one transaction at most,
// which the order's own payment fields tell of.
type onlineOrder struct {
	Processing string // automatic, manual
	Capture    string // automatic, manual, automatic_async
	Payer      payer
	Pay        *orderPay // nil until a transaction is added
	Config     object    // echoed
	Shipment   object
	Additional object
	Test       bool

	PreferenceID string // behind checkout_url, of the manual ones
	ClientToken  string
	SecurityMode string // three_d_secure_mode that the configuration asks for
	CallbackURL  string
}

// orderPay is how a transaction is to be paid, as it was sent.
type orderPay struct {
	Method, Type, Token, Descriptor, Institution string
	Installments                                 int
	ExpirationTime                               string    // ISO 8601 duration, echoed
	Until                                        time.Time // zero is the method's own
}

// onlineState tells an order's status and its transaction's from the payment
// (§2.1, [spec] below the documents).
func onlineState(p *payment) (status, detail, payStatus, payDetail string) {
	switch p.Status {
	case approved, inMediation:
		if p.refundedTotal() > 0 {
			return "processed", "partially_refunded", "processed", "partially_refunded"
		}
		return "processed", "accredited", "processed", "accredited"
	case refunded:
		return "refunded", "refunded", "refunded", "refunded"
	case authorized:
		return "action_required", "waiting_capture", "action_required", "waiting_capture"
	case inProcess:
		return "processing", "in_review", "processing", "in_review"
	case pending:
		wait := map[string]string{"pending_waiting_transfer": "waiting_transfer", "pending_challenge": "pending_challenge"}[p.Detail]
		wait = cmp.Or(wait, "waiting_payment")
		return "action_required", wait, "action_required", wait
	case cancelled:
		if p.Detail == "expired" {
			return "expired", "expired", "expired", "expired"
		}
		return "canceled", "canceled", "canceled", "canceled_by_api"
	case chargedBack:
		return "charged_back", p.Detail, "charged_back", p.Detail
	}
	why := cmp.Or(pointFailures[p.Card.Holder], "rejected_by_issuer")
	if p.Detail == "cc_rejected_3ds_challenge" || p.Detail == "rejected_by_bank" {
		why = p.Detail
	}
	return "failed", "failed", "failed", why
}

// orderMoved carries a payment's change to its order, where it is of type online.
func (s *Simulator) orderMoved(p *payment, now time.Time) {
	o := s.orders[p.OrderID]
	if o == nil || o.Online == nil || !slices.Contains(o.Attempts, p.ID) {
		return
	}
	status, detail, payStatus, payDetail := onlineState(p)
	if o.Status == status && o.Detail == detail && p.refundedTotal() == 0 {
		return
	}
	action := "order." + status
	if detail == "partially_refunded" {
		action = "order.refunded"
	}
	s.moveOrder(o, status, detail, payStatus, payDetail, action, now)
}

// orderTook files a payment under its order. A card that was declined on the
// checkout's page leaves the order open for another.
func (s *Simulator) orderTook(o *order, p *payment, page bool, now time.Time) {
	o.Attempts = append(o.Attempts, p.ID)
	if page && p.Status == rejected {
		s.put(o)
		return
	}
	s.orderMoved(p, now)
}

// latest is the payment of the order's transaction, nil before one was tried.
func (s *Simulator) latest(o *order) *payment {
	if n := len(o.Attempts); n > 0 {
		return s.payments[o.Attempts[n-1]]
	}
	return nil
}

func (s *Simulator) onlineOrderView(o *order) object {
	a := s.accounts[o.UserID]
	t, w := a.site(), o.Online
	country := t.Alpha3
	if s.switches.CountryCodeAlpha2 {
		country = t.Country
	}
	integration := object{"application_id": text(o.Via.of(a))}
	for k, v := range o.Integration {
		integration[k] = v
	}
	transactions := object{}
	v := object{"id": o.ID, "type": o.Type, "processing_mode": w.Processing, "capture_mode": w.Capture, "external_reference": o.Ref, "total_amount": t.text(o.Total),
		"country_code": country, "user_id": text(o.UserID), "status": o.Status, "status_detail": o.Detail, "currency": t.Currency, "created_date": utcTime(o.Created),
		"last_updated_date": utcTime(o.Updated), "integration_data": integration, "transactions": transactions,
		"payer": object{"entity_type": w.Payer.EntityType, "customer_id": w.Payer.CustomerID}}
	for name, value := range map[string]any{"description": o.Description, "expiration_time": o.ExpirationTime, "client_token": w.ClientToken} {
		if value != "" {
			v[name] = value
		}
	}
	if w.Config != nil {
		v["config"] = w.Config
	}
	if w.Shipment != nil {
		v["shipment"] = w.Shipment
	}
	if len(o.Items) > 0 {
		v["items"] = o.Items
	}
	if p := s.preferences[w.PreferenceID]; p != nil {
		v["checkout_url"] = s.checkoutURL(p)
	}
	if w.Pay != nil || len(o.Attempts) > 0 {
		pay := s.onlinePayView(o)
		transactions["payments"] = []object{pay}
		if p := s.paid(o); p != nil {
			v["total_paid_amount"] = t.text(p.Amount)
			var list []object
			for _, r := range p.Refunds {
				list = append(list, orderRefundView(o, t, r))
			}
			if len(list) > 0 {
				transactions["refunds"] = list
			}
		}
	}
	return v
}

// onlinePayView is the transaction, with the next step where the buyer has one.
func (s *Simulator) onlinePayView(o *order) object {
	t, w := s.accounts[o.UserID].site(), o.Online
	method := object{}
	pay := object{"id": o.PaymentID, "amount": t.text(o.Total), "status": o.PaymentStatus, "status_detail": o.PaymentDetail, "payment_method": method}
	if sent := w.Pay; sent != nil {
		method["id"], method["type"] = sent.Method, sent.Type
		for name, value := range map[string]string{"token": sent.Token, "statement_descriptor": sent.Descriptor, "financial_institution": sent.Institution} {
			if value != "" {
				method[name] = value
			}
		}
		if sent.Installments > 0 {
			method["installments"] = sent.Installments
		}
		if sent.ExpirationTime != "" {
			pay["expiration_time"] = sent.ExpirationTime
		}
	}
	p := s.latest(o)
	if p == nil {
		return pay
	}
	method["id"], method["type"], pay["reference_id"] = p.Online.Method, p.Online.Type, text(p.ID)
	if p.Online.Card != nil {
		method["installments"] = p.Card.Installments
	}
	if p == s.paid(o) {
		pay["paid_amount"] = t.text(p.Amount)
		if back := p.refundedTotal(); back > 0 {
			pay["refunded_amount"] = t.text(back)
		}
	}
	if c := p.Online.Challenge; c != nil && p.Status == pending {
		method["transaction_security"] = object{"id": c.ID, "url": s.challengeAddress(p), "type": "three_ds", "validation": "required", "status": "pending"}
	}
	if voucher := p.Online.Voucher; voucher != nil {
		pay["date_of_expiration"] = utcTime(voucher.Until)
		method["ticket_url"], method["reference"], method["verification_code"] = s.voucherURL(p), voucher.Reference, voucher.Verification
		if voucher.Barcode != "" {
			method["barcode_content"] = voucher.Barcode
		}
		if voucher.QR != "" {
			method["qr_code"] = voucher.QR
			if data, ok := s.interactionView(p)["transaction_data"].(object); ok {
				method["qr_code_base64"] = data["qr_code_base64"]
			}
		}
		if p.Online.Method == "pse" {
			method["redirect_url"] = s.voucherURL(p)
		}
	}
	return pay
}

// threeDS is three_d_secure_mode for what an order's configuration says.
func threeDS(validation string) string {
	return map[string]string{"supported": "optional", "required": "mandatory", "never": "not_supported"}[strings.ToLower(validation)]
}
