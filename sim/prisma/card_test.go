package prisma_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/prisma"
)

func TestPRPAY18_OnlyTheCardThatWasAskedFor(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct {
		changes []any
		card    prisma.Card
	}{
		{[]any{"card_brand_product", "MC"}, prisma.Card{Brand: "VI"}},
		{[]any{"payment_type", "DEBIT"}, prisma.Card{Kind: "CREDIT"}},
		{[]any{"change_amount", "5000"}, prisma.Card{Kind: "CREDIT"}},
		{[]any{"installments_number", 3}, prisma.Card{Installments: 6}},
		{[]any{"installments_number", 3}, prisma.Card{Kind: "DEBIT"}},
		{nil, prisma.Card{Tip: 100}},
		{nil, prisma.Card{Entry: "QR_CODE"}},
		{nil, prisma.Card{Brand: "visa"}},
		{nil, prisma.Card{Outcome: "dance"}},
		{[]any{"qr_benefit_code", true}, prisma.Card{Discount: 1}}, // the wallet's only
	} {
		id := b.asked(tt.changes...)
		b.do(b.sim.Take(one, id))
		if err := b.sim.Present(one, tt.card); !errors.Is(err, prisma.ErrCard) {
			t.Fatal(tt, err)
		}
		b.status(id, "PROCESSING_PAYMENT") // it waits on
		b.do(b.sim.CancelAt(one))
	}
	b.paid(prisma.Card{PIN: "1234"})
	b.paid(prisma.Card{Brand: "MC", Kind: "DEBIT"}, "card_brand_product", "MC", "payment_type", "DEBIT")
}

func TestPRPAY19_CashBackIsAuthorisedToo(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{Brand: "EL", Kind: "DEBIT"}, "change_amount", "50000")
	a := b.payment(id)
	b.equal(a, "200000", "payment_data", "authorized_payment_amount")
	b.equal(a, "50000", "payment_data", "change_amount")
	b.equal(a, "DEBIT", "payment_data", "payment_type")
	if x := b.sim.Books().Authorizations[0]; x.Amount != 200000 || x.Change != 50000 {
		t.Fatal(x)
	}
}

func TestPRPAY20_ATipIsAuthorisedToo(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{Tip: 15000}, "is_tip", true)
	b.equal(b.payment(id), "165000", "payment_data", "authorized_payment_amount")
}

func TestPRPAY21_QRIsShownOnTheTerminal(t *testing.T) {
	b := newStand(t)
	id := b.asked("terminal_operation_method", "QR_CODE")
	if b.sim.Intents(one)[0].QR != "" {
		t.Fatal("the QR is shown before the terminal took the intent")
	}
	b.do(b.sim.Take(one, id))
	if err := b.sim.Present(one, prisma.Card{}); !errors.Is(err, prisma.ErrState) {
		t.Fatal(err)
	}
	qr := b.sim.Intents(one)[0].QR
	if strings.Contains(b.payment(id).raw, qr) {
		t.Fatal("the till was told the QR")
	}
	if seen, err := b.sim.ScanQR(qr); err != nil || seen.Amount != 150000 {
		t.Fatal(seen, err)
	}
	if err := b.sim.PayQR("other", prisma.Wallet{}); !errors.Is(err, prisma.ErrNothing) {
		t.Fatal(err)
	}
	b.do(b.sim.PayQR(qr, prisma.Wallet{Brand: "MC", Kind: "DEBIT", LastFour: "9999"}))
	a := b.status(id, "CONFIRMED")
	for field, want := range map[string]string{"card_type": "QR_CODE", "qr_code_id": qr, "qr_original_amount": "150000", "authorized_payment_amount": "150000",
		"card_brand_product": "MC", "payment_type": "DEBIT", "last_four_digits": "9999"} {
		b.equal(a, want, "payment_data", field)
	}
	if err := b.sim.PayQR(qr, prisma.Wallet{}); !errors.Is(err, prisma.ErrNothing) {
		t.Fatal("a QR was paid twice", err)
	}
}

