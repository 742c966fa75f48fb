package prisma_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/sim/prisma"
)

const closing = settlements + subnet + "&terminal_id=" + one + "&print_receipt=true"

func (b *stand) settlement(id, want string) answer {
	b.Helper()
	a := b.want(b.call("GET", settlements+"/"+id+subnet, ""), 200)
	b.equal(a, want, "settlements_data", "settlement_status")
	return a
}

// closed has the first terminal's batch closed by an intent.
func (b *stand) closed() answer {
	b.Helper()
	id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Confirm(one))
	return b.settlement(id, "CONFIRMED")
}

// sample makes the batch of docs/simulators.md: two Visas, a Mastercard that
// is voided.
func (b *stand) sample() {
	b.Helper()
	id := b.paid(prisma.Card{Brand: "MC"})
	b.paid(prisma.Card{})
	b.paid(prisma.Card{})
	b.reversing(id)
	b.do(b.sim.Confirm(one))
	b.reversal(id, "REVERSED")
}

func TestPRSET01_ClosesABatch(t *testing.T) {
	b := newStand(t, paced)
	b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
	a := b.want(b.call("POST", closing, ""), 200) // no body is as good as {}
	b.equal(a, "SETTLEMENT_REQUEST", "settlements_data", "settlement_status")
	b.equal(a, one, "settlements_data", "terminal_id")
	b.equal(a, "true", "settlements_data", "print_receipt")
	b.equal(a, "9", "settlements_data", "subnet_acquirer_id")
	id := a.text("settlements_data", "settlement_id")
	if i := b.sim.Intents(one)[0]; i.Kind != prisma.KindSettlement || i.ID != id || i.Text == "" {
		t.Fatal(i)
	}
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Confirm(one))
	b.settlement(id, "PROCESSING_SETTLEMENT")
	b.clock.Move(prisma.RealisticPace.Close - time.Millisecond)
	b.settlement(id, "PROCESSING_SETTLEMENT")
	b.clock.Move(time.Millisecond)
	a = b.settlement(id, "CONFIRMED")
	b.equal(a, "1", "settlements_data", "batch_number")
	b.equal(a, "00", "settlements_data", "acquirer_response_code")
	if _, ok := a.at("settlements_data", "batch_number").(string); !ok {
		t.Fatal("the batch number of a settlement is a string")
	}
	list := b.sim.Books().Batches
	if len(list) != 1 || list[0].SettlementID != id || list[0].Number != 1 || list[0].By != "settlement" || b.sim.Terminals()[0].Batch != 2 {
		t.Fatal(list)
	}
}

func TestPRSET02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct{ old, new, words string }{
		{"print_receipt=true", "print_receipt=True", "print_receipt"}, {"&print_receipt=true", "", "print_receipt"},
		{"terminal_id=" + one, "terminal_id=1", "terminal_id"}, {"&terminal_id=" + one, "", "terminal_id"},
		{"&subnet_acquirer_id=9", "", "subnet_acquirer_id"},
	} {
		b.refused(b.call("POST", strings.Replace(closing, tt.old, tt.new, 1), "{}"), 400, tt.words)
	}
	b.refused(b.call("POST", closing, `{"terminal_id":"10000001"}`), 400, "body")
	b.refused(b.call("POST", strings.Replace(closing, one, "99999999", 1), "{}"), 404, "Terminal")
	b.refused(b.call("GET", settlements+"/nobody"+subnet, ""), 404, "Cierre")
	b.do(b.sim.SetSwitches(prisma.Switches{PrintReceiptAnyCase: true}))
	b.want(b.call("POST", strings.Replace(closing, "=true", "=True", 1), "{}"), 200)
}

func TestPRSET03_TheReceiptSumsTheBatch(t *testing.T) {
	b := newStand(t)
	for range 2 { // so that it is the third batch
		b.do(b.sim.Plant(one, prisma.Movement{Amount: 1}))
		b.do(b.sim.CloseBatch(one))
	}
	b.sample()
	want := `CIERRE DE LOTE
COMERCIO DEMO
TERMINAL: 10000001
LOTE: 3
VISA             2     3.000,00
MASTERCARD       1     1.500,00
VENTAS           3     4.500,00
ANULACIONES      1     1.500,00
DEVOLUCIONES     0         0,00
TOTAL            4     3.000,00`
	if got := b.closed().text("settlements_data", "merchant_receipt_detail"); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if b.sim.Terminals()[0].Slip != want {
		t.Fatal("the terminal did not print it")
	}
}

