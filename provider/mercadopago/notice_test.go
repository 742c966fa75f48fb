package mercadopago_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"posta/provider"
	"posta/provider/mercadopago"
	sim "posta/sim/mercadopago"
)

// The vectors of docs/providers/mercadopago.md §8.4.
const (
	vectorSecret  = "your_secret_key_here"
	vectorOrder   = "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"
	vectorRequest = "2066ca19-c6f1-498a-be75-1923005edd06"
	vectorTs      = "1742505638683"
)

var vectorTime = time.UnixMilli(1742505638683).UTC()

func active(values ...string) (list []provider.Secret) {
	for i, v := range values {
		list = append(list, provider.Secret{ID: fmt.Sprintf("secret-%d", i+1), Value: v})
	}
	return list
}

// signed is a webhook delivery; an empty id, request or ts leaves it out.
func signed(topic, id, request, ts, v1 string) provider.Delivery {
	d := provider.Delivery{Header: http.Header{}, ReceivedAt: vectorTime, Query: "type=" + topic,
		Body: fmt.Appendf(nil, `{"type":%q,"action":"x.updated","data":{"id":%q}}`, topic, id)}
	if id != "" {
		d.Query = "data.id=" + id + "&type=" + topic
	}
	if request != "" {
		d.Header.Set("X-Request-Id", request)
	}
	d.Header.Set("X-Signature", "ts="+ts+",v1="+v1)
	return d
}

// bodyID moves the id to the body alone, for a query without one.
func bodyID(d provider.Delivery, id string) provider.Delivery {
	d.Body = fmt.Appendf(nil, `{"type":"payment","data":{"id":%q}}`, id)
	return d
}

func TestSignatureVectors(t *testing.T) {
	for name, tc := range map[string]struct {
		delivery provider.Delivery
		form     string
	}{
		"raw":        {signed("order", vectorOrder, vectorRequest, vectorTs, "fb15ae6472eb449173c556793205d77787d58f384d183bb5bc3b724c27bd103c"), "raw id, milliseconds"},
		"lower":      {signed("order", vectorOrder, vectorRequest, vectorTs, "633f91233312dd391ec75fa0bea539cfc2d6c4918873305b84a96cc1c58db71c"), "lower-case id, milliseconds"},
		"no id":      {bodyID(signed("payment", "", vectorRequest, vectorTs, "8a7b0cc777a8217c3bab41a50c95dc92debbc6f8448f1c967dfe10ac1cb8b894"), "1"), "no id, milliseconds"},
		"no request": {signed("payment", "138472432031", "", vectorTs, "f8197822134a7cdec2bfbe63a5b6c5418ace14dc52217758057e89bcc27704da"), "raw id, milliseconds, no request id"},
		"neither":    {bodyID(signed("payment", "", "", vectorTs, "3f075add3ddb923bebf0bc0648457b8244cf4420b98d5b445167d379bec0ca54"), "1"), "no id, milliseconds, no request id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, verdict := mercadopago.ReadNotice(tc.delivery, active("another", vectorSecret))
			if verdict.Judgement != provider.Verified || verdict.Form != tc.form || verdict.Secret != "secret-2" {
				t.Errorf("%+v, want verified by secret-2 as %q", verdict, tc.form)
			}
		})
	}
}

// "8. A valid x-signature passes; changing one byte of id, request id or ts
// fails; comparison is constant-time." Seen red with the request id left out of
// the manifest, and with the comparison of the first 16 digits only.
func TestP08_OneChangedByteFails(t *testing.T) {
	const v1 = "fb15ae6472eb449173c556793205d77787d58f384d183bb5bc3b724c27bd103c"
	other := func(b byte) byte {
		if b == '7' {
			return '8'
		}
		return '7'
	}
	whole := [4]string{vectorOrder, vectorRequest, vectorTs, v1}
	judge := func(p [4]string) provider.Judgement {
		_, verdict := mercadopago.ReadNotice(signed("order", p[0], p[1], p[2], p[3]), active(vectorSecret))
		return verdict.Judgement
	}
	if got := judge(whole); got != provider.Verified {
		t.Fatalf("unchanged: %s", got)
	}
	for part, text := range whole {
		for i := range text {
			changed := whole
			changed[part] = text[:i] + string(other(text[i])) + text[i+1:]
			if got := judge(changed); got != provider.BadSignature {
				t.Errorf("part %d, byte %d changed: %s", part, i, got)
			}
		}
		changed := whole
		changed[part] = text[:len(text)-1]
		if got := judge(changed); got != provider.BadSignature {
			t.Errorf("part %d shortened: %s", part, got)
		}
	}
	if got := judge([4]string{vectorOrder, vectorRequest, vectorTs, strings.ToUpper(v1)}); got != provider.BadSignature {
		t.Errorf("v1 in upper case: %s", got)
	}
}

