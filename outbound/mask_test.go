package outbound_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posta/outbound"
)

const canary = "CANARY-5e4d3c2b1a"

// P40: a canary in every place where a secret travels is in no place of the
// record. Turns red when any one of mask's three ways is left out.
func TestP40_NoSecretIsRecorded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		if n := strings.Count(string(sent)+r.URL.RawQuery+fmt.Sprint(r.Header), canary); n == 0 {
			t.Error("the provider got no secret: masked too early")
		}
		w.Header().Set("Set-Cookie", "session="+canary)
		w.Header().Set("X-Signature", "v1="+canary)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"%s-other","error":"token %s is not valid","nested":[{"client_secret" : "a\"%s"}]}`, canary, canary, canary)
	}))
	defer server.Close()
	type try struct{ contentType, body, query string }
	for name, c := range map[string]try{
		"json":        {"application/json", `{"client_secret":"` + canary + `","card":{"card_number":"` + canary + `","security_code":"` + canary + `"}}`, ""},
		"json, odd":   {"text/plain", `{"Access-Token" :` + "\n" + `{"v":["` + canary + `"]},"webhookSecret":"` + canary, ""},
		"form":        {"application/x-www-form-urlencoded", "grant_type=x&client_secret=" + canary + "&refresh%5Ftoken=" + canary, ""},
		"query":       {"application/json", `{}`, "?a=1&access_token=" + canary + "&b=2"},
		"token again": {"application/json", `{"note":"` + canary + `"}`, "?note=" + canary},
	} {
		t.Run(name, func(t *testing.T) {
			client, kept := newClient(t, outbound.Options{})
			r := request(t, t.Context(), "POST", server.URL+"/x"+c.query, c.body)
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("Authorization", "Bearer "+canary)
			r.Header.Set("Cookie", "a="+canary)
			r.Header.Set("Apikey", canary)
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(read(t, answer), canary) {
				t.Error("the caller's own answer was masked")
			}
			call := kept.all()[0]
			record := fmt.Sprintf("%+v %s %s", call, call.RequestBody, call.ResponseBody)
			if strings.Contains(record, canary) {
				t.Errorf("the record holds the secret: %s", record)
			}
			if call.RequestHeader.Get("Authorization") != "Bearer ***" {
				t.Errorf("Authorization %q", call.RequestHeader.Get("Authorization"))
			}
		})
	}
}

