package web

import "strings"

// Typed are the digits of the voucher's bar code as the buyer types them: of a
// boleto the line of 47 digits that banks ask for, of others the bar code's own.
func (d stageData) Typed() string {
	code := d.Payment.Next.Barcode
	if d.Session.Country == "BR" {
		return boletoLine(code)
	}
	return code
}

// boletoLine turns the 44 digits of a bank's boleto into the 47 that are typed:
// three fields of bank, currency and free field with a check digit each, the
// general check digit, due date and amount. What is no such bar code stays.
func boletoLine(code string) string {
	if len(code) != 44 || strings.Trim(code, "0123456789") != "" || code[0] == '8' {
		return code
	}
	first, second, third := code[:4]+code[19:24], code[24:34], code[34:44]
	first, second, third = first+modulo10(first), second+modulo10(second), third+modulo10(third)
	return first[:5] + "." + first[5:] + " " + second[:5] + "." + second[5:] + " " + third[:5] + "." + third[5:] + " " + code[4:5] + " " + code[5:19]
}

// modulo10 is the check digit of a boleto's field: weights 2 and 1 in turn from
// the right, the digits of each product added.
func modulo10(digits string) string {
	sum := 0
	for i := range len(digits) {
		product := int(digits[len(digits)-1-i]-'0') * (2 - i%2)
		sum += product/10 + product%10
	}
	return string(rune('0' + (10-sum%10)%10))
}