func TestPRSET04_TheTotalMayBeNegative(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.Plant(one, prisma.Movement{Type: "refund", Amount: 50000}))
	b.do(b.sim.Plant(one, prisma.Movement{Brand: "AM", Amount: 123456789012}))
	b.do(b.sim.Plant(one, prisma.Movement{Type: "refund", Amount: 123456789012}))
	got := b.closed().text("settlements_data", "merchant_receipt_detail")
	if b.sim.Terminals()[0].Totals.Total.Count != 0 {
		t.Fatal("the next batch does not begin empty")
	}
	if !regexp.MustCompile(`\nTOTAL +3 +-500,00$`).MatchString(got) {
		t.Fatal(got)
	}
	if !regexp.MustCompile(`\nAMERICAN EXPRESS {2,}1 {2,}1\.234\.567\.890,12\n`).MatchString(got) {
		t.Fatal(got)
	}
}

func TestPRSET05_AnEmptyBatchIsDeclined(t *testing.T) {
	b := newStand(t)
	id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Confirm(one))
	b.equal(b.settlement(id, "DECLINED"), "LOTE SIN MOVIMIENTOS", "settlements_data", "acquirer_additional_message")
	if len(b.sim.Books().Batches) != 0 || b.sim.Terminals()[0].Batch != 1 {
		t.Fatal("it was closed")
	}
	b.do(b.sim.SetSwitches(prisma.Switches{SettlementEmptyOK: true}))
	b.equal(b.closed(), "1", "settlements_data", "batch_number")
}

func TestPRSET06_ThereIsNoCancellation(t *testing.T) {
	b := newStand(t)
	id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
	b.refused(b.call("PUT", settlements+"/"+id+"/cancellations"+subnet, ""), 404, "")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.CancelAt(one)) // on the device there is
	b.settlement(id, "DECLINED")
}

func TestPRSET07_SwitchesOfTheAnswer(t *testing.T) {
	b := newStand(t)
	b.sample()
	b.do(b.sim.SetSwitches(prisma.Switches{SettlementReceiptFree: true}))
	if got := b.closed().text("settlements_data", "merchant_receipt_detail"); strings.Contains(got, "VENTAS") || !strings.Contains(got, "LOTE 1") {
		t.Fatal(got)
	}
	b.do(b.sim.SetSwitches(prisma.Switches{SettlementDataSingular: true}))
	b.equal(b.want(b.call("POST", closing, "{}"), 200), "SETTLEMENT_REQUEST", "settlement_data", "settlement_status")
}

func TestPRSET08_ClosedOnTheDevice(t *testing.T) {
	b := newStand(t)
	if b.sim.CloseBatch(one) == nil {
		t.Fatal("an empty batch was closed")
	}
	b.sample()
	b.do(b.sim.SetPower(one, false))
	off := b.sim.CloseBatch(one)
	b.do(b.sim.SetPower(one, true))
	b.do(b.sim.Take(one, b.asked()))
	busy := b.sim.CloseBatch(one)
	b.do(b.sim.CancelAt(one))
	if !errors.Is(off, prisma.ErrState) || !errors.Is(busy, prisma.ErrState) {
		t.Fatal("closed although off or busy", off, busy)
	}
	b.do(b.sim.CloseBatch(one))
	x := b.sim.Books().Batches[0]
	if x.By != "device" || x.SettlementID != "" || x.Totals.Sales != (prisma.Sum{Count: 3, Amount: 450000}) || x.Totals.Reversals != (prisma.Sum{Count: 1, Amount: 150000}) ||
		x.Totals.Total != (prisma.Sum{Count: 4, Amount: 300000}) {
		t.Fatal(x)
	}
	b.equal(b.payment(b.paid(prisma.Card{})), "2", "payment_data", "batch_number")
}

