package prisma

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// createRefund offers a refund to terminals. Its fields have no wrapper, and
// it is tied to no payment (docs/providers/prisma.md §7).
func createRefund(c *call) reply {
	f, err := parseForm(c.body)
	if err != nil {
		return c.badRequest("body")
	}
	i := &intent{Kind: KindRefund}
	i.Request, _ = json.Marshal(f.fields)
	subnet := f.text("subnet_acquirer_id")
	if i.Amount = f.centavos("refund_amount"); i.Amount == 0 {
		f.refuse("refund_amount")
	}
	i.Text = f.filled("terminal_menu_text")
	f.filled("ecr_provider")
	f.filled("ecr_name")
	f.filled("ecr_version")
	i.Reference = f.text("ecr_transaction_id")
	i.Copies = f.one("print_copies", "BOTH", "MERCHANT_ONLY", "CUSTOMER_ONLY", "NONE")
	i.Terminals = f.terminals()
	i.Brand = f.brand("card_brand_product")
	f.need("ecr_transaction_id", "card_brand_product")
	if c.sim.switches.RefundsDisabled && f.end() == "" {
		return c.conflict("Devoluciones no habilitadas para el comercio")
	}
	if bad := c.consent(f, subnet, i); bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.refundAnswer(i, true)}
}

func getRefund(c *call) reply {
	i := c.find(KindRefund)
	if i == nil {
		return c.notFound("Devolución")
	}
	return reply{status: http.StatusOK, body: c.sim.refundAnswer(i, false)}
}

// refundAnswer names the echo refund_request after create and
// refund_request_data later, as the one source has it (§7).
func (s *Simulator) refundAnswer(i *intent, created bool) object {
	echo := "refund_request_data"
	if created {
		echo = "refund_request"
	}
	v := object{"refund_id": i.ID, "refund_status": i.status(), "refund_request_date": s.date(i.Created), "refund_status_date": s.date(i.Moved),
		"card_brand_product": orNull(i.Brand), "refund_client_id": nil, "refunds_transaction_receipt": nil, "authorization_code": nil,
		"refund_auth_nsu": nil, "error": nil}
	s.place(v, i)
	s.outcome(v, i)
	delete(v, "acquirer_additional_message") // not among a refund's fields
	r := i.Result
	if r == nil || i.Step != "" {
		return object{echo: i.Request, "refund_data": s.shape(v)}
	}
	if i.Card != nil {
		v["acquirer_id"], v["card_brand_product"] = acquirer(i.Card.Brand), i.Card.Brand
	}
	if e := s.refunds[r.Refund]; e != nil && i.Stage == done {
		v["refund_client_id"], v["refunds_transaction_receipt"], v["batch_number"] = e.Number, strconv.FormatInt(e.Coupon, 10), strconv.FormatInt(e.Batch, 10)
		v["authorization_code"], v["refund_auth_nsu"] = e.Code, nsu(e.Number)
	} else {
		v["error"] = object{"status": "409", "code": "PST-" + r.Code, "title": r.Message, "acquirer_message": r.Message}
	}
	return object{echo: i.Request, "refund_data": s.shape(v)}
}
