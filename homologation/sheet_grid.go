package homologation

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// grid is what a worksheet's cells show.
type grid struct {
	layout
	text map[int]map[int]string // row → column → what is shown, without space around it
	raw  map[int]map[int]string // the same as it is stored, without a number's format
	rows []int                  // that show something, in order
	last int                    // the last column that does
}

// grid reads the cells of a worksheet.
func (b *book) grid(w worksheet) (*grid, error) {
	g := &grid{layout: w.layout, text: map[int]map[int]string{}, raw: map[int]map[int]string{}}
	for _, pass := range []struct {
		into    map[int]map[int]string
		options excelize.Options
	}{{g.text, excelize.Options{}}, {g.raw, excelize.Options{RawCellValue: true}}} {
		rows, err := b.excel.Rows(w.name)
		if err != nil {
			return nil, sheetError("unreadable", err)
		}
		for n := 1; rows.Next(); n++ {
			columns, err := rows.Columns(pass.options)
			if err != nil {
				return nil, sheetError("unreadable", err)
			}
			for i, value := range columns {
				if value = strings.TrimSpace(value); value == "" {
					continue
				}
				if pass.into[n] == nil {
					pass.into[n] = map[int]string{}
				}
				pass.into[n][i+1] = value
				g.last = max(g.last, i+1)
			}
		}
		if err := rows.Close(); err != nil {
			return nil, sheetError("unreadable", err)
		}
	}
	for n := range g.text {
		g.rows = append(g.rows, n)
	}
	slices.Sort(g.rows)
	return g, nil
}

// shown is the text of a cell. Every row of a merged range shows the range's
// text, in its leftmost column only.
func (g *grid) shown(column, row int) string {
	left, top := g.home(column, row)
	if left != column {
		return ""
	}
	return g.text[top][column]
}

// own is the text of a cell that is no lower part of a merged range.
func (g *grid) own(column, row int) string {
	if left, top := g.home(column, row); left != column || top != row {
		return ""
	}
	return g.text[row][column]
}

var scientific = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}$`)

// id is a cell's text as an identifier: a number with all of its digits.
func (g *grid) id(column, row int) string {
	value := g.raw[row][column]
	if g.exponents[[2]int{column, row}] && scientific.MatchString(value) {
		if n, ok := new(big.Rat).SetString(value); ok && n.IsInt() {
			return n.Num().String()
		}
	}
	return value
}
