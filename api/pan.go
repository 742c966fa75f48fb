package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"posta"
)

// Card numbers never enter (reliability.md 39): a request that seems to hold
// one is refused before anything of it is kept, and only the field is named.

// cardNumberIn looks through the request's query and its key.
func cardNumberIn(r *http.Request) error {
	if posta.HoldsCardNumber(r.Header.Get(headerKey)) {
		return cardNumber(headerKey)
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	values, _ := url.ParseQuery(r.URL.RawQuery)
	for name, all := range values {
		if posta.HoldsCardNumber(name) {
			return cardNumber("query")
		}
		for _, value := range all {
			if posta.HoldsCardNumber(value) {
				return cardNumber(name)
			}
		}
	}
	return nil
}

func cardNumber(field string) error {
	return &posta.Error{Code: posta.CodeCardNumber, Fields: []posta.FieldError{{Field: field, Code: "card_number"}}}
}

// cardNumberInBody looks through every name, text and number of a JSON body.
// What is not JSON is looked through as it is.
func cardNumberInBody(body []byte) error {
	if !bytes.ContainsAny(body, "0123456789") {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		if posta.HoldsCardNumber(string(body)) {
			return cardNumber("body")
		}
		return nil
	}
	if path, found := search(value, ""); found {
		return cardNumber(path)
	}
	rest := body[decoder.InputOffset():]
	if posta.HoldsCardNumber(string(rest)) {
		return cardNumber("body")
	}
	return nil
}

// search gives the path of the first thing that seems a card number.
func search(value any, path string) (string, bool) {
	switch v := value.(type) {
	case string:
		return path, posta.HoldsCardNumber(v)
	case json.Number:
		return path, posta.HoldsCardNumber(strings.TrimLeft(v.String(), "-"))
	case []any:
		for i, item := range v {
			if found, ok := search(item, path+"["+strconv.Itoa(i)+"]"); ok {
				return found, true
			}
		}
	case map[string]any:
		for name, item := range v {
			if posta.HoldsCardNumber(name) {
				return strings.TrimPrefix(path+".name", "."), true
			}
			if found, ok := search(item, strings.TrimPrefix(path+"."+name, ".")); ok {
				return found, true
			}
		}
	}
	return "", false
}
