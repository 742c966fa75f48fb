package mercadopago

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// onlineView is an online payment as the payments API writes it
// (docs/providers/mercadopago-online.md §2.3).
func (s *Simulator) onlineView(p *payment) object {
	a, o := s.accounts[p.UserID], p.Online
	t := a.site()
	fee := int64(0)
	released, code := any(nil), any(nil)
	fees := []object{}
	if !p.Approved.IsZero() {
		fee = (p.Amount*onlineFee + 5000) / 10000
		released, code = classicTime(p.Approved.Add(14*24*time.Hour)), "301299"
		fees = append(fees, object{"type": "mercadopago_fee", "amount": t.number(fee), "fee_payer": "collector"})
		if o.Fee > 0 {
			fees = append(fees, object{"type": "application_fee", "amount": t.number(o.Fee), "fee_payer": "collector"})
		}
	}
	refunds := []object{}
	for _, r := range p.Refunds {
		refunds = append(refunds, s.refundView(p, r))
	}
	card := object{}
	if o.Card != nil {
		card = object{"id": orNull(o.Card.CardID), "first_six_digits": o.Card.First, "last_four_digits": o.Card.Last, "expiration_month": o.Card.Month,
			"expiration_year": o.Card.Year, "cardholder": o.Card.holderView(), "date_created": classicTime(p.Created), "date_last_updated": classicTime(p.Created)}
	}
	order := object{}
	if p.MerchantID != 0 {
		order = object{"type": "mercadopago", "id": text(p.MerchantID)}
	} else if o.OrderNumber != "" {
		order = object{"type": o.OrderType, "id": o.OrderNumber}
	}
	net := int64(0)
	if !p.Approved.IsZero() {
		net = p.Amount - fee - o.Fee
	}
	each, total := p.Amount, p.Amount
	if o.Card != nil && o.Type == creditCard {
		if each, total = t.costs(p.Amount, p.Card.Installments); total > p.Amount && !p.Approved.IsZero() {
			fees = append(fees, object{"type": "financing_fee", "amount": t.number(total - p.Amount), "fee_payer": "payer"})
		}
	}
	details := object{"net_received_amount": t.number(net), "total_paid_amount": t.number(total + o.Shipping), "overpaid_amount": 0, "installment_amount": 0,
		"external_resource_url": nil, "financial_institution": nil, "payment_method_reference_id": nil, "payable_deferral_period": nil, "acquirer_reference": nil}
	if o.Card != nil {
		details["installment_amount"] = t.number(each)
	}
	var expires any
	if v := o.Voucher; v != nil {
		expires = classicTime(v.Until)
		details["payment_method_reference_id"], details["verification_code"], details["financial_institution"] = v.Reference, v.Verification, orNull(v.Institution)
		if o.Method != "pix" {
			details["external_resource_url"] = s.voucherURL(p)
		}
		if v.Transfer != 0 {
			details["bank_transfer_id"], details["transaction_id"] = v.Transfer, text(v.Transfer)
		}
		if v.Barcode != "" {
			details["barcode"] = object{"content": v.Barcode}
		}
	}
	view := object{"id": p.ID, "date_created": classicTime(p.Created), "date_approved": classicOrNull(p.Approved), "date_last_updated": classicTime(p.Updated),
		"date_of_expiration": expires, "money_release_date": released, "money_release_status": nil, "operation_type": o.Operation, "issuer_id": orNull(o.Issuer),
		"payment_method_id": o.Method, "payment_type_id": o.Type, "payment_method": object{"id": o.Method, "type": o.Type, "issuer_id": orNull(o.Issuer)},
		"status": p.Status, "status_detail": p.Detail, "currency_id": t.Currency, "description": orNull(p.Description), "live_mode": !a.Test && !o.Test,
		"authorization_code": code, "taxes_amount": 0, "shipping_amount": t.number(o.Shipping), "collector_id": a.UserID, "payer": o.Payer.view(), "metadata": orEmpty(o.Metadata),
		"additional_info": orEmpty(o.Additional), "order": order, "external_reference": orNull(p.Ref), "transaction_amount": t.number(p.Amount),
		"transaction_amount_refunded": t.number(p.refundedTotal()), "coupon_amount": 0, "differential_pricing_id": nil, "installments": p.Card.Installments,
		"transaction_details": details, "fee_details": fees, "charges_details": []any{}, "captured": o.Captured, "binary_mode": o.Binary, "call_for_authorize_id": nil,
		"statement_descriptor": orNull(o.Descriptor), "card": card, "notification_url": orNull(p.NotificationURL), "callback_url": orNull(o.CallbackURL), "refunds": refunds,
		"processing_mode": "aggregator", "merchant_account_id": nil, "acquirer": nil, "merchant_number": nil, "acquirer_reconciliation": []any{},
		"point_of_interaction": s.interactionView(p), "sponsor_id": nil, "pos_id": nil, "store_id": nil, "application_fee": nil, "counter_currency": nil,
		"date_captured": nil, "deduction_schema": nil, "platform_id": nil, "corporation_id": nil, "integrator_id": nil, "money_release_schema": nil}
	if o.Fee > 0 {
		view["application_fee"] = t.number(o.Fee)
	}
	if v := o.Voucher; v != nil && v.Barcode != "" {
		view["barcode"] = object{"content": v.Barcode}
	}
	if o.Challenge != nil && p.Status == pending {
		view["three_ds_info"] = object{"external_resource_url": s.challengeAddress(p), "creq": o.Challenge.Request}
	}
	return view
}

