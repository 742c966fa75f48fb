package mercadopago_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
)

func codeOf(err error) string {
	var e *posta.Error
	errors.As(err, &e)
	if e == nil {
		return ""
	}
	return e.Params["code"]
}

// readNotice does with a delivery what the inbox does.
func readNotice(t *testing.T, connector provider.Connector, d provider.Delivery, charge provider.Charge) (facts []provider.Fact) {
	t.Helper()
	n, verdict := mercadopago.ReadNotice(d, active(secret))
	if verdict.Judgement != provider.Verified {
		t.Errorf("%s: %+v", n.Topic, verdict)
	}
	seen, err := connector.Fetch(t.Context(), n)
	did(t, err)
	for _, o := range seen {
		if o.ExternalReference != string(charge.Payment) || o.Till != "" {
			t.Errorf("%+v", o)
		}
		if o.Terminal != "" && o.Terminal != device {
			t.Errorf("terminal %q", o.Terminal)
		}
		facts = append(facts, o.Facts...)
	}
	return facts
}

// The account's terminals are listed, all pages of them, and their mode set.
func TestTerminals(t *testing.T) {
	for _, asText := range []bool{false, true} {
		c, connector := newPoint(t, sim.Account{}, sim.Switches{TerminalPosIDText: asText})
		lister := connector.(provider.TerminalLister)
		for i := range 60 {
			c.addTerminal(t, sim.PointTerminal{UserID: seller, ID: fmt.Sprintf("PAX_A910__%03d", i), OperatingMode: "STANDALONE"})
		}
		devices := func() []provider.Device {
			list, err := lister.Devices(t.Context())
			did(t, err)
			slices.SortFunc(list, func(a, b provider.Device) int { return strings.Compare(a.ID, b.ID) })
			return slices.Compact(list)
		}
		list := devices()
		if want := (provider.Device{ID: device, Till: c.till.Code, Integrated: true}); len(list) != 61 || list[0] != want {
			t.Fatalf("%d, %+v, want %+v", len(list), list[0], want)
		}
		if list[1] != (provider.Device{ID: "PAX_A910__000"}) {
			t.Errorf("%+v", list[1])
		}
		did(t, lister.SetIntegrated(t.Context(), device, false))
		if devices()[0].Integrated {
			t.Error("it still takes charges from us")
		}
		did(t, lister.SetIntegrated(t.Context(), device, true))
		if !devices()[0].Integrated {
			t.Error("it does not take charges from us")
		}
	}
}

// A mode that the provider does not set is refused with its code.
func TestTerminalModeRefused(t *testing.T) {
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	lister := connector.(provider.TerminalLister)
	c.addTerminal(t, sim.PointTerminal{UserID: seller, ID: "PAX_A910__1", ExternalPOS: c.till.Code, OperatingMode: "STANDALONE"})
	c.addTerminal(t, sim.PointTerminal{UserID: seller, ID: "PAX_A910__2", OperatingMode: "STANDALONE"})
	did(t, c.AddAccount(sim.Account{UserID: 7, AccessToken: "APP_USR-other", Site: "MLA", Terminals: []sim.PointTerminal{{ID: "PAX_A910__3"}}}))
	for id, want := range map[string]string{"PAX_A910__1": "precondition_failed", "PAX_A910__2": "store_pos_not_found", "PAX_A910__3": "terminal_not_allowed_action"} {
		err := lister.SetIntegrated(t.Context(), id, true)
		if posta.ErrorCode(err) != posta.CodeProviderRejected || codeOf(err) != want {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
	if err := lister.SetIntegrated(t.Context(), "PAX_A910__4", true); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Error(err)
	}
	// The provider is known to tell a 412 in words only.
	wordy, _ := answering(t, nil, says(412, `{"message":"Only one pos-store with PDV mode ON or SUSPENDED is allowed"}`))
	if err := wordy.(provider.TerminalLister).SetIntegrated(t.Context(), device, true); codeOf(err) != "precondition_failed" {
		t.Error(err)
	}
	refused := c.open(t, provider.Config{"access_token": token + "0"}).(provider.TerminalLister)
	if _, err := refused.Devices(t.Context()); posta.ErrorCode(err) != posta.CodeUnauthorized {
		t.Error(err)
	}
}

// A list without an end, or without a total, is left.
func TestTerminalListThatDoesNotEnd(t *testing.T) {
	for body, most := range map[string]int{
		`{"data":{"terminals":[{"id":"PAX_A910__1","pos_id":"7","external_pos_id":null,"operating_mode":"UNDEFINED"}]},"paging":{"total":"99999999"}}`: 5000,
		`{"data":{"terminals":[{"id":"PAX_A910__1"}]}}`:  1,
		`{"data":{"terminals":[]},"paging":{"total":3}}`: 1,
	} {
		connector, asked := answering(t, nil, says(200, body))
		_, err := connector.(provider.TerminalLister).Devices(t.Context())
		if err != nil || len(*asked) > most {
			t.Errorf("%v after %d calls", err, len(*asked))
		}
	}
}

// The devices that the provider's library recorded are the same objects under
// the newer address.
func TestRecordedTerminals(t *testing.T) {
	for name, body := range recorded(t, "point") {
		if !strings.Contains(name, "list_devices") {
			continue
		}
		var answer struct {
			Devices []map[string]any `json:"devices"`
			Paging  any              `json:"paging"`
		}
		did(t, json.Unmarshal([]byte(body), &answer))
		again, err := json.Marshal(map[string]any{"data": map[string]any{"terminals": answer.Devices}, "paging": answer.Paging})
		did(t, err)
		connector, _ := answering(t, nil, says(http.StatusOK, string(again)))
		list, err := connector.(provider.TerminalLister).Devices(t.Context())
		did(t, err)
		for i, d := range answer.Devices {
			if list[i] != (provider.Device{ID: d["id"].(string), Till: d["external_pos_id"].(string), Integrated: d["operating_mode"] == "PDV"}) {
				t.Errorf("%+v of %+v", list[i], d)
			}
		}
	}
}
