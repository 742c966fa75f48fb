package web

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/page"
	"posta/provider"
	"posta/settlement"
)

// totalsLine is a line of a batch's totals, ours beside the provider's.
type totalsLine struct {
	Label        string
	Ours, Theirs provider.Sum
	Told         bool // the provider told this line
	Differs      bool
	Net          bool // the last line
}

// beside puts the totals side by side; theirs may be nil.
func (v *visit) beside(ours provider.BatchTotals, theirs *provider.BatchTotals) []totalsLine {
	var out []totalsLine
	told := theirs != nil
	var their provider.BatchTotals
	if told {
		their = *theirs
	}
	line := func(label string, a, b provider.Sum, told bool) *totalsLine {
		out = append(out, totalsLine{Label: label, Ours: a, Theirs: b, Told: told, Differs: told && a != b})
		return &out[len(out)-1]
	}
	of := func(t provider.BatchTotals, name string) (sum provider.Sum) {
		for _, b := range t.Brands {
			if b.Brand == name {
				sum.Count, sum.Amount = sum.Count+b.Count, sum.Amount+b.Amount
			}
		}
		return sum
	}
	seen := map[string]bool{}
	for _, b := range append(append([]provider.BrandSum{}, ours.Brands...), their.Brands...) {
		if !seen[b.Brand] {
			seen[b.Brand] = true
			line(cmp.Or(brand(b.Brand), v.T("settlement.no_brand")), of(ours, b.Brand), of(their, b.Brand), told && len(their.Brands) > 0)
		}
	}
	line(v.T("settlement.sales"), ours.Sales, their.Sales, told)
	line(v.T("settlement.reversals"), ours.Reversals, their.Reversals, told)
	line(v.T("settlement.refunds"), ours.Refunds, their.Refunds, told)
	count := func(t provider.BatchTotals) int64 { return t.Sales.Count + t.Reversals.Count + t.Refunds.Count }
	line(v.T("settlement.net"), provider.Sum{Count: count(ours), Amount: ours.Net()}, provider.Sum{Count: count(their), Amount: their.Net()}, told).Net = true
	return out
}

// explained says each difference in a sentence.
func (v *visit) explained(st settlement.Settlement) []string {
	if st.Theirs == nil {
		return nil
	}
	var out []string
	for _, d := range settlement.Differences(st.Ours, *st.Theirs) {
		name := v.T("settlement." + map[settlement.Line]string{settlement.LineTotal: "net", settlement.LineSales: "sales",
			settlement.LineReversals: "reversals", settlement.LineRefunds: "refunds", settlement.LineBrand: "sales"}[d.Line])
		if d.Line == settlement.LineBrand {
			name = cmp.Or(brand(d.Brand), v.T("settlement.no_brand"))
		}
		key := "settlement.more"
		amount := d.Theirs.Amount - d.Ours.Amount
		count := d.Theirs.Count - d.Ours.Count
		if amount < 0 || amount == 0 && count < 0 {
			key, amount, count = "settlement.less", -amount, -count
		}
		out = append(out, v.T(key, "line", name, "amount", v.money(amount, st.Currency), "count", count))
	}
	return out
}

// movementRow is something that the terminal moved.
type movementRow struct {
	settlement.Counted
	Words, Brand string
}

// settlementForm is what was typed off the slip, or to explain a difference.
type settlementForm struct {
	Closed, Batch, At, Note               string
	Sales, Reversals, Refunds             string
	SalesCount, ReversalCount, RefundsCnt string
}

// settlementData is what the page of a batch close shows.
type settlementData struct {
	settlementRow
	Store          string
	Lines          []totalsLine
	Differences    []string
	Others         int // movements that name another batch
	Moved          []movementRow
	Moments        []moment
	Asked, Settler string
	Connection     string
	Title          string // of the provider
	On             *at
	Why            string // the provider's words in ours
	Form           settlementForm
	Wrong          map[string]string
	Problem        problem
	Position       int64
	Seen           string
}