// "9. The id is tried lower-cased and as it came, ts is read in seconds or
// milliseconds; several secrets may be active; the one used is recorded." Seen
// red with the lower-case form taken out, and with ts always in seconds.
func TestP09_CasingUnitAndSecrets(t *testing.T) {
	for _, id := range []string{vectorOrder, strings.ToLower(vectorOrder)} {
		for unit, ts := range map[string]string{"seconds": "1742505638", "milliseconds": vectorTs} {
			for i, key := range []string{"first-secret", "second-secret"} {
				v1 := sim.Sign(key, sim.Manifest(id, vectorRequest, ts))
				n, verdict := mercadopago.ReadNotice(signed("order", vectorOrder, vectorRequest, ts, v1), active("first-secret", "second-secret"))
				form := "raw id, " + unit
				if id != vectorOrder {
					form = "lower-case id, " + unit
				}
				if verdict.Judgement != provider.Verified || verdict.Form != form || verdict.Secret != fmt.Sprintf("secret-%d", i+1) {
					t.Errorf("%s by %s: %+v", form, key, verdict)
				}
				if n.Resource != vectorOrder {
					t.Errorf("resource %q: the id is to be kept as it came", n.Resource)
				}
			}
		}
	}
}

// "10. A ts outside the window is refused." Seen red with the window left out.
func TestP10_StaleSignature(t *testing.T) {
	v1 := sim.Sign(vectorSecret, sim.Manifest(vectorOrder, vectorRequest, vectorTs))
	for age, want := range map[time.Duration]provider.Judgement{
		0:                                provider.Verified,
		5 * time.Minute:                  provider.Verified,
		-5 * time.Minute:                 provider.Verified,
		5*time.Minute + time.Millisecond: provider.Stale,
		-5*time.Minute - time.Second:     provider.Stale,
		240 * time.Hour:                  provider.Stale,
	} {
		d := signed("order", vectorOrder, vectorRequest, vectorTs, v1)
		d.ReceivedAt = vectorTime.Add(age)
		_, verdict := mercadopago.ReadNotice(d, active(vectorSecret))
		if verdict.Judgement != want || verdict.Secret != "secret-1" {
			t.Errorf("received %s after: %+v, want %s", age, verdict, want)
		}
	}
}

// "10. Dedupe is by (topic, resource id, version or action+status)": what a
// redelivery changes is not part of it.
func TestP10_RedeliveryHasTheSameKey(t *testing.T) {
	body := `{"action":"update","application_id":"7910800073137785","data":{"currency_id":"","marketplace":"NONE","status":%q},"date_created":"2024-10-06T17:42:13.510-04:00","id":%q,"live_mode":false,"status":%q,"type":"topic_merchant_order_wh","user_id":2012037660,"version":1}`
	key := func(status, id, request string) string {
		d := provider.Delivery{Query: "data.id=" + id + "&type=topic_merchant_order_wh", Header: http.Header{"X-Request-Id": {request}},
			Body: fmt.Appendf(nil, body, status, id, status)}
		n, _ := mercadopago.ReadNotice(d, nil)
		return n.DedupeKey()
	}
	first := key("opened", "23603350837", "a")
	if first == "" || first != key("opened", "23603350837", "b") {
		t.Errorf("keys %q and %q", first, key("opened", "23603350837", "b"))
	}
	for _, other := range []string{key("closed", "23603350837", "a"), key("opened", "23603350838", "a")} {
		if other == first {
			t.Errorf("%q for two different things", first)
		}
	}
}

