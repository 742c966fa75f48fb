package posta

import "regexp"

var taxIDForm = regexp.MustCompile(`^[0-9A-Z]{5,20}$`)

// taxIDs are the documents that a country's businesses have, by length where
// there are two. Of Colombia and Uruguay only the length is known here: a
// Colombian person's NIT has other lengths than the provider takes of a buyer,
// and the provider knows no RUT of Uruguay.
var taxIDs = map[string]map[int]string{
	"AR": {0: "CUIT"},
	"BR": {0: "CNPJ", 11: "CPF"},
	"CL": {0: "RUT"},
	"PE": {0: "RUC"},
}

// TaxID gives a business's tax number without the dots, dashes and blanks that
// people write in it: in Argentina the CUIT, in Brazil CNPJ or CPF, in Chile the
// RUT, in Peru the RUC, each with its check digit as in CheckIdentification; of
// other countries only the length is checked. Errors: "malformed" or
// "check_digit" as the code of what is wrong, "" for nothing.
func TaxID(country, text string) (number, wrong string) {
	number = identificationText(text)
	ids := taxIDs[country]
	if ids == nil {
		if !taxIDForm.MatchString(number) {
			return "", IdentificationMalformed
		}
		return number, ""
	}
	id := ids[len(number)]
	if id == "" {
		id = ids[0]
	}
	t, _ := findIdentificationType(country, id)
	switch t.check([]rune(number)) {
	case "":
		return number, ""
	case IdentificationCheckDigit:
		return "", IdentificationCheckDigit
	}
	return "", IdentificationMalformed
}
