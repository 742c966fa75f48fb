package homologation

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
)

// maxCellText is the most characters that a cell holds.
const maxCellText = 32_767

// FillSheet writes marks into the cells of their rows and returns the workbook.
// Every other byte of it stays as it is: single cells are replaced within their
// worksheet's XML, keeping their style, and no other part is touched but the
// workbook's note that formulas are to be computed again when it is opened.
// What a sheet has no column for is not written, nor what a formula computes.
//
// Errors are those of ReadSheet, and "invalid" on the field "sheet": row_unknown
// and row_twice (Params "worksheet", "row"), formula (a payment id's cell holds
// one; "cell"), shared_cell (two cases have one cell; "cell"), too_long.
func FillSheet(data []byte, marks []SheetMark) (filled []byte, err error) {
	defer unreadable(&err)
	b, err := openBook(data)
	if err != nil {
		return nil, err
	}
	defer b.close()
	f, err := b.tables()
	if err != nil {
		return nil, err
	}
	writes, err := b.plan(f, marks)
	if err != nil {
		return nil, err
	}
	changed := map[string][]byte{}
	for part, cells := range writes {
		if changed[part], err = b.splice(part, cells); err != nil {
			return nil, err
		}
	}
	if len(changed) > 0 && slices.ContainsFunc(b.worksheets, func(w worksheet) bool { return len(w.layout.formulas) > 0 }) {
		if changed[b.workbook], err = recalculate(b.parts[b.workbook]); err != nil {
			return nil, err
		}
	}
	out, err := b.zip(changed)
	if err != nil {
		return nil, err
	}
	if err := verify(out, f.sheet, marks); err != nil {
		return nil, err
	}
	return out, nil
}

// cellValue is what is to be written into a cell: a text or a time.
type cellValue struct {
	text string
	at   time.Time
}

type cellWrites map[[2]int]cellValue // by column and row

// plan says which cells of which part get what.
func (b *book) plan(f found, marks []SheetMark) (map[string]cellWrites, error) {
	type place struct {
		worksheet string
		row       int
	}
	rows, done := map[place]int{}, map[place]bool{}
	for i, row := range f.sheet.Rows {
		rows[place{row.Worksheet, row.Row}] = i
	}
	writes := map[string]cellWrites{}
	for _, mark := range marks {
		at := place{mark.Worksheet, mark.Row}
		i, known := rows[at]
		if !known || done[at] {
			code := map[bool]string{false: "row_unknown", true: "row_twice"}[known]
			return nil, sheetError(code, nil, "worksheet", mark.Worksheet, "row", strconv.Itoa(mark.Row))
		}
		done[at] = true
		w := b.worksheets[slices.IndexFunc(b.worksheets, func(w worksheet) bool { return w.name == mark.Worksheet })]
		if writes[w.part] == nil {
			writes[w.part] = cellWrites{}
		}
		if err := writes[w.part].mark(w.layout, f.columns[i], f.sheet.Rows[i], mark); err != nil {
			return nil, err
		}
	}
	return writes, nil
}

// mark adds what one mark writes.
func (c cellWrites) mark(l layout, columns map[string]int, row SheetRow, mark SheetMark) error {
	note := strings.TrimSpace(mark.Note)
	for _, v := range []struct {
		kind  string
		value cellValue
	}{
		{ColumnPaymentID, cellValue{text: strings.TrimSpace(mark.PaymentID)}},
		{ColumnResult, cellValue{text: strings.TrimSpace(mark.Result)}},
		{ColumnNote, cellValue{text: note}},
		{ColumnDate, cellValue{at: mark.At}},
	} {
		if columns[v.kind] == 0 || v.value == (cellValue{}) {
			continue
		}
		column, line := l.home(columns[v.kind], row.Row)
		at := [2]int{column, line}
		if l.computed(column, line) {
			if v.kind == ColumnPaymentID {
				return sheetError("formula", nil, "cell", cellName(column, line))
			}
			continue
		}
		before, shared := c[at]
		switch {
		case v.kind == ColumnNote:
			stands := cmp.Or(before.text, row.Note)
			if v.value.text = stands; !strings.Contains(stands, note) {
				v.value.text = strings.TrimSpace(stands + "\n" + note)
			}
		case shared && v.kind != ColumnDate && before != v.value:
			return sheetError("shared_cell", nil, "cell", cellName(column, line))
		}
		if utf8.RuneCountInString(v.value.text) > maxCellText {
			return sheetError("too_long", nil)
		}
		c[at] = v.value
	}
	return nil
}

// verify opens what was written and compares: the same cases, and the ids in
// their rows. It fails by a defect of ours only.
func verify(data []byte, before Sheet, marks []SheetMark) error {
	after, err := ReadSheet(data)
	if err != nil {
		return posta.Errorf(posta.CodeInternal, "filled sheet: %w", err)
	}
	type place struct {
		worksheet string
		row       int
	}
	ids := map[place]string{}
	for _, row := range before.Rows {
		ids[place{row.Worksheet, row.Row}] = row.PaymentID
	}
	for _, mark := range marks {
		if id := strings.TrimSpace(mark.PaymentID); id != "" {
			ids[place{mark.Worksheet, mark.Row}] = id
		}
	}
	got := map[place]string{}
	for _, row := range after.Rows {
		got[place{row.Worksheet, row.Row}] = row.PaymentID
	}
	if !maps.Equal(got, ids) {
		return posta.Errorf(posta.CodeInternal, "filled sheet: an id is not in its row")
	}
	return nil
}
