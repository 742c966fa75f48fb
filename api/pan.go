package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"posta"
)

// Card numbers never enter (reliability.md 39): a request that seems to hold
// one is refused before anything of it is kept, and only the field is named.

// ours are identifiers whose digits may look like anything.
var ours = regexp.MustCompile(`\b[a-z]{3}_?[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`)

// runs are digits, alone or grouped by single spaces, dashes or points.
var runs = regexp.MustCompile(`[0-9](?:[ .\-\x{2010}-\x{2013}\x{00A0}]?[0-9]){12,}`)

var digits = regexp.MustCompile(`[0-9]+`)

// holdsCard reports whether a text seems to hold a card number.
func holdsCard(text string) bool {
	if len(text) < 13 {
		return false
	}
	for _, run := range runs.FindAllString(ours.ReplaceAllString(text, "/"), -1) {
		groups := digits.FindAllString(run, -1)
		for i := range groups {
			number := ""
			for _, group := range groups[i:] {
				number += group
				if len(number) > 19 {
					break
				}
				if isCard(number) {
					return true
				}
			}
		}
	}
	return false
}

// isCard reports whether digits are of a card brand's numbers and lengths and
// their last one checks.
func isCard(number string) bool {
	return ofBrand(number) && luhn(number)
}

// ofBrand knows the ranges that the brands of our countries issue.
func ofBrand(number string) bool {
	length := len(number)
	if length < 13 || length > 19 {
		return false
	}
	two, _ := strconv.Atoi(number[:2])
	four, _ := strconv.Atoi(number[:4])
	switch {
	case number[0] == '4': // Visa; thirteen digits that check as an EAN are an article
		return length == 16 || length == 19 || length == 13 && !ean(number)
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return length == 16
	case two == 34 || two == 37: // American Express
		return length == 15
	case two == 36 || two == 38 || two == 39 || four/10 >= 300 && four/10 <= 305: // Diners
		return length == 14 || length == 16
	case four >= 3528 && four <= 3589: // JCB
		return length >= 16
	case two == 50 || two >= 56 && two <= 69: // Maestro, Cabal, Naranja, Elo, Hipercard, Discover, UnionPay
		return length >= 16
	}
	return false
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func ean(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

// cardNumberIn looks through the request's query and its key.
func cardNumberIn(r *http.Request) error {
	if holdsCard(r.Header.Get(headerKey)) {
		return cardNumber(headerKey)
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	values, _ := url.ParseQuery(r.URL.RawQuery)
	for name, all := range values {
		if holdsCard(name) {
			return cardNumber("query")
		}
		for _, value := range all {
			if holdsCard(value) {
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
		if holdsCard(string(body)) {
			return cardNumber("body")
		}
		return nil
	}
	if path, found := search(value, ""); found {
		return cardNumber(path)
	}
	rest := body[decoder.InputOffset():]
	if holdsCard(string(rest)) {
		return cardNumber("body")
	}
	return nil
}

// search gives the path of the first thing that seems a card number.
func search(value any, path string) (string, bool) {
	switch v := value.(type) {
	case string:
		return path, holdsCard(v)
	case json.Number:
		return path, holdsCard(strings.TrimLeft(v.String(), "-"))
	case []any:
		for i, item := range v {
			if found, ok := search(item, path+"["+strconv.Itoa(i)+"]"); ok {
				return found, true
			}
		}
	case map[string]any:
		for name, item := range v {
			if holdsCard(name) {
				return strings.TrimPrefix(path+".name", "."), true
			}
			if found, ok := search(item, strings.TrimPrefix(path+"."+name, ".")); ok {
				return found, true
			}
		}
	}
	return "", false
}
