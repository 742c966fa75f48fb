package api_test

import (
	"net/http"
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// wrongs are what an answer says is wrong, as "field code".
func wrongs(p problem) (out []string) {
	for _, e := range p.Errors {
		out = append(out, e.Field+" "+e.Code)
	}
	return out
}

func TestChargeOnATerminalSaysWhatWasAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		n.post("/v1/payments", "none", n.onTerminal(1500, nil)).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		terminal := n.terminal("T-1")
		var charge provider.Charge
		n.acquirer.set(func() { n.acquirer.during = func(c provider.Charge) { charge = c } })
		options := map[string]any{"operation": "card", "method": "credit_card", "installments": 6, "brand": "VI", "copies": "customer", "note": "mesa 4", "document": "20000001"}
		body := n.onTerminal(150000, options)
		body["terminals"] = []any{terminal}
		var p payment.View
		n.post("/v1/payments", "k1", body).want(http.StatusCreated).into(&p)
		if p.Rail != provider.RailTerminal || len(p.Terminals) != 1 || p.Terminals[0] != terminal || p.Options == nil || p.Options.Installments != 6 ||
			p.Options.Note != "mesa 4" || p.State != payment.Pending || p.QR != "" {
			t.Errorf("%+v", p)
		}
		if charge.Options.Document != "20000001" || charge.Options.Copies != provider.CopiesCustomer || len(charge.Terminals) != 1 || charge.Terminals[0] != "T-1" {
			t.Errorf("asked of the acquirer: %+v", charge)
		}
		if left := p.ExpiresAt.Sub(p.CreatedAt).Seconds(); left != 120 {
			t.Errorf("expires after %v s", left)
		}
		second := n.tenantAt(n.store)
		busy := second.post("/v1/payments", "k2", second.onTerminal(1500, nil)).refused(http.StatusConflict, posta.CodeTerminalBusy)
		if busy.Params["payment"] != string(p.ID) || busy.Title == "" {
			t.Errorf("%+v", busy)
		}
	})
}

// Red under: an option that is not handed on is not refused either.
func TestOptionsAreHeldToTheirRules(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	n.terminal("T-1")
	for want, options := range map[string]map[string]any{
		"body.options.operation one_of":     {"operation": "cash"},
		"body.options.copies one_of":        {"copies": "three"},
		"body.options.colour unknown":       {"colour": "red"},
		"options.plan not_offered":          {"plan": "A"},
		"options.installments not_on_debit": {"installments": 6, "method": "debit_card"},
		"options.installments out_of_range": {"installments": 100},
		"options.cash_back only_on_debit":   {"cash_back": 1000, "method": "credit_card"},
		"options.brand malformed":           {"brand": "visa"},
		"options.benefit only_on_qr":        {"benefit": true},
		"options.document malformed":        {"document": "20.000.001"},
		"options.note too_long":             {"note": longNote},
	} {
		p := n.post("/v1/payments", "k", n.onTerminal(1500, options)).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != want && "body."+got[0] != want || p.Errors[0].Message == "is not valid" {
			t.Errorf("%v: %v", options, p.Errors)
		}
	}
	for want, change := range map[string]map[string]any{
		"rail one_of":           {"rail": "cheque"},
		"terminals unknown":     {"terminals": []any{"trm_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"}},
		"terminals not_on_rail": {"rail": "qr", "terminals": []any{"trm_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"}},
		"options not_on_rail":   {"rail": "qr", "options": map[string]any{"installments": 3}},
	} {
		body := n.onTerminal(1500, nil)
		for name, value := range change {
			body[name] = value
		}
		p := n.post("/v1/payments", "k", body).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != want || p.Errors[0].Message == "is not valid" {
			t.Errorf("%v: %v", change, p.Errors)
		}
	}
	if n.acquirer.charges() != 0 {
		t.Error("the acquirer was asked")
	}
}

const longNote = "0123456789 abcdefghij 0123456789 abcdefghij 0123456789 abcdefghij 0123456789 abcdefghij 0123456789 abcdefghij"

