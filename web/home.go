package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/till"
)

// homeRoutes registers the way in and the switch between test and live.
func (s *server) homeRoutes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", s.member(s.home))
	mux.Handle("POST /mode", s.member(s.switchMode))
}

// switchMode moves the person between test and live.
func (s *server) switchMode(v *visit) error {
	mode := posta.Mode(v.r.PostFormValue("mode"))
	if !mode.Valid() {
		return posta.Invalid("mode", "required")
	}
	s.sessions.Put(v.ctx(), sessionMode, string(mode))
	return v.redirect(local(v.r.PostFormValue("back"), "/"))
}

// homeDays is how many days the columns of the home page show.
const homeDays = 14

// dayBar is one day's column, in the drawing's units.
type dayBar struct {
	Date     time.Time
	Captured int64
	Refunded int64
	Sales    int64
	X, Y     int
	Height   int
	Today    bool
}

// methodBar is one way to pay of today.
type methodBar struct {
	Words    string
	Captured int64
	Share    int64 // of a hundred
}

// homeData is what the home page shows.
type homeData struct {
	Currency   posta.Currency
	Today      till.Report
	Methods    []methodBar
	Days       []dayBar
	Highest    int64
	ToLookAt   []paymentRow
	LookCount  int64
	Back       []chargebackRow // chargebacks that wait for evidence
	Settle     []settlementRow // batch closes that want somebody
	Desk       homeDesk
	Online     homeOnline
	Open       []paymentRow
	Trouble    []noticeRow
	Tills      []till.Till
	Where      places
	Connected  bool
	Lost       []account.Connection // whose credentials the provider refuses, or will not renew
	Placed     bool                 // a till that the provider knows
	FirstStore posta.StoreID
	Charged    bool // any payment at all
	Position   int64
}

// Step is the next thing that a new merchant does: 1 connect, 2 place, 3 charge.
func (d homeData) Step() int {
	switch {
	case !d.Connected:
		return 1
	case !d.Placed:
		return 2
	}
	return 3
}

func (s *server) home(v *visit) error {
	data := homeData{Currency: v.Country.Currency, Position: v.livePosition()}
	connections, err := v.connections()
	if err != nil {
		return err
	}
	data.Connected = len(connections) > 0
	for _, c := range connections {
		if !c.LostAt.IsZero() || !c.Grant.RefusedAt.IsZero() {
			data.Lost = append(data.Lost, c)
		}
	}
	if data.Where, err = v.places(); err != nil {
		return err
	}
	for _, t := range data.Where.Tills {
		if t.RemovedAt.IsZero() {
			data.Tills = append(data.Tills, t)
			data.Placed = data.Placed || t.ProviderRef != ""
		}
	}
	for _, st := range data.Where.Stores {
		if st.RemovedAt.IsZero() && data.FirstStore == "" {
			data.FirstStore = st.ID
		}
	}
	if data.Online, err = v.homeOnline(); err != nil {
		return err
	}
	if err := s.homePayments(v, &data); err != nil {
		return err
	}
	if err := s.homeMoney(v, &data); err != nil {
		return err
	}
	if err := s.homeTrouble(v, &data); err != nil {
		return err
	}
	return v.render("home", data)
}

// homePayments finds the payments that want somebody, and those that are open.
func (s *server) homePayments(v *visit, data *homeData) error {
	list := func(state payment.State, attention bool, limit int) ([]paymentRow, int64, error) {
		found, totals, err := s.Payments.List(v.ctx(), payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: state, Attention: attention, Page: posta.Page{Limit: limit}})
		return v.paymentRows(found, data.Where), totals.Count, err
	}
	var err error
	if data.Desk, err = v.homeDesk(); err != nil {
		return err
	}
	_, all, err := list("", false, 1)
	if err != nil {
		return err
	}
	data.Charged = all > 0
	if data.ToLookAt, data.LookCount, err = list("", true, 5); err != nil {
		return err
	}
	closes, err := s.Settlements.List(v.ctx(), settlement.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, Attention: true, Page: posta.Page{Limit: 5}})
	if err != nil {
		return err
	}
	back, err := s.Payments.Chargebacks(v.ctx(), payment.ChargebackFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: payment.ChargebackOpen, Undecided: true, Page: posta.Page{Limit: 5}})
	if err != nil {
		return err
	}
	for _, c := range back {
		data.Back = append(data.Back, v.chargebackRow(c))
	}
	for _, st := range closes {
		data.Settle = append(data.Settle, v.settlementRow(st, data.Where))
	}
	for _, state := range []payment.State{payment.Unknown, payment.Pending, payment.Created} {
		rows, _, err := list(state, false, 10)
		if err != nil {
			return err
		}
		data.Open = append(data.Open, rows...)
	}
	return nil
}

