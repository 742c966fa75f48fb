package homologation

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// What bounds the work that a small file can ask for.
const (
	maxMerges = 20_000
	maxCells  = 5_000_000 // of all rows, each counted up to its last cell
)

var errTooLarge = errors.New("too many rows, columns or merged ranges")

// layout is where things stand in a worksheet's XML, as byte offsets, so that
// single cells can be replaced and every other byte kept.
type layout struct {
	prefix    string // of the elements' names: "" or "x:"
	rows      int    // that hold a cell
	cells     int    // of all rows, each up to its last
	hidden    map[int]bool
	merges    []area
	formulas  map[[2]int]bool // column and row of the cells that have one
	exponents map[[2]int]bool // the cells with a number that is stored as 1.5E+16
	spills    []area          // where array formulas and data tables put their results
	columns   []columnSpan    // styles of whole columns
	dimension span
	used      string         // what dimension says
	wanted    map[int]rowPos // the rows that were asked for
	following []rowStart     // every row's start, in order
	end       int            // where the last row ends
}

type span struct{ start, end int }

type rowStart struct{ number, start int }

type rowPos struct {
	open  span // its start tag
	empty bool // <row/>
	end   int  // where cells can be appended
	start xml.StartElement
	cells []cellPos
}

type cellPos struct {
	span
	column int
	style  string
}

type columnSpan struct {
	first, last int
	style       string
}

// area is a rectangle of cells, borders included, from 1.
type area struct{ left, top, right, bottom int }

func (a area) has(column, row int) bool {
	return a.left <= column && column <= a.right && a.top <= row && row <= a.bottom
}

func parseArea(ref string) (area, error) {
	first, last, two := strings.Cut(strings.ReplaceAll(ref, "$", ""), ":")
	if !two {
		last = first
	}
	left, top, err := excelize.CellNameToCoordinates(first)
	if err != nil {
		return area{}, err
	}
	right, bottom, err := excelize.CellNameToCoordinates(last)
	if err != nil {
		return area{}, err
	}
	return area{min(left, right), min(top, bottom), max(left, right), max(top, bottom)}, nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// readLayout walks through a worksheet's XML. It keeps the cells of the wanted
// rows only. Rows and cells without a reference follow the one before.
func readLayout(data []byte, wanted map[int]bool) (layout, error) {
	l := layout{hidden: map[int]bool{}, wanted: map[int]rowPos{}, formulas: map[[2]int]bool{}, exponents: map[[2]int]bool{}}
	d := xml.NewDecoder(bytes.NewReader(data))
	var path []string
	var row, column int
	var at rowPos
	var cell *cellPos
	var number bool
	for {
		start := int(d.InputOffset())
		token, err := d.RawToken()
		if err == io.EOF && len(path) == 0 && l.end > 0 {
			return l, nil
		} else if err == io.EOF {
			return l, errors.New("no rows, or cut off")
		} else if err != nil {
			return l, err
		}
		end := int(d.InputOffset())
		switch e := token.(type) {
		case xml.StartElement:
			path = append(path, e.Name.Local)
			switch where := strings.Join(path[min(1, len(path)):], "/"); where {
			case "dimension":
				l.dimension, l.used = span{start, end}, attr(e, "ref")
			case "cols/col":
				first, _ := strconv.Atoi(attr(e, "min"))
				last, _ := strconv.Atoi(attr(e, "max"))
				l.columns = append(l.columns, columnSpan{first, last, attr(e, "style")})
			case "sheetData":
				if e.Name.Space != "" {
					l.prefix = e.Name.Space + ":"
				}
			case "sheetData/row":
				if row, err = next(row, attr(e, "r"), excelize.TotalRows); err != nil {
					return l, err
				}
				l.following = append(l.following, rowStart{row, start})
				if h := attr(e, "hidden"); h == "1" || h == "true" {
					l.hidden[row] = true
				}
				column, at = 0, rowPos{open: span{start, end}, empty: data[end-2] == '/', start: e.Copy()}
			case "sheetData/row/c":
				ref := attr(e, "r")
				if ref != "" {
					c, r, err := excelize.CellNameToCoordinates(ref)
					if err != nil || r != row || c <= column {
						return l, fmt.Errorf("cell %q stands in the wrong place", ref)
					}
					column = c
				} else if column++; column > excelize.MaxColumns {
					return l, errors.New("too many columns")
				}
				if len(at.cells) == 0 {
					l.rows++
				}
				at.cells = append(at.cells, cellPos{span: span{start, end}, column: column, style: attr(e, "s")})
				kind := attr(e, "t")
				number = kind == "" || kind == "n"
				cell = &at.cells[len(at.cells)-1]
			case "sheetData/row/c/f":
				l.formulas[[2]int{column, row}] = true
				if kind := attr(e, "t"); kind == "array" || kind == "dataTable" {
					if a, err := parseArea(attr(e, "ref")); err == nil {
						l.spills = append(l.spills, a)
					}
				}
			case "mergeCells/mergeCell":
				a, err := parseArea(attr(e, "ref"))
				if err != nil {
					return l, err
				}
				if l.merges = append(l.merges, a); len(l.merges) > maxMerges {
					return l, errTooLarge
				}
			}
		case xml.CharData:
			if number && cell != nil && bytes.ContainsAny(e, "eE") {
				l.exponents[[2]int{column, row}] = true
			}
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != e.Name.Local {
				return l, fmt.Errorf("</%s> without its start", e.Name.Local)
			}
			switch strings.Join(path[1:], "/") {
			case "sheetData":
				l.end = start
			case "sheetData/row":
				at.end = start
				if l.cells += column; l.rows > SheetMaxRows || l.cells > maxCells {
					return l, errTooLarge
				}
				if wanted[row] {
					l.wanted[row] = at
				}
			case "sheetData/row/c":
				cell.end = end
				cell = nil
			}
			path = path[:len(path)-1]
		}
	}
}

// next is the number that r gives, or the one after last where there is none.
func next(last int, r string, most int) (int, error) {
	if r == "" {
		return last + 1, nil
	}
	n, err := strconv.Atoi(r)
	if err != nil || n <= last || n > most {
		return 0, fmt.Errorf("row %q stands in the wrong place", r)
	}
	return n, nil
}

// computed reports whether the cell's value comes from a formula.
func (l layout) computed(column, row int) bool {
	return l.formulas[[2]int{column, row}] || slices.ContainsFunc(l.spills, func(a area) bool { return a.has(column, row) })
}

// home is the cell that a value for column and row is written to: the top left
// one of the merged range that it belongs to.
func (l layout) home(column, row int) (int, int) {
	if m := l.merged(column, row); m != nil {
		return m.left, m.top
	}
	return column, row
}

func (l layout) merged(column, row int) *area {
	at := slices.IndexFunc(l.merges, func(a area) bool { return a.has(column, row) })
	if at < 0 {
		return nil
	}
	return &l.merges[at]
}