func TestP28_ReversalIsProposedAndExplained(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		terminal := n.terminal("T-1")
		visa, amex := n.swiped("k1", 150000, "VI"), n.swiped("k2", 150000, "AM")
		for path, want := range map[string][2]string{
			string(visa) + "/refund-proposal":            {"reversal", "whole_open_batch"},
			string(visa) + "/refund-proposal?amount=500": {"refund", "part"},
			string(amex) + "/refund-proposal":            {"refund", "brand"},
		} {
			var p struct {
				Kind, Reason string
				Amount, Left int64
				Terminals    []posta.TerminalID
			}
			n.do("GET", "/v1/payments/"+path, n.test, nil).want(http.StatusOK).into(&p)
			if p.Kind != want[0] || p.Reason != want[1] || p.Left != 150000 || len(p.Terminals) != 1 || p.Terminals[0] != terminal {
				t.Errorf("%s: %+v", path, p)
			}
		}
		n.do("GET", "/v1/payments/"+string(visa)+"/refund-proposal?amount=150001", n.test, nil).refused(http.StatusConflict, posta.CodeRefundExceeds)
		base := "/v1/payments/" + string(visa) + "/refunds"
		for want, body := range map[string]map[string]any{"kind one_of": {"kind": "gift"}, "amount reversal_is_whole": {"kind": "reversal", "amount": 500},
			"terminals unknown": {"terminals": []any{"here"}}} {
			p := n.post(base, "r", body).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
			if got := wrongs(p); len(got) != 1 || got[0] != want || p.Errors[0].Message == "is not valid" {
				t.Errorf("%v: %v", body, p.Errors)
			}
		}
		p := n.post("/v1/payments/"+string(amex)+"/refunds", "r", map[string]any{"kind": "reversal"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != "kind brand_by_refund" {
			t.Error(p.Errors)
		}

		// It waits on the terminal, is taken off it, and may be asked again.
		var r payment.RefundView
		n.post(base, "r1", map[string]any{"terminals": []any{terminal}}).want(http.StatusCreated).into(&r)
		if r.Kind != provider.KindReversal || r.State != payment.RefundPending || r.Progress != provider.ProgressOffered || len(r.Terminals) != 1 {
			t.Errorf("%+v", r)
		}
		n.post("/v1/refunds/"+string(r.ID)+"/cancel", "c1", nil).want(http.StatusOK).into(&r)
		if r.State != payment.RefundFailed {
			t.Errorf("%+v", r)
		}
		n.post("/v1/refunds/"+string(r.ID)+"/cancel", "c2", nil).refused(http.StatusConflict, posta.CodeState)
		n.post(base, "r2", nil).want(http.StatusCreated)
		n.post(base, "r3", nil).refused(http.StatusConflict, posta.CodeRefundExceeds)
	})
}

func TestP25_LostAnswersAreSettledByTheSlip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		n.terminal("T-1")
		paid := n.swiped("k0", 150000, "VI")
		n.acquirer.set(func() { n.acquirer.down = true })
		var p payment.View
		n.post("/v1/payments", "k1", n.onTerminal(150000, nil)).want(http.StatusCreated).into(&p)
		if p.State != payment.Unknown || p.Attention != payment.AttentionSlip {
			t.Fatalf("%+v", p)
		}
		n.post("/v1/payments", "k1", n.onTerminal(150000, nil)).want(http.StatusCreated) // the same answer
		settle := "/v1/payments/" + string(p.ID) + "/settle-by-slip"
		for want, body := range map[string]map[string]any{
			"batch required":      {"done": true, "coupon": "0345", "authorization": "123456"},
			"last_four malformed": {"done": true, "coupon": "0345", "authorization": "123456", "batch": "012", "last_four": "42424"},
			"terminal unknown":    {"done": true, "coupon": "0345", "authorization": "123456", "batch": "012", "terminal": "T-7"},
			"done required":       {"batch": "012"},
		} {
			p := n.post(settle, "s", body).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
			if got := wrongs(p); len(got) != 1 || got[0] != want || p.Errors[0].Message == "is not valid" {
				t.Errorf("%v: %v", body, p.Errors)
			}
		}
		slip := map[string]any{"done": true, "batch": "012", "coupon": "0345", "authorization": "00123456", "brand": "VI", "last_four": "4242"}
		n.post(settle, "s1", slip).want(http.StatusOK).into(&p)
		if p.State != payment.Paid || p.Captured != 150000 || len(p.Attempts) != 1 || p.Attempts[0].Slip.Coupon != "0345" || p.Attempts[0].Authorizes != "00123456" {
			t.Errorf("%+v", p)
		}
		n.post(settle, "s2", slip).refused(http.StatusConflict, posta.CodeState)

		var r payment.RefundView
		n.post("/v1/payments/"+string(paid)+"/refunds", "r1", map[string]any{"kind": "refund", "amount": 500}).want(http.StatusCreated).into(&r)
		if r.State != payment.RefundUnknown {
			t.Fatalf("%+v", r)
		}
		n.post("/v1/refunds/"+string(r.ID)+"/settle-by-slip", "s3", map[string]any{"done": false}).want(http.StatusOK).into(&r)
		if r.State != payment.RefundFailed {
			t.Errorf("%+v", r)
		}
	})
}

// Numbers that slips, tills and people bear are none of a card's; a card's is
// refused wherever it is typed.
func TestP39_SlipsAndDocumentsAreNoCards(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	n.terminal("T-1")
	paid := n.swiped("k0", 150000, "VI")
	base := "/v1/payments/" + string(paid)
	for _, number := range []string{"20000000019", "30-00000000-7", "000000012345", "0054", "99999999999"} {
		n.post(base+"/settle-by-slip", "s"+number, map[string]any{"done": true, "batch": number, "coupon": number, "authorization": number}).
			refused(http.StatusConflict, posta.CodeState) // it is read, and the payment needs no slip
	}
	for name, card := range cards {
		for field, send := range map[string]func() answer{
			"options.note": func() answer {
				return n.post("/v1/payments", "k", n.onTerminal(1500, map[string]any{"note": "tarjeta " + card}))
			},
			"options.document": func() answer {
				return n.post("/v1/payments", "k", n.onTerminal(1500, map[string]any{"document": card}))
			},
			"coupon": func() answer {
				return n.post(base+"/settle-by-slip", "k", map[string]any{"done": true, "coupon": card})
			},
			"last_four": func() answer {
				return n.post(base+"/settle-by-slip", "k", map[string]any{"done": true, "last_four": card})
			},
		} {
			p := send().refused(http.StatusUnprocessableEntity, posta.CodeCardNumber)
			if got := wrongs(p); len(got) != 1 || got[0] != field+" card_number" {
				t.Errorf("%s: %v", name, p.Errors)
			}
		}
	}
}

