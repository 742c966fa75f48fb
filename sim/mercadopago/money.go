package mercadopago

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

var errAmount = errors.New("not an amount")

// amount reads decimal text as minor units of the site's currency. It takes
// what the API takes: digits with an optional point and at most the site's
// decimals behind it (zeros beyond are zeros still).
func (t site) amount(text string) (int64, error) {
	whole, part, point := strings.Cut(text, ".")
	if whole == "" || len(whole) > 15 || !digits(whole) || (point && (part == "" || len(part) > 2 || !digits(part))) {
		return 0, errAmount
	}
	if len(strings.TrimRight(part, "0")) > t.Decimals {
		return 0, errAmount
	}
	for len(part) < t.Exponent {
		part += "0"
	}
	n, ok := new(big.Int).SetString(whole+part[:t.Exponent], 10)
	if !ok || !n.IsInt64() {
		return 0, errAmount
	}
	return n.Int64(), nil
}

// text writes minor units with the site's decimals: "50.00", "5000".
func (t site) text(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	d := text(minor)
	for len(d) <= t.Exponent {
		d = "0" + d
	}
	whole, part := d[:len(d)-t.Exponent], d[len(d)-t.Exponent:]
	if t.Decimals == 0 {
		return sign + whole
	}
	return sign + whole + "." + part
}

// number writes minor units as the JSON number of the classic APIs, exact and
// without trailing zeros: 50, 10.5, 1250.55.
func (t site) number(minor int64) json.Number {
	d := t.text(minor)
	if strings.Contains(d, ".") {
		d = strings.TrimRight(strings.TrimRight(d, "0"), ".")
	}
	return json.Number(d)
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
