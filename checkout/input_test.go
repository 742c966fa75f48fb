package checkout_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/checkout"
	"posta/provider"
	"posta/store/storetest"

	"posta/store"
)

// problems are an error's fields as "field:code".
func problems(err error) (out []string) {
	var e *posta.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			out = append(out, f.Field+":"+f.Code)
		}
	}
	return out
}

func wantProblem(t testing.TB, err error, problem string) {
	t.Helper()
	if !slices.Contains(problems(err), problem) {
		t.Errorf("error %v, want %s", err, problem)
	}
}

func TestBadInputOfABuyerIsNamedAndNothingIsCharged(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := s.visit(t, s.link(t, func(in *checkout.LinkInput) {
			in.Terms.Methods = []string{"credit_card", "rapipago"}
			in.Terms.MaxInstallments = 6
		}))
		for _, c := range []struct {
			problem string
			change  func(*checkout.PayInput)
		}{
			{"buyer.identification:check_digit", func(in *checkout.PayInput) {
				in.Buyer.Identification = provider.Identification{Type: "CUIT", Number: "20-00000001-0"}
			}},
			{"buyer.identification:unknown_type", func(in *checkout.PayInput) {
				in.Buyer.Identification = provider.Identification{Type: "CPF", Number: "123.456.789-09"}
			}},
			{"buyer.identification:required", func(in *checkout.PayInput) { in.Buyer.Identification = provider.Identification{} }},
			{"buyer.email:required", func(in *checkout.PayInput) { in.Buyer.Email = "" }},
			{"buyer.email:malformed", func(in *checkout.PayInput) { in.Buyer.Email = "juana@localhost" }},
			{"buyer.first_name:required", func(in *checkout.PayInput) { in.Buyer.FirstName = " " }},
			{"buyer.last_name:required", func(in *checkout.PayInput) { in.Buyer.LastName = "" }},
			{"amount:changed", func(in *checkout.PayInput) { in.Amount = 149999 }},
			{"method:not_offered", func(in *checkout.PayInput) { in.Method = "pix" }},
			{"method:not_offered", func(in *checkout.PayInput) { in.Method = "pagofacil" }},
			{"method:not_offered", func(in *checkout.PayInput) { in.Method = "account_money" }},
			{"token:required", func(in *checkout.PayInput) { in.Token = "" }},
			{"token:not_with_method", func(in *checkout.PayInput) { in.Method = "rapipago" }},
			{"installments:out_of_range", func(in *checkout.PayInput) { in.Installments = 12 }},
			{"flow:not_offered", func(in *checkout.PayInput) { in.Flow = "teleport" }},
		} {
			in := card(v, "appr1")
			c.change(&in)
			_, err := s.Pay(t.Context(), in)
			wantProblem(t, err, c.problem)
		}
		if len(s.charges) != 0 {
			t.Errorf("%d charges", len(s.charges))
		}
		if v = s.now(t, v.ID); v.Tries != 0 || v.Touched {
			t.Errorf("a refused input left %+v", v)
		}
		s.pay(t, card(v, "appr1"))
	})
}

