package posta

import (
	"regexp"
	"strings"
)

var (
	cuitForm  = regexp.MustCompile(`^[0-9]{11}$`)
	taxIDForm = regexp.MustCompile(`^[0-9A-Z]{5,20}$`)
)

// TaxID gives a company's tax number without the dots, dashes and blanks that
// people write in it. Of Argentina it is the CUIT, with its check digit (modulo
// 11, weights 5 4 3 2 7 6 5 4 3 2); of other countries only the length is known
// here. Errors: "malformed" or "check_digit" as the code of what is wrong, ""
// for nothing.
func TaxID(country, text string) (number, wrong string) {
	number = strings.ToUpper(strings.NewReplacer("-", "", ".", "", " ", "", "/", "").Replace(text))
	if country != "AR" {
		if !taxIDForm.MatchString(number) {
			return "", "malformed"
		}
		return number, ""
	}
	if !cuitForm.MatchString(number) {
		return "", "malformed"
	}
	sum := 0
	for i, weight := range []int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1} {
		sum += weight * int(number[i]-'0')
	}
	if sum%11 != 0 {
		return "", "check_digit"
	}
	return number, ""
}
