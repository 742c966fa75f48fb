package posta

import (
	"fmt"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code, such as "ARS".
type Currency string

// Decimals is the number of digits after the point that the currency's minor
// unit has in ISO 4217 (2 for ARS, 0 for CLP). What a provider wants on the
// wire may differ and is the connector's business.
func (c Currency) Decimals() int {
	switch c {
	case "CLP", "PYG":
		return 0
	}
	return 2
}

// Valid reports whether Posta knows the currency.
func (c Currency) Valid() bool {
	switch c {
	case "ARS", "BRL", "CLP", "COP", "MXN", "PEN", "PYG", "UYU", "USD":
		return true
	}
	return false
}

// Money is an amount in minor units (centavos) of one currency. There is no
// other form of money inside Posta; decimal text exists at a provider's edge.
type Money struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// Add returns m plus o. Adding two currencies is a programming error and panics.
func (m Money) Add(o Money) Money {
	m.mustMatch(o)
	return Money{m.Amount + o.Amount, m.Currency}
}

// Sub returns m minus o. Mixing currencies panics, as in Add.
func (m Money) Sub(o Money) Money {
	m.mustMatch(o)
	return Money{m.Amount - o.Amount, m.Currency}
}

// Positive reports whether the amount is above zero.
func (m Money) Positive() bool { return m.Amount > 0 }

func (m Money) mustMatch(o Money) {
	if m.Currency != o.Currency {
		panic(fmt.Sprintf("posta: %s mixed with %s", m.Currency, o.Currency))
	}
}

// Decimal writes the amount as plain decimal text with the currency's own
// digits: "1500.00", for CLP "1500".
func (m Money) Decimal() string { return FormatDecimal(m.Amount, m.Currency.Decimals()) }

// String is the decimal text and the currency's code, for logs.
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// FormatDecimal writes minor units as decimal text with the given digits.
func FormatDecimal(minor int64, decimals int) string {
	text := strconv.FormatInt(minor, 10)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	if decimals == 0 {
		return sign + text
	}
	if len(text) <= decimals {
		text = strings.Repeat("0", decimals-len(text)+1) + text
	}
	return sign + text[:len(text)-decimals] + "." + text[len(text)-decimals:]
}

// ParseDecimal reads plain decimal text ("1500", "1500.5", "-3.10") into minor
// units of the currency, exactly: digits beyond the currency's are refused
// unless they are zeros. The error has code "invalid".
func ParseDecimal(text string, currency Currency) (Money, error) {
	refused := func() (Money, error) {
		return Money{}, &Error{Code: CodeInvalid, Cause: fmt.Errorf("amount %.40q is not decimal text of %s", text, currency)}
	}
	rest, negative := strings.CutPrefix(text, "-")
	whole, fraction, pointed := strings.Cut(rest, ".")
	if whole == "" || (pointed && fraction == "") {
		return refused()
	}
	decimals := currency.Decimals()
	for len(fraction) < decimals {
		fraction += "0"
	}
	if strings.Trim(fraction[decimals:], "0") != "" {
		return refused()
	}
	digits := whole + fraction[:decimals]
	for _, r := range digits {
		if r < '0' || r > '9' {
			return refused()
		}
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return refused()
	}
	if negative {
		minor = -minor
	}
	return Money{minor, currency}, nil
}
