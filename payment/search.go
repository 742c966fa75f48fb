package payment

import (
	"strings"

	"posta"
)

// Query is what the words of a search may mean; any of it is a match.
type Query struct {
	Text    string        // a part of the reference, in lower case
	Word    string        // the whole of a provider's order or attempt id, or of a card's last four, in lower case
	ID      string        // a part of a payment's id, as it is written
	Amounts []posta.Money // what was asked, in each currency that writes amounts so
}

// Empty reports whether nothing is searched for.
func (q Query) Empty() bool { return q.Text == "" }

// shortestID is how many characters of an id are enough to search by it.
const shortestID = 6

// ParseSearch reads what a person typed: an id or a part of one, a reference,
// a provider's id, the last four digits of a card, or an amount.
func ParseSearch(typed string) Query {
	typed = strings.TrimSpace(typed)
	q := Query{Text: strings.ToLower(typed)}
	if typed == "" {
		return q
	}
	if !strings.ContainsAny(typed, " \t") {
		q.Word = q.Text
		q.ID = partOfID(typed)
	}
	seen := map[posta.Currency]bool{}
	for _, country := range posta.Countries {
		if seen[country.Currency] {
			continue
		}
		seen[country.Currency] = true
		if m, ok := amount(typed, country.Currency); ok {
			q.Amounts = append(q.Amounts, m)
		}
	}
	return q
}

// partOfID takes "pay_01JX…", "pay01JX…" and any long enough part of a ULID.
func partOfID(typed string) string {
	part := strings.ToUpper(typed)
	for _, prefix := range []string{"PAY_", "PAY"} {
		if rest, ok := strings.CutPrefix(part, prefix); ok {
			part = rest
			break
		}
	}
	if len(part) < shortestID || len(part) > 26 {
		return ""
	}
	if strings.Trim(part, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		return ""
	}
	return part
}

// amount reads "1500", "1.500", "1.500,00", "1,500.00", "$ 1500,5". A point or
// comma before exactly three last digits parts thousands: no currency here has
// three decimals.
func amount(typed string, currency posta.Currency) (posta.Money, bool) {
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '$' || r == '\u00a0' {
			return -1
		}
		return r
	}, typed)
	if text == "" || strings.Trim(text, "0123456789.,") != "" {
		return posta.Money{}, false
	}
	whole, decimals := text, ""
	if at := strings.LastIndexAny(text, ".,"); at >= 0 && len(text)-at-1 != 3 {
		whole, decimals = text[:at], text[at+1:]
	}
	digits, ok := ungroup(whole)
	if !ok {
		return posta.Money{}, false
	}
	if decimals != "" {
		digits += "." + decimals
	}
	m, err := posta.ParseDecimal(digits, currency)
	return m, err == nil && m.Positive()
}

// ungroup takes the separators of thousands away, which must be one and the
// same and part digits in threes.
func ungroup(whole string) (string, bool) {
	separator := strings.IndexAny(whole, ".,")
	if separator < 0 {
		return whole, whole != ""
	}
	groups := strings.Split(whole, whole[separator:separator+1])
	if groups[0] == "" || len(groups[0]) > 3 {
		return "", false
	}
	for _, group := range groups[1:] {
		if len(group) != 3 || strings.ContainsAny(group, ".,") {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
