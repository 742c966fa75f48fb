package mercadopago_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posta"
	"posta/provider"
)

// recorded are the answers recorded by the provider's own library, where they
// are at hand: in POSTA_FIXTURES, or beside the repository.
func recorded(t *testing.T, kinds ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{os.Getenv("POSTA_FIXTURES"), filepath.Join("..", "..", "..", "shared", "fixtures", "mercadopago")} {
		for _, kind := range kinds {
			_ = fs.WalkDir(os.DirFS(filepath.Join(root, kind)), ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && root != "" && strings.HasSuffix(name, ".json") {
					text, err := os.ReadFile(filepath.Join(root, kind, name))
					if err != nil {
						t.Fatal(err)
					}
					found[kind+"/"+name] = string(text)
				}
				return nil
			})
		}
	}
	if len(found) == 0 {
		t.Log("the recorded answers are not present: nothing read")
	}
	return found
}

// list gives the objects of a recorded answer: one, or those of a search.
func list(t *testing.T, text string) (objects []map[string]any) {
	t.Helper()
	var whole any
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	if object, ok := whole.(map[string]any); ok {
		whole = []any{object}
		for _, key := range []string{"results", "elements", "data"} {
			if inside, ok := object[key].([]any); ok {
				whole = inside
			}
		}
	}
	for _, o := range whole.([]any) {
		objects = append(objects, o.(map[string]any))
	}
	return objects
}

// Every recorded answer of what we read is read without error, and each of its
// amounts, ids and statuses is found again in the facts. The recordings leave
// out what binds them to a charge: the test adds that.
func TestRecordedAnswers(t *testing.T) {
	for name, text := range recorded(t, "payment", "merchantorder", "order", "refund") {
		t.Run(name, func(t *testing.T) {
			for _, object := range list(t, text) {
				kind, _, _ := strings.Cut(name, "/")
				seen := readRecorded(t, kind, object)
				if seen == nil {
					t.Fatal("read as nothing")
				}
				id, _ := json.Marshal(object["id"])
				amount := object["total_amount"]
				if kind == "refund" {
					amount = object["amount"]
				}
				for _, f := range seen {
					if f.ID != strings.Trim(string(id), `"`) {
						continue
					}
					if want := minorOf(t, amount, "BRL"); f.Amount != want {
						t.Errorf("amount %d, want %d", f.Amount, want)
					}
					return
				}
				if object["type"] == "online" && len(seen) == 0 {
					t.Log("an order whose paid amount is not told proves nothing")
					return
				}
				t.Errorf("%s is not among %+v", id, seen)
			}
		})
	}
}

func minorOf(t *testing.T, amount any, currency posta.Currency) int64 {
	t.Helper()
	if amount == nil {
		return 0
	}
	text, _ := json.Marshal(amount)
	money, err := posta.ParseDecimal(strings.Trim(string(text), `"`), currency)
	if err != nil {
		t.Fatal(err)
	}
	return money.Amount
}

func readRecorded(t *testing.T, kind string, object map[string]any) []provider.Fact {
	t.Helper()
	charge := someCharge("BRL", 100)
	reference := string(charge.Payment)
	serve := func(o map[string]any) http.HandlerFunc {
		body, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/refunds") && r.Method == http.MethodGet:
				says(200, "[]")(w, r)
			case strings.HasPrefix(r.URL.Path, "/merchant_orders/") && kind != "merchantorder":
				says(404, "")(w, r)
			default:
				says(200, string(body))(w, r)
			}
		}
	}
	switch kind {
	case "refund":
		connector, _ := answering(t, nil, serve(object))
		seen, err := connector.Refund(t.Context(), charge, provider.Refund{Attempt: "7186040733", Amount: charge.Amount, Whole: true, Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		return seen.Facts
	case "payment":
		object["order"] = map[string]any{"id": 1, "type": "mercadopago"}
	case "order":
		if object["country_code"] == nil && object["currency"] == nil {
			t.Fatal("an order of no country")
		}
		// Recorded of several countries: read them as of one.
		delete(object, "country_code")
		object["currency"] = "BRL"
		if object["status"] == "processed" {
			object["total_paid_amount"] = object["total_amount"]
		}
	}
	object["external_reference"] = reference
	topic := map[string]string{"payment": "payment", "merchantorder": "merchant_order", "order": "order"}[kind]
	connector, _ := answering(t, nil, serve(object))
	seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: topic, Resource: "1"})
	if err != nil {
		t.Fatal(err)
	}
	var facts []provider.Fact
	for _, o := range seen {
		if o.ExternalReference != reference {
			t.Errorf("reference %q", o.ExternalReference)
		}
		facts = append(facts, o.Facts...)
	}
	return facts
}
