package quality_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/outbound"
	"posta/provider"
	"posta/quality"
	"posta/text"
)

// addresses are where each product's create goes.
var addresses = map[string]string{
	"mercadopago_qr":           "PUT https://api.mercadopago.com/instore/qr/seller/collectors/446566691/stores/sto01/pos/til01/orders",
	"mercadopago_qr_orders":    "POST https://api.mercadopago.com/v1/orders",
	"mercadopago_point":        "POST https://api.mercadopago.com/v1/orders",
	"mercadopago_checkout_pro": "POST https://api.mercadopago.com/checkout/preferences",
	"mercadopago_checkout_api": "POST https://api.mercadopago.com/v1/payments",
}

const somePayment = posta.PaymentID("pay_01JQ4S4KY8HWQ6NA5PXB65B3D3")

// example is the evidence of an integration that does everything.
func example(t *testing.T, p quality.Product) quality.Evidence {
	t.Helper()
	body, err := os.ReadFile("testdata/" + p.Name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	method, url, _ := strings.Cut(addresses[p.Name], " ")
	e := quality.Evidence{Payment: somePayment, Card: true, TLS: &quality.TLS{}, Page: map[string]bool{},
		Calls: []outbound.Call{{Tag: outbound.Tag{Payment: somePayment, Operation: "create"}, Method: method, URL: url, Status: 201, RequestBody: body,
			RequestHeader: http.Header{"X-Idempotency-Key": {"k"}, "X-Product-Id": {"sdk"}, "X-Meli-Session-Id": {"armor.1"}}}},
		Notices: []quality.Notice{{Payment: somePayment, Judgement: provider.Verified}}}
	for _, r := range p.Rules {
		e.Operations = append(e.Operations, r.Call...)
		if r.Page != "" {
			e.Page[r.Page] = true
		}
	}
	return e
}

// spoil takes from the evidence exactly what the rule asks for.
func spoil(t *testing.T, e *quality.Evidence, r quality.Rule) {
	t.Helper()
	switch {
	case len(r.Request) > 0:
		var body map[string]any
		if err := json.Unmarshal(e.Calls[0].RequestBody, &body); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Request {
			remove(body, strings.Split(string(p), "."))
		}
		e.Calls[0].RequestBody, _ = json.Marshal(body)
	case r.Header != "":
		e.Calls[0].RequestHeader.Del(r.Header)
	case len(r.Call) > 0:
		e.Operations = slices.DeleteFunc(e.Operations, func(o string) bool { return slices.Contains(r.Call, o) })
	case r.Notice:
		e.Notices = nil
	case len(r.TLS) > 0:
		e.TLS.Failed = r.TLS[len(r.TLS)-1:]
	default:
		e.Page[r.Page] = false
	}
}

// remove takes a field away; of a list's elements from the last one only.
func remove(v any, path []string) {
	fields, _ := v.(map[string]any)
	name, list := strings.CutSuffix(path[0], "[]")
	switch {
	case fields == nil:
	case list:
		if elements, _ := fields[name].([]any); len(elements) > 0 {
			remove(elements[len(elements)-1], path[1:])
		}
	case len(path) == 1:
		delete(fields, name)
	default:
		remove(fields[name], path[1:])
	}
}

// Every rule is met by the example and loses exactly its points without
// exactly its field. Sabotage that turns it red: a path misspelt in a rules
// file, a list of which one element is enough, a good practice with points.
func TestEveryRuleHasAFailingTwin(t *testing.T) {
	if len(quality.Products()) != len(addresses) {
		t.Fatalf("%d products, %d examples", len(quality.Products()), len(addresses))
	}
	for _, p := range quality.Products() {
		t.Run(p.Name, func(t *testing.T) {
			whole := quality.Evaluate(example(t, p))
			if whole.Result != quality.Measured || *whole.Score != 100 || whole.Product != p.Name || whole.Rules != p.Version {
				t.Fatalf("the example scores %+v: %+v", whole.Score, whole.Lost())
			}
			for _, f := range whole.Findings {
				if !f.Met {
					t.Errorf("the example lacks %s (%s)", f.Item, f.Detail)
				}
			}
			for i, r := range p.Rules {
				e := example(t, p)
				spoil(t, &e, r)
				m := quality.Evaluate(e)
				for j, f := range m.Findings {
					if f.Met == (i == j) {
						t.Errorf("without %s: %s met is %v", r.Field(), f.Item, f.Met)
					}
				}
				if f := m.Findings[i]; *m.Score != 100-r.Points || f.Payment != somePayment || f.Field != r.Field() || f.Detail == "" {
					t.Errorf("without %s the score is %d, lost %+v", r.Item, *m.Score, f)
				}
				lost := len(m.Lost())
				if (r.Class == quality.GoodPractice) != (lost == 0) || lost > 1 {
					t.Errorf("without %s: lost %+v", r.Item, m.Lost())
				}
			}
		})
	}
}

func TestPointsAddUpAndEveryRuleIsReadInOnePlace(t *testing.T) {
	catalog := text.Must()
	for _, p := range quality.Products() {
		sum, seen := 0, map[string]bool{}
		for _, r := range p.Rules {
			sum += r.Points
			read := 0
			for _, set := range []bool{len(r.Request) > 0, r.Header != "", len(r.Call) > 0, r.Notice, len(r.TLS) > 0, r.Page != ""} {
				if set {
					read++
				}
			}
			switch {
			case read != 1, seen[r.Item]:
				t.Errorf("%s %s is read in %d places, or is there twice", p.Name, r.Item, read)
			case (r.Class == quality.GoodPractice) != (r.Points == 0):
				t.Errorf("%s %s: %s with %d points", p.Name, r.Item, r.Class, r.Points)
			case !slices.Contains([]quality.Class{quality.Mandatory, quality.Recommended, quality.GoodPractice}, r.Class),
				!slices.Contains([]quality.Source{quality.SourceDocs, quality.SourceThirdParty, quality.SourceInvented}, r.Source):
				t.Errorf("%s %s: %s, %s", p.Name, r.Item, r.Class, r.Source)
			case r.Values != "" && len(quality.Values(r.Values)) == 0:
				t.Errorf("%s %s: no list %s", p.Name, r.Item, r.Values)
			}
			seen[r.Item] = true
			f := quality.Finding{Item: r.Item}
			for _, lang := range text.Languages {
				for _, key := range []string{f.Title(), f.Fix(), "quality.class." + string(r.Class), "quality.source." + string(r.Source), "quality.product." + p.Name} {
					if !catalog.Localizer(lang).Has(key) {
						t.Errorf("%s: no words for %s", lang, key)
					}
				}
			}
		}
		if sum != 100 || p.Threshold < 1 || p.Threshold > 100 {
			t.Errorf("%s: %d points, threshold %d", p.Name, sum, p.Threshold)
		}
	}
}

func TestAnUnknownCategoryCountsAsMissing(t *testing.T) {
	for _, p := range quality.Products() {
		if p.Name != "mercadopago_checkout_pro" && p.Name != "mercadopago_checkout_api" {
			continue
		}
		e := example(t, p)
		e.Calls[0].RequestBody = []byte(strings.Replace(string(e.Calls[0].RequestBody), `"home"`, `"photography"`, 1))
		m := quality.Evaluate(e)
		lost := m.Lost()
		if len(lost) != 1 || lost[0].Item != "item_category_id" || lost[0].Detail != quality.DetailValue || *m.Score != 100-lost[0].Points {
			t.Errorf("%s: %d, %+v", p.Name, *m.Score, lost)
		}
	}
}

// What only a card can prove is lost without one, and says so.
func TestAPaymentWithoutACardCannotProveCardItems(t *testing.T) {
	for _, p := range quality.Products() {
		if p.Name != "mercadopago_checkout_api" {
			continue
		}
		e := example(t, p)
		e.Card = false
		m := quality.Evaluate(e)
		var items []string
		for _, f := range m.Lost() {
			items = append(items, f.Item)
			if f.Detail != quality.DetailCard {
				t.Errorf("%+v", f)
			}
		}
		if got := strings.Join(items, " "); got != "secure_form device_id web_front_end_sdk issuer_id" || *m.Score != 78 {
			t.Errorf("%d %s", *m.Score, got)
		}
	}
}

func TestValuesThatSayNothingAreMissing(t *testing.T) {
	for _, value := range []string{`null`, `""`, `"  "`, `[]`, `{}`} {
		e := example(t, product(t, "mercadopago_qr"))
		e.Calls[0].RequestBody = []byte(strings.Replace(string(e.Calls[0].RequestBody), `"pay_01"`, value, 1))
		if m := quality.Evaluate(e); *m.Score != 80 || len(m.Lost()) != 1 || m.Lost()[0].Field != "external_reference" {
			t.Errorf("%s: %d %+v", value, *m.Score, m.Lost())
		}
	}
	e := example(t, product(t, "mercadopago_qr"))
	e.Calls[0].RequestBody = []byte(`{"external_reference":"x","items":[]}`)
	if m := quality.Evaluate(e); len(m.Lost()) != 7 {
		t.Errorf("%+v", m.Lost())
	}
}

func TestOnlyNoticesThatMayBeTheProvidersCount(t *testing.T) {
	for judgement, counts := range map[provider.Judgement]bool{provider.Verified: true, provider.Unverifiable: true, provider.Stale: true,
		provider.BadSignature: false, provider.Unreadable: false, "": false} {
		e := example(t, product(t, "mercadopago_point"))
		e.Notices[0].Judgement = judgement
		if m := quality.Evaluate(e); (len(m.Lost()) == 0) != counts {
			t.Errorf("%q: %+v", judgement, m.Lost())
		}
	}
}

// The request is the one that made the payment: a refused try before it does
// not count, a lost answer counts where there is no other.
func TestTheRequestIsTheOneThatMadeThePayment(t *testing.T) {
	p := product(t, "mercadopago_qr_orders")
	good := example(t, p).Calls[0]
	bare := good
	bare.RequestBody = []byte(`{"type":"qr"}`)
	try := func(c outbound.Call, status int) outbound.Call { c.Status = status; return c }
	for name, tc := range map[string]struct {
		calls  []outbound.Call
		score  int
		reason quality.Reason
	}{
		"refused, then made":    {[]outbound.Call{try(bare, 400), try(good, 201)}, 100, ""},
		"made, then refused":    {[]outbound.Call{try(good, 201), try(bare, 409)}, 100, ""},
		"made, then lost":       {[]outbound.Call{try(good, 201), try(bare, 0)}, 100, ""},
		"lost only":             {[]outbound.Call{try(good, 0)}, 100, ""},
		"failed, then lost":     {[]outbound.Call{try(bare, 500), try(good, 0)}, 100, ""},
		"refused only":          {[]outbound.Call{try(good, 400)}, -1, quality.ReasonNoRequest},
		"none":                  {nil, -1, quality.ReasonNoRequest},
		"another product's":     {[]outbound.Call{{Method: "POST", URL: "https://x.example/payments", Status: 201, RequestBody: []byte(`{"type":"qr"}`)}}, -1, quality.ReasonNoRequest},
		"an order of no type":   {[]outbound.Call{{Method: "POST", URL: good.URL, Status: 201, RequestBody: []byte(`{`)}}, -1, quality.ReasonNoRequest},
		"a preference cut off":  {[]outbound.Call{{Method: "POST", URL: "https://x.example/checkout/preferences", Status: 201, RequestBody: []byte(`{"a":`)}}, -1, quality.ReasonUnreadable},
		"with a query":          {[]outbound.Call{func() outbound.Call { c := good; c.URL += "?a=b"; return c }()}, 100, ""},
		"cancel of an order":    {[]outbound.Call{func() outbound.Call { c := good; c.URL += "/ORD1/cancel"; return c }()}, -1, quality.ReasonNoRequest},
		"made twice, newest is": {[]outbound.Call{try(bare, 201), try(good, 200)}, 100, ""},
	} {
		e := example(t, p)
		e.Calls = tc.calls
		m := quality.Evaluate(e)
		score := -1
		if m.Score != nil {
			score = *m.Score
		}
		if score != tc.score || m.Reason != tc.reason || (m.Result == quality.Measured) != (tc.reason == "") {
			t.Errorf("%s: %d %q %s %+v", name, score, m.Reason, m.Result, m.Lost())
		}
	}
}

func product(t *testing.T, name string) quality.Product {
	t.Helper()
	for _, p := range quality.Products() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no product %s", name)
	return quality.Product{}
}
