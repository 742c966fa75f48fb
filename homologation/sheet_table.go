package homologation

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// headerWithin is in how many rows that show something the first header is searched for.
const headerWithin = 50

// What the messages say was looked for.
const (
	lookedForPayment = "payment_id, ID de pago, ID del pago, ID do pagamento, ID de transacción, ID da transação, transaction id"
	lookedForCase    = "N°, Nro., ID, Caso, Caso de prueba, Casuística, Descripción, Escenario, Caso de teste, Cenário, Test case"
)

// found is a read workbook: what callers see, and where each row's columns are.
type found struct {
	sheet   Sheet
	columns []map[string]int // of the row with the same index
}

// tables finds the lists of cases on every visible worksheet.
func (b *book) tables() (found, error) {
	var f found
	filled, missing := false, ""
	for name := range b.parts {
		if strings.HasPrefix(name, "_xmlsignatures/") {
			f.sheet.Warnings = []SheetWarning{{Code: "signed"}}
		}
	}
	for _, w := range b.worksheets {
		if w.hidden {
			f.warn(w.name, "hidden_worksheet")
			continue
		}
		g, err := b.grid(w)
		if err != nil {
			return f, err
		}
		filled = filled || len(g.rows) > 0
		before := len(f.sheet.Tables)
		lacks := f.worksheet(w.name, g)
		if len(f.sheet.Tables) > before {
			continue
		}
		f.warn(w.name, lacks)
		if missing == "" || missing == "no_header" || lacks == "no_payment_column" {
			missing = lacks
		}
	}
	switch {
	case len(f.sheet.Rows) > 0:
		return f, nil
	case len(f.sheet.Tables) > 0:
		return f, sheetError("no_cases", nil)
	case !filled:
		return f, sheetError("empty", nil)
	case missing == "no_payment_column":
		return f, sheetError(missing, nil, "looked_for", lookedForPayment)
	case missing == "no_case_column":
		return f, sheetError(missing, nil, "looked_for", lookedForCase)
	}
	return f, sheetError("no_header", nil, "looked_for", lookedForCase+", "+lookedForPayment)
}

func (f *found) warn(worksheet, code string, params ...string) {
	f.sheet.Warnings = append(f.sheet.Warnings, SheetWarning{Worksheet: worksheet, Code: code, Params: paramsOf(params)})
}

// worksheet adds the tables of one worksheet, or says what it lacks.
func (f *found) worksheet(name string, g *grid) (lacks string) {
	var at header
	lacks = "no_header"
	for _, mode := range []headerMode{byName, byNameAbove} {
		for _, row := range g.rows[:min(headerWithin, len(g.rows))] {
			h := g.header(row, mode)
			if h.complete() {
				at = h
				break
			}
			if code := h.lacks(); code != "" && lacks != "no_payment_column" {
				lacks = code
			}
		}
		if at.row > 0 {
			break
		}
	}
	from := len(f.sheet.Rows)
	for at.row > 0 {
		at = f.table(name, g, at)
	}
	f.warnOfRows(name, f.sheet.Rows[from:])
	return lacks
}

// table adds the cases below a header, and returns the header that ends them,
// the zero one at the worksheet's end.
func (f *found) table(name string, g *grid, h header) (following header) {
	columns := g.columns(h)
	t := SheetTable{Worksheet: name, HeaderRow: h.row}
	for _, kind := range []string{ColumnNumber, ColumnTitle, ColumnExpected, ColumnPaymentID, ColumnResult, ColumnNote, ColumnDate} {
		if c := columns[kind]; c > 0 {
			t.Columns = append(t.Columns, SheetColumn{Kind: kind, Column: letters(c), Header: g.headerText(c, h)})
		}
	}
	f.sheet.Tables = append(f.sheet.Tables, t)
	for _, kind := range []string{ColumnPaymentID, ColumnResult} {
		if also := h.rivals[kind]; len(also) > 0 {
			f.warn(name, "several_columns", "kind", kind, "column", letters(columns[kind]), "also", strings.Join(also, ", "))
		}
	}
	var below []int
	silent := false // below a header of something else
	for _, row := range g.rows {
		if row <= h.bottom {
			continue
		}
		if again := g.header(row, byExactName); again.complete() {
			again = g.header(row, byName)
			following = again
			break
		} else if again.exact >= 3 {
			silent = true
		}
		if !silent {
			below = append(below, row)
		}
	}
	rows := g.cases(name, below, columns)
	if len(rows) == 0 && columns[ColumnTitle] > 0 && columns[ColumnNumber] > 0 {
		without := map[string]int{}
		for kind, c := range columns {
			if kind != ColumnNumber {
				without[kind] = c
			}
		}
		rows = g.cases(name, below, without) // numbers that nobody filled in
	}
	for _, row := range rows {
		f.sheet.Rows = append(f.sheet.Rows, row)
		f.columns = append(f.columns, columns)
		for _, kind := range []string{ColumnPaymentID, ColumnResult, ColumnNote, ColumnDate} {
			if c, r := g.home(columns[kind], row.Row); columns[kind] > 0 && g.computed(c, r) {
				f.warn(name, "formula", "kind", kind, "cell", cellName(c, r))
			}
		}
	}
	return following
}

