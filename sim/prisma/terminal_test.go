package prisma_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/prisma"
)

func TestPRTRM01_CanceledOnTheDevice(t *testing.T) {
	b := newStand(t)
	for _, sw := range []prisma.Switches{{}, {DeviceCancelDeclined: true}} {
		b.do(b.sim.SetSwitches(sw))
		id := b.asked()
		if err := b.sim.CancelAt(one); !errors.Is(err, prisma.ErrState) {
			t.Fatal("nothing was taken", err)
		}
		b.do(b.sim.Take(one, id))
		b.do(b.sim.CancelAt(one))
		want := "UNDONE"
		if sw.DeviceCancelDeclined {
			want = "DECLINED"
		}
		b.equal(b.status(id, want), "CANCELADA EN LA TERMINAL", "payment_data", "acquirer_additional_message")
		if last := b.sim.Terminals()[0].Last; last == nil || last.ID != id || last.Status != want {
			t.Fatal(last)
		}
	}
}

func TestPRTRM02_OffIntentsWait(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.SetPower(one, false))
	first, second := b.asked(), b.asked()
	for _, err := range []error{b.sim.Take(one, first), b.sim.Present(one, prisma.Card{}), b.sim.Confirm(one)} {
		if !errors.Is(err, prisma.ErrState) {
			t.Fatal(err)
		}
	}
	b.clock.Move(time.Hour - time.Minute)
	b.status(first, "PAYMENT_REQUEST")
	b.want(b.cancel(first), 200)
	b.status(first, "UNDONE")
	b.do(b.sim.SetPower(one, true))
	b.do(b.sim.Take(one, second))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.status(second, "CONFIRMED")
}

func TestPRTRM03_SwitchedOffBeforeTheAcquirerHeard(t *testing.T) {
	b := newStand(t, paced)
	for _, card := range []bool{false, true} {
		id := b.asked()
		b.do(b.sim.Take(one, id))
		if card {
			b.do(b.sim.Present(one, prisma.Card{}))
		}
		b.do(b.sim.SetPower(one, false))
		b.clock.Move(time.Minute)
		b.status(id, "PROCESSING_PAYMENT")
		b.do(b.sim.SetPower(one, true))
		b.equal(b.status(id, "ERROR"), "TRANSACCION INTERRUMPIDA", "payment_data", "acquirer_additional_message")
	}
	if len(b.sim.Books().Authorizations) != 0 {
		t.Fatal("money moved")
	}
}

func TestPRTRM04_PowerCutAfterTheAuthorisation(t *testing.T) {
	for when, want := range map[prisma.Cut]string{prisma.CutAfterAuthorization: "CONFIRMED", prisma.CutAfterAuthorizationUndo: "UNDONE"} {
		b := newStand(t, paced)
		id := b.asked()
		b.do(b.sim.Take(one, id))
		b.do(b.sim.Present(one, prisma.Card{}))
		if err := b.sim.CancelAt(one); !errors.Is(err, prisma.ErrState) {
			t.Fatal("canceled on the device while the acquirer was asked", err)
		}
		b.do(b.sim.CutPower(one, when))
		b.clock.Move(time.Minute)
		a := b.status(id, "PROCESSING_PAYMENT")
		for _, field := range []string{"authorization_code", "acquirer_response_code", "last_four_digits"} {
			b.equal(a, "<nil>", "payment_data", field)
		}
		if b.sim.Terminals()[0].On || len(b.sim.Books().Authorizations) != 1 || b.sim.Books().Authorizations[0].Reversed {
			t.Fatal("the acquirer has not granted it, or the terminal is on")
		}
		b.refused(b.cancel(id), 409, "procesada")
		b.do(b.sim.SetPower(one, true))
		b.status(id, want)
		x := b.sim.Books().Authorizations[0]
		if x.Reversed != (want == "UNDONE") || x.Reversed && x.VoidedBy != "power" {
			t.Fatal(x)
		}
		if b.sim.Terminals()[0].Current != nil {
			t.Fatal("the terminal is still busy")
		}
		id = b.asked() // it was cut once
		b.do(b.sim.Take(one, id))
		b.do(b.sim.Present(one, prisma.Card{}))
		b.clock.Move(time.Minute)
		b.status(id, "CONFIRMED")
	}
}

