package prisma_test

import (
	"regexp"
	"strings"
	"testing"

	"posta/sim/prisma"
)

func TestPRPAY01_CreateAnswers200AndWaits(t *testing.T) {
	b := newStand(t)
	a := b.want(b.create(), 200)
	b.equal(a, "PAYMENT_REQUEST", "payment_data", "payment_status")
	b.equal(a, "2026-11-20T12:00:00", "payment_data", "payment_request_date")
	b.equal(a, "9", "payment_request_data", "subnet_acquirer_id")
	b.equal(a, "pay1", "payment_request_data", "ecr_transaction_id")
	id := a.text("payment_data", "payment_id")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Fatal(a.raw)
	}
	list := b.sim.Intents(one)
	if len(list) != 1 || list[0].ID != id || list[0].Text != "Pedido de $1.500,00" || list[0].Amount != 150000 || list[0].Reference != "pay1" {
		t.Fatal(list)
	}
	b.status(id, "PAYMENT_REQUEST")
}

func TestPRPAY02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct {
		field string
		value any
	}{
		{"extra", 1}, {"payment_amount", "1500.00"}, {"payment_amount", "1.500,00"}, {"payment_amount", 1500}, {"payment_amount", "0"},
		{"payment_amount", "-5"}, {"payment_amount", ""}, {"payment_amount", absent}, {"payment_amount", nil}, {"change_amount", nil}, {"change_amount", "1.50"}, {"change_amount", 0},
		{"terminal_menu_text", ""}, {"terminal_menu_text", absent}, {"ecr_provider", nil}, {"ecr_name", 1}, {"ecr_version", 1.0},
		{"ecr_transaction_id", 7}, {"ecr_transaction_id", absent}, {"installments_number", "1"}, {"installments_number", 0}, {"installments_number", 1.5},
		{"bank_account_type", 1}, {"bank_account_type", absent}, {"payment_plan_id", absent}, {"payment_type", "PREPAID"}, {"print_method", 1},
		{"print_method", "MOBITEF_FISCAL"}, {"print_copies", 2}, {"print_copies", "both"}, {"print_copies", nil}, {"print_preview", "ALL"},
		{"terminals_list", []any{}}, {"terminals_list", nil}, {"terminals_list", on("123")}, {"terminals_list", on(one, one)}, {"terminals_list", []any{one}},
		{"terminals_list", []any{map[string]any{"terminal_id": one, "name": "x"}}},
		{"terminals_list", []any{map[string]any{"terminal_id": 10000001}}}, {"card_brand_product", "VISA"}, {"card_brand_product", 1},
		{"card_brand_product", absent}, {"terminal_operation_method", 0}, {"terminal_operation_method", "NFC"}, {"qr_benefit_code", "true"},
		{"qr_benefit_code", absent}, {"trx_receipt_notes", absent}, {"card_holder_id", 12345678}, {"merchant_group_code", 1}, {"is_tip", 1},
		{"currency_code", "840"}, {"currency_code", 32},
	} {
		b.refused(b.create(tt.field, tt.value), 400, tt.field)
	}
	for _, body := range []string{"", "{", "[]", "null", `{"payment_request_data":[]}`, `{}`, text(paymentFields), `{"payment_request_data":{}} {}`} {
		b.refused(b.call("POST", payments+"?cuit_cuil="+cuit, body), 400, "")
	}
	b.refused(b.call("POST", payments+"?cuit_cuil="+cuit, text(map[string]any{"payment_request_data": paymentFields}), "Content-Type", "text/plain"), 400, "Content-Type")
	if len(b.sim.Intents("")) != 0 {
		t.Fatal("a refused request was stored")
	}
}

func TestPRPAY03_NewerFieldsMayBeAbsent(t *testing.T) {
	b := newStand(t)
	b.asked("payment_type", absent, "print_preview", absent, "merchant_group_code", absent, "is_tip", absent, "currency_code", absent,
		"terminal_operation_method", absent, "qr_benefit_code", nil, "installments_number", nil, "ecr_transaction_id", nil)
	if i := b.sim.Intents(one)[0]; i.Method != "CARD" || i.Installments != 0 || i.Reference != "" {
		t.Fatal(i)
	}
}

