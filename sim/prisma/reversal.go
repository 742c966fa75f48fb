package prisma

import (
	"encoding/json"
	"net/http"
)

// createReversal offers the void of a whole payment to terminals; the path of
// the later calls bears the payment's id (docs/providers/prisma.md §6).
func createReversal(c *call) reply {
	f, bad := c.inner("reversal_request_data")
	if bad != nil {
		return *bad
	}
	i := &intent{Kind: KindReversal}
	i.Request, _ = json.Marshal(f.fields)
	subnet := f.text("subnet_acquirer_id")
	i.PaymentID = f.filled("payment_id")
	i.Text = f.filled("terminal_menu_text")
	i.Reference = f.text("ecr_transaction_id")
	i.Copies = f.one("print_copies", "BOTH", "MERCHANT_ONLY", "CUSTOMER_ONLY", "NONE")
	i.Terminals = f.terminals()
	f.need("ecr_transaction_id")
	if wrong := f.end(); wrong != "" {
		return c.badRequest(wrong)
	}
	p, old := c.sim.intents[i.PaymentID], c.sim.reversalOf[i.PaymentID]
	switch {
	case p == nil || p.Kind != KindPayment || p.Account != c.account.PublicKey:
		return c.notFound("Pago")
	case p.Stage != done:
		return c.conflict("El pago no está confirmado: " + p.status())
	case c.sim.authOf[p.ID].Reversed:
		return c.conflict("El pago ya fue anulado")
	case old != nil && !old.final():
		return c.conflict("El pago tiene una anulación pendiente")
	}
	i.Amount = c.sim.authOf[p.ID].Amount
	if bad := c.consent(f, subnet, i); bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.reversalAnswer(i)}
}

func getReversal(c *call) reply {
	i := c.find(KindReversal)
	if i == nil {
		return c.notFound("Anulación")
	}
	return reply{status: http.StatusOK, body: c.sim.reversalAnswer(i)}
}

func (s *Simulator) reversalAnswer(i *intent) object {
	p := s.intents[i.PaymentID]
	return object{"reversal_request_data": i.Request, "reversal_data": s.shape(object{
		"payment_id": i.PaymentID, "reversal_status": i.status(), "reversal_request_date": s.date(i.Created), "reversal_status_date": s.date(i.Moved),
		"payment_request": p.Request, "payment_data": s.reversalPayment(i, p)})}
}

// reversalPayment is the payment's data, with the void's own answer once it is
// known (inferred: §6 says only that it is as §5.3).
func (s *Simulator) reversalPayment(i, p *intent) object {
	v := s.paymentData(p)
	if i.Result != nil && i.Step == "" {
		s.outcome(v, i)
		v["acquirer_id"], v["batch_number"] = acquirer(p.Card.Brand), s.auths[p.Result.Authorization].Batch
		s.shape(v)
	}
	return v
}