func TestBadInputOfAMerchantIsNamed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		past := storetest.Now.Add(-time.Hour)
		for _, c := range []struct {
			problem string
			change  func(*checkout.LinkInput)
		}{
			{"title:required", func(in *checkout.LinkInput) { in.Title = " " }},
			{"amount:positive", func(in *checkout.LinkInput) { in.Amount = 0 }},
			{"amount:not_with_open_amount", func(in *checkout.LinkInput) { in.Open = &checkout.OpenAmount{Min: 100, Max: 200} }},
			{"open_amount.max:too_low", func(in *checkout.LinkInput) { in.Open, in.Amount = &checkout.OpenAmount{Min: 200, Max: 100}, 0 }},
			{"open_amount.suggested:out_of_range", func(in *checkout.LinkInput) {
				in.Open, in.Amount = &checkout.OpenAmount{Min: 100, Max: 200, Suggested: 300}, 0
			}},
			{"max_quantity:out_of_range", func(in *checkout.LinkInput) { in.MaxQuantity = 1001 }},
			{"expires_at:past", func(in *checkout.LinkInput) { in.ExpiresAt = past }},
			{"stock:out_of_range", func(in *checkout.LinkInput) { in.Stock = -2 }},
			{"max_uses:out_of_range", func(in *checkout.LinkInput) { in.MaxUses = -1 }},
			{"methods:not_of_country", func(in *checkout.LinkInput) { in.Terms.Methods = []string{"pix"} }},
			{"flow:unknown", func(in *checkout.LinkInput) { in.Terms.Flow = "teleport" }},
			{"authorize:not_with_flow", func(in *checkout.LinkInput) { in.Terms.Flow, in.Terms.Authorize = provider.FlowRedirect, true }},
			{"success_url:not_https", func(in *checkout.LinkInput) { in.Terms.SuccessURL = "http://shop.example/thanks" }},
			{"success_url:not_https", func(in *checkout.LinkInput) { in.Terms.SuccessURL = "javascript://x/%0aalert(1)" }},
			{"success_url:malformed", func(in *checkout.LinkInput) { in.Terms.SuccessURL = "https://user:pass@shop.example/" }},
			{"picture_url:not_https", func(in *checkout.LinkInput) { in.PictureURL = "http://shop.example/cup.png" }},
			{"category:unknown", func(in *checkout.LinkInput) { in.Category = "photography" }},
			{"connection_id:unknown", func(in *checkout.LinkInput) { in.ConnectionID = posta.NewID[posta.ConnectionID](storetest.Now) }},
			{"product_id:unknown", func(in *checkout.LinkInput) { in.ProductID = posta.NewID[posta.ProductID](storetest.Now) }},
		} {
			in := s.linkInput()
			c.change(&in)
			_, err := s.CreateLink(t.Context(), in)
			wantProblem(t, err, c.problem)
		}
		live := s.linkInput()
		live.Mode = posta.Live
		_, err := s.CreateLink(t.Context(), live)
		wantCode(t, err, posta.CodeModeMismatch)
		_, err = s.CreateProduct(t.Context(), checkout.ProductInput{MerchantID: live.MerchantID, Mode: posta.Live, ConnectionID: live.ConnectionID, Name: "Taza", Price: 100})
		wantCode(t, err, posta.CodeModeMismatch)
		_, err = s.CreateSession(t.Context(), checkout.SessionInput{MerchantID: live.MerchantID, Mode: posta.Live, ConnectionID: live.ConnectionID, Title: "Taza", Amount: 100})
		wantCode(t, err, posta.CodeModeMismatch)
	})
}

func TestClosedLinksTurnBuyersAway(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		expires := storetest.Now.Add(time.Hour)
		l := s.link(t, func(in *checkout.LinkInput) { in.ExpiresAt = expires })
		v := s.visit(t, l)
		s.clock.Move(2 * time.Hour)
		_, err := s.Visit(t.Context(), l.Token, "")
		wantCode(t, err, posta.CodeLinkExpired)
		_, err = s.Pay(t.Context(), card(v, "appr1"))
		wantCode(t, err, posta.CodeLinkExpired)

		l = s.link(t)
		v = s.visit(t, l)
		in := s.linkInput()
		in.ID, in.State = l.ID, checkout.LinkDisabled
		if _, err := s.UpdateLink(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		_, err = s.Visit(t.Context(), l.Token, "")
		wantCode(t, err, posta.CodeLinkDisabled)
		_, err = s.Pay(t.Context(), card(v, "appr1"))
		wantCode(t, err, posta.CodeLinkDisabled)
		_, err = s.Visit(t.Context(), "nothing", "")
		wantCode(t, err, posta.CodeNotFound)
		if len(s.charges) != 0 {
			t.Errorf("%d charges", len(s.charges))
		}
	})
}

