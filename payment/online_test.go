package payment_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// ana has a fictitious document that passes its check digit.
var ana = provider.Buyer{Email: "ana@shop.example", FirstName: "Ana", LastName: "Gómez",
	Identification: provider.Identification{Type: "DNI", Number: "12.345.678"}}

func card(change func(*provider.Online)) provider.Online {
	o := provider.Online{Flow: provider.FlowDirect, Method: "visa", Token: "0123456789abcdef0123456789abcdef", Installments: 3, Buyer: ana}
	if change != nil {
		change(&o)
	}
	return o
}

func slip(change func(*provider.Online)) provider.Online {
	return card(func(o *provider.Online) {
		o.Method, o.Token, o.Installments = "rapipago", "", 0
		if change != nil {
			change(o)
		}
	})
}

// What is wrong with what is asked online is told by field, before a payment is
// stored or the provider asked.
func TestOnlineIsHeldToCountryAndMethod(t *testing.T) {
	s := newDesk(t, storetest.Open(t, store.SQLite))
	for name, tc := range map[string]struct {
		online provider.Online
		want   string // fields and codes; "" is taken
	}{
		"card":                    {card(nil), ""},
		"card without a token":    {card(func(o *provider.Online) { o.Token = "" }), "online.token required"},
		"card to authorize":       {card(func(o *provider.Online) { o.Authorize = true }), ""},
		"debit to authorize":      {card(func(o *provider.Online) { o.Method, o.Authorize = "debvisa", true }), "online.authorize not_with_method"},
		"no method":               {card(func(o *provider.Online) { o.Method = "" }), "online.method required"},
		"another country's":       {card(func(o *provider.Online) { o.Method = "pix" }), "online.method not_of_country"},
		"balance on our page":     {card(func(o *provider.Online) { o.Method = "account_money" }), "online.method not_with_flow"},
		"no flow":                 {card(func(o *provider.Online) { o.Flow = "" }), "online.challenge not_with_flow,online.flow unknown,online.method not_with_flow,online.token not_with_flow"},
		"40 installments":         {card(func(o *provider.Online) { o.Installments = 40 }), "online.installments out_of_range"},
		"long descriptor":         {card(func(o *provider.Online) { o.Descriptor = "ALMACEN DON PEDRO" }), "online.descriptor too_long"},
		"binary with a challenge": {card(func(o *provider.Online) { o.Binary, o.Challenge = true, true }), "online.challenge not_with_binary"},
		"slip":                    {slip(nil), ""},
		"slip with a token":       {slip(func(o *provider.Online) { o.Token = "t" }), "online.token not_with_method"},
		"slip in installments":    {slip(func(o *provider.Online) { o.Installments = 2 }), "online.installments not_with_method"},
		"slip for an hour":        {slip(func(o *provider.Online) { o.VoucherTo = storetest.Now.Add(time.Hour) }), "online.voucher_to out_of_range"},
		"slip for a year":         {slip(func(o *provider.Online) { o.VoucherTo = storetest.Now.Add(365 * 24 * time.Hour) }), "online.voucher_to out_of_range"},
		"card for a week":         {card(func(o *provider.Online) { o.VoucherTo = storetest.Now.Add(7 * 24 * time.Hour) }), "online.voucher_to not_with_method"},
		"no e-mail":               {card(func(o *provider.Online) { o.Buyer.Email = " " }), "online.buyer.email required"},
		"odd e-mail":              {card(func(o *provider.Online) { o.Buyer.Email = "Ana <ana@shop.example>" }), "online.buyer.email malformed"},
		"no document":             {card(func(o *provider.Online) { o.Buyer.Identification = provider.Identification{} }), "online.buyer.identification required"},
		"a document of nowhere":   {card(func(o *provider.Online) { o.Buyer.Identification.Type = "CPF" }), "online.buyer.identification unknown_type"},
		"a mistyped CUIT": {card(func(o *provider.Online) {
			o.Buyer.Identification = provider.Identification{Type: "CUIT", Number: "30-00000000-8"}
		}), "online.buyer.identification check_digit"},
		"redirect":               {provider.Online{Flow: provider.FlowRedirect}, ""},
		"redirect with a method": {provider.Online{Flow: provider.FlowRedirect, Method: "visa"}, "online.method not_with_flow"},
		"redirect to authorize":  {provider.Online{Flow: provider.FlowRedirect, Authorize: true}, "online.authorize not_with_flow"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no flow" {
				tc.online.Challenge = true
			}
			before := len(s.creates)
			p, err := s.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](storetest.Now), MerchantID: s.world.Merchant.ID, Mode: posta.Test,
				ConnectionID: s.world.Connection.ID, Rail: provider.RailOnline, Online: &tc.online, Amount: posta.Money{Amount: 150_000}, By: "user:test"})
			var e *posta.Error
			errors.As(err, &e)
			var got []string
			if e != nil {
				for _, field := range e.Fields {
					got = append(got, field.Field+" "+field.Code)
				}
			}
			slices.Sort(got)
			if strings.Join(got, ",") != tc.want || (tc.want == "") != (err == nil) {
				t.Fatalf("%v, %v", got, err)
			}
			if tc.want != "" && len(s.creates) != before {
				t.Error("the provider was asked")
			}
			if tc.want == "" && tc.online.Flow == provider.FlowDirect && p.Online.Buyer.Identification.Number != "12345678" {
				t.Errorf("document %q", p.Online.Buyer.Identification.Number)
			}
			if tc.want == "" && (p.Online.Token != "" || p.State != payment.Pending) {
				t.Errorf("%s, token %q", p.State, p.Online.Token)
			}
		})
	}
}
