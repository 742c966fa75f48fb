package project

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/mail"
)

const (
	maxName = 100  // characters of a name
	maxLine = 200  // of an address, a place, a title
	maxText = 4000 // of a note
)

// checkLine notes what is wrong with a line of text and gives it without blanks
// around it.
func checkLine(p *posta.Problems, field, text string, most int, required bool) string {
	text = strings.TrimSpace(text)
	p.Add(required && text == "", field, "required")
	p.Add(utf8.RuneCountInString(text) > most, field, "too_long")
	p.Add(!clean(text, false), field, "malformed")
	return text
}

// checkText is checkLine for what may have several lines.
func checkText(p *posta.Problems, field, text string, required bool) string {
	text = strings.TrimSpace(text)
	p.Add(required && text == "", field, "required")
	p.Add(utf8.RuneCountInString(text) > maxText, field, "too_long")
	p.Add(!clean(text, true), field, "malformed")
	return text
}

// clean reports whether text is valid and has no control characters.
func clean(text string, lines bool) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && !(lines && (r == '\n' || r == '\r' || r == '\t'))
	})
}

// checkEmail notes what is wrong with an address that mail must reach, and gives
// it in lower case.
func checkEmail(p *posta.Problems, field, email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	p.Add(email == "", field, "required")
	p.Add(len(email) > 254, field, "too_long")
	p.Add(email != "" && len(email) <= 254 && !mail.ValidEmail(email), field, "malformed")
	return email
}

// checkTaxID notes what is wrong with a tax number and gives it bare.
func checkTaxID(p *posta.Problems, field, country, text string, required bool) string {
	if strings.TrimSpace(text) == "" {
		p.Add(required, field, "required")
		return ""
	}
	number, wrong := posta.TaxID(country, text)
	p.Add(wrong != "", field, wrong)
	return number
}
