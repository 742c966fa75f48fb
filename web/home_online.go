package web

import (
	"posta"
	"posta/payment"
	"posta/provider"
	"posta/webhook"
)

// homeOnline is what the home page shows of selling online.
type homeOnline struct {
	Sells bool          // an account sells online
	Make  bool          // the person may make links
	Sums  []currencySum // of what was begun today
	Count int64
	All   string // address of those payments
}

// homeOnline sums up the payments online that were begun today.
func (v *visit) homeOnline() (homeOnline, error) {
	accounts, err := v.sellers()
	if err != nil || len(accounts) == 0 {
		return homeOnline{}, err
	}
	today := v.today()
	_, totals, err := v.s.Payments.List(v.ctx(), payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, Rail: provider.RailOnline, From: today,
		Page: posta.Page{Limit: 1}})
	return homeOnline{Sells: true, Make: webhook.Manages(v.User.Role), Sums: sums(totals), Count: totals.Count,
		All: "/payments?rail=online&from=" + today.Format("2006-01-02")}, err
}
