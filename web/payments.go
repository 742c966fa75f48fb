package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
)

// paymentRoutes registers the pages of the list of payments.
func (s *server) paymentRoutes(mux *http.ServeMux) {
	s.streamRoutes(mux)
	mux.Handle("GET /payments", s.member(s.paymentsPage))
	mux.Handle("GET /payments.csv", s.member(s.paymentsCSV))
}

// paymentQuery is the list's filter as its address holds it.
type paymentQuery struct {
	Search, State, Till, Store, Rail, Link, From, To string
	Attention                                        bool
	After                                            string
}

func readPaymentQuery(r *http.Request) paymentQuery {
	q := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	query := paymentQuery{Search: get("q"), State: get("state"), Till: get("till"), Store: get("store"),
		Rail: get("rail"), Link: get("link"), From: get("from"), To: get("to"), Attention: get("attention") != "", After: get("after")}
	if !slices.Contains(payment.States, payment.State(query.State)) {
		query.State = ""
	}
	return query
}

// Values is the query as an address holds it, without the place in the list.
func (q paymentQuery) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Search, "state": q.State, "till": q.Till, "store": q.Store, "rail": q.Rail, "link": q.Link, "from": q.From, "to": q.To} {
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
func (q paymentQuery) Chosen() bool { return len(q.Values()) > 0 }

// address is path with the query and more.
func address(path string, values url.Values, more ...string) string {
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (v *visit) paymentFilter(q paymentQuery) payment.Filter {
	f := payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, TillID: posta.TillID(q.Till), StoreID: posta.StoreID(q.Store),
		Rail: provider.Rail(q.Rail), LinkID: posta.LinkID(q.Link), State: payment.State(q.State), Attention: q.Attention, Search: q.Search, Page: posta.Page{Limit: 50}}
	f.From, f.To = v.span(q.From, q.To)
	if id, err := posta.ParseID[posta.PaymentID](q.After); err == nil {
		f.After = string(id)
	}
	return f
}

// paymentRow is one payment of a list.
type paymentRow struct {
	payment.Payment
	Where   string // till, and store where there are several
	Means   string
	Account string // online: by which it is sold
	Buyer   string // online: the address of who pays, masked
	Title   string // what the row is called: the reference, else the id
}

func (v *visit) paymentRows(list []payment.Payment, where places) []paymentRow {
	rows := make([]paymentRow, 0, len(list))
	for _, p := range list {
		row := paymentRow{Payment: p, Where: where.Till(p.TillID), Means: meansOf(p).Words(v), Title: p.Reference}
		switch {
		case p.Online != nil:
			row.Where, row.Account, row.Buyer = v.T("rail.online"), where.Accounts[p.ConnectionID], maskedEmail(p.Online.Buyer.Email)
			if row.Means == "" {
				row.Means = v.onlineMeans(p)
			}
			if row.Title == "" {
				row.Title = p.Description
			}
		case len(where.Stores) > 1:
			row.Where = where.Store(p.StoreID) + " · " + row.Where
		}
		if row.Title == "" {
			row.Title = "…" + string(p.ID)[max(0, len(p.ID)-8):]
		}
		rows = append(rows, row)
	}
	return rows
}

// currencySum is a list's totals in one currency.
type currencySum struct {
	Currency                posta.Currency
	Captured, Refunded, Net int64
}

func sums(t payment.Totals) []currencySum {
	var out []currencySum
	for currency, captured := range t.Captured {
		out = append(out, currencySum{currency, captured, t.Refunded[currency], captured - t.Refunded[currency]})
	}
	slices.SortFunc(out, func(a, b currencySum) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return out
}

// paymentList is what the page of payments shows.
type paymentList struct {
	Query                 paymentQuery
	Rows                  []paymentRow
	Count                 int64
	Sums                  []currencySum
	States, Tills, Stores []option
	Rails                 []option
	Link                  string // name of the link that the list is of
	ToLookAt              int64  // payments that a person should look at
	Next, First, CSV      string
	Look, All             string // addresses: only those to look at, and all
	Position              int64
}

// Mixed reports whether several currencies meet, so that codes are written.
func (l paymentList) Mixed() bool { return len(l.Sums) > 1 }

func (s *server) paymentsPage(v *visit) error {
	q := readPaymentQuery(v.r)
	data := paymentList{Query: q, Position: v.livePosition()}
	filter := v.paymentFilter(q)
	list, totals, err := s.Payments.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	where, err := v.places()
	if err != nil {
		return err
	}
	_, look, err := s.Payments.List(v.ctx(), payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, Attention: true, Page: posta.Page{Limit: 1}})
	if err != nil {
		return err
	}
	data.Rows, data.Count, data.Sums, data.ToLookAt = v.paymentRows(list, where), totals.Count, sums(totals), look.Count
	if len(list) == filter.Size() {
		data.Next = address("/payments", q.Values(), "after", string(list[len(list)-1].ID))
	}
	if q.After != "" {
		data.First = address("/payments", q.Values())
	}
	data.CSV = address("/payments.csv", q.Values())
	data.All = "/payments"
	data.Look = address("/payments", url.Values{}, "attention", "1")
	for _, state := range payment.States {
		data.States = append(data.States, option{string(state), v.T("state." + string(state)), string(state) == q.State})
	}
	for _, rail := range []provider.Rail{provider.RailQR, provider.RailTerminal, provider.RailOnline} {
		data.Rails = append(data.Rails, option{string(rail), v.T("rail." + string(rail)), string(rail) == q.Rail})
	}
	if q.Link != "" && s.Checkout != nil {
		if data.Link, err = v.linkName(posta.LinkID(q.Link)); err != nil {
			return err
		}
	}
	for _, t := range where.Tills {
		label := t.Name
		if len(where.Stores) > 1 {
			label = where.Store(t.StoreID) + " · " + t.Name
		}
		data.Tills = append(data.Tills, option{string(t.ID), label, string(t.ID) == q.Till})
	}
	for _, st := range where.Stores {
		data.Stores = append(data.Stores, option{string(st.ID), st.Name, string(st.ID) == q.Store})
	}
	return v.render("payments", data)
}
