package mercadopago_test

import (
	"strings"
	"testing"
	"time"

	"posta/sim/fault"
)

func TestMPNOT12_ScriptMeddles(t *testing.T) {
	notices := `notice\..+`
	for action, look := range map[fault.Action]func(b *stand, got []received){
		fault.Drop: func(b *stand, got []received) {
			if len(got) != 0 || b.sim.Deliveries()[0].Status != "dropped" {
				t.Fatal(got)
			}
		},
		fault.Duplicate: func(b *stand, got []received) {
			if len(got) != 2 || got[0].header.Get("X-Request-Id") == got[1].header.Get("X-Request-Id") {
				t.Fatal(got)
			}
		},
		fault.BadSignature: func(b *stand, got []received) {
			if len(got) != 1 || verify(got[0], secret, false) {
				t.Fatal(got)
			}
		},
		fault.Delay: func(b *stand, got []received) {
			if len(got) != 0 {
				t.Fatal(got)
			}
			b.move(time.Minute)
			b.deliver()
			if len(b.hook.take()) != 1 {
				t.Fatal("not sent later")
			}
		},
	} {
		b := newStand(t)
		b.panel("payment")
		b.pending("10")
		if err := b.sim.Fault().Set(fault.Rule{Operation: notices, Action: action, Delay: fault.Duration(time.Minute)}); err != nil {
			t.Fatal(err)
		}
		b.pay()
		b.deliver()
		look(b, b.hook.take())
	}
}

func TestMPNOT13_Reorder(t *testing.T) {
	b := newStand(t)
	if err := b.sim.Fault().Set(fault.Rule{Operation: `notice\.webhook\.topic_merchant_order_wh`, Nth: 1, Action: fault.Reorder}); err != nil {
		t.Fatal(err)
	}
	b.hooked("?source_news=webhooks")
	b.pay()
	b.deliver()
	var got []string
	for _, n := range b.hook.take() {
		got = append(got, text(n.object["type"])+" "+text(n.object["status"]))
	}
	if strings.Join(got, ", ") != "payment <nil>, topic_merchant_order_wh closed, topic_merchant_order_wh opened" {
		t.Fatal(got)
	}
}
