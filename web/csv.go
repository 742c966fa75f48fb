package web

import (
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// paymentsCSV answers the filtered list as a table for a spreadsheet: UTF-8
// with a mark, commas, dates of the merchant's zone as ISO 8601, amounts with a
// decimal point. The header says so.
func (s *server) paymentsCSV(v *visit) error {
	filter := v.paymentFilter(readPaymentQuery(v.r))
	filter.Page = posta.Page{Limit: 100}
	where, err := v.places()
	if err != nil {
		return err
	}
	list, _, err := s.Payments.List(v.ctx(), filter) // before the first byte: an error is still a page
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="posta-`+string(v.Mode)+"-"+v.s.Clock.Now().In(v.Zone).Format("20060102-1504")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write([]byte("\ufeff"))
	out := csv.NewWriter(v.w)
	zone := v.Zone.String()
	_ = out.Write([]string{"id", "created_at (" + zone + ")", "paid_at (" + zone + ")", "mode", "state", "attention", "currency",
		"amount (decimal point)", "captured", "refunded", "net", "reference", "description", "store", "till", "method", "brand",
		"last_four", "installments", "provider_payments", "provider_order", "created_by",
		"rail", "terminal", "batch", "coupon", "authorization", "cash_back",
		"connection", "buyer_email", "checkout_session"})
	people := v.people()
	for len(list) > 0 {
		for _, p := range list {
			_ = out.Write(v.csvRow(p, where, people)) // the error comes at the flush
		}
		if out.Flush(); out.Error() != nil {
			return nil // the reader left
		}
		if len(list) < filter.Size() {
			return nil
		}
		filter.After = string(list[len(list)-1].ID)
		if list, _, err = s.Payments.List(v.ctx(), filter); err != nil {
			s.Log.ErrorContext(v.ctx(), "csv cut short", "error", err)
			panic(http.ErrAbortHandler) // a download that fails is better than one that lacks rows
		}
	}
	out.Flush()
	return nil
}

func (v *visit) csvRow(p payment.Payment, where places, people *people) []string {
	decimal := func(minor int64) string { return posta.Money{Amount: minor, Currency: p.Amount.Currency}.Decimal() }
	var ids []string
	for _, a := range p.Attempts() {
		ids = append(ids, a.ID)
	}
	var slip provider.Slip
	authorization := ""
	for _, a := range p.Attempts() {
		if a.Status != provider.StatusRejected && a.Slip != (provider.Slip{}) {
			slip, authorization = a.Slip, a.Authorizes
		}
	}
	if slip.Terminal != "" {
		slip.Terminal = where.Terminals.CodeName(slip.Terminal)
	}
	buyer := ""
	if p.Online != nil {
		buyer = p.Online.Buyer.Email
	}
	m := meansOf(p)
	installments := ""
	if m.Installments > 0 {
		installments = posta.FormatDecimal(int64(m.Installments), 0)
	}
	row := []string{string(p.ID), v.csvTime(p.CreatedAt), v.csvTime(p.PaidAt), string(p.Mode), string(p.State), string(p.Attention),
		string(p.Amount.Currency), decimal(p.Amount.Amount), decimal(p.Captured), decimal(p.Refunded), decimal(p.Captured - p.Refunded),
		p.Reference, p.Description, where.Store(p.StoreID), where.Till(p.TillID), m.Method, m.Brand, m.LastFour, installments,
		strings.Join(ids, " "), p.Order, people.Name(p.CreatedBy),
		string(p.Rail), slip.Terminal, slip.Batch, slip.Coupon, authorization, decimal(slip.CashBack),
		where.Accounts[p.ConnectionID], buyer, p.Owner}
	for i, cell := range row {
		row[i] = plainCell(cell)
	}
	return row
}

func (v *visit) csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(v.Zone).Format("2006-01-02 15:04:05")
}

// plainCell keeps a spreadsheet from taking a text of somebody else's for a formula.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) && !number(text) {
		return "'" + text
	}
	return text
}

func number(text string) bool {
	return strings.Trim(strings.TrimPrefix(text, "-"), "0123456789.") == ""
}