func (f *found) warnOfRows(name string, rows []SheetRow) {
	hidden, seen := 0, map[string]int{}
	for _, row := range rows {
		if row.Hidden {
			hidden++
		}
		if seen[row.Number]++; row.Number != "" && seen[row.Number] == 2 {
			f.warn(name, "number_twice", "number", row.Number)
		}
	}
	if hidden > 0 {
		f.warn(name, "hidden_rows", "rows", strconv.Itoa(hidden))
	}
}

// cases are those of rows that hold one. What is left out: titles of sections,
// further lines of the case above, notes and totals.
func (g *grid) cases(worksheet string, rows []int, columns map[string]int) []SheetRow {
	var list []SheetRow
	number, title, payment := columns[ColumnNumber], columns[ColumnTitle], columns[ColumnPaymentID]
	for _, row := range rows {
		if left, top := g.home(payment, row); left != payment || top != row || g.section(row, columns) {
			continue
		}
		r := SheetRow{Worksheet: worksheet, Row: row, Hidden: g.hidden[row]}
		if number > 0 {
			r.Number = g.shown(number, row)
		}
		if title > 0 {
			r.Title = g.shown(title, row)
		}
		switch {
		case number > 0 && title > 0 && (r.Number == "" || g.own(number, row) == "" && g.own(title, row) == ""):
			continue
		case number > 0 && title > 0 && r.Title == "" && (!isCode(r.Number) || len(g.text[row]) < 2):
			continue
		case (number == 0 || title == 0) && g.own(number+title, row) == "":
			continue
		}
		r.PaymentID = g.id(payment, row)
		for kind, text := range map[string]*string{ColumnExpected: &r.Expected, ColumnResult: &r.Result, ColumnNote: &r.Note} {
			if c := columns[kind]; c > 0 {
				*text = g.shown(c, row)
			}
		}
		list = append(list, r)
	}
	return list
}

// section reports whether the row's number or title is merged across other columns that we know.
func (g *grid) section(row int, columns map[string]int) bool {
	for _, from := range []string{ColumnNumber, ColumnTitle} {
		m := g.merged(columns[from], row)
		if columns[from] == 0 || m == nil {
			continue
		}
		for kind, c := range columns {
			if kind != from && m.has(c, row) {
				return true
			}
		}
	}
	return false
}

// isCode reports whether s can be a case's number: one word with a digit.
func isCode(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.ContainsFunc(s, unicode.IsSpace)
}

func letters(column int) string {
	name, _ := excelize.ColumnNumberToName(column) // fails for numbers that no worksheet has
	return name
}

func cellName(column, row int) string { return letters(column) + strconv.Itoa(row) }

// columns are the header's, with the ambiguous ones settled by what stands below.
func (g *grid) columns(h header) map[string]int {
	columns := map[string]int{}
	for kind, c := range h.columns {
		columns[kind] = c
	}
	either := columns[columnEither]
	delete(columns, columnEither)
	delete(columns, columnOther)
	switch number, title := columns[ColumnNumber] > 0, columns[ColumnTitle] > 0; {
	case either == 0 || number && title:
	case number:
		columns[ColumnTitle] = either
	case title:
		columns[ColumnNumber] = either
	default:
		kind := ColumnNumber
		if slices.ContainsFunc(g.rows, func(row int) bool {
			return row > h.bottom && strings.ContainsFunc(g.own(either, row), unicode.IsSpace)
		}) {
			kind = ColumnTitle
		}
		columns[kind] = either
	}
	return columns
}
