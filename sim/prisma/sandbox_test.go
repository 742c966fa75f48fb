package prisma_test

import (
	"strings"
	"testing"

	"posta/sim/prisma"
)

const sandboxQuery = "?cuit_cuil=30-12345678-9&subnet_acquirer_id=1"

// sandbox logs in with a sandbox account.
func sandbox(t *testing.T) *stand {
	b := newStand(t)
	b.do(b.sim.AddAccount(prisma.Account{PublicKey: "box", SecretKey: "x", CUIT: "30-12345678-9", Environment: prisma.Sandbox}))
	b.bearer = b.token("GET", "box", "x", "?grant_type=client_credentials", "").text("access_token")
	return b
}

var sandboxFields = with(paymentFields, "subnet_acquirer_id", "1", "payment_amount", "1500", "terminal_menu_text", "Pedido de $15,00", "ecr_provider",
	"Software Company", "ecr_name", "Software Name", "ecr_transaction_id", nil, "payment_type", nil, "terminals_list", on("12345678"),
	"qr_benefit_code", true, "merchant_group_code", "1238494234", "is_tip", true)

func TestPRSBX01_TheFixtureOnly(t *testing.T) {
	b := sandbox(t)
	create := func(changes ...any) answer {
		return b.call("POST", payments+"?cuit_cuil=30-12345678-9", text(map[string]any{"payment_request_data": with(sandboxFields, changes...)}))
	}
	a := b.want(create(), 200)
	b.equal(a, "PAYMENT_REQUEST", "payment_data", "payment_status")
	for field := range sandboxFields {
		b.refused(create(field, "other"), 400, "No se pudo completar la operación")
		b.refused(create(field, absent), 400, "No se pudo completar la operación")
	}
	b.refused(create("extra", nil), 400, "No se pudo completar la operación")
	b.refused(b.call("POST", payments+"?cuit_cuil="+cuit, text(map[string]any{"payment_request_data": sandboxFields})), 400, "No se pudo")
	id := a.text("payment_data", "payment_id")
	b.equal(b.want(b.call("GET", payments+"/"+id+sandboxQuery, ""), 200), "CONFIRMED", "payment_data", "payment_status")
	b.equal(b.want(b.call("PUT", payments+"/"+id+"/cancellations"+sandboxQuery, ""), 200), "UNDO_REQUEST", "payment_data", "payment_status")
	b.refused(b.call("GET", payments+"/other"+sandboxQuery, ""), 400, "No se pudo")
	if len(b.sim.Intents("")) != 0 {
		t.Fatal("the mock offered something to a terminal")
	}
}

func TestPRSBX02_TheOtherOperations(t *testing.T) {
	b := sandbox(t)
	query := "?cuit_cuil=30-12345678-9"
	id := "11111111-2222-4333-8444-555555555555"
	body := `{"reversal_request_data":{"subnet_acquirer_id":"1","payment_id":"` + id + `","terminal_menu_text":"Anulacion $15,00","ecr_transaction_id":null,
		"print_copies":"BOTH","terminals_list":[{"terminal_id":"12345678"}]}}`
	b.equal(b.want(b.call("POST", reversals+query, body), 200), "REVERSAL_REQUEST", "reversal_data", "reversal_status")
	b.refused(b.call("POST", reversals+query, strings.Replace(body, "BOTH", "NONE", 1)), 400, "No se pudo")
	b.equal(b.want(b.call("GET", reversals+"/"+id+sandboxQuery, ""), 200), "REVERSED", "reversal_data", "reversal_status")
	b.want(b.call("PUT", reversals+"/"+id+"/cancellations"+sandboxQuery, ""), 200)
	body = `{"subnet_acquirer_id":"1","refund_amount":"1500","terminal_menu_text":"Devolucion $15,00","ecr_provider":"Software Company","ecr_name":"Software Name",
		"ecr_version":"1.0","ecr_transaction_id":null,"print_copies":"BOTH","terminals_list":[{"terminal_id":"12345678"}],"card_brand_product":null}`
	a := b.want(b.call("POST", refunds+query, body), 200)
	b.equal(b.want(b.call("GET", refunds+"/"+a.text("refund_data", "refund_id")+sandboxQuery, ""), 200), "CONFIRMED", "refund_data", "refund_status")
	b.want(b.call("PUT", refunds+"/"+a.text("refund_data", "refund_id")+"/cancellations"+sandboxQuery, ""), 200)
	a = b.want(b.call("POST", settlements+sandboxQuery+"&terminal_id=12345678&print_receipt=true", "{}"), 200)
	b.equal(b.want(b.call("GET", settlements+"/"+a.text("settlements_data", "settlement_id")+sandboxQuery, ""), 200), "CONFIRMED", "settlements_data", "settlement_status")
	b.refused(b.call("POST", settlements+sandboxQuery+"&terminal_id=10000001&print_receipt=true", "{}"), 400, "No se pudo")
}
