package web

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/oklog/ulid/v2"

	"posta"
	"posta/page"
)

// newNonce is what a form carries so that sending it twice has one effect: the
// id of what it makes is made from it.
func (s *server) newNonce() string { return posta.NewULID(s.Clock.Now()) }

// idFromNonce is the id of what the form that was sent makes.
func idFromNonce[T posta.ID](v *visit) (T, error) {
	nonce := v.r.PostFormValue("nonce")
	if _, err := ulid.ParseStrict(nonce); err != nil {
		return "", posta.Invalid("nonce", "required")
	}
	return posta.IDFrom[T](strings.ToUpper(nonce)), nil
}

// style is how a currency's amounts are written at home.
type style struct {
	Currency posta.Currency
	Decimals int
	Symbol   string // with its space: "$ "
	Group    string // between thousands
	Point    string // before the decimals, "" if there are none
}

// styleOf reads the style off a written amount, so that there is one source.
func styleOf(currency posta.Currency) style {
	st := style{Currency: currency, Decimals: currency.Decimals()}
	words := page.Money(1_234_567_89, string(currency), "")
	first := strings.IndexFunc(words, unicode.IsDigit)
	st.Symbol = words[:max(first, 0)]
	var marks []string
	for _, r := range words[max(first, 0):] {
		if !unicode.IsDigit(r) {
			marks = append(marks, string(r))
		}
	}
	if len(marks) > 0 {
		st.Group = marks[0]
	}
	if st.Decimals > 0 && len(marks) > 0 {
		st.Point = marks[len(marks)-1]
	}
	return st
}

// parseAmount reads what a person typed: "1500", "1.500", "$ 1.500,00", "1500.5".
// A point before three digits separates thousands where that is the custom,
// before one or two it separates decimals. The error has field amount.
func parseAmount(typed string, currency posta.Currency) (int64, error) {
	refused := posta.Invalid("amount", "amount")
	st := styleOf(currency)
	var text strings.Builder
	for _, r := range typed {
		switch {
		case r >= '0' && r <= '9', r == '.', r == ',':
			text.WriteRune(r)
		case unicode.IsSpace(r), strings.ContainsRune(st.Symbol, r):
		default:
			return 0, refused
		}
	}
	plain, ok := decimalText(text.String(), st)
	if !ok {
		return 0, refused
	}
	money, err := posta.ParseDecimal(plain, currency)
	if err != nil {
		return 0, refused
	}
	return money.Amount, nil
}

// decimalText turns digits with marks into plain decimal text.
func decimalText(text string, st style) (string, bool) {
	at := strings.LastIndexAny(text, ".,")
	if at < 0 {
		return text, text != ""
	}
	mark, whole, rest := text[at:at+1], text[:at], text[at+1:]
	decimal := st.Point != "" && len(rest) <= st.Decimals && !strings.Contains(whole, mark)
	if decimal && rest == "" { // "1500," is being typed
		rest = "0"
	}
	other := "."
	if mark == "." {
		other = ","
	}
	if !decimal {
		if len(rest) != 3 || strings.Contains(whole, other) || (mark != st.Group && st.Point != "") {
			return "", false
		}
		whole, other, rest = text, mark, ""
	}
	groups := strings.Split(whole, other)
	for i, group := range groups {
		if i > 0 && len(group) != 3 || i == 0 && len(groups) > 1 && (group == "" || len(group) > 3) {
			return "", false
		}
	}
	whole = strings.Join(groups, "")
	if whole == "" {
		whole = "0"
	}
	if rest != "" {
		return whole + "." + rest, true
	}
	return whole, true
}

// unlessNought writes a number as a form shows it: 0 is left empty.
func unlessNought(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
