package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/quality"
)

// approvalRoutes registers the page of approved payments.
func (s *server) approvalRoutes(mux *http.ServeMux) {
	mux.Handle("GET /approval", s.member(s.approvalPage))
	mux.Handle("GET /approval.csv", s.member(s.approvalCSV))
}

// approvalQuery is the report's filter as its address holds it.
type approvalQuery struct{ From, To, Connection string }

func (q approvalQuery) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"from": q.From, "to": q.To, "connection": q.Connection} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// Chosen reports whether anything is asked for.
func (q approvalQuery) Chosen() bool { return len(q.values()) > 0 }

// rateRow is one group of a report, in words.
type rateRow struct {
	Label    string
	Rate     quality.Rate // payments, or attempts
	Percent  string
	Bar      int // of a hundred
	Attempts quality.Rate
	Share    string // of all attempts
}

// rateTable is the groups of one kind.
type rateTable struct {
	Title string
	Note  string
	Rows  []rateRow
}

// declineRow is one reason of declines.
type declineRow struct {
	quality.Decline
	Words, Share, Todo string
	Bar                int
}

// lackRow is one kind of data that requests did not tell.
type lackRow struct {
	quality.Missing
	Share string
	Bar   int
}

// approvalData is what the page shows.
type approvalData struct {
	Query        approvalQuery
	Connections  []option
	Report       quality.Report
	Rate, Second string // of payments, of attempts
	Tables       []rateTable
	Declines     []declineRow
	Data         []lackRow
	CSV          string
	Problem      problem
	Wrong        map[string]string
}

// percent writes thousandths: "83,3 %".
func (v *visit) percent(perMille int) string {
	text := strconv.Itoa(perMille / 10)
	if perMille%10 != 0 {
		mark := ","
		if v.words.Lang() == "en" {
			mark = "."
		}
		text += mark + strconv.Itoa(perMille%10)
	}
	if v.words.Lang() == "en" {
		return text + "%"
	}
	return text + "\u00a0%"
}

func (v *visit) approval() (approvalData, error) {
	get := func(name string) string { return strings.TrimSpace(v.r.URL.Query().Get(name)) }
	data := approvalData{Query: approvalQuery{get("from"), get("to"), get("connection")}}
	connections, err := v.connections()
	if err != nil {
		return data, err
	}
	for _, c := range connections {
		data.Connections = append(data.Connections, option{string(c.ID), c.Name, string(c.ID) == data.Query.Connection})
	}
	f := quality.ApprovalFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, ConnectionID: posta.ConnectionID(data.Query.Connection), TimeZone: v.Zone.String()}
	f.From, f.To = v.span(data.Query.From, data.Query.To)
	if data.Report, err = v.s.Quality.Approval(v.ctx(), f); err != nil {
		return data, err
	}
	r := data.Report
	data.Rate, data.Second = v.percent(r.Payments.PerMille()), v.percent(r.Attempts.PerMille())
	for _, kind := range []struct {
		name   string
		groups []quality.Group
	}{{"method", r.ByMethod}, {"brand", r.ByBrand}, {"till", r.ByTill}, {"hour", r.ByHour}} {
		table := rateTable{Title: v.T("approval.by_" + kind.name)}
		for _, g := range kind.groups {
			if g.Attempts.Total == 0 {
				continue
			}
			table.Rows = append(table.Rows, rateRow{Label: v.groupName(kind.name, g), Rate: g.Payments, Percent: v.percent(g.Attempts.PerMille()), Bar: g.Attempts.PerMille() / 10,
				Attempts: g.Attempts, Share: v.percent(g.Share)})
		}
		data.Tables = append(data.Tables, table)
	}
	for _, d := range r.Declines {
		row := declineRow{Decline: d, Words: v.T("detail.other"), Share: v.percent(d.Share), Bar: d.Share / 10, Todo: v.T(d.Todo)}
		if v.words.Has("detail." + d.Detail) {
			row.Words = v.T("detail." + d.Detail)
		}
		data.Declines = append(data.Declines, row)
	}
	for _, m := range r.Data {
		data.Data = append(data.Data, lackRow{m, v.percent(m.PerMille()), m.PerMille() / 10})
	}
	data.CSV = address("/approval.csv", data.Query.values())
	return data, nil
}

// groupName says what a group is.
func (v *visit) groupName(kind string, g quality.Group) string {
	switch {
	case kind == "hour":
		return g.Key + ":00"
	case g.Name != "":
		return g.Name
	case g.Key == "":
		return v.T("approval.not_told")
	case kind == "brand":
		return brand(g.Key)
	case kind == "method" && v.words.Has("method."+g.Key):
		return v.T("method." + g.Key)
	}
	return strings.ReplaceAll(g.Key, "_", " ")
}

func (s *server) approvalPage(v *visit) error {
	data, err := v.approval()
	if posta.ErrorCode(err) == posta.CodeInvalid {
		data.Wrong = v.fieldErrors(err)
		return v.renderAs(http.StatusUnprocessableEntity, "approval", data)
	}
	if err != nil {
		return err
	}
	return v.render("approval", data)
}

// approvalCSV answers the report as a table for a spreadsheet, as paymentsCSV does.
func (s *server) approvalCSV(v *visit) error {
	data, err := v.approval()
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="posta-approval-`+string(v.Mode)+"-"+v.s.Clock.Now().In(v.Zone).Format("20060102-1504")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write([]byte("\ufeff"))
	out := csv.NewWriter(v.w)
	rows := [][]string{{"group", "key", "name", "payments_approved", "payments", "attempts_approved", "attempts", "from (" + v.Zone.String() + ")", "to"}}
	r := data.Report
	line := func(group, key, name string, payments, attempts quality.Rate) {
		rows = append(rows, []string{group, plainCell(key), plainCell(name), strconv.Itoa(payments.Approved), strconv.Itoa(payments.Total),
			strconv.Itoa(attempts.Approved), strconv.Itoa(attempts.Total), r.From.In(v.Zone).Format(time.DateTime), r.To.In(v.Zone).Format(time.DateTime)})
	}
	line("all", "", "", r.Payments, r.Attempts)
	for _, each := range []struct {
		name   string
		groups []quality.Group
	}{{"method", r.ByMethod}, {"brand", r.ByBrand}, {"till", r.ByTill}, {"hour", r.ByHour}} {
		for _, g := range each.groups {
			line(each.name, g.Key, g.Name, g.Payments, g.Attempts)
		}
	}
	for _, d := range data.Declines {
		line("reason", d.Detail, d.Words, quality.Rate{}, quality.Rate{Total: d.Count})
	}
	return out.WriteAll(rows)
}