// onlineFee is what the provider keeps, in ten-thousandths: for the look of it.
const onlineFee = 500

// interactionView is the point_of_interaction: what the seller sent, with the
// Pix code where there is one.
func (s *Simulator) interactionView(p *payment) object {
	o := p.Online
	out := object{"type": "UNSPECIFIED", "business_info": object{"unit": "online_payments", "sub_unit": "default"}}
	if o.PreferenceID != "" {
		out["type"], out["business_info"] = "CHECKOUT", object{"unit": "online_payments", "sub_unit": "checkout_pro"}
	}
	for k, v := range o.Interaction {
		out[k] = v
	}
	if v := o.Voucher; v != nil && v.QR != "" {
		out["type"] = "OPENPLATFORM"
		out["application_data"] = object{"name": nil, "version": nil}
		out["transaction_data"] = object{"qr_code": v.QR, "qr_code_base64": v.Picture, "ticket_url": s.voucherURL(p),
			"bank_transfer_id": nil, "transaction_id": nil, "financial_institution": nil,
			"bank_info": object{"payer": object{"account_id": nil, "id": nil, "long_name": nil, "external_account_id": nil},
				"collector": object{"account_id": nil, "long_name": nil, "account_holder_name": firstText(s.accounts[p.UserID].BusinessName, "Test Test"), "transfer_account_id": nil}}}
	}
	return out
}

func (w payer) view() object {
	return object{"id": text(w.ID), "type": orNull(w.Type), "email": orNull(w.Email), "first_name": orNull(w.FirstName), "last_name": orNull(w.LastName),
		"entity_type": orNull(w.EntityType), "phone": object{"area_code": orNull(fields(w.Phone).loose("area_code")), "number": orNull(fields(w.Phone).loose("number")), "extension": nil},
		"identification": object{"type": orNull(w.Identification.Type), "number": orNull(w.Identification.Number)}}
}

// voucherURL is the page that shows the voucher to the buyer; "" without one.
func (s *Simulator) voucherURL(p *payment) string {
	if p.Online == nil || p.Online.Voucher == nil {
		return ""
	}
	return fmt.Sprintf("%s/payments/%d/ticket?caller_id=%d&hash=%s", s.cfg.PublicURL, p.ID, p.Online.Payer.ID, ticketHash(p))
}

func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

// snake writes the keys of metadata as the provider gives them back: orderNumber
// becomes order_number.
func snake(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := object{}
		for k, e := range x {
			out[snakeKey(k)] = snake(e)
		}
		return out
	case []any:
		for i := range x {
			x[i] = snake(x[i])
		}
	}
	return v
}

func snakeKey(k string) string {
	var b strings.Builder
	for i, r := range k {
		if unicode.IsUpper(r) {
			if i > 0 && k[i-1] != '_' {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		if r == '-' || r == ' ' {
			r = '_'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// payerText is the payer's number, as searches compare it.
func (p *payment) payerText() string {
	if p.Online != nil {
		return text(p.Online.Payer.ID)
	}
	return text(buyerID)
}
