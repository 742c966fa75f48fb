package homologation

import "strings"

// header is a row that names columns.
type header struct {
	row     int // where its lowest names stand
	bottom  int // the last row that its merged cells reach
	columns map[string]int
	exacts  map[string]bool
	rivals  map[string][]string // further columns of a kind that has its column
	exact   int                 // how many kinds are named exactly
	cells   int                 // how many texts there are
	mode    headerMode
}

// headerMode is how freely a row is read as a header.
type headerMode int

const (
	byName      headerMode = iota // by its own cells
	byNameAbove                   // also by the cells above, where two rows of names are not merged
	byExactName                   // by exact names only, so that no case is taken for a header
)

// headerColumns bounds where a header is searched for.
const headerColumns = 256

func (h header) has(kind string) bool     { return h.columns[kind] > 0 }
func (h header) exactly(kind string) bool { return h.exacts[kind] }

func (h header) namesCases() bool {
	return h.has(ColumnNumber) || h.has(ColumnTitle) || h.has(columnEither)
}

// complete reports whether a table of cases can begin here.
func (h header) complete() bool { return h.has(ColumnPaymentID) && h.namesCases() }

// lacks is the code of what an almost complete header does not name, "" if it
// is none.
func (h header) lacks() string {
	switch known := len(h.columns); {
	case h.namesCases() && known >= 2 && h.exact >= 1:
		return "no_payment_column"
	case h.exactly(ColumnPaymentID) && h.cells >= 2:
		return "no_case_column"
	}
	return ""
}

// header reads a row as a header.
func (g *grid) header(row int, mode headerMode) header {
	h := header{row: row, bottom: row, columns: map[string]int{}, exacts: map[string]bool{}, rivals: map[string][]string{}, mode: mode}
	for column := 1; column <= min(g.last, headerColumns); column++ {
		kind, exact := g.columnKind(column, h)
		if g.headerText(column, h) != "" {
			h.cells++
		}
		if kind == "" {
			continue
		}
		if m := g.merged(column, row); m != nil {
			h.bottom = max(h.bottom, m.bottom)
		}
		switch had := h.columns[kind]; {
		case had == 0:
		case kind == columnEither && !h.has(ColumnNumber) && !h.has(ColumnTitle):
			kind = ColumnTitle // "caso" and "prueba": the second one says what it is
			h.columns[ColumnNumber] = had
			delete(h.columns, columnEither)
		case exact && !h.exacts[kind]:
			h.rivals[kind] = append(h.rivals[kind], letters(had))
		default:
			h.rivals[kind] = append(h.rivals[kind], letters(column))
			continue
		}
		h.columns[kind] = column
		if exact && !h.exacts[kind] {
			h.exacts[kind] = true
			h.exact++
		}
	}
	return h
}

// columnKind is the kind that a header names for a column. A title merged over
// several columns lends its words to the names below it ("Pago" over "ID").
func (g *grid) columnKind(column int, h header) (kind string, exact bool) {
	text := g.headerText(column, h)
	if h.mode == byExactName {
		kind = exactHeaderKind(text)
		return kind, kind != ""
	}
	kind, exact = headerKind(text)
	group := g.group(column, h.row)
	if group == "" || text == "" {
		return kind, exact
	}
	for _, joined := range []string{group + " " + text, text + " " + group} {
		if k, yes := headerKind(joined); yes || kind == "" && k != "" {
			return k, yes
		}
	}
	return kind, exact
}

// headerText is what a header calls a column.
func (g *grid) headerText(column int, h header) string {
	text := g.shown(column, h.row)
	for above := h.row - 1; h.mode == byNameAbove && text == "" && above >= max(1, h.row-2); above-- {
		if m := g.merged(column, above); m == nil || m.left == m.right {
			text = g.shown(column, above)
		}
	}
	return text
}

// group is the short title that is merged over a column and its neighbours in
// the row above its name, "" if there is none.
func (g *grid) group(column, row int) string {
	if m := g.merged(column, row); m != nil {
		row = m.top
	}
	m := g.merged(column, row-1)
	if m == nil || m.left == m.right {
		return ""
	}
	if text := g.text[m.top][m.left]; len(strings.Fields(text)) <= 3 {
		return text
	}
	return ""
}
