package posta

import (
	"regexp"
	"slices"
	"strings"
)

// IdentificationType is a document that a buyer of one country is identified
// by, with the whole rule of its number as data: the hosted page's script
// (page/js/70-identification.js) runs the JSON form, CheckIdentification the
// same values here. Source: docs/providers/mercadopago-online.md §4.2.
type IdentificationType struct {
	ID      string `json:"id"`             // the provider's: "DNI", "CPF"
	Name    string `json:"name"`           // for people, in the country's own words
	Holder  string `json:"holder"`         // who has one: "person", "company" or "either"
	Min     int    `json:"min"`            // shortest number, in characters without marks
	Max     int    `json:"max"`            // longest
	Letters bool   `json:"letters"`        // whether letters can be in it; otherwise digits only
	Form    string `json:"form,omitempty"` // regular expression for the whole number, beyond length and alphabet
	Example string `json:"example"`        // fictitious, valid, as people write it

	Rule *CheckDigits `json:"rule,omitempty"` // nil where a number has no check digit
}

// CheckDigits says how the last characters of a number follow from the ones
// before. The nth check digit is Map[sum of weight × value modulo Mod].
type CheckDigits struct {
	Weights  [][]int  `json:"weights"`            // a row for each check digit; the last weight is for the character just before it
	Mod      int      `json:"mod"`                // 10 or 11
	Map      string   `json:"map"`                // remainder → check digit
	Alphabet string   `json:"alphabet,omitempty"` // a character's value is its place here; without one it is its ASCII code less 48
	Pad      int      `json:"pad,omitempty"`      // value at the left of a number shorter than the weights
	From     int      `json:"from,omitempty"`     // numbers shorter than this are written without check digit
	Vary     bool     `json:"vary,omitempty"`     // the characters may not all be the same
	Exempt   []string `json:"exempt,omitempty"`   // generic numbers that do not follow the rule
}

// What CheckIdentification finds wrong.
const (
	IdentificationRequired    = "required"     // no number, where the country asks for one
	IdentificationUnknownType = "unknown_type" // not a document of the country
	IdentificationMalformed   = "malformed"    // a character that cannot be there, or only zeros
	IdentificationLength      = "length"       // too short or too long
	IdentificationCheckDigit  = "check_digit"  // mistyped: the check digit does not follow from the rest
)

// IdentificationTypes are the documents of a country in the order that a form
// offers them, nil of an unknown country. The caller does not change them.
func IdentificationTypes(country string) []IdentificationType { return identificationTypes[country] }

// CheckIdentification gives a buyer's number as providers take it, in capitals
// and without the dots, dashes, slashes and blanks that people write, or what is
// wrong with it as one of the constants above ("" for nothing; number is then
// complete). A country that asks for no identification takes an empty text,
// whatever the type.
func CheckIdentification(country, id, text string) (number, problem string) {
	characters := []rune(identificationText(text))
	if c, err := FindCountry(country); err == nil && !c.AsksIdentification && len(characters) == 0 {
		return "", ""
	}
	t, found := findIdentificationType(country, id)
	if !found {
		return "", IdentificationUnknownType
	}
	if problem := t.check(characters); problem != "" {
		return "", problem
	}
	return string(characters), ""
}

func findIdentificationType(country, id string) (IdentificationType, bool) {
	for _, t := range identificationTypes[country] {
		if t.ID == id {
			return t, true
		}
	}
	return IdentificationType{}, false
}

func (t IdentificationType) check(number []rune) string {
	alien := func(r rune) bool {
		return !(r >= '0' && r <= '9' || t.Letters && (r >= 'A' && r <= 'Z' || r == 'Ñ' || r == '&'))
	}
	switch {
	case len(number) == 0:
		return IdentificationRequired
	case slices.ContainsFunc(number, alien):
		return IdentificationMalformed
	case len(number) < t.Min || len(number) > t.Max:
		return IdentificationLength
	case !identificationForms[t.Form].MatchString(string(number)), strings.Trim(string(number), "0") == "":
		return IdentificationMalformed
	case t.Rule != nil && !t.Rule.hold(number):
		return IdentificationCheckDigit
	}
	return ""
}

func (c *CheckDigits) hold(number []rune) bool {
	if len(number) < c.From || slices.Contains(c.Exempt, string(number)) {
		return true
	}
	if c.Vary && len(slices.Compact(slices.Clone(number))) == 1 {
		return false
	}
	alphabet := []rune(c.Alphabet)
	for i, weights := range c.Weights {
		at := len(number) - len(c.Weights) + i
		sum := 0
		for j, weight := range weights {
			value := c.Pad
			if k := at - len(weights) + j; k >= 0 {
				value = int(number[k] - '0')
				if len(alphabet) > 0 {
					value = slices.Index(alphabet, number[k])
				}
			}
			sum += weight * value
		}
		if rune(c.Map[sum%c.Mod]) != number[at] {
			return false
		}
	}
	return true
}

// identificationText leaves out the marks and writes capitals. Only a to z and
// ñ have one here: a page's script has to do exactly the same.
func identificationText(text string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(identificationMarks, r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r == 'ñ':
			return 'Ñ'
		}
		return r
	}, text), "N\u0303", "Ñ")
}

// blanks, dot, slash, and the dashes that keyboards and documents have
const identificationMarks = " \t\r\n\u00a0\u2007\u202f./-\u2010\u2011\u2012\u2013\u2014\u2212"

var identificationForms = func() map[string]*regexp.Regexp {
	forms := map[string]*regexp.Regexp{}
	for _, types := range identificationTypes {
		for _, t := range types {
			forms[t.Form] = regexp.MustCompile(t.Form)
		}
	}
	return forms
}()
