package settlement

import (
	"cmp"
	"slices"
	"strings"

	"posta/provider"
)

// Sum adds movements up as a terminal's slip does: sales by brand, also those
// reversed later, reversals and refunds. Where batch is told, those that name
// another one belong to another close: they are left out, and given.
func Sum(movements []Movement, batch string) (t provider.BatchTotals, others []Movement) {
	for _, m := range movements {
		if !m.In(batch) {
			others = append(others, m)
			continue
		}
		switch m.Kind {
		case Sale:
			add(&t.Sales, m.Amount)
			at := slices.IndexFunc(t.Brands, func(b provider.BrandSum) bool { return b.Brand == m.Brand })
			if at < 0 {
				at = len(t.Brands)
				t.Brands = append(t.Brands, provider.BrandSum{Brand: m.Brand})
			}
			add(&t.Brands[at].Sum, m.Amount)
		case Reversal:
			add(&t.Reversals, m.Amount)
		case Refund:
			add(&t.Refunds, m.Amount)
		}
	}
	slices.SortFunc(t.Brands, func(a, b provider.BrandSum) int { return cmp.Compare(a.Brand, b.Brand) })
	return t, others
}

func add(s *provider.Sum, amount int64) {
	s.Count++
	s.Amount += amount
}

// In reports whether the movement may be of the batch: it names no other.
func (m Movement) In(batch string) bool {
	return batch == "" || m.Batch == "" || number(m.Batch) == number(batch)
}

// number is a batch's number without the zeros in front, which are printed in
// some places and not in others.
func number(batch string) string {
	return strings.TrimLeft(strings.TrimSpace(batch), "0")
}

// Line is one line of a batch's totals.
type Line string

// The lines.
const (
	LineTotal     Line = "total" // of all movements; the amount is sales less what was given back
	LineSales     Line = "sales"
	LineReversals Line = "reversals"
	LineRefunds   Line = "refunds"
	LineBrand     Line = "brand" // sales of one brand
)

// Difference is a line of totals that the provider has otherwise than we.
type Difference struct {
	Line   Line         `json:"line" enum:"total,sales,reversals,refunds,brand"`
	Brand  string       `json:"brand,omitempty"`
	Ours   provider.Sum `json:"ours"`
	Theirs provider.Sum `json:"theirs"`
}

// Differences lists the lines that differ in count or amount. Brands are listed
// only where the sales differ, to find out why: a slip need not name them as we do.
func Differences(ours, theirs provider.BatchTotals) []Difference {
	var out []Difference
	our, their := lines(ours), lines(theirs)
	for i := range our {
		if our[i].sum != their[i].sum {
			out = append(out, Difference{Line: our[i].line, Ours: our[i].sum, Theirs: their[i].sum})
		}
	}
	if ours.Sales == theirs.Sales || len(ours.Brands) == 0 || len(theirs.Brands) == 0 {
		return out
	}
	names := map[string]bool{}
	for _, b := range slices.Concat(ours.Brands, theirs.Brands) {
		if names[b.Brand] {
			continue
		}
		names[b.Brand] = true
		if a, b, name := ofBrand(ours, b.Brand), ofBrand(theirs, b.Brand), b.Brand; a != b {
			out = append(out, Difference{Line: LineBrand, Brand: name, Ours: a, Theirs: b})
		}
	}
	return out
}

type lineSum struct {
	line Line
	sum  provider.Sum
}

func lines(t provider.BatchTotals) [4]lineSum {
	return [4]lineSum{{LineTotal, provider.Sum{Count: t.Sales.Count + t.Reversals.Count + t.Refunds.Count, Amount: t.Net()}},
		{LineSales, t.Sales}, {LineReversals, t.Reversals}, {LineRefunds, t.Refunds}}
}

func ofBrand(t provider.BatchTotals, brand string) (sum provider.Sum) {
	for _, b := range t.Brands {
		if b.Brand == brand {
			sum.Count += b.Count
			sum.Amount += b.Amount
		}
	}
	return sum
}
