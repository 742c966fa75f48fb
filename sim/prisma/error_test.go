package prisma_test

import (
	"testing"

	"posta/sim/fault"
	"posta/sim/prisma"
)

func TestPRERR01_ShapesOfAnError(t *testing.T) {
	b := newStand(t)
	ask := func() answer { return b.call("GET", payments+"/nobody"+subnet, "") }
	a := ask()
	b.refused(a, 404, "Pago inexistente")
	if _, there := a.at("errors", 0).(map[string]any)["acquirer_message"]; !there {
		t.Fatal(a.raw)
	}
	for shape, raw := range map[string]string{"array": `[{"code":"PST-404","message":"Pago inexistente"}]`, "object": `{"code":"PST-404","message":"Pago inexistente"}`,
		"text": "Pago inexistente", "empty": ""} {
		b.do(b.sim.SetSwitches(prisma.Switches{ErrorShape: shape}))
		if a := b.want(ask(), 404); a.raw != raw {
			t.Fatal(shape, a.raw)
		}
	}
	if b.sim.SetSwitches(prisma.Switches{ErrorShape: "dance"}) == nil || b.sim.SetSwitches(prisma.Switches{CancelRace: "dance"}) == nil {
		t.Fatal("nonsense was taken")
	}
}

func TestPRERR02_ErrorsInA200(t *testing.T) {
	b := newStand(t, switched(func(w *prisma.Switches) { w.ErrorsIn200 = true }))
	b.equal(b.want(b.call("GET", payments+"/nobody"+subnet, ""), 200), "404", "errors", 0, "status")
	b.bearer = ""
	b.equal(b.want(b.create(), 200), "401", "errors", 0, "status")
}

func TestPRERR03_FaultStatusBeforeAndAfterTheWork(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.Fault().Set(fault.Rule{Operation: "payment_create", Nth: 1, Action: fault.Status, Status: 503},
		fault.Rule{Operation: "payment_create", Nth: 2, Action: fault.Status, After: true}))
	b.refused(b.create(), 503, "Servicio no disponible")
	if len(b.sim.Intents(one)) != 0 {
		t.Fatal("the work was done")
	}
	b.refused(b.create(), 500, "Error interno")
	if len(b.sim.Intents(one)) != 1 {
		t.Fatal("the work was not done")
	}
}

func TestPRERR04_FaultLostAnswers(t *testing.T) {
	b := newStand(t)
	b.do(b.sim.Fault().Set(fault.Rule{Operation: "payment_create", Nth: 1, Action: fault.CutBefore},
		fault.Rule{Operation: "payment_create", Nth: 2, Action: fault.CutAfter}))
	if a := b.create(); a.status != 0 || len(b.sim.Intents(one)) != 0 {
		t.Fatal(a)
	}
	if a := b.create(); a.status != 0 || len(b.sim.Intents(one)) != 1 {
		t.Fatal(a)
	}
}

func TestPRERR05_TypesOfAnswersBySwitch(t *testing.T) {
	b := newStand(t)
	id := b.paid(prisma.Card{})
	look := func(sw prisma.Switches) map[string]any {
		b.do(b.sim.SetSwitches(sw))
		return b.payment(id).at("payment_data").(map[string]any)
	}
	plain := look(prisma.Switches{})
	if _, ok := plain["authorized_payment_amount"].(string); !ok || text(plain["batch_number"]) != "1" {
		t.Fatal(plain)
	}
	if _, there := plain["qr_code_id"]; !there {
		t.Fatal("nulls are said")
	}
	v := look(prisma.Switches{NumbersAsStrings: true})
	if v["batch_number"] != "1" || v["transaction_receipt"] != "1" || v["installments_number"] != "1" {
		t.Fatal(v)
	}
	v = look(prisma.Switches{StringsAsNumbers: true})
	if text(v["authorized_payment_amount"]) != "150000" || text(v["change_amount"]) != "0" || v["authorization_code"] == nil || text(v["authorization_code"])[0] != '"' {
		t.Fatal(v)
	}
	v = look(prisma.Switches{NullsAbsent: true})
	if _, there := v["qr_code_id"]; there || v["batch_number"] == nil {
		t.Fatal(v)
	}
	v = look(prisma.Switches{DatesWithZone: true})
	if v["payment_request_date"] != "2026-11-20T12:00:00.000-03:00" {
		t.Fatal(v)
	}
}
