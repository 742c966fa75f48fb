package prisma

import "regexp"

var cuitForm = regexp.MustCompile(`^([0-9]{2})-?([0-9]{8})-?([0-9])$`)

// bareCUIT gives the eleven digits of a CUIT written with dashes or without,
// "" if it is none.
func bareCUIT(text string) string {
	parts := cuitForm.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	return parts[1] + parts[2] + parts[3]
}

// checksOut verifies the check digit of eleven digits: modulo 11 over the
// weights 5432765432.
func checksOut(digits string) bool {
	sum := 0
	for i, weight := range []int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2} {
		sum += weight * int(digits[i]-'0')
	}
	return (11-sum%11)%11 == int(digits[10]-'0')
}