func TestAProductsLinkSellsItAtItsPriceUntilItIsArchived(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		in := checkout.ProductInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, ConnectionID: s.world.Connection.ID, Name: "Taza", Category: "home", Price: 2500, By: "user:test"}
		product, err := s.CreateProduct(t.Context(), in)
		if err != nil || product.Price.Currency != "ARS" {
			t.Fatal(product.Price, err)
		}
		l, err := s.CreateLink(t.Context(), checkout.LinkInput{MerchantID: in.MerchantID, Mode: in.Mode, ProductID: product.ID, Stock: checkout.Unlimited})
		if err != nil {
			t.Fatal(err)
		}
		before := s.visit(t, l)
		in.ID, in.Price = product.ID, 3000
		if _, err := s.UpdateProduct(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		after := s.visit(t, l)
		if before.Amount.Amount != 2500 || after.Amount.Amount != 3000 || after.Title != "Taza" || after.Items[0].Detail.Category != "home" {
			t.Errorf("%v then %v", before.Amount, after.Amount)
		}
		in.State = checkout.ProductArchived
		if _, err := s.UpdateProduct(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		_, err = s.Visit(t.Context(), l.Token, "")
		wantCode(t, err, posta.CodeLinkDisabled)
		_, err = s.CreateLink(t.Context(), checkout.LinkInput{MerchantID: in.MerchantID, Mode: in.Mode, ProductID: product.ID, Stock: checkout.Unlimited})
		wantProblem(t, err, "product_id:archived")
	})
}

func TestAnOpenAmountIsTheBuyersWithinItsBounds(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := s.visit(t, s.link(t, func(in *checkout.LinkInput) {
			in.Amount, in.MaxQuantity, in.Open = 0, 1, &checkout.OpenAmount{Min: 10000, Max: 50000, Suggested: 20000}
		}))
		_, err := s.Pay(t.Context(), card(v, "appr1"))
		wantProblem(t, err, "amount:required")
		_, err = s.SetAmount(t.Context(), v.ID, 9999)
		wantProblem(t, err, "amount:too_low")
		_, err = s.SetAmount(t.Context(), v.ID, 50001)
		wantProblem(t, err, "amount:too_high")
		if v, err = s.SetAmount(t.Context(), v.ID, 30000); err != nil {
			t.Fatal(err)
		}
		slip := s.pay(t, voucher(v, "rapipago"))
		if slip.Amount.Amount != 30000 || slip.Items[0].UnitPrice != 30000 {
			t.Errorf("%+v", slip.Amount)
		}
		_, err = s.SetAmount(t.Context(), v.ID, 40000)
		wantCode(t, err, posta.CodeUnderWay)
		if v, err = s.Abandon(t.Context(), v.ID, "buyer"); err != nil {
			t.Fatal(err)
		}
		if v, err = s.SetAmount(t.Context(), v.ID, 40000); err != nil || v.Amount.Amount != 40000 {
			t.Error(err)
		}
	})
}

func TestFractionsAreRefusedWhereTheProviderTakesNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for country, amounts := range map[string][2]int64{"CO": {500050, 500000}, "CL": {0, 5001}, "AR": {0, 12345}} {
			s := newShopIn(t, db, country)
			in := s.linkInput()
			if in.Amount = amounts[0]; in.Amount != 0 {
				_, err := s.CreateLink(t.Context(), in)
				wantProblem(t, err, "amount:fraction")
			}
			in.Amount = amounts[1]
			if _, err := s.CreateLink(t.Context(), in); err != nil {
				t.Errorf("%s: %v", country, err)
			}
		}
	})
}

func TestAMethodIsOfferedWithinItsLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShopIn(t, db, "BR")
		offer := func(amount int64, change ...func(*checkout.LinkInput)) checkout.Offer {
			t.Helper()
			v := s.visit(t, s.link(t, append(change, func(in *checkout.LinkInput) { in.Amount = amount })...))
			o, err := s.Methods(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		has := func(o checkout.Offer, id string) bool {
			return slices.ContainsFunc(o.Methods, func(m checkout.Method) bool { return m.ID == id })
		}
		if o := offer(10000); !o.Redirect || !has(o, "visa") || !has(o, "pix") || !has(o, "bolbradesco") || has(o, "account_money") {
			t.Errorf("%+v", o)
		}
		if o := offer(300); !has(o, "pix") || has(o, "bolbradesco") {
			t.Error("a boleto of R$ 3 is offered")
		}
		if o := offer(10000, func(in *checkout.LinkInput) { in.Terms.Methods = []string{"bank_transfer"} }); len(o.Methods) != 1 || o.Methods[0].ID != "pix" || o.Methods[0].Next != posta.NextQR {
			t.Errorf("%+v", o.Methods)
		}
		if o := offer(10000, func(in *checkout.LinkInput) { in.Terms.Flow = provider.FlowRedirect }); !o.Redirect || len(o.Methods) != 0 {
			t.Errorf("%+v", o)
		}
		v := s.visit(t, s.link(t, func(in *checkout.LinkInput) { in.Amount = 300 }))
		in := checkout.PayInput{Session: v.ID, Flow: provider.FlowDirect, Method: "bolbradesco", Buyer: provider.Buyer{Email: "joana@buyer.example", FirstName: "Joana", LastName: "Silva",
			Identification: provider.Identification{Type: "CPF", Number: "123.456.789-09"},
			Address:        provider.Address{ZipCode: "01310-100", Street: "Av. Paulista", Number: "1", City: "São Paulo", State: "SP"}}}
		_, err := s.Pay(t.Context(), in)
		wantProblem(t, err, "amount:below_minimum")
		in.Buyer.Address = provider.Address{}
		_, err = s.Pay(t.Context(), in)
		wantProblem(t, err, "buyer.address.street:required")
		s.fake.methods = slices.DeleteFunc(s.fake.methods, func(m provider.Method) bool { return m.ID == "pix" })
		s.clock.Move(10 * time.Minute)
		if has(offer(10000), "pix") {
			t.Error("what the account stopped offering is offered")
		}
		if s.asked > 2 {
			t.Errorf("the provider was asked %d times for its methods", s.asked)
		}
	})
}

func TestTheProvidersPageOffersWhatTheTermsSay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShopIn(t, db, "BR")
		v := s.visit(t, s.link(t, func(in *checkout.LinkInput) { in.Terms.Methods, in.Terms.MaxInstallments = []string{"visa", "pix"}, 3 }))
		p := s.pay(t, checkout.PayInput{Session: v.ID, Flow: provider.FlowRedirect, Buyer: provider.Buyer{Email: "joana@buyer.example", FirstName: "Joana", LastName: "Silva",
			Identification: provider.Identification{Type: "CPF", Number: "12345678909"}}})
		if x := p.Online.Exclude; !slices.Contains(x, "ticket") || !slices.Contains(x, "master") || slices.Contains(x, "visa") || slices.Contains(x, "credit_card") ||
			slices.Contains(x, "bank_transfer") || slices.Contains(x, "account_money") || p.Online.Installments != 3 {
			t.Errorf("excluded %v", x)
		}
		options, err := s.Installments(t.Context(), v, "503143")
		if err != nil || len(options) != 2 {
			t.Errorf("%v, %v", options, err)
		}
		_, err = s.Installments(t.Context(), v, "5031 4")
		wantProblem(t, err, "bin:malformed")
	})
}

func TestNobodyElsesThingsAreFound(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		l, v := s.link(t), s.session(t)
		other := newShop(t, s.db)
		_, err := other.Link(t.Context(), other.world.Merchant.ID, posta.Test, l.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = other.Session(t.Context(), other.world.Merchant.ID, posta.Test, v.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = other.Session(t.Context(), s.world.Merchant.ID, posta.Live, v.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = other.Cancel(t.Context(), other.world.Merchant.ID, posta.Test, v.ID, "")
		wantCode(t, err, posta.CodeNotFound)
		in := s.linkInput()
		in.MerchantID = other.world.Merchant.ID
		_, err = s.CreateLink(t.Context(), in)
		wantProblem(t, err, "connection_id:unknown")
		// A visit of another link is not this one's.
		mine, another := s.visit(t, l), s.link(t)
		if got, err := s.Visit(t.Context(), another.Token, mine.Token); err != nil || got.LinkID != another.ID {
			t.Errorf("%v, %v", got.LinkID, err)
		}
	})
}