func TestPRPAY22_ABenefitLowersWhatIsAuthorised(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct {
		benefit  bool
		discount int64
		want     error
	}{{false, 30000, prisma.ErrCard}, {true, 150000, prisma.ErrCard}, {true, -1, prisma.ErrCard}, {true, 30000, nil}} {
		id := b.asked("terminal_operation_method", "QR_CODE", "qr_benefit_code", tt.benefit)
		b.do(b.sim.Take(one, id))
		if err := b.sim.PayQR(b.sim.Intents(one)[0].QR, prisma.Wallet{Discount: tt.discount}); !errors.Is(err, tt.want) {
			t.Fatal(err)
		}
		if tt.want != nil {
			b.do(b.sim.CancelAt(one))
			continue
		}
		a := b.status(id, "CONFIRMED")
		b.equal(a, "120000", "payment_data", "authorized_payment_amount")
		b.equal(a, "150000", "payment_data", "qr_original_amount")
	}
}

func TestPRPAY23_InstallmentsAreAskedWhenTheTillNamesNone(t *testing.T) {
	b := newStand(t)
	b.equal(b.payment(b.paid(prisma.Card{Installments: 12}, "installments_number", nil)), "12", "payment_data", "installments_number")
	b.equal(b.payment(b.paid(prisma.Card{}, "installments_number", nil)), "1", "payment_data", "installments_number")
	b.equal(b.payment(b.paid(prisma.Card{}, "installments_number", 6)), "6", "payment_data", "installments_number")
}

func TestPRPAY24_AmexIsItsOwnAcquirer(t *testing.T) {
	b := newStand(t)
	a := b.payment(b.paid(prisma.Card{Brand: "AM"}))
	b.equal(a, "AMEX", "payment_data", "acquirer_id")
	b.equal(a, "AMERICAN EXPRESS", "payment_data", "card_brand")
	a = b.payment(b.paid(prisma.Card{Brand: "3M"})) // a code whose name is not known
	b.equal(a, "3M", "payment_data", "card_brand")
	b.equal(a, "PRISMA", "payment_data", "acquirer_id")
}

func TestPRPAY25_AnIntentDoesNotExpire(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	b.clock.Move(72 * time.Hour)
	b.login()
	b.status(id, "PAYMENT_REQUEST")
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.status(id, "CONFIRMED")
}

func TestPRPAY26_SearchIsRefused(t *testing.T) {
	b := newStand(t)
	b.refused(b.call("POST", payments+"/searches?cuit_cuil="+cuit, `{"payment_date":"2026-11-20"}`), 400, "No se pudo completar la operación")
}

func TestPRPAY27_CopiesToPrint(t *testing.T) {
	b := newStand(t)
	for copies, want := range map[string][2]bool{"BOTH": {true, true}, "MERCHANT_ONLY": {true, false}, "CUSTOMER_ONLY": {false, true}} {
		b.paid(prisma.Card{}, "print_copies", copies)
		slip := b.sim.Terminals()[0].Slip
		if got := [2]bool{strings.Contains(slip, "COPIA COMERCIO"), strings.Contains(slip, "COPIA CLIENTE")}; got != want {
			t.Fatal(copies, slip)
		}
	}
	before := b.sim.Terminals()[0].Slip
	a := b.payment(b.paid(prisma.Card{}, "print_copies", "NONE"))
	if b.sim.Terminals()[0].Slip != before || !strings.Contains(a.text("payment_data", "merchant_receipt_detail"), "COPIA COMERCIO") {
		t.Fatal("NONE was printed, or the texts are missing", a.raw)
	}
}

func TestPRPAY28_FaultAnotherAmountIsAuthorised(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.Fault().Set(fault.Rule{Operation: "authorize", Action: fault.WrongAmount, Amount: -100, Times: 1}))
	b.equal(b.payment(b.paid(prisma.Card{})), "149900", "payment_data", "authorized_payment_amount")
	b.equal(b.payment(b.paid(prisma.Card{})), "150000", "payment_data", "authorized_payment_amount")
}
