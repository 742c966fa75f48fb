package app_test

import (
	"fmt"
	"slices"
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/subscription"
)

// Sabotage that turns it red: a seed that leaves one of them out, or makes them
// again when the demo is started again.
func TestTheDemoSellsOnlineInFourCountries(t *testing.T) {
	folder := t.TempDir()
	_, stop := startDemo(t, folder)
	stop()
	demo, _ := startDemo(t, folder)
	m := demo.Seed.Merchant
	var countries []string
	for _, l := range demo.Seed.Links {
		countries = append(countries, l.Country)
		link, err := demo.Checkout.Link(t.Context(), m, posta.Test, l.Link)
		if err != nil || link.Token != l.Token || link.ConnectionID != l.Connection || link.ProductID == "" {
			t.Errorf("%s: %+v, %v", l.Country, link, err)
		}
	}
	if !slices.Equal(countries, []string{"AR", "BR", "MX", "CO"}) {
		t.Errorf("it sells in %v", countries)
	}
	payments, _, err := demo.Payments.List(t.Context(), payment.Filter{MerchantID: m, Mode: posta.Test, Page: posta.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	states := map[payment.State]int{}
	for _, p := range payments {
		if p.Rail == provider.RailOnline && p.Online.Subscription == "" {
			states[p.State]++
		}
	}
	want := map[payment.State]int{payment.Paid: 2, payment.Rejected: 1, payment.Pending: 3, payment.Refunded: 1, payment.ChargedBack: 1}
	if fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("payments: %v, want %v", states, want)
	}
	charges, err := demo.Payments.Chargebacks(t.Context(), payment.ChargebackFilter{MerchantID: m, Mode: posta.Test})
	if err != nil || len(charges) != 1 || charges[0].DeadlineAt.IsZero() {
		t.Errorf("chargebacks: %+v, %v", charges, err)
	}
	invoices, err := demo.Subscriptions.ListInvoices(t.Context(), subscription.InvoiceFilter{MerchantID: m, Mode: posta.Test, Page: posta.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	stand := map[string]int{}
	for _, i := range invoices {
		sub, err := demo.Subscriptions.Get(t.Context(), m, posta.Test, i.SubscriptionID)
		if err != nil {
			t.Fatal(err)
		}
		if i.State != subscription.Scheduled {
			stand[fmt.Sprint(sub.Engine, " ", i.State)]++
		}
	}
	if want := map[string]int{"provider paid": 1, "provider retrying": 1, "hub paid": 1, "hub open": 1}; fmt.Sprint(stand) != fmt.Sprint(want) {
		t.Errorf("invoices: %v, want %v", stand, want)
	}
	if letters := demo.Mailbox.Letters(""); len(letters) != 0 {
		t.Errorf("it wrote: %v", letters)
	}
}
