package prisma

import (
	"regexp"
	"strconv"
	"strings"

	"posta/provider"
)

var (
	columns  = regexp.MustCompile(`\s{2,}`)
	printed  = regexp.MustCompile(`^(?:\$ ?)?(-?)(?:\$ ?)?([0-9]{1,3}(?:\.[0-9]{3})*|[0-9]+),([0-9]{2})$`)
	unsigned = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// totals reads the sums of a batch off its slip, docs/providers/prisma.md §8.1;
// nil where the slip has no TOTAL, or one that is not what its lines come to.
func totals(slip string) *provider.BatchTotals {
	var out provider.BatchTotals
	var total *provider.Sum
	seen := map[string]bool{}
	for _, line := range strings.Split(slip, "\n") {
		label, sum, ok := sumLine(line)
		if !ok {
			continue
		}
		if seen[label] {
			return nil
		}
		seen[label] = true
		switch label {
		case "VENTAS":
			out.Sales = sum
		case "ANULACIONES":
			out.Reversals = sum
		case "DEVOLUCIONES":
			out.Refunds = sum
		case "TOTAL":
			total = &sum
		default:
			out.Brands = append(out.Brands, provider.BrandSum{Brand: brandCode(label), Sum: sum})
		}
	}
	if total == nil || total.Count != out.Sales.Count+out.Reversals.Count+out.Refunds.Count || total.Amount != out.Net() {
		return nil
	}
	return &out
}

// sumLine reads "VISA DEBITO   2   1.500,00".
func sumLine(line string) (label string, sum provider.Sum, ok bool) {
	parts := columns.Split(strings.TrimSpace(line), -1)
	if len(parts) != 3 || !unsigned.MatchString(parts[1]) {
		return "", sum, false
	}
	amount := printed.FindStringSubmatch(parts[2])
	if amount == nil {
		return "", sum, false
	}
	minor, err := strconv.ParseInt(amount[1]+strings.ReplaceAll(amount[2], ".", "")+amount[3], 10, 64)
	count, _ := strconv.ParseInt(parts[1], 10, 64)
	return strings.ToUpper(parts[0]), provider.Sum{Count: count, Amount: minor}, err == nil
}

// brandNames are the main brands of docs/providers/prisma.md §10 as slips name
// them, without blanks.
var brandNames = map[string]string{"VISA": "VI", "VISADEBITO": "EL", "MASTERCARD": "MC", "MASTERCARDDEBIT": "PD", "MAESTRO": "MA",
	"AMERICANEXPRESS": "AM", "AMEX": "AM", "CABAL": "CA", "CABALDEBITO": "C2", "NARANJA": "NA", "NATIVAMASTERCARD": "PN",
	"ITALCRED": "IT", "PYMENACION": "PY", "COOPEPLUS": "CP", "TARJETASOL": "SO", "FAVACARD": "FA", "PATAGONIA365": "PT",
	"TUYA": "TY", "CREDIGUIA": "CG", "CARREFOUR": "SV"}

var plain = strings.NewReplacer(" ", "", "Á", "A", "É", "E", "Í", "I", "Ó", "O", "Ú", "U")

// brandCode gives the code of a brand by its name on a slip; the name itself
// where it is not known.
func brandCode(label string) string {
	if code, ok := brandNames[plain.Replace(label)]; ok {
		return code
	}
	return label
}
