package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/provider"
	"posta/settlement"
)

// settlementRoutes registers the pages of the batch closes.
func (s *server) settlementRoutes(mux *http.ServeMux) {
	mux.Handle("GET /settlements", s.member(s.settlementsPage))
	mux.Handle("GET /settlements.csv", s.member(s.settlementsCSV))
	mux.Handle("GET /settlements/{settlement}", s.member(s.settlementPage))
	mux.Handle("POST /settlements/{settlement}/settle", s.member(s.settleSettlement))
	mux.Handle("POST /settlements/{settlement}/slip", s.member(s.settlementSlip))
	mux.Handle("GET /settlements/{settlement}/settle", s.member(s.settlementPage)) // what was refused stands at these addresses, and is refreshed there
	mux.Handle("GET /settlements/{settlement}/slip", s.member(s.settlementPage))
}

// settlementQuery is the list's filter as its address holds it.
type settlementQuery struct {
	State, Store, Terminal, After string
	Attention                     bool
}

func readSettlementQuery(r *http.Request) settlementQuery {
	get := func(name string) string { return strings.TrimSpace(r.URL.Query().Get(name)) }
	q := settlementQuery{State: get("state"), Store: get("store"), Terminal: get("terminal"), After: get("after"), Attention: get("attention") != ""}
	if !slices.Contains(settlement.States, settlement.State(q.State)) {
		q.State = ""
	}
	return q
}

// Values is the query as an address holds it, without the place in the list.
func (q settlementQuery) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"state": q.State, "store": q.Store, "terminal": q.Terminal} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Attention {
		values.Set("attention", "1")
	}
	return values
}

// Chosen reports whether anything but the place in the list is asked for.
func (q settlementQuery) Chosen() bool { return len(q.Values()) > 0 }

func (v *visit) settlementFilter(q settlementQuery) settlement.Filter {
	f := settlement.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: settlement.State(q.State), Attention: q.Attention,
		StoreID: posta.StoreID(q.Store), TerminalID: posta.TerminalID(q.Terminal), Page: posta.Page{Limit: 50}}
	if id, err := posta.ParseID[posta.SettlementID](q.After); err == nil {
		f.After = string(id)
	}
	return f
}

// settlementLook is the state whose colour and shape a settlement's has.
var settlementLook = map[settlement.State]string{settlement.Created: "pending", settlement.Pending: "pending", settlement.Unknown: "unknown",
	settlement.Confirmed: "paid", settlement.Declined: "rejected", settlement.Failed: "failed"}

// settlementRow is one batch close of a list.
type settlementRow struct {
	settlement.Settlement
	Name, Where, Look, Words string
	Net, TheirNet            int64 // minor units
}

func (v *visit) settlementRow(st settlement.Settlement, where places) settlementRow {
	row := settlementRow{Settlement: st, Name: where.Terminals.Known(st.TerminalID), Where: where.Store(st.StoreID),
		Look: settlementLook[st.State], Words: v.T("settlement.state." + string(st.State)), Net: st.Ours.Net()}
	if st.Theirs != nil {
		row.TheirNet = st.Theirs.Net()
	}
	return row
}

// settlementList is what the page of batch closes shows.
type settlementList struct {
	Query                     settlementQuery
	Rows                      []settlementRow
	States, Stores, Terminals []option
	Next, First, CSV          string
	Position                  int64
	Closable                  []settleStore
}

// settleStore is a store whose terminals can be closed together.
type settleStore struct {
	ID    posta.StoreID
	Name  string
	Count int
	Nonce string
}