// The forms of docs/providers/mercadopago.md §8.1 to §8.3.
func TestNoticeForms(t *testing.T) {
	feedAgent := http.Header{"User-Agent": {"MercadoPago Feed v2.0 merchant_order"}}
	for name, tc := range map[string]struct {
		query, body string
		header      http.Header
		want        provider.Notice
		judgement   provider.Judgement
	}{
		"payment": {"data.id=999999999&type=payment", `{"id":12345,"live_mode":true,"type":"payment","date_created":"2015-03-25T10:04:58.396-04:00","user_id":44444,"api_version":"v1","action":"payment.created","data":{"id":"999999999"}}`, nil,
			provider.Notice{Topic: "payment", Resource: "999999999", Action: "payment.created", Live: true, Channel: "webhook"}, provider.BadSignature},
		"payment, number": {"", `{"id":"1","type":"payment","data":{"id":999999999}}`, nil,
			provider.Notice{Topic: "payment", Resource: "999999999", Channel: "webhook"}, provider.BadSignature},
		"order": {"data.external_reference=pay_1&data.id=" + vectorOrder + "&type=order", `{"action":"order.processed","data":{"external_reference":"pay_1","id":"` + vectorOrder + `","status":"processed","version":3},"type":"order","live_mode":true}`, nil,
			provider.Notice{Topic: "order", Resource: vectorOrder, Action: "order.processed", Status: "processed", Version: "3", Live: true, Channel: "webhook"}, provider.BadSignature},
		"orders, plural": {"data.id=" + vectorOrder + "&type=orders", `{"action":"order.canceled","type":"orders","data":{"id":"` + vectorOrder + `"}}`, nil,
			provider.Notice{Topic: "order", Resource: vectorOrder, Action: "order.canceled", Channel: "webhook"}, provider.BadSignature},
		"merchant order": {"data.id=23603350837&type=topic_merchant_order_wh", `{"action":"update","data":{"currency_id":"","status":"closed"},"id":"23603350837","live_mode":false,"status":"closed","type":"topic_merchant_order_wh","version":1}`, nil,
			provider.Notice{Topic: "merchant_order", Resource: "23603350837", Action: "update", Status: "closed", Version: "1", Channel: "webhook"}, provider.Unverifiable},
		"merchant order, no query": {"", `{"action":"create","data":{"status":"opened"},"id":23603350837,"type":"topic_merchant_order_wh"}`, nil,
			provider.Notice{Topic: "merchant_order", Resource: "23603350837", Action: "create", Status: "opened", Channel: "webhook"}, provider.Unverifiable},
		"feed payment": {"id=1&topic=payment", `{"resource":"1","topic":"payment"}`, http.Header{"User-Agent": {"MercadoPago Feed v2.0 payment"}},
			provider.Notice{Topic: "payment", Resource: "1", Channel: "feed"}, provider.Unverifiable},
		"feed merchant order, address": {"id=15140831325&topic=merchant_order", `{"resource":"https://api.mercadolibre.com/merchant_orders/15140831325","topic":"merchant_order"}`, feedAgent,
			provider.Notice{Topic: "merchant_order", Resource: "15140831325", Channel: "feed"}, provider.Unverifiable},
		"feed, body alone": {"", `{"resource":"https://api.mercadolibre.com/merchant_orders/15140831325?x=1","topic":"merchant_order"}`, nil,
			provider.Notice{Topic: "merchant_order", Resource: "15140831325", Channel: "feed"}, provider.Unverifiable},
		"feed, empty body": {"topic=merchant_order&id=15140831325", "", nil,
			provider.Notice{Topic: "merchant_order", Resource: "15140831325", Channel: "feed"}, provider.Unverifiable},
		"a seller's suffix": {"client=7&data.id=1&type=payment", `{"type":"payment","data":{"id":"1"}}`, nil,
			provider.Notice{Topic: "payment", Resource: "1", Channel: "webhook"}, provider.BadSignature},
		"a topic that is not ours": {"data.id=5&type=stop_delivery_op_wh", `{"action":"Created","data":{"description":"desc","merchant_order":249940988000,"payment_id":58980959081},"date_created":"2022-07-23T22:03:5704:00","id":"5","live_mode":true,"type":"stop_delivery_op_wh","version":1}`, nil,
			provider.Notice{Topic: "stop_delivery_op_wh", Resource: "5", Action: "Created", Version: "1", Live: true, Channel: "webhook"}, provider.BadSignature},
		"no JSON":               {"data.id=1&type=payment", "hello", nil, provider.Notice{}, provider.Unreadable},
		"an array":              {"data.id=1&type=payment", "[]", nil, provider.Notice{}, provider.Unreadable},
		"cut":                   {"data.id=1&type=payment", `{"type":"payment"`, nil, provider.Notice{}, provider.Unreadable},
		"nothing":               {"", "", nil, provider.Notice{}, provider.Unreadable},
		"no resource":           {"type=payment", `{"id":7,"type":"payment"}`, nil, provider.Notice{}, provider.Unreadable},
		"resource with a path":  {"data.id=../../users&type=payment", `{}`, nil, provider.Notice{}, provider.Unreadable},
		"topic that is no word": {"data.id=1&type=pay%0Ament", `{}`, nil, provider.Notice{}, provider.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			d := provider.Delivery{Query: tc.query, Body: []byte(tc.body), Header: tc.header, ReceivedAt: vectorTime}
			got, verdict := mercadopago.ReadNotice(d, active(vectorSecret))
			if got != tc.want || verdict.Judgement != tc.judgement {
				t.Errorf("%+v, %+v\nwant %+v, %s", got, verdict, tc.want, tc.judgement)
			}
			if tc.judgement == provider.BadSignature {
				if _, verdict := mercadopago.ReadNotice(d, nil); verdict.Judgement != provider.Unverifiable {
					t.Errorf("without a secret: %+v", verdict)
				}
			}
			if strings.Contains(verdict.Reason, vectorSecret) {
				t.Error("the reason holds a secret")
			}
		})
	}
}

