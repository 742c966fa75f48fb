package prisma_test

import (
	"testing"
	"time"

	"posta/sim/prisma"
)

func TestPROAU01_KeysGetATokenForAnHour(t *testing.T) {
	b := newStand(t)
	a := b.want(b.token("GET", public, secret, "?grant_type=client_credentials", ""), 200)
	b.equal(a, "Bearer", "token_type")
	b.equal(a, "3599", "expires_in")
	b.equal(a, public, "apiKey")
	if _, ok := a.at("expires_in").(string); !ok {
		t.Fatal(a.raw)
	}
	b.refused(b.token("GET", public, secret, "", ""), 400, "grant_type")
	b.refused(b.token("GET", public, secret, "?grant_type=password", ""), 400, "grant_type")
}

func TestPROAU02_WrongKeys401(t *testing.T) {
	b := newStand(t)
	for _, keys := range [][2]string{{public, "x"}, {"x", secret}, {"", ""}} {
		a := b.token("GET", keys[0], keys[1], "?grant_type=client_credentials", "")
		b.refused(a, 401, "CREDENTIAL NO EXIST")
		b.equal(a, "OAU-401", "errors", 0, "code")
	}
}

func TestPROAU03_ATokenExpires(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	b.clock.Move(3598 * time.Second)
	b.payment(id)
	first := b.bearer
	b.login()
	b.payment(id)
	b.clock.Move(time.Second)
	b.payment(id) // the newer one lives on
	b.bearer = first
	a := b.call("GET", payments+"/"+id+subnet, "")
	b.refused(a, 401, "Unauthorized")
	b.equal(a, "APIM-401", "errors", 0, "code")
	for _, bad := range []string{"", "nobody"} {
		b.bearer = bad
		b.refused(b.create(), 401, "Unauthorized")
	}
}

func TestPROAU04_PostOnlyBySwitch(t *testing.T) {
	b := newStand(t)
	body := `{"grant_type":"client_credentials"}`
	b.refused(b.token("POST", public, secret, "", body), 404, "")
	b.do(b.sim.SetSwitches(prisma.Switches{OAuthPost: true}))
	b.want(b.token("POST", public, secret, "", body), 200)
	b.refused(b.token("POST", public, secret, "", `{"grant_type":1}`), 400, "grant_type")
}

func TestPROAU05_APIKeyHeaderBySwitch(t *testing.T) {
	b := newStand(t)
	id := b.asked()
	b.do(b.sim.SetSwitches(prisma.Switches{APIKeyRequired: true}))
	b.refused(b.call("GET", payments+"/"+id+subnet, ""), 401, "Unauthorized")
	b.refused(b.call("GET", payments+"/"+id+subnet, "", "apikey", "other"), 401, "Unauthorized")
	b.want(b.call("GET", payments+"/"+id+subnet, "", "apikey", public), 200)
}

func TestPROAU06_LivenessNeedsAToken(t *testing.T) {
	b := newStand(t)
	b.equal(b.want(b.call("GET", "/v1/paystore_terminals/terminal_payments/health/liveness", ""), 200), "UP", "status")
	b.bearer = ""
	b.want(b.call("GET", "/v1/paystore_terminals/terminal_payments/health/liveness", ""), 401)
}