func TestPRPAY04_TakenAndConfirmed(t *testing.T) {
	b := newStand(t, paced)
	id := b.asked("card_brand_product", "VI", "installments_number", 6, "trx_receipt_notes", "Gracias")
	b.do(b.sim.Take(one, id))
	b.status(id, "PROCESSING_PAYMENT")
	b.do(b.sim.Present(one, prisma.Card{Entry: "CHIP_CONTACTLESS", LastFour: "4321"}))
	a := b.status(id, "PROCESSING_PAYMENT")
	b.equal(a, "<nil>", "payment_data", "authorization_code")
	b.equal(a, one, "payment_data", "terminal_id")
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	a = b.status(id, "CONFIRMED")
	for field, want := range map[string]string{"authorized_payment_amount": "150000", "change_amount": "0", "installments_number": "6", "payment_type": "CREDIT",
		"card_brand_product": "VI", "card_brand": "VISA", "card_type": "CHIP_CONTACTLESS", "last_four_digits": "4321", "acquirer_id": "PRISMA",
		"acquirer_response_code": "00", "transaction_receipt": "1", "batch_number": "1", "cuit_cuil": cuit, "merchant_name": "Comercio Demo",
		"terminal_model": "N910", "qr_code_id": "<nil>"} {
		b.equal(a, want, "payment_data", field)
	}
	for _, words := range []string{"VISA", "************4321", "CUOTAS", "$ 1.500,00", "Gracias", a.text("payment_data", "authorization_code"), "COPIA CLIENTE"} {
		if !strings.Contains(a.text("payment_data", "client_receipt_detail"), words) {
			t.Fatalf("the slip does not say %q: %s", words, a.text("payment_data", "client_receipt_detail"))
		}
	}
	books := b.sim.Books()
	if len(books.Authorizations) != 1 {
		t.Fatal(books)
	}
	if x := books.Authorizations[0]; x.PaymentID != id || x.EcrTransactionID != "pay1" || x.Amount != 150000 || x.Terminal != one || x.Batch != 1 || x.Coupon != 1 ||
		x.Code != a.text("payment_data", "authorization_code") || x.Kind != "CREDIT" || x.Reversed {
		t.Fatal(x)
	}
}

func TestPRPAY05_DeclinedAndError(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct {
		card         prisma.Card
		status, code string
		charged      int
	}{
		{prisma.Card{Outcome: "decline"}, "DECLINED", "51", 0},
		{prisma.Card{Outcome: "expired_card"}, "DECLINED", "54", 0},
		{prisma.Card{PIN: "0000"}, "DECLINED", "55", 0},
		{prisma.Card{PIN: "1234", Outcome: "decline"}, "DECLINED", "51", 0},
		{prisma.Card{Outcome: "wrong_pin"}, "DECLINED", "55", 0},
		{prisma.Card{Outcome: "error"}, "ERROR", "91", 0},
		{prisma.Card{Outcome: "error_charged"}, "ERROR", "96", 1},
	} {
		id := b.asked()
		b.do(b.sim.Take(one, id))
		b.do(b.sim.Present(one, tt.card))
		a := b.status(id, tt.status)
		b.equal(a, tt.code, "payment_data", "acquirer_response_code")
		b.equal(a, "<nil>", "payment_data", "authorized_payment_amount")
		if n := len(b.sim.Books().Authorizations); n != tt.charged {
			t.Fatalf("%v left %d authorizations", tt.card, n)
		}
	}
}

func TestPRPAY06_NothingIsDeduplicated(t *testing.T) {
	b := newStand(t)
	if first, second := b.asked(), b.asked(); first == second || len(b.sim.Intents(one)) != 2 {
		t.Fatal("the same ecr_transaction_id was taken for the same payment")
	}
}