func TestTerminals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		ask := map[string]any{"store_id": n.store.ID, "connection_id": n.connection.ID, "code": "T-1", "name": "Mostrador", "tills": []any{n.till.ID}}
		made := n.post("/v1/terminals", "k1", ask).want(http.StatusCreated)
		var terminal struct {
			ID         posta.TerminalID
			Code, Name string
			Tills      []posta.TillID
		}
		made.into(&terminal)
		if again := n.post("/v1/terminals", "k1", ask).want(http.StatusCreated); again.body != made.body {
			t.Errorf("another one: %s", again.body)
		}
		if terminal.Code != "T-1" || len(terminal.Tills) != 1 || made.header.Get("Location") != "/v1/terminals/"+string(terminal.ID) {
			t.Errorf("%+v", terminal)
		}
		taken := n.post("/v1/terminals", "k2", ask).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(taken); len(got) != 1 || got[0] != "code taken" || taken.Params["terminal"] != string(terminal.ID) {
			t.Errorf("%+v", taken)
		}
		path := "/v1/terminals/" + string(terminal.ID)
		n.do("PATCH", path, n.test, map[string]any{"name": "Salón"}).want(http.StatusOK).into(&terminal)
		if terminal.Name != "Salón" || len(terminal.Tills) != 1 {
			t.Errorf("%+v", terminal)
		}
		n.do("PATCH", path, n.test, map[string]any{"tills": []any{}}).want(http.StatusOK).into(&terminal)
		if terminal.Name != "Salón" || len(terminal.Tills) != 0 {
			t.Errorf("%+v", terminal)
		}

		var p payment.View
		n.post("/v1/payments", "k3", n.onTerminal(1500, nil)).want(http.StatusCreated).into(&p)
		if busy := n.do("DELETE", path, n.test, nil).refused(http.StatusConflict, posta.CodeTerminalBusy); busy.Params["payment"] != string(p.ID) {
			t.Errorf("%+v", busy)
		}
		n.post("/v1/payments/"+string(p.ID)+"/cancel", "k4", nil).want(http.StatusOK)
		for range 2 {
			n.do("DELETE", path, n.test, nil).want(http.StatusNoContent)
		}
		var list struct{ Data []struct{ ID string } }
		if n.do("GET", "/v1/terminals", n.test, nil).want(http.StatusOK).into(&list); len(list.Data) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

func TestDevices(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	terminal := n.terminal("T-1")
	path := "/v1/connections/" + string(n.connection.ID) + "/devices"
	n.post(path+"/T-9/integrated", "k1", map[string]any{"integrated": false}).want(http.StatusNoContent)
	var list struct {
		Data []struct {
			ID         string
			Integrated bool
			Terminal   posta.TerminalID `json:"terminal_id"`
		}
	}
	n.do("GET", path, n.test, nil).want(http.StatusOK).into(&list)
	if len(list.Data) != 2 || list.Data[0].Terminal != terminal || !list.Data[0].Integrated || list.Data[1].Terminal != "" || list.Data[1].Integrated {
		t.Errorf("%+v", list)
	}
	n.acquirer.set(func() { n.acquirer.down = true })
	n.do("GET", path, n.test, nil).refused(http.StatusBadGateway, posta.CodeProviderUnavailable)
}

// Red under: a change of the name that forgets the hour.
func TestStoreClosesAtItsHour(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	path := "/v1/stores/" + string(n.store.ID)
	var s struct {
		Name    string
		CloseAt string  `json:"close_at"`
		Due     *string `json:"close_due_at"`
	}
	n.do("PATCH", path, n.test, map[string]any{"close_at": "23:30"}).want(http.StatusOK)
	n.do("PATCH", path, n.test, map[string]any{"name": "Norte"}).want(http.StatusOK).into(&s)
	if s.Name != "Norte" || s.CloseAt != "23:30" || s.Due == nil || *s.Due != "2026-11-24T02:30:00Z" { // Buenos Aires is three hours behind
		t.Errorf("%+v %v", s, s.Due)
	}
	p := n.do("PATCH", path, n.test, map[string]any{"close_at": "24:30"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
	if got := wrongs(p); len(got) != 1 || got[0] != "close_at malformed" {
		t.Error(got)
	}
	s.CloseAt, s.Due = "", nil
	if n.do("PATCH", path, n.test, map[string]any{"close_at": ""}).want(http.StatusOK).into(&s); s.CloseAt != "" || s.Due != nil {
		t.Errorf("%+v", s)
	}
}
