package prisma

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
)

// The sandbox is a mock with fixed data per use case; whatever differs is an
// error (docs/providers/prisma.md §14). The bodies are those of §15, with the
// sandbox's facilitator; all but the payment's are inferred.
const (
	sandboxCUIT       = "30-12345678-9"
	sandboxTerminal   = "12345678"
	sandboxPayment    = "11111111-2222-4333-8444-555555555555"
	sandboxRefund     = "66666666-7777-4888-8999-000000000000"
	sandboxSettlement = "99999999-aaaa-4bbb-8ccc-dddddddddddd"

	sandboxPaymentBody = `{"payment_request_data":{"subnet_acquirer_id":"1","payment_amount":"1500","terminal_menu_text":"Pedido de $15,00",
"ecr_provider":"Software Company","ecr_name":"Software Name","ecr_version":"1.0","change_amount":"0","ecr_transaction_id":null,
"installments_number":1,"bank_account_type":null,"payment_plan_id":null,"payment_type":null,"print_method":"MOBITEF_NON_FISCAL",
"print_copies":"BOTH","print_preview":"NONE","terminals_list":[{"terminal_id":"12345678"}],"card_brand_product":null,
"terminal_operation_method":"CARD","qr_benefit_code":true,"trx_receipt_notes":null,"card_holder_id":null,
"merchant_group_code":"1238494234","is_tip":true,"currency_code":"032"}}`
	sandboxReversalBody = `{"reversal_request_data":{"subnet_acquirer_id":"1","payment_id":"11111111-2222-4333-8444-555555555555",
"terminal_menu_text":"Anulacion $15,00","ecr_transaction_id":null,"print_copies":"BOTH","terminals_list":[{"terminal_id":"12345678"}]}}`
	sandboxRefundBody = `{"subnet_acquirer_id":"1","refund_amount":"1500","terminal_menu_text":"Devolucion $15,00","ecr_provider":"Software Company",
"ecr_name":"Software Name","ecr_version":"1.0","ecr_transaction_id":null,"print_copies":"BOTH","terminals_list":[{"terminal_id":"12345678"}],
"card_brand_product":null}`
)

// mock answers a sandbox account.
func (c *call) mock() reply {
	out := c.mocked()
	if out == nil {
		return c.fail(http.StatusBadRequest, "PST-400", "No se pudo completar la operación")
	}
	return reply{status: http.StatusOK, body: out}
}

func (c *call) mocked() object {
	if c.query("cuit_cuil") != sandboxCUIT || c.op.subnet && !c.subnet(c.query("subnet_acquirer_id")) {
		return nil
	}
	switch c.op.name {
	case "payment_create":
		return c.fixed(sandboxPaymentBody, "", sandboxPaymentAnswer("PAYMENT_REQUEST"))
	case "payment_get":
		return c.fixed("", sandboxPayment, sandboxPaymentAnswer("CONFIRMED"))
	case "payment_cancel":
		return c.fixed("", sandboxPayment, sandboxPaymentAnswer("UNDO_REQUEST"))
	case "reversal_create":
		return c.fixed(sandboxReversalBody, "", sandboxReversalAnswer("REVERSAL_REQUEST"))
	case "reversal_get":
		return c.fixed("", sandboxPayment, sandboxReversalAnswer("REVERSED"))
	case "reversal_cancel":
		return c.fixed("", sandboxPayment, sandboxReversalAnswer("UNDO_REVERSAL_REQUEST"))
	case "refund_create":
		return c.fixed(sandboxRefundBody, "", object{"refund_data": object{"refund_id": sandboxRefund, "refund_status": "REFUND_REQUEST"}})
	case "refund_get":
		return c.fixed("", sandboxRefund, object{"refund_data": object{"refund_id": sandboxRefund, "refund_status": "CONFIRMED"}})
	case "refund_cancel":
		return c.fixed("", sandboxRefund, object{"refund_data": object{"refund_id": sandboxRefund, "refund_status": "UNDO_REQUEST"}})
	case "settlement_create":
		if c.query("terminal_id") == sandboxTerminal && c.query("print_receipt") == "true" {
			return sandboxSettlementAnswer("SETTLEMENT_REQUEST")
		}
	case "settlement_get":
		return c.fixed("", sandboxSettlement, sandboxSettlementAnswer("CONFIRMED"))
	}
	return nil
}

// fixed gives the answer when body and id are the fixture's.
func (c *call) fixed(body, id string, answer object) object {
	if id != c.path("id") {
		return nil
	}
	if body != "" {
		var want, got any
		if json.Unmarshal([]byte(body), &want) != nil || json.Unmarshal(c.body, &got) != nil || !reflect.DeepEqual(want, got) {
			return nil
		}
	}
	return answer
}

func sandboxPaymentAnswer(status string) object {
	data := object{"payment_id": sandboxPayment, "payment_status": status, "payment_request_date": "2024-05-01T12:00:00"}
	if status == "CONFIRMED" {
		maps.Copy(data, object{"payment_status_date": "2024-05-01T12:00:40", "payment_type": "CREDIT", "merchant_id": "00000001",
			"merchant_name": "COMERCIO DEMO", "cuit_cuil": sandboxCUIT, "terminal_id": sandboxTerminal, "terminal_serial": "SN0001", "terminal_model": "N910",
			"mobitef_app_vers": "1.0.0", "authorized_payment_amount": "1500", "change_amount": "0", "installments_number": 1, "acquirer_id": "PRISMA",
			"card_brand_product": "VI", "card_brand": "VISA", "card_type": "CHIP_CONTACTLESS", "bin": "450799", "last_four_digits": "1234",
			"client_transaction_id": 1, "transaction_receipt": 165, "batch_number": 3, "acquirer_response_code": "00", "acquirer_additional_message": "",
			"authorization_code": "123456", "client_receipt_detail": "COPIA CLIENTE", "merchant_receipt_detail": "COPIA COMERCIO"})
	}
	return object{"payment_request_data": object{"subnet_acquirer_id": "1", "payment_amount": "1500", "terminals_list": []object{{"terminal_id": sandboxTerminal}}},
		"payment_data": data}
}

func sandboxReversalAnswer(status string) object {
	return object{"reversal_request_data": object{"subnet_acquirer_id": "1"},
		"reversal_data": object{"payment_id": sandboxPayment, "reversal_status": status, "reversal_request_date": "2024-05-01T12:10:00"}}
}

func sandboxSettlementAnswer(status string) object {
	data := object{"settlement_id": sandboxSettlement, "settlement_status": status, "subnet_acquirer_id": "1", "terminal_id": sandboxTerminal, "print_receipt": "true"}
	if status == "CONFIRMED" {
		data["batch_number"], data["acquirer_response_code"], data["merchant_receipt_detail"] = "3", "00", "CIERRE DE LOTE"
	}
	return object{"settlements_data": data}
}
