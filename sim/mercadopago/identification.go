package mercadopago

import (
	"strconv"
	"strings"
)

// identificationType is a kind of document of a site
// (docs/providers/mercadopago-online.md §4.2).
type identificationType struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"` // number, letter
	Min  int    `json:"min_length"`
	Max  int    `json:"max_length"`
	// right says whether the check digits are; nil is a type without any.
	right func(string) bool
}

var identificationTypes = map[string][]identificationType{
	"MLA": {{"DNI", "DNI", "number", 7, 8, nil}, {"CI", "Cédula", "number", 1, 9, nil}, {"LC", "L.C.", "number", 6, 7, nil}, {"LE", "L.E.", "number", 6, 7, nil},
		{"CUIL", "CUIL", "number", 11, 11, rightCUIT}, {"CUIT", "CUIT", "number", 11, 11, rightCUIT}, {"Otro", "Otro", "number", 5, 20, nil}},
	"MLB": {{"CPF", "CPF", "number", 11, 11, rightCPF}, {"CNPJ", "CNPJ", "number", 14, 14, rightCNPJ}},
	"MLM": {},
	"MCO": {{"CC", "C.C.", "number", 6, 10, nil}, {"CE", "C.E.", "number", 6, 10, nil}, {"NIT", "NIT", "number", 9, 10, rightNIT}, {"Otro", "Otro", "number", 5, 20, nil}},
	"MLC": {{"RUT", "RUT", "letter", 8, 9, rightRUT}, {"Otro", "Otro", "letter", 5, 20, nil}},
	"MLU": {{"CI", "CI", "number", 7, 8, rightCI}, {"Otro", "Otro", "number", 5, 20, nil}},
	"MPE": {{"DNI", "DNI", "number", 8, 8, nil}, {"CE", "C.E", "number", 9, 12, nil}, {"RUC", "RUC", "number", 11, 11, rightRUC}, {"Otro", "Otro", "number", 5, 20, nil}},
}

// identification is a document of a payer or card holder.
type identification struct {
	Type   string `json:"type"`
	Number string `json:"number"`
}

func (i identification) given() bool { return i.Type != "" || i.Number != "" }

// valid says whether the site knows the type and the number is one of it:
// length, digits, check digits. The test document of each site's test cards
// is taken as it is, as the provider's test environment does.
func (i identification) valid(siteID string) bool {
	for _, t := range identificationTypes[siteID] {
		if !strings.EqualFold(t.ID, i.Type) {
			continue
		}
		if len(i.Number) < t.Min || len(i.Number) > t.Max {
			return false
		}
		if t.Type == "number" && t.ID != "CNPJ" && !digits(i.Number) {
			return false
		}
		return t.right == nil || i.Number == "12345678" && t.ID == "CI" || t.right(i.Number)
	}
	return false
}

func knownIdentification(siteID, kind string) bool {
	for _, t := range identificationTypes[siteID] {
		if strings.EqualFold(t.ID, kind) {
			return true
		}
	}
	return false
}

// weighed sums characters times weights; a character counts its code less 48,
// as the alphanumeric CNPJ does.
func weighed(s string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += (int(s[i]) - '0') * w
	}
	return sum
}

func under2(r int) int {
	if r < 2 {
		return 0
	}
	return 11 - r
}

func endsWith(s string, at int, want int) bool { return s[at:at+1] == strconv.Itoa(want) }

func rightCPF(s string) bool {
	if strings.Count(s, s[:1]) == len(s) {
		return false
	}
	return endsWith(s, 9, under2(weighed(s, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)) && endsWith(s, 10, under2(weighed(s, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11))
}

func rightCNPJ(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return endsWith(s, 12, under2(weighed(s, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)%11)) && endsWith(s, 13, under2(weighed(s, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)%11))
}

func rightCUIT(s string) bool {
	d := 11 - weighed(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11
	if d == 11 {
		d = 0
	}
	if d == 10 {
		d = 9
	}
	return endsWith(s, 10, d)
}

// rightNIT takes nine digits without a check digit too.
func rightNIT(s string) bool {
	if len(s) == 9 {
		return true
	}
	r := weighed(s, 41, 37, 29, 23, 19, 17, 13, 7, 3) % 11
	if r >= 2 {
		r = 11 - r
	}
	return endsWith(s, 9, r)
}

func rightRUT(s string) bool {
	body, last := s[:len(s)-1], strings.ToUpper(s[len(s)-1:])
	if !digits(body) {
		return false
	}
	sum := 0
	for i := range body {
		sum += int(body[len(body)-1-i]-'0') * (2 + i%6)
	}
	return last == strings.NewReplacer("11", "0", "10", "K").Replace(strconv.Itoa(11-sum%11))
}

func rightCI(s string) bool {
	s = strings.Repeat("0", 8-len(s)) + s
	return endsWith(s, 7, (10-weighed(s, 2, 9, 8, 7, 6, 3, 4)%10)%10)
}

func rightRUC(s string) bool {
	d := 11 - weighed(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11
	return endsWith(s, 10, d%10)
}