func (v *visit) settlement() (settlement.Settlement, error) {
	id, err := posta.ParseID[posta.SettlementID](v.r.PathValue("settlement"))
	if err != nil {
		return settlement.Settlement{}, err
	}
	return v.s.Settlements.Get(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (s *server) settlementPage(v *visit) error {
	data, err := s.settlementData(v)
	if err != nil {
		return err
	}
	return v.render("settlement", data)
}

func (s *server) settlementData(v *visit) (settlementData, error) {
	data := settlementData{Position: v.livePosition()}
	st, err := v.settlement()
	if err != nil {
		return data, err
	}
	where, err := v.places()
	if err != nil {
		return data, err
	}
	data.settlementRow = v.settlementRow(st, where)
	data.Store = data.Where
	moved, err := s.Settlements.Movements(v.ctx(), v.Merchant.ID, v.Mode, st.ID)
	if err != nil {
		return data, err
	}
	if st.State != settlement.Confirmed { // nothing is summed up yet: what there is so far
		var so []settlement.Movement
		for _, m := range moved {
			so = append(so, m.Movement)
		}
		st.Ours, _ = settlement.Sum(so, st.Batch)
		data.Net = st.Ours.Net()
	}
	data.Lines, data.Differences = v.beside(st.Ours, st.Theirs), v.explained(st)
	for _, m := range moved {
		if m.Other {
			data.Others++
		}
		data.Moved = append(data.Moved, movementRow{m, v.T("settlement.kind." + string(m.Kind)), brand(m.Brand)})
	}
	connection, err := s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, st.ConnectionID)
	if err != nil {
		return data, err
	}
	data.Connection, data.Title = connection.Name, s.providerTitle(connection.Provider)
	people := v.people()
	data.Asked = people.Name(st.AskedBy)
	if st.SettledBy != "" {
		data.Settler = people.Name(st.SettledBy)
	}
	if st.Detail != "" && !(st.State == settlement.Confirmed) {
		data.Why = v.reason(st.Detail)
	}
	if st.State == settlement.Pending || st.State == settlement.Created {
		data.On = &at{Names: data.Name, Step: st.Progress, Menu: data.Store, Device: st.TerminalCode, Confirm: true}
		if data.On.Step == "" {
			data.On.Step = provider.ProgressOffered
		}
	}
	data.Form.Batch = st.Batch
	events, err := s.Events.SettlementEvents(v.ctx(), v.Merchant.ID, st.ID)
	if err != nil {
		return data, err
	}
	tell := &teller{visit: v, people: people}
	for _, e := range events {
		data.Moments = append(data.Moments, tell.settled(e, st))
	}
	tell.pace(data.Moments)
	return data, nil
}

// settlementLooks are the looks of a batch close's events.
var settlementLooks = map[string]string{"created": "pending", "pending": "pending", "progressed": "pending", "confirmed": "paid",
	"declined": "rejected", "failed": "failed", "unknown": "unknown", "attention": "disputed", "settled": "paid"}

// settled tells an event of a batch close.
func (t *teller) settled(e posta.Event, st settlement.Settlement) moment {
	m := t.event(e)
	kind := e.Type[strings.LastIndexByte(e.Type, '.')+1:]
	if look := settlementLooks[kind]; look != "" {
		m.Shown = look
	}
	if kind == "settled" && st.Note != "" {
		m.Lines = []string{"«" + st.Note + "»"}
	}
	if kind == "confirmed" {
		m.Lines = []string{page.Money(st.Ours.Net(), string(st.Currency), "")}
	}
	return m
}

// settleSettlement notes the explanation of a difference.
func (s *server) settleSettlement(v *visit) error {
	data, err := s.settlementData(v)
	if err != nil {
		return err
	}
	data.Form.Note = strings.TrimSpace(v.r.PostFormValue("note"))
	_, err = s.Settlements.Settle(v.ctx(), v.Merchant.ID, v.Mode, data.ID, data.Form.Note, v.by())
	return s.settlementSettled(v, data, err)
}

// settlementSlip notes what the slip says.
func (s *server) settlementSlip(v *visit) error {
	data, err := s.settlementData(v)
	if err != nil {
		return err
	}
	in, err := v.readSettlementSlip(&data)
	if err == nil {
		_, err = s.Settlements.SettleBySlip(v.ctx(), data.ID, in)
	}
	return s.settlementSettled(v, data, err)
}

// readSettlementSlip reads the form. Errors: invalid with fields closed, at,
// totals.sales, totals.reversals, totals.refunds.
func (v *visit) readSettlementSlip(data *settlementData) (settlement.SlipInput, error) {
	get := func(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }
	f := &data.Form
	*f = settlementForm{Closed: get("closed"), Batch: get("batch"), At: get("at"), Note: get("note"), Sales: get("sales"), Reversals: get("reversals"),
		Refunds: get("refunds"), SalesCount: get("sales_count"), ReversalCount: get("reversals_count"), RefundsCnt: get("refunds_count")}
	in := settlement.SlipInput{MerchantID: v.Merchant.ID, Mode: v.Mode, Closed: f.Closed == "yes", Batch: f.Batch, Note: f.Note, By: v.by()}
	var problems posta.Problems
	problems.Add(f.Closed != "yes" && f.Closed != "no", "closed", "required")
	if !in.Closed {
		return in, problems.Err()
	}
	if f.At != "" {
		at, err := time.ParseInLocation("2006-01-02T15:04", f.At, v.Zone)
		problems.Add(err != nil, "at", "malformed")
		in.At = at
	}
	sum := func(field, count, amount string) (out provider.Sum) {
		if count == "" && amount == "" {
			return out
		}
		n, err := strconv.ParseInt(count, 10, 64)
		problems.Add(err != nil, field, "out_of_range")
		out.Count = n
		if amount != "" {
			out.Amount, err = parseAmount(amount, data.Currency)
			problems.Add(err != nil, field, "amount")
		}
		return out
	}
	problems.Add(f.Sales == "" || f.SalesCount == "", "totals.sales", "required")
	in.Totals = &provider.BatchTotals{Sales: sum("totals.sales", f.SalesCount, f.Sales), Reversals: sum("totals.reversals", f.ReversalCount, f.Reversals),
		Refunds: sum("totals.refunds", f.RefundsCnt, f.Refunds)}
	return in, problems.Err()
}

// settlementSettled goes back to the batch close, or shows what is to be mended.
func (s *server) settlementSettled(v *visit, data settlementData, err error) error {
	switch {
	case err == nil:
		v.flash("ok", v.T("slip.done"), "")
		return v.redirect("/settlements/" + string(data.ID))
	case posta.ErrorCode(err) == posta.CodeState:
		v.flash("info", v.T("settlement.moved"), v.T("slip.moved.text"))
		return v.redirect("/settlements/" + string(data.ID))
	}
	if data.Wrong = v.fieldErrors(err); data.Wrong == nil {
		data.Problem = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "settlement", data)
}