// A card terminal's exchanges: the key pair, the token that it brings, and who
// holds the card. Seen red with each of the three names left out.
func TestP40_NothingOfATerminalsCustomerIsRecorded(t *testing.T) {
	const pair, token, holder = canary + "-pair", canary + "-token", "PEREZ/ANA"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"%s","apiKey":"%s","payment_data":{"card_holder":"%s","card_holder_id":"%s","bin":450799,"last_four_digits":"1234","echo":"%s"}}`,
			token, canary, holder, holder, strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	}))
	defer server.Close()
	client, kept := newClient(t, outbound.Options{})
	r := request(t, t.Context(), "POST", server.URL+"/x?cuit_cuil=30-00000000-7", `{"payment_request_data":{"card_holder_id":"`+holder+`","payment_amount":"1500"}}`)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("public", pair)
	r.Header.Set("apikey", canary)
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, answer), token) {
		t.Error("the caller's own answer was masked")
	}
	call := kept.all()[0]
	credential := strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")
	record := fmt.Sprintf("%+v %s %s", call, call.RequestBody, call.ResponseBody)
	for _, secret := range []string{canary, credential, holder, "450799"} {
		if strings.Contains(record, secret) {
			t.Errorf("the record holds %q: %s", secret, record)
		}
	}
	if call.RequestHeader.Get("Authorization") != "Basic ***" || !strings.Contains(record, `"payment_amount":"1500"`) || !strings.Contains(record, `"last_four_digits":"1234"`) {
		t.Errorf("too much or too little: %s", record)
	}
}

// An online charge, asked and answered: nothing in the record tells who buys, and
// what was sold stays. Seen red with each of the containers left out of people.
func TestP40_NothingOfAnOnlineBuyerIsRecorded(t *testing.T) {
	answer := strings.ReplaceAll(`{"id":17,"status":"approved","payer":{"id":"128","email":"C-1","identification":{"type":"CPF","number":"C-2"},"phone":{"area_code":"C-3","number":"C-4"},"first_name":"C-5"},
"card":{"first_six_digits":"503143","last_four_digits":"6351","cardholder":{"name":"C-6"}},"additional_info":{"ip_address":"C-7","items":[{"id":"1941","title":"Ingresso","category_descriptor":{"passenger":{"first_name":"C-8","identification":{"number":"C-9"}}}}],
"payer":{"address":{"zip_code":"C-10","street_name":"C-11","street_number":11},"registration_date":"2020-01-01"},"shipments":{"receiver_address":{"zip_code":"C-12","state_name":"C-13","floor":["C-14"]}}},"three_ds_info":{"creq":"C-15"},"metadata":{"posta_flow":"direct"}}`, "C-", canary)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
	defer server.Close()
	client, kept := newClient(t, outbound.Options{})
	r := request(t, t.Context(), "POST", server.URL+"/v1/payments", answer)
	r.Header.Set("X-Meli-Session-Id", canary)
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, got) != answer {
		t.Error("the caller's own answer was masked")
	}
	call := kept.all()[0]
	for _, body := range []string{string(call.RequestBody), string(call.ResponseBody)} {
		if strings.Contains(body, canary) || strings.Contains(body, `"street_number":11`) {
			t.Errorf("the record holds the buyer: %s", body)
		}
		for _, want := range []string{`"payer":{"id":"128"`, `"type":"CPF"`, `"last_four_digits":"6351"`, `"title":"Ingresso"`, `"registration_date":"2020-01-01"`, `"posta_flow":"direct"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is gone: %s", want, body)
			}
		}
	}
	if call.RequestHeader.Get("X-Meli-Session-Id") != "***" {
		t.Error("the record holds the fingerprint of the buyer's browser")
	}
}

func TestBodiesAreKeptAsTheyAre(t *testing.T) {
	long := `{"access_token":"` + canary + `","x":"` + strings.Repeat("y", 300<<10) + `"}`
	for sent, want := range map[string]string{
		`{"b": 1.10,  "a" :[1e3, "x"], "token": null}`:    `{"b": 1.10,  "a" :[1e3, "x"], "token": null}`,
		`{"cvv":123,"x":"\"pin\":1"}`:                     `{"cvv":"***","x":"\"pin\":1"}`,
		`{"token":"t","pin":[1,{"a":"]"}] ,"k":"secret"}`: `{"token":"***","pin":"***" ,"k":"secret"}`,
		`not json at all {"`:                              `not json at all {"`,
		`{"a":{"token":true}}`:                            `{"a":{"token":"***"}}`,
		`["token","secret"]`:                              `["token","secret"]`,
		`{"token":`:                                       `{"token":`,
		long:                                              (`{"access_token":"***","x":"` + strings.Repeat("y", 300<<10))[:256<<10],
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}))
		client, kept := newClient(t, outbound.Options{})
		answer, err := client.Do(request(t, t.Context(), "POST", server.URL, sent))
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, answer); got != sent {
			t.Errorf("the caller got %.80q of %.80q", got, sent)
		}
		call := kept.all()[0]
		if string(call.RequestBody) != want || string(call.ResponseBody) != want {
			t.Errorf("%.80q: kept %.80q and %.80q, want %.80q", sent, call.RequestBody, call.ResponseBody, want)
		}
		client.CloseIdleConnections()
		server.Close()
	}
}

func FuzzMaskDoesNotPanic(f *testing.F) {
	f.Add(`{"token":"x`)
	f.Add(`{"token":}`)
	f.Add(`"token":[[{`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, body string) {
		client, kept := newClient(t, outbound.Options{})
		answer, err := client.Do(request(t, t.Context(), "POST", server.URL, body))
		if err != nil {
			t.Fatal(err)
		}
		read(t, answer)
		if len(kept.all()) != 1 {
			t.Error("not recorded")
		}
	})
}
