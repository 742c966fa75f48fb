package page

import (
	"strings"
	"unicode"

	"github.com/bojanz/currency"
)

// homes tells in which country's way a currency is written when the locale
// does not name a country.
var homes = map[string]string{
	"ARS": "es-AR", "BOB": "es-BO", "BRL": "pt-BR", "CLP": "es-CL", "COP": "es-CO", "CRC": "es-CR", "DOP": "es-DO",
	"GTQ": "es-GT", "HNL": "es-HN", "MXN": "es-MX", "NIO": "es-NI", "PAB": "es-PA", "PEN": "es-PE", "PYG": "es-PY",
	"USD": "es-US", "UYU": "es-UY",
}

const narrow = "\u00a0" // between symbol and figures: a line never breaks there

// Money writes an amount in minor units the way its country does: "$ 1.500,00",
// "R$ 1.500,00", Chile "$ 1.500". locale may be "" or a bare language ("es"):
// then the currency's own country decides; with a country ("pt-BR") that one
// does. The space is U+00A0. It never passes through a float.
func Money(minor int64, currencyCode, locale string) string {
	amount, err := currency.NewAmountFromInt64(minor, currencyCode)
	if err != nil {
		return "?" + narrow + currencyCode
	}
	id := locale
	if home := homes[currencyCode]; home != "" && !strings.ContainsAny(locale, "-_") {
		id = home
	}
	words := currency.NewFormatter(currency.NewLocale(id)).Format(amount)
	words = strings.Replace(words, "-", "", 1)
	// CLDR sets the symbol against the figure in some countries: keep one rule for all.
	if first := strings.IndexFunc(words, unicode.IsDigit); first > 0 && !strings.HasSuffix(words[:first], narrow) {
		words = words[:first] + narrow + words[first:]
	}
	if minor < 0 {
		words = "-" + words
	}
	return words
}

// MoneyWithCode is Money with the currency's code, for where two currencies
// meet: "$ 1.500,00 ARS".
func MoneyWithCode(minor int64, currencyCode, locale string) string {
	words := Money(minor, currencyCode, locale)
	if strings.Contains(words, currencyCode) {
		return words
	}
	return words + narrow + currencyCode
}