func (s *server) settlementsPage(v *visit) error {
	data := settlementList{Query: readSettlementQuery(v.r), Position: v.livePosition()}
	q, filter := data.Query, v.settlementFilter(data.Query)
	list, err := s.Settlements.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	where, err := v.places()
	if err != nil {
		return err
	}
	for _, st := range list {
		data.Rows = append(data.Rows, v.settlementRow(st, where))
	}
	if len(list) == filter.Size() {
		data.Next = address("/settlements", q.Values(), "after", string(list[len(list)-1].ID))
	}
	if q.After != "" {
		data.First = address("/settlements", q.Values())
	}
	data.CSV = address("/settlements.csv", q.Values())
	for _, state := range settlement.States {
		data.States = append(data.States, option{string(state), v.T("settlement.state." + string(state)), string(state) == q.State})
	}
	for _, st := range where.Stores {
		data.Stores = append(data.Stores, option{string(st.ID), st.Name, string(st.ID) == q.Store})
		closes := 0
		for _, t := range where.Terminals {
			if can, _ := v.can(t.ConnectionID, provider.RailTerminal); t.StoreID == st.ID && t.RemovedAt.IsZero() && can.Terminal.Settlement {
				closes++
			}
		}
		if closes > 0 {
			data.Closable = append(data.Closable, settleStore{st.ID, st.Name, closes, s.newNonce()})
		}
	}
	for _, t := range where.Terminals {
		data.Terminals = append(data.Terminals, option{string(t.ID), t.Name, string(t.ID) == q.Terminal})
	}
	return v.render("settlements", data)
}

// settlementsCSV answers the filtered list as a table for a spreadsheet, as
// paymentsCSV does.
func (s *server) settlementsCSV(v *visit) error {
	filter := v.settlementFilter(readSettlementQuery(v.r))
	filter.Page = posta.Page{Limit: 100}
	where, err := v.places()
	if err != nil {
		return err
	}
	list, err := s.Settlements.List(v.ctx(), filter) // before the first byte: an error is still a page
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="posta-closes-`+string(v.Mode)+"-"+v.s.Clock.Now().In(v.Zone).Format("20060102-1504")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write([]byte("\ufeff"))
	out := csv.NewWriter(v.w)
	zone := v.Zone.String()
	_ = out.Write([]string{"id", "created_at (" + zone + ")", "closed_at (" + zone + ")", "mode", "state", "attention", "store", "terminal", "terminal_code",
		"batch", "currency", "our_sales_count", "our_sales (decimal point)", "our_reversals_count", "our_reversals", "our_refunds_count", "our_refunds", "our_net",
		"their_sales_count", "their_sales", "their_reversals_count", "their_reversals", "their_refunds_count", "their_refunds", "their_net", "settled_by", "note"})
	people := v.people()
	for len(list) > 0 {
		for _, st := range list {
			_ = out.Write(v.settlementCells(st, where, people)) // the error comes at the flush
		}
		if out.Flush(); out.Error() != nil || len(list) < filter.Size() {
			return nil
		}
		filter.After = string(list[len(list)-1].ID)
		if list, err = s.Settlements.List(v.ctx(), filter); err != nil {
			s.Log.ErrorContext(v.ctx(), "csv cut short", "error", err)
			panic(http.ErrAbortHandler) // a download that fails is better than one that lacks rows
		}
	}
	return nil
}

func (v *visit) settlementCells(st settlement.Settlement, where places, people *people) []string {
	decimal := func(minor int64) string { return posta.Money{Amount: minor, Currency: st.Currency}.Decimal() }
	totals := func(t *provider.BatchTotals) []string {
		if t == nil {
			return make([]string, 7)
		}
		var cells []string
		for _, sum := range []provider.Sum{t.Sales, t.Reversals, t.Refunds} {
			cells = append(cells, posta.FormatDecimal(sum.Count, 0), decimal(sum.Amount))
		}
		return append(cells, decimal(t.Net()))
	}
	settledBy := ""
	if st.SettledBy != "" {
		settledBy = people.Name(st.SettledBy)
	}
	row := []string{string(st.ID), v.csvTime(st.CreatedAt), v.csvTime(st.ToAt), string(st.Mode), string(st.State), string(st.Attention),
		where.Store(st.StoreID), where.Terminals.Known(st.TerminalID), st.TerminalCode, st.Batch, string(st.Currency)}
	row = append(append(row, totals(&st.Ours)...), totals(st.Theirs)...)
	row = append(row, settledBy, st.Note)
	for i, cell := range row {
		row[i] = plainCell(cell)
	}
	return row
}
