package e2e_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"posta/homologation"
)

// A provider's workbook as a person would get it by mail: a cover, and cases on
// two worksheets under merged and coloured titles.
const (
	coverSheet = "Carátula"
	salesSheet = "Ventas"
	otherSheet = "Otras operaciones"
)

// sheetCases are the cases that it asks for, by worksheet.
var sheetCases = map[string][]string{
	salesSheet: {"token_ok", "credit_1", "credit_3", "debit", "declined", "customer_cancels", "qr"},
	otherSheet: {"reversal", "refund", "close", "unknown_payment"},
}

const firstCaseRow = 5

// providerSheet makes the workbook.
func providerSheet(t testing.TB, product string) []byte {
	t.Helper()
	titles := map[string]homologation.Case{}
	for _, c := range homologation.Set(product) {
		titles[c.Key] = c
	}
	f := excelize.NewFile()
	defer f.Close()
	var wrong []error
	do := func(err error) { wrong = append(wrong, err) }
	style := func(s *excelize.Style) int {
		id, err := f.NewStyle(s)
		do(err)
		return id
	}
	banner := style(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 16, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"7A2048"}},
		Alignment: &excelize.Alignment{Horizontal: "center"}})
	head := style(&excelize.Style{Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "bottom", Color: "333333", Style: 2}}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFE699"}}})
	body := style(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}, Font: &excelize.Font{Italic: true}})
	do(f.SetSheetName("Sheet1", coverSheet))
	do(f.SetCellStr(coverSheet, "B2", "Homologación de terminales integradas"))
	do(f.SetCellStr(coverSheet, "B4", "Comercio:"))
	do(f.SetCellStr(coverSheet, "C4", "Almacén del Puerto"))
	do(f.SetCellStyle(coverSheet, "B2", "D2", banner))
	do(f.MergeCell(coverSheet, "B2", "D2"))
	do(f.SetColWidth(coverSheet, "B", "C", 31))
	for _, sheet := range []string{salesSheet, otherSheet} {
		_, err := f.NewSheet(sheet)
		do(err)
		do(f.SetCellStr(sheet, "A1", strings.ToUpper(sheet)))
		do(f.MergeCell(sheet, "A1", "F2"))
		do(f.SetCellStyle(sheet, "A1", "F2", banner))
		do(f.SetSheetRow(sheet, "A4", &[]string{"N° de caso", "Casuística", "Resultado esperado", "payment_id", "Resultado", "Observaciones"}))
		do(f.SetCellStyle(sheet, "A4", "F4", head))
		do(f.SetColWidth(sheet, "B", "C", 40))
		last := firstCaseRow
		for i, key := range sheetCases[sheet] {
			last = firstCaseRow + i
			do(f.SetSheetRow(sheet, fmt.Sprintf("A%d", last), &[]any{i + 1, titles[key].Title["es"], titles[key].Must["es"]}))
		}
		do(f.SetCellStyle(sheet, fmt.Sprintf("A%d", firstCaseRow), fmt.Sprintf("F%d", last), body))
		do(f.SetRowHeight(sheet, firstCaseRow, 48))
		do(f.SetCellFormula(sheet, fmt.Sprintf("E%d", last+2), fmt.Sprintf(`COUNTIF(E%d:E%d,"OK")`, firstCaseRow, last)))
	}
	var out bytes.Buffer
	do(f.Write(&out))
	for _, err := range wrong {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// compareSheets holds a filled workbook against the provider's own, cell by cell:
// nothing differs but the payment id, the result and the remarks of the cases,
// and those say what was proven.
func compareSheets(t testing.TB, before, after []byte, proven map[string]homologation.Evidence) {
	t.Helper()
	open := func(data []byte) *excelize.File {
		f, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open(before), open(after)
	if x, y := fmt.Sprint(a.GetSheetList()), fmt.Sprint(b.GetSheetList()); x != y {
		t.Fatalf("worksheets %s, want %s", y, x)
	}
	filled := 0
	for _, sheet := range a.GetSheetList() {
		for row := 1; row <= firstCaseRow+12; row++ {
			key := ""
			if n := row - firstCaseRow; n >= 0 && n < len(sheetCases[sheet]) {
				key = sheetCases[sheet][n]
			}
			for column := 1; column <= 8; column++ {
				cell, _ := excelize.CoordinatesToCellName(column, row)
				was, now := cellOf(t, a, sheet, cell), cellOf(t, b, sheet, cell)
				want := was
				if e := proven[key]; key != "" && column == 4 {
					want.value = e.ProviderID
					filled++
				} else if key != "" && column == 5 {
					want.value = "OK"
				} else if key != "" && column == 6 {
					want.value = now.value
				}
				if now != want {
					t.Errorf("%s!%s is %+v, want %+v", sheet, cell, now, want)
				}
			}
			if x, y := height(t, a, sheet, row), height(t, b, sheet, row); x != y {
				t.Errorf("%s row %d is %v high, want %v", sheet, row, y, x)
			}
		}
		x, err := a.GetMergeCells(sheet)
		y, err2 := b.GetMergeCells(sheet)
		if err != nil || err2 != nil || fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("merged cells of %s: %v, want %v (%v, %v)", sheet, y, x, err, err2)
		}
		for _, column := range []string{"A", "B", "C", "D"} {
			x, _ := a.GetColWidth(sheet, column)
			if y, _ := b.GetColWidth(sheet, column); x != y {
				t.Errorf("%s column %s is %v wide, want %v", sheet, column, y, x)
			}
		}
	}
	if filled != len(sheetCases[salesSheet])+len(sheetCases[otherSheet]) {
		t.Errorf("%d cases compared", filled)
	}
}

// cell is what a cell shows and how.
type cell struct {
	value, formula string
	bold, italic   bool
	fill           string
	wrap           bool
}

func cellOf(t testing.TB, f *excelize.File, sheet, name string) (c cell) {
	t.Helper()
	var errs [4]error
	c.value, errs[0] = f.GetCellValue(sheet, name)
	c.formula, errs[1] = f.GetCellFormula(sheet, name)
	if c.formula != "" {
		c.value = "" // what was counted last
	}
	id, err := f.GetCellStyle(sheet, name)
	errs[2] = err
	s, err := f.GetStyle(id)
	errs[3] = err
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.Font != nil {
		c.bold, c.italic = s.Font.Bold, s.Font.Italic
	}
	c.fill = fmt.Sprint(s.Fill.Color)
	c.wrap = s.Alignment != nil && s.Alignment.WrapText
	return c
}

func height(t testing.TB, f *excelize.File, sheet string, row int) float64 {
	t.Helper()
	h, err := f.GetRowHeight(sheet, row)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
