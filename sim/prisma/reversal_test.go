package prisma_test

import (
	"testing"

	"posta/sim/prisma"
)

// reverse asks for the void of a payment with some fields changed.
func (b *stand) reverse(payment string, changes ...any) answer {
	b.Helper()
	fields := map[string]any{"subnet_acquirer_id": "9", "payment_id": payment, "terminal_menu_text": "Anulacion $1.500,00", "ecr_transaction_id": "rev1",
		"print_copies": "BOTH", "terminals_list": on(one)}
	return b.call("POST", reversals+"?cuit_cuil="+cuit, text(map[string]any{"reversal_request_data": with(fields, changes...)}))
}

// reversing has the void asked for and taken.
func (b *stand) reversing(payment string) {
	b.Helper()
	b.want(b.reverse(payment), 200)
	b.do(b.sim.Take(one, payment))
}

func (b *stand) reversal(payment, want string) answer {
	b.Helper()
	a := b.want(b.call("GET", reversals+"/"+payment+subnet, ""), 200)
	b.equal(a, want, "reversal_data", "reversal_status")
	return a
}

func (b *stand) cancelReversal(payment string) answer {
	b.Helper()
	return b.call("PUT", reversals+"/"+payment+"/cancellations"+subnet+"&Nota=", "")
}

func TestPRREV01_VoidsAWholePayment(t *testing.T) {
	b := newStand(t, paced)
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	a := b.want(b.reverse(id), 200)
	b.equal(a, "REVERSAL_REQUEST", "reversal_data", "reversal_status")
	b.equal(a, id, "reversal_data", "payment_id")
	b.equal(a, "rev1", "reversal_request_data", "ecr_transaction_id")
	b.equal(a, "150000", "reversal_data", "payment_request", "payment_amount")
	i := b.sim.Intents(one)[0]
	if i.Kind != prisma.KindReversal || i.PaymentID != id || i.Amount != 150000 {
		t.Fatal(i)
	}
	b.do(b.sim.Take(one, i.ID))
	b.reversal(id, "PROCESSING_REVERSAL")
	b.do(b.sim.Confirm(one)) // no card
	b.reversal(id, "PROCESSING_REVERSAL")
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	b.equal(b.reversal(id, "REVERSED"), "00", "reversal_data", "payment_data", "acquirer_response_code")
	b.status(id, "CONFIRMED") // the payment's own status stays
	x := b.sim.Books().Authorizations[0]
	if !x.Reversed || x.VoidedBy != "reversal" {
		t.Fatal(x)
	}
}

func TestPRREV02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{})
	for _, tt := range []struct {
		field string
		value any
	}{{"print_copies", 2}, {"payment_id", nil}, {"payment_amount", "100"}, {"terminal_menu_text", ""}, {"terminals_list", nil}, {"subnet_acquirer_id", "1"},
		{"ecr_transaction_id", absent}} {
		b.refused(b.reverse(id, tt.field, tt.value), 400, tt.field)
	}
	b.refused(b.reverse(id, "terminals_list", on("99999999")), 404, "Terminal")
}

func TestPRREV03_OnlyAConfirmedPaymentOnce(t *testing.T) {
	b := newStand(t)
	b.refused(b.reverse("11111111-2222-4333-8444-555555555555"), 404, "Pago")
	b.refused(b.call("GET", reversals+"/"+b.asked()+subnet, ""), 404, "Anulación")
	b.refused(b.reverse(b.asked()), 409, "no está confirmado")
	id := b.paid(prisma.Card{})
	b.reversing(id)
	b.refused(b.reverse(id), 409, "anulación pendiente")
	b.do(b.sim.Confirm(one))
	b.reversal(id, "REVERSED")
	b.refused(b.reverse(id), 409, "ya fue anulado")
	id = b.paid(prisma.Card{})
	b.reversing(id)
	b.do(b.sim.Plant(one, prisma.Movement{Type: "void", Payment: id})) // on the device meanwhile
	b.do(b.sim.Confirm(one))
	b.equal(b.reversal(id, "REVERSAL_DECLINED"), "OPERACION YA ANULADA", "reversal_data", "payment_data", "acquirer_additional_message")
}

// TestPRREV04… to 06: what the terminal refuses, and the switches that let it.
func (b *stand) terminalRefuses(id, words string, sw prisma.Switches) {
	b.Helper()
	b.reversing(id)
	b.do(b.sim.Confirm(one))
	b.equal(b.reversal(id, "REVERSAL_DECLINED"), words, "reversal_data", "payment_data", "acquirer_additional_message")
	if b.sim.Books().Authorizations[0].Reversed {
		b.Fatal("it was voided")
	}
	b.do(b.sim.SetSwitches(sw))
	b.reversing(id)
	b.do(b.sim.Confirm(one))
	b.reversal(id, "REVERSED")
}

func TestPRREV04_NotAfterTheBatchWasClosed(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{})
	b.do(b.sim.CloseBatch(one))
	b.terminalRefuses(id, "LOTE CERRADO", prisma.Switches{ReversalAfterClose: true})
	if x := b.sim.Books().Authorizations[0]; x.Batch != 1 || x.VoidedIn != 2 {
		t.Fatal(x)
	}
	b.do(b.sim.CloseBatch(one))
	x := b.sim.Books().Batches
	if x[0].Totals.Reversals.Count != 0 || x[1].Totals.Reversals.Count != 1 || b.sim.Terminals()[0].Totals.Total.Count != 0 {
		t.Fatal("the void is not in the batch in which it was made", x)
	}
}