func TestPRSET09_ClosesByItselfAtItsHour(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.AddAccount(prisma.Account{PublicKey: public, SecretKey: secret, CUIT: cuit, Name: "Comercio Demo",
		Terminals: []prisma.Terminal{{ID: one, AutoClose: "23:30"}, {ID: two, AutoClose: "23:30"}}}))
	b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
	b.clock.Move(11*time.Hour + 29*time.Minute) // 15:00 UTC is noon there
	b.do(b.sim.Settle(b.clock.Now()))
	if len(b.sim.Books().Batches) != 0 {
		t.Fatal("too early")
	}
	b.do(b.sim.SetPower(one, false))
	b.clock.Move(time.Minute)
	if len(b.sim.Books().Batches) != 0 {
		t.Fatal("a terminal that is off closed its batch")
	}
	b.clock.Move(time.Hour)
	b.do(b.sim.SetPower(one, true))
	x := b.sim.Books().Batches
	if len(x) != 1 || x[0].By != "auto" || x[0].Terminal != one {
		t.Fatal(x) // the other batch is empty
	}
	b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
	b.clock.Move(24 * time.Hour)
	if len(b.sim.Books().Batches) != 2 {
		t.Fatal("not every day")
	}
}

func TestPRSET10_APlantedMovementIsInTheTotals(t *testing.T) {
	b := newStand(t)
	b.sample()
	b.do(b.sim.Plant(one, prisma.Movement{Brand: "EL", Kind: "DEBIT", Amount: 99900}))
	void := prisma.Movement{Type: "void", Payment: b.sim.Books().Authorizations[1].PaymentID}
	b.do(b.sim.Plant(one, void))
	if !errors.Is(b.sim.Plant(one, void), prisma.ErrNothing) {
		t.Fatal("a sale was voided twice")
	}
	got := b.closed().text("settlements_data", "merchant_receipt_detail")
	for _, line := range []string{`VISA DEBITO +1 +999,00`, `VENTAS +4 +5\.499,00`, `ANULACIONES +2 +3\.000,00`, `TOTAL +6 +2\.499,00`} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(got) {
			t.Fatalf("no line %s in\n%s", line, got)
		}
	}
	x := b.sim.Books().Authorizations
	if x[3].PaymentID != "" || x[1].VoidedBy != "device" {
		t.Fatal(x)
	}
	for _, m := range []prisma.Movement{{}, {Type: "refund"}, {Type: "dance", Amount: 1}, {Type: "void", Payment: "nobody"}, void} {
		if b.sim.Plant(one, m) == nil {
			t.Fatal(m)
		}
	}
}

func TestPRSET11_WhatWasUndoneIsInNoTotal(t *testing.T) {
	b := newStand(t)
	for _, when := range []prisma.Cut{prisma.CutAfterAuthorizationUndo, prisma.CutAfterAuthorization} {
		id := b.asked()
		b.do(b.sim.Take(one, id))
		b.do(b.sim.CutPower(one, when))
		b.do(b.sim.Present(one, prisma.Card{}))
		b.do(b.sim.SetPower(one, true))
	}
	if x := b.sim.Terminals()[0].Totals; x.Sales != (prisma.Sum{Count: 1, Amount: 150000}) || x.Total.Count != 1 {
		t.Fatal(x)
	}
}

func TestPRSET12_UnattendedBySwitch(t *testing.T) {
	b := newStand(t, switched(func(w *prisma.Switches) { w.SettlementUnattended = true }))
	b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
	paying := b.asked()
	b.do(b.sim.Take(one, paying))
	id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
	b.settlement(id, "SETTLEMENT_REQUEST") // the terminal is busy
	b.do(b.sim.CancelAt(one))
	b.settlement(id, "CONFIRMED")
}

func TestPRSET13_DeclinedAndPowerCut(t *testing.T) {
	b := newStand(t)
	for outcome, want := range map[string]string{"decline": "DECLINED", "error": "ERROR"} {
		b.do(b.sim.Plant(one, prisma.Movement{Amount: 100}))
		id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
		b.do(b.sim.Take(one, id))
		b.do(b.sim.SetOutcome(one, outcome))
		b.do(b.sim.Confirm(one))
		b.settlement(id, want)
	}
	id := b.want(b.call("POST", closing, "{}"), 200).text("settlements_data", "settlement_id")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.CutPower(one, prisma.CutAfterAuthorizationUndo)) // a close cannot be undone
	b.do(b.sim.Confirm(one))
	b.settlement(id, "PROCESSING_SETTLEMENT")
	b.do(b.sim.SetPower(one, true))
	b.settlement(id, "CONFIRMED")
}
