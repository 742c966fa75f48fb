package homologation

import (
	"fmt"
	"strconv"
	"time"

	"posta"
)

// Limits of a provider's workbook. What is larger is refused with "too_large"
// before it is unpacked or read.
const (
	SheetMaxBytes    = 5 << 20  // the file as it came
	SheetMaxUnzipped = 50 << 20 // all its parts together
	SheetMaxRows     = 10_000   // rows that hold something, over all worksheets
)

// The kinds of column that a sheet's header is searched for.
const (
	ColumnNumber    = "number"
	ColumnTitle     = "title"
	ColumnExpected  = "expected"
	ColumnPaymentID = "payment_id"
	ColumnResult    = "result"
	ColumnNote      = "note"
	ColumnDate      = "date"
)

// Sheet is a provider's homologation workbook as we understand it.
type Sheet struct {
	Rows     []SheetRow
	Tables   []SheetTable
	Warnings []SheetWarning
}

// SheetRow is one case, in the words of the provider's file.
type SheetRow struct {
	Worksheet string
	Row       int    // from 1, as a spreadsheet program counts
	Number    string // the case's number as it is shown: "1.10", "CP-03"
	Title     string
	Expected  string
	PaymentID string // what stands there now; digits are never in scientific notation
	Result    string
	Note      string
	Hidden    bool // the row is hidden or filtered out
}

// SheetTable is a list of cases below one header. A worksheet may have several.
type SheetTable struct {
	Worksheet string
	HeaderRow int
	Columns   []SheetColumn // in the order of the kinds above
}

// SheetColumn says which column was taken for which kind, and by which words.
type SheetColumn struct {
	Kind   string
	Column string // letters: "D"
	Header string // as written
}

// SheetWarning is something in the file that a person should know of. Its
// words are in the catalogs under "sheet.warning.CODE".
type SheetWarning struct {
	Worksheet string // "" for the whole file
	Code      string
	Params    map[string]string
}

// SheetMark is what is to be written into one case's row. What is empty is
// left as it is in the file.
type SheetMark struct {
	Worksheet string
	Row       int
	PaymentID string
	Result    string    // takes the place of what stood there
	Note      string    // goes below what somebody else wrote there
	At        time.Time // written as its own location's wall clock
}

// ReadSheet reads the cases of a provider's xlsx in whatever layout: it looks
// for header rows on every visible worksheet and matches columns by name in
// Spanish, Portuguese and English. Worksheets that hold no cases are skipped
// with a warning.
//
// Errors are "invalid" on the field "sheet": empty, too_large, encrypted,
// old_format (xls), macro, unreadable, no_header, no_case_column,
// no_payment_column (Params name what was looked for) and no_cases.
func ReadSheet(data []byte) (sheet Sheet, err error) {
	defer unreadable(&err)
	book, err := openBook(data)
	if err != nil {
		return Sheet{}, err
	}
	defer book.close()
	found, err := book.tables()
	if err != nil {
		return Sheet{}, err
	}
	return found.sheet, nil
}

// sheetError is an "invalid" of the field "sheet"; params are name, value, ….
func sheetError(code string, cause error, params ...string) error {
	e := posta.Invalid("sheet", code)
	e.Cause = cause
	e.Fields[0].Params = paramsOf(params)
	return e
}

// unreadable turns a panic into an error: excelize parses what strangers send,
// and a defect there is an unreadable file here.
func unreadable(err *error) {
	if r := recover(); r != nil {
		*err = sheetError("unreadable", fmt.Errorf("panic: %v", r))
	}
}

func tooLarge() error {
	return sheetError("too_large", nil, "megabytes", strconv.Itoa(SheetMaxBytes>>20), "rows", strconv.Itoa(SheetMaxRows))
}

func paramsOf(pairs []string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	params := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return params
}
