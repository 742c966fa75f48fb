package prisma

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// createPayment offers a payment to terminals (docs/providers/prisma.md §5.2).
// Nothing is de-duplicated (§12).
func createPayment(c *call) reply {
	f, bad := c.inner("payment_request_data")
	if bad != nil {
		return *bad
	}
	i := &intent{Kind: KindPayment}
	i.Request, _ = json.Marshal(f.fields)
	subnet := f.text("subnet_acquirer_id")
	i.Amount = f.centavos("payment_amount")
	if i.Amount == 0 {
		f.refuse("payment_amount")
	}
	i.Text = f.filled("terminal_menu_text")
	f.filled("ecr_provider")
	f.filled("ecr_name")
	f.filled("ecr_version")
	i.Change = f.centavos("change_amount")
	i.Reference = f.text("ecr_transaction_id")
	i.Installments = f.whole("installments_number", 1, 99)
	f.text("bank_account_type")
	f.text("payment_plan_id")
	i.CardKind = f.one("payment_type", "", "CREDIT", "DEBIT")
	f.one("print_method", "MOBITEF_NON_FISCAL")
	i.Copies = f.one("print_copies", "BOTH", "MERCHANT_ONLY", "CUSTOMER_ONLY", "NONE")
	f.one("print_preview", "", "NONE")
	i.Terminals = f.terminals()
	i.Brand = f.brand("card_brand_product")
	if i.Method = f.one("terminal_operation_method", "", "CARD", "QR_CODE"); i.Method == "" {
		i.Method = "CARD"
	}
	i.Benefit = f.flag("qr_benefit_code")
	i.Note = f.text("trx_receipt_notes")
	i.Holder = f.text("card_holder_id")
	f.text("merchant_group_code")
	i.Tip = f.flag("is_tip")
	f.one("currency_code", "", "032")
	// What the older clients send too must be there, null or not (§5.2).
	f.need("ecr_transaction_id", "installments_number", "bank_account_type", "payment_plan_id", "card_brand_product", "qr_benefit_code",
		"trx_receipt_notes", "card_holder_id")
	if bad := c.consent(f, subnet, i); bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.paymentAnswer(i)}
}

// inner reads the body's one object of that name.
func (c *call) inner(name string) (*form, *reply) {
	f, err := parseForm(c.body)
	if err != nil {
		r := c.badRequest("body")
		return nil, &r
	}
	m, _ := f.ask(name).(map[string]any)
	if f.end() != "" || m == nil {
		r := c.badRequest(name)
		return nil, &r
	}
	return &form{fields: m}, nil
}

// consent refuses a body with a fault, or offers the intent.
func (c *call) consent(f *form, subnet string, i *intent) *reply {
	wrong := f.end()
	if wrong == "" && !c.subnet(subnet) {
		wrong = "subnet_acquirer_id"
	}
	if wrong != "" {
		r := c.badRequest(wrong)
		return &r
	}
	return c.offer(i)
}

func getPayment(c *call) reply {
	i := c.find(KindPayment)
	if i == nil {
		return c.notFound("Pago")
	}
	return reply{status: http.StatusOK, body: c.sim.paymentAnswer(i)}
}

// searchPayments exists, its schema is not known (§5.1, §16.2): whatever is
// asked is refused.
func searchPayments(c *call) reply {
	return c.fail(http.StatusBadRequest, "PST-400", "No se pudo completar la operación")
}

func (s *Simulator) paymentAnswer(i *intent) object {
	return object{"payment_request_data": i.Request, "payment_data": s.paymentData(i)}
}

// paymentData is what is known of a payment (docs/providers/prisma.md §5.3).
func (s *Simulator) paymentData(i *intent) object {
	v := object{"payment_id": i.ID, "payment_status": i.status(), "payment_request_date": s.date(i.Created), "payment_status_date": s.date(i.Moved),
		"change_amount": strconv.FormatInt(i.Change, 10), "installments_number": orNull(i.Installments), "trx_receipt_notes": orNull(i.Note),
		"card_holder_id": orNull(i.Holder)}
	for _, name := range []string{"authorized_payment_amount", "bank_account_type", "payment_plan_id", "qr_original_amount", "qr_code_id", "payment_type",
		"card_brand_product", "card_brand", "card_type", "bin", "last_four_digits", "card_holder", "payment_auth_nsu", "transaction_receipt", "client_transaction_id",
		"tax_receipt_content", "order_notes", "authorization_code"} {
		v[name] = nil
	}
	s.place(v, i)
	s.outcome(v, i)
	if i.Result == nil || i.Step != "" {
		return s.shape(v)
	}
	if card := i.Card; card != nil {
		v["payment_type"], v["card_brand_product"], v["card_brand"], v["card_type"] = card.Kind, card.Brand, brandName(card.Brand), card.Entry
		v["bin"], v["last_four_digits"], v["card_holder"], v["acquirer_id"] = card.BIN, card.LastFour, orNull(card.Holder), acquirer(card.Brand)
		v["installments_number"] = card.Installments
		if card.Entry == "QR_CODE" {
			v["qr_original_amount"], v["qr_code_id"] = strconv.FormatInt(i.Amount, 10), i.QR
			v["bin"] = nil
		}
	}
	if a := s.auths[i.Result.Authorization]; a != nil && i.Stage == done {
		v["authorized_payment_amount"] = strconv.FormatInt(a.Amount, 10)
		v["transaction_receipt"], v["client_transaction_id"], v["batch_number"] = a.Coupon, a.Number, a.Batch
		v["authorization_code"], v["payment_auth_nsu"] = a.Code, nsu(a.Number)
	}
	return s.shape(v)
}

// place tells of merchant and terminal, once one has taken the intent.
func (s *Simulator) place(v object, i *intent) {
	a := s.accounts[i.Account]
	v["merchant_id"], v["merchant_name"], v["cuit_cuil"] = a.merchantID(), a.Name, a.CUIT
	v["terminal_id"], v["terminal_serial"], v["terminal_model"], v["mobitef_app_vers"] = nil, nil, nil, nil
	if d := s.devices[i.Terminal]; d != nil {
		v["terminal_id"], v["terminal_serial"], v["terminal_model"], v["mobitef_app_vers"] = d.ID, d.Serial, d.Model, "1.0.0"
	}
}

// outcome tells what the acquirer answered, once the terminal has passed it on.
func (s *Simulator) outcome(v object, i *intent) {
	for _, name := range []string{"acquirer_id", "acquirer_response_code", "acquirer_additional_message", "acquirer_response_date", "batch_number",
		"client_receipt_detail", "merchant_receipt_detail"} {
		v[name] = nil
	}
	r := i.Result
	if r == nil || i.Step != "" {
		return
	}
	v["acquirer_response_code"], v["acquirer_additional_message"], v["acquirer_response_date"] = orNull(r.Code), r.Message, s.date(r.At)
	if i.Stage == done {
		v["client_receipt_detail"], v["merchant_receipt_detail"] = orNull(r.Client), orNull(r.Shop)
	}
}

// nsu is the number under which the acquirer's network knows an operation.
func nsu(n int64) string { return strconv.FormatInt(100_000_000+n, 10) }
