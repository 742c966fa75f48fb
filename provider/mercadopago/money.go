package mercadopago

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"posta"
)

// text is what the provider writes now as a string, now as a number: ids and
// amounts. It keeps the digits as they came; null is "".
type text string

// UnmarshalJSON takes a string, a number, a boolean or null.
func (t *text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case len(b) > 0 && (b[0] == '{' || b[0] == '['):
		return &json.UnmarshalTypeError{Value: "object or array"}
	}
	*t = text(b)
	return nil
}

// minor reads an amount into minor units, exactly. "" is zero.
func (t text) minor(currency posta.Currency) (int64, error) {
	if t == "" {
		return 0, nil
	}
	money, err := posta.ParseDecimal(expand(string(t)), currency)
	if err != nil {
		return 0, posta.Errorf(posta.CodeProviderUnavailable, "unreadable amount: %w", err)
	}
	return money.Amount, nil
}

// expand writes a number with an exponent ("1.05E7") without one.
func expand(number string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return number
	}
	move, err := strconv.Atoi(exponent)
	if err != nil || move > 18 || move < -18 {
		return number
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if move < 0 {
		whole = strings.Repeat("0", -move) + whole
		cut := len(whole) + move
		return sign + whole[:cut] + "." + whole[cut:] + fraction
	}
	fraction += strings.Repeat("0", move)
	return sign + whole + fraction[:move] + "." + fraction[move:] + "0"
}

// wireDecimals is how many digits after the point the provider takes: none for
// CLP and COP, whatever ISO 4217 says of the latter (docs/providers/mercadopago.md §1).
func wireDecimals(currency posta.Currency) int {
	if currency == "COP" {
		return 0
	}
	return currency.Decimals()
}

// decimal writes an amount as the provider takes it. An amount that its form
// cannot say is provider_rejected.
func decimal(m posta.Money) (string, error) {
	minor, wire := m.Amount, wireDecimals(m.Currency)
	for d := m.Currency.Decimals(); d > wire; d-- {
		if minor%10 != 0 {
			return "", &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "amount_decimals"},
				Cause: posta.Errorf(posta.CodeInvalid, "%s has more decimals than the provider takes", m)}
		}
		minor /= 10
	}
	return posta.FormatDecimal(minor, wire), nil
}

// number is decimal for the interfaces that take JSON numbers.
func number(m posta.Money) (json.Number, error) {
	s, err := decimal(m)
	return json.Number(s), err
}

// currencyOf finds a currency by what is told of a place: a site ("MLA"), or a
// country as "AR" or "ARG". It is "" for what is not known.
func currencyOf(place string) posta.Currency {
	alpha3 := map[string]string{"ARG": "AR", "BRA": "BR", "CHL": "CL", "COL": "CO", "MEX": "MX", "PER": "PE", "URY": "UY"}
	if two, ok := alpha3[place]; ok {
		place = two
	}
	for _, c := range posta.Countries {
		if c.Site == place || c.Code == place {
			return c.Currency
		}
	}
	return ""
}

// moment reads the first of the texts that is a time; otherwise it is the
// fallback. Times are of the provider's clock.
func moment(fallback time.Time, texts ...string) time.Time {
	for _, t := range texts {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700"} {
			if at, err := time.Parse(layout, t); err == nil {
				return at.UTC().Truncate(time.Microsecond)
			}
		}
	}
	return fallback
}

// stamp writes a time as the legacy interfaces do, docs/providers/mercadopago.md §1.
func stamp(at time.Time) string {
	return at.In(time.FixedZone("", -4*60*60)).Format("2006-01-02T15:04:05.000-07:00")
}

// isoDuration writes whole seconds as an ISO 8601 duration: "PT10M".
func isoDuration(d time.Duration) string {
	s := int64(d / time.Second)
	out := "PT"
	for _, part := range []struct {
		n    int64
		unit string
	}{{s / 3600, "H"}, {s / 60 % 60, "M"}, {s % 60, "S"}} {
		if part.n > 0 {
			out += strconv.FormatInt(part.n, 10) + part.unit
		}
	}
	return out
}