func TestPRPAY07_UnknownIs404(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	b.refused(b.call("GET", payments+"/nobody"+subnet, ""), 404, "Pago")
	b.refused(b.cancel("nobody"), 404, "Pago")
	b.refused(b.create("terminals_list", on("99999999")), 404, "Terminal")
	b.refused(b.call("GET", refunds+"/"+id+subnet, ""), 404, "")
	b.refused(b.call("DELETE", payments+"/"+id+subnet, ""), 404, "")
	b.refused(b.call("POST", payments+"/"+id+"/cancellations"+subnet, ""), 404, "")
	b.do(b.sim.AddAccount(prisma.Account{PublicKey: "other", SecretKey: "x", CUIT: "30-00000001-5", Terminals: []prisma.Terminal{{ID: "20000001"}}}))
	b.refused(b.create("terminals_list", on("20000001")), 404, "Terminal")
	mine := b.bearer
	b.bearer = ""
	b.bearer = b.token("GET", "other", "x", "?grant_type=client_credentials", "").text("access_token")
	b.refused(b.call("GET", payments+"/"+id+"?cuit_cuil=30-00000001-5&subnet_acquirer_id=9", ""), 404, "Pago")
	b.refused(b.call("GET", payments+"/"+id+subnet, ""), 404, "Comercio")
	their := b.bearer
	b.bearer = mine
	id = b.paid(prisma.Card{})
	b.bearer = their
	b.refused(b.call("POST", reversals+"?cuit_cuil=30-00000001-5", text(map[string]any{"reversal_request_data": map[string]any{"subnet_acquirer_id": "9", "payment_id": id,
		"terminal_menu_text": "x", "ecr_transaction_id": nil, "print_copies": "BOTH", "terminals_list": on("20000001")}})), 404, "Pago")
}

func TestPRPAY08_CUITWithDashes(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	bare := payments + "/" + id + "?cuit_cuil=30000000007&subnet_acquirer_id=9"
	b.refused(b.call("GET", payments+"/"+id+"?subnet_acquirer_id=9", ""), 400, "cuit_cuil")
	b.refused(b.call("GET", bare, ""), 400, "cuit_cuil")
	b.do(b.sim.SetSwitches(prisma.Switches{CUITBareDigits: true}))
	b.want(b.call("GET", bare, ""), 200)
	b.payment(id)
}

func TestPRPAY09_FacilitatorByEnvironment(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	b.refused(b.create("subnet_acquirer_id", "2"), 400, "subnet_acquirer_id")
	b.refused(b.create("subnet_acquirer_id", 9), 400, "subnet_acquirer_id")
	b.refused(b.call("GET", payments+"/"+id+"?cuit_cuil="+cuit, ""), 400, "subnet_acquirer_id")
	b.do(b.sim.SetSwitches(prisma.Switches{SubnetRelaxed: true}))
	b.want(b.call("GET", payments+"/"+id+"?cuit_cuil="+cuit, ""), 200)
	b.asked("subnet_acquirer_id", absent)
	b.do(b.sim.SetSwitches(prisma.Switches{}))
	b.do(b.sim.AddAccount(prisma.Account{PublicKey: public, SecretKey: secret, CUIT: cuit, Environment: prisma.Production}))
	b.refused(b.create(), 400, "subnet_acquirer_id")
	b.asked("subnet_acquirer_id", "2")
}

func TestPRPAY10_SeveralTerminalsFirstToTake(t *testing.T) {
	b := newStand(t)
	id := b.asked("terminals_list", on(one, two))
	if len(b.sim.Intents(one)) != 1 || len(b.sim.Intents(two)) != 1 {
		t.Fatal("it is not on both lists")
	}
	b.do(b.sim.Take(two, id))
	if len(b.sim.Intents(one)) != 0 || b.sim.Take(one, id) == nil {
		t.Fatal("it stayed on the other list")
	}
	b.do(b.sim.Present(two, prisma.Card{}))
	b.equal(b.status(id, "CONFIRMED"), two, "payment_data", "terminal_id")
}

func TestPRPAY11_SeveralIntentsWait(t *testing.T) {
	b := newStand(t)
	first, second := b.asked(), b.asked("ecr_transaction_id", "pay2")
	list := b.sim.Intents(one)
	if len(list) != 2 || list[0].ID != first || list[1].ID != second {
		t.Fatal(list)
	}
	b.do(b.sim.Take(one, second))
	if b.sim.Take(one, first) == nil {
		t.Fatal("a busy terminal took another intent")
	}
	b.do(b.sim.Present(one, prisma.Card{}))
	b.status(first, "PAYMENT_REQUEST")
	b.do(b.sim.SetSwitches(prisma.Switches{OneIntentPerTerminal: true}))
	b.refused(b.create(), 409, "pendiente")
	b.refused(b.create("terminals_list", on(two, one)), 409, one)
	b.asked("terminals_list", on(two))
}
