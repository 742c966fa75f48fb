package mercadopago_test

import (
	"errors"
	"testing"

	"posta/sim/mercadopago"
)

const listURL = "/terminals/v1/list"

func TestMPPNT26_TerminalsAreListed(t *testing.T) {
	b := newStand(t)
	b.terminal()
	b.add(mercadopago.PointTerminal{UserID: user, ID: "PAX_A910__SMARTPOS1234345545"})
	b.account(mercadopago.Account{UserID: 7, AccessToken: "APP_USR-other", Terminals: []mercadopago.PointTerminal{{ID: mercadopago.VirtualTerminal}}})
	a := b.want(b.call("GET", listURL, ""), 200)
	b.equal(a, "2", "paging", "total")
	b.equal(a, "50", "paging", "limit")
	b.equal(a, device, "data", "terminals", 0, "id")
	b.equal(a, "PDV", "data", "terminals", 0, "operating_mode")
	b.equal(a, "SUC001POS001", "data", "terminals", 0, "external_pos_id")
	b.equal(a, "UNDEFINED", "data", "terminals", 1, "operating_mode") // signed in to no POS
	pos, store := text(at(a.object, "data", "terminals", 0, "pos_id")), text(at(a.object, "data", "terminals", 0, "store_id"))
	if _, number := at(a.object, "data", "terminals", 0, "store_id").(string); !number {
		t.Fatal(a.raw)
	}
	if _, isText := at(a.object, "data", "terminals", 0, "pos_id").(string); isText {
		t.Fatal(a.raw)
	}
	for query, total := range map[string]string{"?pos_id=" + pos: "1", "?store_id=" + store: "1", "?pos_id=1": "0", "?limit=900": "2"} {
		b.equal(b.want(b.call("GET", listURL+query, ""), 200), total, "paging", "total")
	}
	b.equal(b.call("GET", listURL+"?limit=900", ""), "50", "paging", "limit")
	b.equal(b.call("GET", listURL+"?limit=1&offset=1", ""), "PAX_A910__SMARTPOS1234345545", "data", "terminals", 0, "id")
	b.wantError(b.call("GET", listURL+"?limit=0", ""), 400, "property_value")
	b.did(b.sim.SetSwitches(mercadopago.Switches{TerminalPosIDText: true}))
	if _, isText := at(b.call("GET", listURL, "").object, "data", "terminals", 0, "pos_id").(string); !isText {
		t.Fatal("pos_id is not text")
	}
}

func (b *stand) setup(body string) answer {
	b.Helper()
	return b.call("PATCH", "/terminals/v1/setup", body)
}

func mode(id, mode string) string {
	return `{"terminals":[{"id":"` + id + `","operating_mode":"` + mode + `"}]}`
}

func TestMPPNT27_ModeNeedsARestart(t *testing.T) {
	b := newStand(t)
	o := b.point()
	a := b.want(b.setup(mode(device, "STANDALONE")), 200)
	b.equal(a, "STANDALONE", "terminals", 0, "operating_mode")
	b.equal(b.call("GET", listURL, ""), "STANDALONE", "data", "terminals", 0, "operating_mode")
	b.did(b.sim.TakePoint(device)) // it still runs as before
	b.did(b.sim.SetPointPower(device, false))
	b.did(b.sim.SetPointPower(device, true))
	if err := b.sim.PayPoint(device, mercadopago.PointPayment{}); !errors.Is(err, mercadopago.ErrMode) {
		t.Fatal(err)
	}
	b.want(b.setup(mode(device, "PDV")), 200)
	b.did(b.sim.SetPointPower(device, false))
	b.did(b.sim.SetPointPower(device, true))
	b.payPoint(mercadopago.PointPayment{})
	b.stands(o, "processed/processed processed/accredited")
}

func TestMPPNT28_ModesThatAreRefused(t *testing.T) {
	b := newStand(t)
	b.terminal()
	const second, loose = "PAX_A910__SECOND", "PAX_A910__LOOSE"
	b.add(mercadopago.PointTerminal{UserID: user, ID: second, ExternalPOS: "SUC001POS001", OperatingMode: "STANDALONE"})
	b.add(mercadopago.PointTerminal{UserID: user, ID: loose})
	b.account(mercadopago.Account{UserID: 7, AccessToken: "APP_USR-other", Terminals: []mercadopago.PointTerminal{{ID: mercadopago.VirtualTerminal}}})
	b.wantError(b.setup(`[]`), 400, "invalid_payload")
	b.wantError(b.setup(`{}`), 400, "required_properties")
	b.wantError(b.setup(`{"terminals":[{"id":"x"}]}`), 400, "required_properties")
	b.wantError(b.setup(`{"terminals":[],"other":1}`), 400, "unsupported_properties")
	b.wantError(b.setup(mode(device, "UNDEFINED")), 400, "property_value")
	b.wantError(b.setup(mode("PAX_A910__NOBODY", "PDV")), 404, "not_found")
	b.wantError(b.setup(mode(mercadopago.VirtualTerminal, "PDV")), 403, "terminal_not_allowed_action")
	b.wantError(b.setup(mode(loose, "PDV")), 403, "store_pos_not_found")
	b.want(b.setup(mode(second, "PDV")), 412)
	b.want(b.setup(`{"terminals":[{"id":"`+device+`","operating_mode":"STANDALONE"},{"id":"`+second+`","operating_mode":"PDV"}]}`), 200)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Site: "MCO"})
	b.wantError(b.setup(mode(device, "PDV")), 400, "unsupported_site")
}
