package posta

// The modulo 11 rules differ in the weights and in what the remainders 0, 1 and
// 10 become; Map says the latter.
var (
	cpfDigits = &CheckDigits{Mod: 11, Map: "00987654321", Vary: true, Weights: [][]int{
		{10, 9, 8, 7, 6, 5, 4, 3, 2},
		{11, 10, 9, 8, 7, 6, 5, 4, 3, 2}}}
	cnpjDigits = &CheckDigits{Mod: 11, Map: "00987654321", Weights: [][]int{
		{5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2},
		{6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}}}
	cuitDigits = &CheckDigits{Mod: 11, Map: "09987654321", Weights: [][]int{{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}}}
	rutDigits  = &CheckDigits{Mod: 11, Map: "0K987654321", Weights: [][]int{{3, 2, 7, 6, 5, 4, 3, 2}}}
	nitDigits  = &CheckDigits{Mod: 11, Map: "01987654321", From: 10, Weights: [][]int{
		{71, 67, 59, 53, 47, 43, 41, 37, 29, 23, 19, 17, 13, 7, 3}}}
	rucDigits = &CheckDigits{Mod: 11, Map: "10987654321", Weights: [][]int{{5, 4, 3, 2, 7, 6, 5, 4, 3, 2}}}
	ciDigits  = &CheckDigits{Mod: 10, Map: "0987654321", Weights: [][]int{{2, 9, 8, 7, 6, 3, 4}}}
	// A company's RFC has a character less than a person's: a blank, 37, stands before it.
	rfcDigits = &CheckDigits{Mod: 11, Map: "0A987654321", Pad: 37, Alphabet: "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ",
		Exempt: []string{"XAXX010101000", "XEXX010101000"}, Weights: [][]int{{13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2}}}
	curpDigits = &CheckDigits{Mod: 10, Map: "0987654321", Alphabet: "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ", Weights: [][]int{
		{18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2}}}
)

// docs/providers/mercadopago-online.md §4.2, with the source of each.
var identificationTypes = map[string][]IdentificationType{
	"AR": {
		{ID: "DNI", Name: "DNI", Holder: "person", Min: 7, Max: 8, Example: "12.345.678"},
		{ID: "CUIL", Name: "CUIL", Holder: "person", Min: 11, Max: 11, Example: "20-00000002-8", Rule: cuitDigits},
		{ID: "CUIT", Name: "CUIT", Holder: "either", Min: 11, Max: 11, Example: "30-00000000-7", Rule: cuitDigits},
		{ID: "CI", Name: "Cédula de identidad", Holder: "person", Min: 1, Max: 9, Example: "12.345.678"},
		{ID: "LC", Name: "Libreta cívica", Holder: "person", Min: 6, Max: 7, Example: "1.234.567"},
		{ID: "LE", Name: "Libreta de enrolamiento", Holder: "person", Min: 6, Max: 7, Example: "1.234.567"},
		{ID: "Otro", Name: "Otro", Holder: "either", Min: 5, Max: 20, Example: "1234567"},
	},
	"BR": {
		{ID: "CPF", Name: "CPF", Holder: "person", Min: 11, Max: 11, Example: "123.456.789-09", Rule: cpfDigits},
		{ID: "CNPJ", Name: "CNPJ", Holder: "company", Min: 14, Max: 14, Letters: true, Form: `^[0-9A-Z]{12}[0-9]{2}$`, Example: "12.345.678/0001-95", Rule: cnpjDigits},
	},
	"CL": {
		{ID: "RUT", Name: "RUT", Holder: "either", Min: 8, Max: 9, Letters: true, Form: `^[0-9]+[0-9K]$`, Example: "12.345.678-5", Rule: rutDigits},
		{ID: "Otro", Name: "Otro", Holder: "either", Min: 5, Max: 20, Letters: true, Form: `^[0-9A-Z]+$`, Example: "AB123456"},
	},
	"CO": {
		{ID: "CC", Name: "Cédula de ciudadanía", Holder: "person", Min: 6, Max: 10, Example: "1.000.000.001"},
		{ID: "CE", Name: "Cédula de extranjería", Holder: "person", Min: 6, Max: 10, Example: "123456"},
		{ID: "NIT", Name: "NIT", Holder: "either", Min: 9, Max: 10, Example: "900.000.001-2", Rule: nitDigits},
		{ID: "Otro", Name: "Otro", Holder: "either", Min: 5, Max: 20, Letters: true, Form: `^[0-9A-Z]+$`, Example: "AB123456"},
	},
	"MX": {
		{ID: "RFC", Name: "RFC", Holder: "either", Min: 12, Max: 13, Letters: true, Form: `^[A-ZÑ&]{3,4}[0-9]{6}[0-9A-Z]{2}[0-9A]$`, Example: "XAXX010101000", Rule: rfcDigits},
		{ID: "CURP", Name: "CURP", Holder: "person", Min: 18, Max: 18, Letters: true, Form: `^[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]$`, Example: "XEXX010101HNEXXXA4", Rule: curpDigits},
	},
	"PE": {
		{ID: "DNI", Name: "DNI", Holder: "person", Min: 8, Max: 8, Example: "12345678"},
		{ID: "CE", Name: "Carné de extranjería", Holder: "person", Min: 9, Max: 12, Example: "001234567"},
		{ID: "RUC", Name: "RUC", Holder: "either", Min: 11, Max: 11, Example: "20000000001", Rule: rucDigits},
	},
	"UY": {
		{ID: "CI", Name: "Cédula de identidad", Holder: "person", Min: 7, Max: 8, Example: "1.234.567-2", Rule: ciDigits},
		{ID: "Otro", Name: "Otro", Holder: "either", Min: 5, Max: 20, Letters: true, Form: `^[0-9A-Z]+$`, Example: "AB123456"},
	},
}
