package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
)

// sales are totals of as many sales of one brand.
func sales(count, amount int64) *provider.BatchTotals {
	sum := provider.Sum{Count: count, Amount: amount}
	return &provider.BatchTotals{Sales: sum, Brands: []provider.BrandSum{{Brand: "VI", Sum: sum}}}
}

func TestP30_BatchIsHeldAgainstTheProvidersTotals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		terminal := n.terminal("T-1")
		first := n.swiped("k1", 150000, "VI")
		n.clock.Move(time.Second)
		n.swiped("k2", 50000, "VI")
		n.clock.Move(time.Minute)
		var batch struct {
			Ours      settlement.Totals
			Movements []struct {
				Payment posta.PaymentID `json:"payment_id"`
				Kind    string
			}
			From *time.Time
		}
		n.do("GET", "/v1/terminals/"+string(terminal)+"/batch", n.test, nil).want(http.StatusOK).into(&batch)
		if batch.Ours.Net != 200000 || len(batch.Movements) != 2 || batch.Movements[0].Payment != first || batch.From != nil {
			t.Errorf("%+v", batch)
		}
		if st := n.close("s1", terminal, sales(2, 200000)); st.State != settlement.Confirmed || st.Attention != "" || st.Ours.Net != 200000 || st.Batch != "012" {
			t.Errorf("%+v", st)
		}

		n.clock.Move(time.Minute)
		st := n.close("s2", terminal, sales(1, 7000)) // planted: we know of none
		path := "/v1/settlements/" + string(st.ID)
		if st.Attention != settlement.AttentionDifference || len(st.Differences) == 0 || st.From == nil {
			t.Fatalf("%+v", st)
		}
		var found struct{ Data []settlement.View }
		if n.do("GET", "/v1/settlements?attention=true&terminal_id="+string(terminal), n.test, nil).want(http.StatusOK).into(&found); len(found.Data) != 1 || found.Data[0].ID != st.ID {
			t.Errorf("%+v", found)
		}
		p := n.post(path+"/settle", "n1", map[string]any{"note": " "}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != "note required" {
			t.Error(got)
		}
		st = settlement.View{}
		n.post(path+"/settle", "n2", map[string]any{"note": "una venta sin Posta"}).want(http.StatusOK).into(&st)
		if st.Attention != "" || st.SettledBy == "" || st.Note != "una venta sin Posta" {
			t.Errorf("%+v", st)
		}
		n.post(path+"/settle", "n3", map[string]any{"note": "otra vez"}).refused(http.StatusConflict, posta.CodeState)

		n.swiped("k3", 9000, "VI")
		st = n.close("s3", terminal, nil)
		if st.Attention != settlement.AttentionUnread {
			t.Fatalf("%+v", st)
		}
		path = "/v1/settlements/" + string(st.ID)
		p = n.post(path+"/settle-by-slip", "b1", map[string]any{"closed": true}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != "totals required" {
			t.Error(got)
		}
		one, zero := map[string]any{"count": 1, "amount": 9000}, map[string]any{"count": 0, "amount": 0}
		slip := map[string]any{"closed": true, "batch": "012", "totals": map[string]any{"sales": one, "reversals": zero, "refunds": zero}}
		st = settlement.View{}
		n.post(path+"/settle-by-slip", "b2", slip).want(http.StatusOK).into(&st)
		if st.Attention != "" || st.Theirs == nil || st.Batch != "012" {
			t.Errorf("%+v", st)
		}
	})
}

func TestBusyTerminalsAreNotClosed(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	busy, free := n.terminal("T-1"), n.terminal("T-2")
	charge := n.onTerminal(1500, nil)
	charge["terminals"] = []any{busy}
	var p struct{ ID posta.PaymentID }
	n.post("/v1/payments", "k1", charge).want(http.StatusCreated).into(&p)
	refused := n.post("/v1/settlements", "s1", map[string]any{"terminal_id": busy}).refused(http.StatusConflict, posta.CodeTerminalBusy)
	if refused.Params["payment"] != string(p.ID) {
		t.Errorf("%+v", refused)
	}
	close := n.post("/v1/stores/"+string(n.store.ID)+"/close", "s2", nil).want(http.StatusOK)
	if again := n.post("/v1/stores/"+string(n.store.ID)+"/close", "s2", nil).want(http.StatusOK); again.body != close.body {
		t.Errorf("closed twice: %s", again.body)
	}
	var all struct {
		Data []struct {
			Terminal   posta.TerminalID `json:"terminal_id"`
			Settlement *settlement.View
			Failure    *struct {
				Code   posta.Code
				Params map[string]string
			}
		}
	}
	close.into(&all)
	for _, one := range all.Data {
		switch {
		case one.Terminal == busy && one.Settlement == nil && one.Failure.Code == posta.CodeTerminalBusy && one.Failure.Params["payment"] == string(p.ID):
		case one.Terminal == free && one.Failure == nil && one.Settlement.State == settlement.Pending:
		default:
			t.Errorf("%+v", one)
		}
	}
	if len(all.Data) != 2 {
		t.Error(close.body)
	}
	charge["terminals"], charge["till_id"] = []any{free}, n.tenantAt(n.store).till.ID
	if p := n.post("/v1/payments", "k2", charge).refused(http.StatusConflict, posta.CodeTerminalBusy); p.Params["settlement"] == "" {
		t.Errorf("%+v", p)
	}
}

func TestSettlementIsFollowed(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	terminal := n.terminal("T-1")
	go n.services.Hub.Run(t.Context())
	server := httptest.NewServer(n.handler)
	defer server.CloseClientConnections()
	var st settlement.View
	n.acquirer.set(func() { n.acquirer.totals = sales(0, 0) })
	n.post("/v1/settlements", "s1", map[string]any{"terminal_id": terminal}).want(http.StatusCreated).into(&st)
	l := n.listen(server.URL, "/v1/settlements/"+string(st.ID)+"/events", n.test, "")
	l.want("state")
	n.closed()
	for {
		event, _ := l.next()
		if event == "settlement.confirmed" {
			break
		}
		if event == "end" {
			t.Fatal("the close is not told")
		}
	}
}
