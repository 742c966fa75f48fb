package prisma_test

import (
	"errors"
	"testing"

	"posta/sim/prisma"
)

func (b *stand) giveBack(changes ...any) answer {
	b.Helper()
	fields := map[string]any{"subnet_acquirer_id": "9", "refund_amount": "00500", "terminal_menu_text": "Devolucion $5,00", "ecr_provider": "Posta", "ecr_name": "Caja",
		"ecr_version": "1.0", "ecr_transaction_id": "ref1", "print_copies": "BOTH", "terminals_list": on(one), "card_brand_product": nil}
	return b.call("POST", refunds+"?cuit_cuil="+cuit, text(with(fields, changes...)))
}

func (b *stand) refund(id, want string) answer {
	b.Helper()
	a := b.want(b.call("GET", refunds+"/"+id+subnet, ""), 200)
	b.equal(a, want, "refund_data", "refund_status")
	return a
}

// refunding has a refund asked for, taken and the card presented.
func (b *stand) refunding(card prisma.Card, changes ...any) string {
	b.Helper()
	id := b.want(b.giveBack(changes...), 200).text("refund_data", "refund_id")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, card))
	return id
}

func TestPRREF01_RefundsWithoutAnyPayment(t *testing.T) {
	b := newStand(t, paced)
	a := b.want(b.giveBack(), 200)
	b.equal(a, "REFUND_REQUEST", "refund_data", "refund_status")
	b.equal(a, "ref1", "refund_request", "ecr_transaction_id")
	id := a.text("refund_data", "refund_id")
	b.equal(b.refund(id, "REFUND_REQUEST"), "ref1", "refund_request_data", "ecr_transaction_id")
	b.do(b.sim.Take(one, id))
	b.refund(id, "PROCESSING_REFUND")
	b.do(b.sim.Present(one, prisma.Card{Brand: "AM"}))
	if b.sim.Intents(one)[0].Step != prisma.StepConfirm {
		t.Fatal(b.sim.Intents(one))
	}
	b.do(b.sim.Confirm(one))
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	a = b.refund(id, "CONFIRMED")
	for field, want := range map[string]string{"refunds_transaction_receipt": "1", "batch_number": "1", "acquirer_id": "AMEX", "terminal_id": one,
		"acquirer_response_code": "00", "refund_client_id": "1", "error": "<nil>"} {
		b.equal(a, want, "refund_data", field)
	}
	if _, ok := a.at("refund_data", "batch_number").(string); !ok {
		t.Fatal("the batch number of a refund is a string")
	}
	r := b.sim.Books().Refunds
	if len(r) != 1 || r[0].Amount != 500 || r[0].RefundID != id || r[0].EcrTransactionID != "ref1" || r[0].Code != a.text("refund_data", "authorization_code") {
		t.Fatal(r)
	}
}

func TestPRREF02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct {
		field string
		value any
	}{{"refund_amount", 500}, {"refund_amount", "5,00"}, {"refund_amount", "00000"}, {"payment_id", "x"}, {"print_copies", 2}, {"card_brand_product", absent},
		{"ecr_provider", absent}, {"subnet_acquirer_id", "1"}, {"terminals_list", on()}} {
		b.refused(b.giveBack(tt.field, tt.value), 400, tt.field)
	}
	b.refused(b.call("POST", refunds+"?cuit_cuil="+cuit, text(map[string]any{"refund_request_data": map[string]any{}})), 400, "")
	b.refused(b.call("GET", refunds+"/nobody"+subnet, ""), 404, "Devolución")
}

func TestPRREF03_Canceled(t *testing.T) {
	b := newStand(t)
	cancel := func(id string) answer { return b.call("PUT", refunds+"/"+id+"/cancellations"+subnet, "") }
	id := b.want(b.giveBack(), 200).text("refund_data", "refund_id")
	b.equal(b.want(cancel(id), 200), "UNDO_REQUEST", "refund_data", "refund_status")
	b.refund(id, "UNDONE")
	id = b.refunding(prisma.Card{})
	b.refused(cancel(id), 409, "procesada")
	b.do(b.sim.CancelAt(one))
	b.refund(id, "UNDONE")
	b.do(b.sim.SetSwitches(prisma.Switches{CancelRace: prisma.RaceUndoWins}))
	id = b.refunding(prisma.Card{})
	b.want(cancel(id), 200)
	b.refund(id, "UNDONE")
	if len(b.sim.Books().Refunds) != 0 {
		t.Fatal("money moved")
	}
}

func TestPRREF04_DeclinedTellsTheError(t *testing.T) {
	b := newStand(t)
	id := b.refunding(prisma.Card{Outcome: "decline"})
	b.do(b.sim.Confirm(one))
	b.equal(b.refund(id, "DECLINED"), "FONDOS INSUFICIENTES", "refund_data", "error", "title")
	id = b.refunding(prisma.Card{Outcome: "error"})
	b.do(b.sim.Confirm(one))
	b.refund(id, "ERROR")
	if len(b.sim.Books().Refunds) != 0 {
		t.Fatal("money moved")
	}
}

func TestPRREF05_OnlyTheBrandThatWasAskedFor(t *testing.T) {
	b := newStand(t)
	id := b.want(b.giveBack("card_brand_product", "MC"), 200).text("refund_data", "refund_id")
	b.do(b.sim.Take(one, id))
	if err := b.sim.Present(one, prisma.Card{}); !errors.Is(err, prisma.ErrCard) {
		t.Fatal(err)
	}
	b.do(b.sim.Present(one, prisma.Card{Brand: "MC"}))
}

func TestPRREF06_NotEnabledBySwitch(t *testing.T) {
	b := newStand(t, switched(func(w *prisma.Switches) { w.RefundsDisabled = true }))
	b.refused(b.giveBack(), 409, "no habilitadas")
	if len(b.sim.Intents(one)) != 0 {
		t.Fatal("it was offered")
	}
}

func TestPRREF07_PowerCutAfterTheRefund(t *testing.T) {
	for when, want := range map[prisma.Cut]string{prisma.CutAfterAuthorization: "CONFIRMED", prisma.CutAfterAuthorizationUndo: "UNDONE"} {
		b := newStand(t)
		id := b.refunding(prisma.Card{})
		b.do(b.sim.CutPower(one, when))
		b.do(b.sim.Confirm(one))
		b.refund(id, "PROCESSING_REFUND")
		b.do(b.sim.SetPower(one, true))
		b.refund(id, want)
		if r := b.sim.Books().Refunds; len(r) != 1 || r[0].Voided != (want == "UNDONE") {
			t.Fatal(r)
		}
		if n := b.sim.Terminals()[0].Totals.Refunds.Count; (n == 0) != (want == "UNDONE") {
			t.Fatal("a refund that was taken back is in the totals, or one that stands is not")
		}
	}
}