func TestMalformedSignatures(t *testing.T) {
	good := sim.Sign(vectorSecret, sim.Manifest("1", "", "1742505638"))
	for header, want := range map[string]provider.Judgement{
		"ts=1742505638,v1=" + good:                 provider.Verified,
		" TS = 1742505638 , V1 =" + good + ",v2=x": provider.Verified,
		"":                        provider.BadSignature,
		"ts=1742505638":           provider.BadSignature,
		"v1=" + good:              provider.BadSignature,
		"ts=,v1=":                 provider.BadSignature,
		"ts=soon,v1=" + good:      provider.BadSignature,
		"ts=-1742505638,v1=0":     provider.BadSignature,
		"1742505638," + good:      provider.BadSignature,
		strings.Repeat(",=", 500): provider.BadSignature,
	} {
		d := signed("payment", "1", "", "", "")
		d.Header.Set("X-Signature", header)
		if _, verdict := mercadopago.ReadNotice(d, active(vectorSecret)); verdict.Judgement != want {
			t.Errorf("%q: %+v, want %s", header, verdict, want)
		}
	}
}

// FuzzReadNotice: whatever arrives is judged, and what is readable can be
// fetched without harm.
func FuzzReadNotice(f *testing.F) {
	f.Add("data.id=1&type=payment", `{"type":"payment","data":{"id":"1"}}`, "ts=1,v1=a", "r", "MercadoPago Feed v2.0 payment")
	f.Add("id=1&topic=merchant_order", "", "", "", "")
	f.Add("%zz;&&=", `{"data":[1],"id":{"a":1},"version":1e400}`, "ts=99999999999999999999,v1=", "", "")
	f.Fuzz(func(t *testing.T, query, body, signature, request, agent string) {
		d := provider.Delivery{Query: query, Body: []byte(body), ReceivedAt: vectorTime,
			Header: http.Header{"X-Signature": {signature}, "X-Request-Id": {request}, "User-Agent": {agent}}}
		n, verdict := mercadopago.ReadNotice(d, active(vectorSecret))
		if verdict.Judgement == "" {
			t.Fatal("no judgement")
		}
		if verdict.Judgement == provider.Unreadable {
			return
		}
		if n.Topic == "" || n.Resource == "" || strings.ContainsAny(n.Topic+n.Resource, "/.?#%\\ \n") {
			t.Fatalf("%+v", n)
		}
	})
}