func TestPRREV05_NotAmericanExpress(t *testing.T) {
	b := newStand(t)
	b.terminalRefuses(b.paid(prisma.Card{Brand: "AM"}), "TARJETA NO ADMITE ANULACION", prisma.Switches{ReversalAmex: true})
}

func TestPRREV06_NotOnAnotherTerminal(t *testing.T) {
	b := newStand(t)
	id := b.asked("terminals_list", on(two))
	b.do(b.sim.Take(two, id))
	b.do(b.sim.Present(two, prisma.Card{}))
	b.terminalRefuses(id, "CUPON DE OTRA TERMINAL", prisma.Switches{ReversalAnyTerminal: true})
}

func TestPRREV07_CanceledBeforeATerminalTookIt(t *testing.T) {
	b := newStand(t, paced)
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	b.want(b.reverse(id), 200)
	b.equal(b.want(b.cancelReversal(id), 200), "UNDO_REVERSAL_REQUEST", "reversal_data", "reversal_status")
	b.clock.Move(prisma.RealisticPace.Undo)
	b.reversal(id, "PROCESSING_UNDO_REVERSAL")
	b.clock.Move(prisma.RealisticPace.Undo)
	b.reversal(id, "REVERSAL_UNDONE")
	b.refused(b.cancelReversal(id), 409, "finalizó")
	if b.sim.Books().Authorizations[0].Reversed {
		t.Fatal("the payment does not stand")
	}
	b.want(b.reverse(id), 200) // another one may be asked for
	b.reversal(id, "REVERSAL_REQUEST")
}

func TestPRREV08_CanceledWhileProcessing(t *testing.T) {
	for _, tt := range []struct {
		race, between, end string
		final, reversed    bool
	}{
		{prisma.RaceUndoWins, "REVERSAL_UNDONE", "REVERSAL_UNDONE", false, false},
		{prisma.RacePaymentWins, "UNDO_REVERSAL_DECLINED", "REVERSED", false, true},
		{prisma.RacePaymentWins, "UNDO_REVERSAL_DECLINED", "UNDO_REVERSAL_DECLINED", true, true},
	} {
		b := newStand(t)
		id := b.paid(prisma.Card{})
		b.reversing(id)
		b.refused(b.cancelReversal(id), 409, "procesada")
		b.do(b.sim.SetSwitches(prisma.Switches{CancelRace: tt.race, UndoDeclinedFinal: tt.final}))
		b.equal(b.want(b.cancelReversal(id), 200), "UNDO_REVERSAL_REQUEST", "reversal_data", "reversal_status")
		b.reversal(id, tt.between)
		if err := b.sim.Confirm(one); (err == nil) != tt.reversed {
			t.Fatal(tt, err)
		}
		b.reversal(id, tt.end)
		if x := b.sim.Books().Authorizations[0]; x.Reversed != tt.reversed {
			t.Fatal(tt, x)
		}
		if len(b.sim.Intents("")) != 0 {
			t.Fatal("it has no end", b.sim.Intents(""))
		}
	}
}

func TestPRREV09_CanceledOnTheDevice(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{})
	b.reversing(id)
	b.do(b.sim.CancelAt(one))
	b.reversal(id, "REVERSAL_UNDONE")
	b.do(b.sim.SetSwitches(prisma.Switches{DeviceCancelDeclined: true}))
	b.reversing(id)
	b.do(b.sim.CancelAt(one))
	b.reversal(id, "REVERSAL_DECLINED")
	if b.sim.Books().Authorizations[0].Reversed {
		t.Fatal("the payment does not stand")
	}
}

func TestPRREV10_DeclinedAndError(t *testing.T) {
	for _, tt := range []struct {
		outcome, want string
		reversed      bool
	}{{"decline", "REVERSAL_DECLINED", false}, {"error", "REVERSAL_ERROR", false}, {"error_charged", "REVERSAL_ERROR", true}} {
		b := newStand(t)
		id := b.paid(prisma.Card{})
		b.reversing(id)
		b.do(b.sim.SetOutcome(one, tt.outcome))
		b.do(b.sim.Confirm(one))
		b.reversal(id, tt.want)
		if b.sim.Books().Authorizations[0].Reversed != tt.reversed {
			t.Fatal(tt)
		}
	}
}

func TestPRREV11_PowerCutAfterTheVoid(t *testing.T) {
	for when, want := range map[prisma.Cut]string{prisma.CutAfterAuthorization: "REVERSED", prisma.CutAfterAuthorizationUndo: "REVERSAL_UNDONE"} {
		b := newStand(t)
		id := b.paid(prisma.Card{})
		b.reversing(id)
		b.do(b.sim.CutPower(one, when))
		b.do(b.sim.Confirm(one))
		b.reversal(id, "PROCESSING_REVERSAL")
		b.do(b.sim.SetPower(one, true))
		b.reversal(id, want)
		if b.sim.Books().Authorizations[0].Reversed != (want == "REVERSED") {
			t.Fatal(want)
		}
	}
}