func TestPRTRM05_CanceledWhileTheTerminalIsDead(t *testing.T) {
	for race, want := range map[string]string{prisma.RaceUndoWins: "UNDONE", prisma.RacePaymentWins: "CONFIRMED"} {
		b := newStand(t, switched(func(w *prisma.Switches) { w.CancelRace = race }))
		id := b.asked()
		b.do(b.sim.CutPower(one, prisma.CutAfterAuthorization))
		b.do(b.sim.Take(one, id))
		b.do(b.sim.Present(one, prisma.Card{}))
		b.equal(b.want(b.cancel(id), 200), "UNDO_REQUEST", "payment_data", "payment_status")
		b.clock.Move(time.Minute)
		b.status(id, "UNDO_REQUEST")
		b.do(b.sim.SetPower(one, true))
		b.status(id, want)
		if x := b.sim.Books().Authorizations[0]; x.Reversed != (want == "UNDONE") {
			t.Fatal(x)
		}
		id = b.asked() // without a card, nothing was granted
		b.do(b.sim.Take(one, id))
		b.do(b.sim.CutPower(one, prisma.CutNow))
		b.want(b.cancel(id), 200)
		b.clock.Move(time.Minute)
		b.status(id, "UNDO_REQUEST")
		b.do(b.sim.SetPower(one, true))
		b.status(id, "UNDONE")
	}
}

func TestPRTRM06_WithoutPaperThePaymentStands(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.SetPaper(one, false))
	a := b.payment(b.paid(prisma.Card{}))
	if !strings.Contains(a.text("payment_data", "acquirer_additional_message"), "SIN PAPEL") || b.sim.Terminals()[0].Slip != "" || b.sim.Terminals()[0].Paper {
		t.Fatal(a.raw)
	}
	b.equal(a, "CONFIRMED", "payment_data", "payment_status")
	b.do(b.sim.SetPaper(one, true))
	b.equal(b.payment(b.paid(prisma.Card{})), "", "payment_data", "acquirer_additional_message")
}

func TestPRTRM07_AnswersTakeTheirTimeBySeed(t *testing.T) {
	draw := func(seed uint64) (list []time.Duration) {
		b := newStand(t, paced, func(c *prisma.Config) { c.Pace.Seed = seed })
		for range 4 {
			id := b.asked()
			b.do(b.sim.Take(one, id))
			b.do(b.sim.Present(one, prisma.Card{}))
			waited := time.Duration(0)
			for b.payment(id).text("payment_data", "payment_status") == "PROCESSING_PAYMENT" {
				b.clock.Move(50 * time.Millisecond)
				waited += 50 * time.Millisecond
			}
			if waited < prisma.RealisticPace.AnswerMin || waited > prisma.RealisticPace.AnswerMax+50*time.Millisecond {
				t.Fatal(waited)
			}
			list = append(list, waited)
		}
		return list
	}
	a, again, other := draw(7), draw(7), draw(8)
	same := true
	for n := range a {
		same = same && a[n] == other[n]
		if a[n] != again[n] {
			t.Fatal("equal seeds draw unequal delays")
		}
	}
	if same {
		t.Fatal("the delays do not follow the seed")
	}
}

func TestPRTRM08_FaultTheAcquirerAnswersLate(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.Fault().Set(fault.Rule{Operation: "ask", Action: fault.LateApproval, Delay: fault.Duration(5 * time.Minute), Times: 1}))
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.clock.Move(5*time.Minute - time.Second)
	b.status(id, "PROCESSING_PAYMENT")
	b.clock.Move(time.Second)
	b.status(id, "CONFIRMED")
}

func TestPRTRM09_UnknownTerminalsAndAccountsAreRefused(t *testing.T) {
	b := newStand(t)
	if err := b.sim.Take("99999999", "x"); !errors.Is(err, prisma.ErrTerminal) {
		t.Fatal(err)
	}
	if err := b.sim.Take(one, "x"); !errors.Is(err, prisma.ErrNothing) {
		t.Fatal(err)
	}
	for _, a := range []prisma.Account{{}, {PublicKey: "a", SecretKey: "b", CUIT: "30"}, {PublicKey: "a", SecretKey: "b", CUIT: cuit, Environment: "moon"},
		{PublicKey: "a", SecretKey: "b", CUIT: cuit, Terminals: []prisma.Terminal{{ID: "1"}}},
		{PublicKey: "a", SecretKey: "b", CUIT: cuit, Terminals: []prisma.Terminal{{ID: "30000001", AutoClose: "25:00"}}},
		{PublicKey: "a", SecretKey: "b", CUIT: cuit, Terminals: []prisma.Terminal{{ID: one}}}} {
		if b.sim.AddAccount(a) == nil {
			t.Fatal(a)
		}
	}
	if len(b.sim.Accounts()) != 1 || b.sim.Accounts()[0].SecretKey == secret {
		t.Fatal(b.sim.Accounts())
	}
}

func TestPRTRM10_ArmedOutcome(t *testing.T) {
	b := newStand(t, func(c *prisma.Config) { c.File = filepath.Join(t.TempDir(), "sim.db") })
	b.do(b.sim.SetOutcome(one, "decline"))
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.status(id, "DECLINED")
	b.paid(prisma.Card{}) // once only
	if b.sim.SetOutcome(one, "dance") == nil || b.sim.CutPower(one, "never") == nil {
		t.Fatal("nonsense was armed")
	}
}
