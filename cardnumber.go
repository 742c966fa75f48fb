package posta

import (
	"regexp"
	"strconv"
)

// idsOfOurs are identifiers whose digits may look like anything.
var idsOfOurs = regexp.MustCompile(`\b[a-z]{3}_?[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9A-HJKMNP-TV-Z]{26}\b|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`)

// digitRuns are digits, alone or grouped by single spaces, dashes or points.
var digitRuns = regexp.MustCompile(`[0-9](?:[ .\-\x{2010}-\x{2013}\x{00A0}]?[0-9]){12,}`)

var digitGroups = regexp.MustCompile(`[0-9]+`)

// HoldsCardNumber reports whether a text seems to hold the number of a payment
// card, alone or among other words: 13 to 19 digits of a brand's range whose last
// one checks, also grouped by blanks, dashes or points. Such a text never enters
// (reliability.md 39): it is refused before anything of it is kept.
func HoldsCardNumber(text string) bool {
	if len(text) < 13 {
		return false
	}
	for _, run := range digitRuns.FindAllString(idsOfOurs.ReplaceAllString(text, "/"), -1) {
		groups := digitGroups.FindAllString(run, -1)
		for i := range groups {
			number := ""
			for _, group := range groups[i:] {
				number += group
				if len(number) > 19 {
					break
				}
				if isCardNumber(number) {
					return true
				}
			}
		}
	}
	return false
}

// isCardNumber reports whether digits are of a card brand's numbers and lengths and
// their last one checks.
func isCardNumber(number string) bool {
	return ofCardBrand(number) && luhn(number)
}

// ofCardBrand knows the ranges that the brands of our countries issue.
func ofCardBrand(number string) bool {
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