// homeMoney sums up the days.
func (s *server) homeMoney(v *visit, data *homeData) error {
	today := v.today()
	first := today.AddDate(0, 0, 1-homeDays)
	for i := range homeDays {
		data.Days = append(data.Days, dayBar{Date: first.AddDate(0, 0, i), X: i*10 + 1, Today: i == homeDays-1})
	}
	end := today.AddDate(0, 0, 1)
	bar := func(at time.Time) *dayBar {
		for i := len(data.Days) - 1; i >= 0; i-- {
			if !at.Before(data.Days[i].Date) {
				return &data.Days[i]
			}
		}
		return nil
	}
	var sales []till.Sale
	var returns []till.Returned
	for _, t := range data.Where.Tills {
		all, err := s.Tills.Keeper.Sales(v.ctx(), v.Merchant.ID, t.ID, first, end)
		if err != nil {
			return err
		}
		for _, sale := range all {
			if b := bar(sale.At); b != nil && sale.Captured > 0 {
				b.Captured += sale.Captured
				b.Sales++
			}
		}
		back, err := s.Tills.Keeper.Returns(v.ctx(), v.Merchant.ID, t.ID, first, end)
		if err != nil {
			return err
		}
		for _, r := range back {
			if b := bar(r.At); b != nil {
				b.Refunded += r.Amount
			}
		}
		of, err := s.Tills.Keeper.Sales(v.ctx(), v.Merchant.ID, t.ID, today, end)
		if err != nil {
			return err
		}
		given, err := s.Tills.Keeper.Returns(v.ctx(), v.Merchant.ID, t.ID, today, end)
		if err != nil {
			return err
		}
		sales, returns = append(sales, of...), append(returns, given...)
	}
	data.Today = till.Sum(sales, returns)
	for _, m := range data.Today.Methods {
		words := means{Method: m.Method, Brand: m.Brand}.Words(v)
		i := slices.IndexFunc(data.Methods, func(b methodBar) bool { return b.Words == words }) // a brand has a code for each provider
		if i < 0 {
			i, data.Methods = len(data.Methods), append(data.Methods, methodBar{Words: words})
		}
		data.Methods[i].Captured += m.Captured
		data.Methods[i].Share = data.Methods[i].Captured * 100 / max(data.Today.Captured, 1)
	}
	slices.SortStableFunc(data.Methods, func(a, b methodBar) int { return cmp.Compare(b.Captured, a.Captured) })
	for _, d := range data.Days {
		data.Highest = max(data.Highest, d.Captured)
	}
	for i := range data.Days {
		d := &data.Days[i]
		if data.Highest > 0 && d.Captured > 0 {
			d.Height = int(max(1, d.Captured*100/data.Highest))
		}
		d.Y = 100 - d.Height
	}
	return nil
}

// homeTrouble finds the notifications of the last week that somebody should see.
func (s *server) homeTrouble(v *visit, data *homeData) error {
	names, err := v.connectionNames()
	if err != nil {
		return err
	}
	since := v.s.Clock.Now().AddDate(0, 0, -7)
	for _, f := range []inbox.Filter{{State: inbox.Waiting}, {Judgement: provider.BadSignature}, {Judgement: provider.Unreadable}} {
		f.MerchantID, f.Mode, f.From, f.Page = v.Merchant.ID, v.Mode, since, posta.Page{Limit: 3}
		list, err := s.Inbox.List(v.ctx(), f)
		if err != nil {
			return err
		}
		for _, n := range list {
			data.Trouble = append(data.Trouble, noticeRowOf(n, names))
		}
	}
	return nil
}
