package web

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/till"
)

// templateFuncs are the functions that our templates have besides the kit's:
//
//	brand "master"     Mastercard
//	minus a b          times a b
//	byrail report      its ways to pay, in groups by rail
//	params m           parameters of words
//	clock t zoned      15:04 in the zone of the second moment
var templateFuncs = template.FuncMap{
	"brand":  brand,
	"byrail": byRail,
	"minus":  func(a, b any) (int64, error) { return both(a, b, func(a, b int64) int64 { return a - b }) },
	"times":  func(a, b any) (int64, error) { return both(a, b, func(a, b int64) int64 { return a * b }) },
	"params": params,
	"clock":  func(at, zoned time.Time) string { return at.In(zoned.Location()).Format("15:04") },
}

// railSum is a report's sum of one rail, with its ways to pay.
type railSum struct {
	till.RailSum
	Methods []till.MethodSum
}

// byRail groups a report's ways to pay. A report from before there were rails
// has one group without a name.
func byRail(report till.Report) []railSum {
	var out []railSum
	for _, r := range report.Rails {
		out = append(out, railSum{RailSum: r})
	}
	for _, m := range report.Methods {
		at := slices.IndexFunc(out, func(r railSum) bool { return r.Rail == m.Rail })
		if at < 0 {
			out, at = append(out, railSum{RailSum: till.RailSum{Rail: m.Rail}}), len(out)
		}
		out[at].Methods = append(out[at].Methods, m)
	}
	return out
}

// both works on whole numbers as templates write them down.
func both(a, b any, work func(a, b int64) int64) (int64, error) {
	var numbers [2]int64
	for i, n := range []any{a, b} {
		switch n := n.(type) {
		case int64:
			numbers[i] = n
		case int:
			numbers[i] = int64(n)
		default:
			return 0, fmt.Errorf("%v is not a whole number", n)
		}
	}
	return work(numbers[0], numbers[1]), nil
}

// brands are the names that people know cards by, from the provider's.
var brands = map[string]string{
	"visa": "Visa", "debvisa": "Visa Débito", "master": "Mastercard", "debmaster": "Mastercard Débito", "amex": "American Express",
	"maestro": "Maestro", "cabal": "Cabal", "debcabal": "Cabal Débito", "naranja": "Naranja", "tarshop": "Tarjeta Shopping",
	"cencosud": "Cencosud", "diners": "Diners", "argencard": "Argencard", "elo": "Elo", "hipercard": "Hipercard",
	"vi": "Visa", "el": "Visa Débito", "mc": "Mastercard", "pd": "Mastercard Débito", "ma": "Maestro", "am": "American Express", // docs/providers/prisma.md §10
	"ca": "Cabal", "c2": "Cabal Débito", "na": "Naranja / Nativa", "pn": "Nativa Mastercard", "it": "Italcred", "cp": "Coopeplus", "so": "Tarjeta Sol",
	"fa": "Favacard", "pt": "Patagonia 365", "ty": "Tuya", "cg": "Crediguía", "sv": "Carrefour", "cr": "Centrocard", "dl": "Credencial",
	"account_money": "Mercado Pago", "magna": "Magna", "presto": "Presto", "codensa": "Codensa", "carnet": "Carnet", "oca": "OCA", "lider": "Lider",
}

func brand(name string) string {
	if known := brands[strings.ToLower(name)]; known != "" {
		return known
	}
	if name == "" {
		return ""
	}
	if at := slices.IndexFunc(posta.Methods, func(m posta.Method) bool { return m.ID == name }); at >= 0 {
		return posta.Methods[at].Name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
