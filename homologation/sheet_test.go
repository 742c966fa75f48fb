package homologation_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"posta"
	"posta/homologation"
	"posta/text"
)

var at = time.Date(2026, 3, 2, 15, 4, 0, 0, time.FixedZone("ART", -3*3600))

// Red when a cell is written one column or row off, when any other cell or part
// changes (re-save by excelize instead of splicing), or a style is dropped.
func TestP56_SheetComesBackWithTheIdsInTheirCellsAndAllElseUnchanged(t *testing.T) {
	t.Parallel()
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			before := built(t, l)
			sheet, err := homologation.ReadSheet(before)
			must(t, err)
			var got []string
			var marks []homologation.SheetMark
			want := map[string]string{} // part of the cell's address → text
			for i, r := range sheet.Rows {
				got = append(got, fmt.Sprintf("%s!%d %s|%s", r.Worksheet, r.Row, r.Number, r.Title))
				id := fmt.Sprintf("1234567890123456%d", i)
				marks = append(marks, homologation.SheetMark{Worksheet: r.Worksheet, Row: r.Row, PaymentID: id, Result: "OK", Note: "nota", At: at})
				if i < len(l.ids) {
					want[r.Worksheet+"!"+l.ids[i]] = id
				}
			}
			if diff := cmp.Diff(l.rows, got); diff != "" {
				t.Fatalf("rows (-want +got):\n%s", diff)
			}
			tabs := map[string]bool{}
			for _, r := range sheet.Rows {
				tabs[r.Worksheet] = true
			}
			if len(sheet.Tables) != len(tabs)+l.extra {
				t.Errorf("tables are %v", sheet.Tables)
			}
			filled, err := homologation.FillSheet(before, marks)
			must(t, err)
			for cell, text := range l.also {
				want[sheet.Rows[0].Worksheet+"!"+cell] = text
			}
			touched := compare(t, before, filled)
			f, err := excelize.OpenReader(bytes.NewReader(filled))
			must(t, err)
			defer f.Close()
			for cell, text := range want {
				worksheet, ref, _ := strings.Cut(cell, "!")
				if got, err := f.GetCellValue(worksheet, ref, excelize.Options{RawCellValue: true}); err != nil || got != text {
					t.Errorf("%s is %q, want %q (%v)", cell, got, text, err)
				}
				if !touched[cell] {
					t.Errorf("%s was not written", cell)
				}
			}
			again, err := homologation.ReadSheet(filled)
			must(t, err)
			for i, r := range again.Rows {
				if r.PaymentID != marks[i].PaymentID {
					t.Errorf("row %d has id %q, want %q", r.Row, r.PaymentID, marks[i].PaymentID)
				}
			}
			twice, err := homologation.FillSheet(filled, marks)
			must(t, err)
			if n := len(compare(t, filled, twice)); n > 0 {
				t.Errorf("the same marks again change %d cells", n)
			}
		})
	}
}

// Red when a file that holds no formula is told to compute, or one that does is not.
func TestFormulasAreComputedWhenTheFilledSheetIsOpened(t *testing.T) {
	t.Parallel()
	for _, l := range layouts {
		filled, err := homologation.FillSheet(built(t, l), marksOf(t, built(t, l)))
		must(t, err)
		if got := bytes.Contains(parts(t, filled)["xl/workbook.xml"], []byte(`fullCalcOnLoad="1"`)); got != (l.name == "rich") {
			t.Errorf("%s: fullCalcOnLoad is %v", l.name, got)
		}
	}
}

func marksOf(t testing.TB, data []byte) (marks []homologation.SheetMark) {
	t.Helper()
	sheet, err := homologation.ReadSheet(data)
	must(t, err)
	for i, r := range sheet.Rows {
		marks = append(marks, homologation.SheetMark{Worksheet: r.Worksheet, Row: r.Row, PaymentID: fmt.Sprint("id-", i)})
	}
	return marks
}

func parts(t failer, data []byte) map[string][]byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	all := map[string][]byte{}
	for _, f := range r.File {
		part, err := f.Open()
		must(t, err)
		all[f.Name], err = io.ReadAll(part)
		must(t, err)
	}
	return all
}

func names(t failer, data []byte) (list []string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	for _, f := range r.File {
		list = append(list, f.Name)
	}
	return list
}

type xmlCell struct {
	R     string     `xml:"r,attr"`
	S     string     `xml:"s,attr"`
	T     string     `xml:"t,attr"`
	Attr  []xml.Attr `xml:",any,attr"`
	Inner string     `xml:",innerxml"`
}

type xmlRow struct {
	R    int        `xml:"r,attr"`
	Attr []xml.Attr `xml:",any,attr"`
	C    []xmlCell  `xml:"c"`
}

var (
	sheetData = regexp.MustCompile(`(?s)<(\w+:)?sheetData>.*</(\w+:)?sheetData>`)
	dimension = regexp.MustCompile(`<(\w+:)?dimension [^>]*>`)
	calcFlag  = regexp.MustCompile(`<calcPr fullCalcOnLoad="1"/>| fullCalcOnLoad="1"`)
)

// compare fails the test unless the two workbooks differ in written cells only,
// and returns those ("worksheet!A1"), whose style must be as it was.
func compare(t failer, before, after []byte) map[string]bool {
	t.Helper()
	was, is := parts(t, before), parts(t, after)
	if !slices.Equal(names(t, before), names(t, after)) {
		t.Fatalf("parts are %v, were %v", names(t, after), names(t, before))
	}
	touched := map[string]bool{}
	tabs := worksheetsOf(t, was)
	for name, part := range is {
		if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") {
			wellFormed(t, name, part)
		}
		if tab := tabs[name]; tab != "" {
			rest := func(data []byte) string {
				return dimension.ReplaceAllString(sheetData.ReplaceAllString(string(data), ""), "")
			}
			if rest(was[name]) != rest(part) {
				t.Errorf("%s differs outside its cells", name)
			}
			for _, ref := range changedCells(t, name, was[name], part) {
				touched[tab+"!"+ref] = true
			}
			continue
		}
		if name == "xl/workbook.xml" {
			part, was[name] = calcFlag.ReplaceAll(part, nil), calcFlag.ReplaceAll(was[name], nil)
		}
		if !bytes.Equal(part, was[name]) {
			t.Errorf("%s has changed", name)
		}
	}
	return touched
}

// worksheetsOf names the worksheets by their parts, as excelize writes them.
func worksheetsOf(t failer, parts map[string][]byte) map[string]string {
	t.Helper()
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	must(t, xml.Unmarshal(parts["xl/workbook.xml"], &book))
	var rels struct {
		Relationship []struct {
			Id, Target string `xml:",attr"`
		}
	}
	must(t, xml.Unmarshal(parts["xl/_rels/workbook.xml.rels"], &rels))
	tabs := map[string]string{}
	for _, s := range book.Sheets {
		for _, r := range rels.Relationship {
			if r.Id == s.ID {
				tabs["xl/"+strings.TrimPrefix(strings.TrimPrefix(r.Target, "/"), "xl/")] = s.Name
			}
		}
	}
	return tabs
}

func changedCells(t failer, part string, before, after []byte) (refs []string) {
	t.Helper()
	var was, is struct {
		Rows []xmlRow `xml:"sheetData>row"`
	}
	must(t, xml.Unmarshal(before, &was))
	must(t, xml.Unmarshal(after, &is))
	addressed(t, was.Rows)
	addressed(t, is.Rows)
	old := map[string]xmlCell{}
	rows := map[int]string{}
	attrs := func(r xmlRow) string {
		return fmt.Sprint(slices.DeleteFunc(r.Attr, func(a xml.Attr) bool { return a.Name.Local == "spans" }))
	}
	for _, r := range was.Rows {
		rows[r.R] = attrs(r)
		for _, c := range r.C {
			old[c.R] = c
		}
	}
	lastRow := 0
	for _, r := range is.Rows {
		if r.R <= lastRow {
			t.Errorf("%s: row %d after %d", part, r.R, lastRow)
		}
		if had, ok := rows[r.R]; ok && had != attrs(r) {
			t.Errorf("%s: row %d is %s, was %s", part, r.R, attrs(r), had)
		}
		lastRow = r.R
		lastColumn := 0
		for _, c := range r.C {
			column, _, err := excelize.CellNameToCoordinates(c.R)
			must(t, err)
			if column <= lastColumn {
				t.Errorf("%s: %s stands in the wrong place", part, c.R)
			}
			lastColumn = column
			had, existed := old[c.R]
			delete(old, c.R)
			if existed && had.S != c.S {
				t.Errorf("%s: %s has style %q, had %q", part, c.R, c.S, had.S)
			}
			if !existed || had.Inner != c.Inner || had.T != c.T || fmt.Sprint(had.Attr) != fmt.Sprint(c.Attr) {
				refs = append(refs, c.R)
			}
		}
	}
	if len(old) > 0 {
		t.Errorf("%s: cells are gone: %v", part, old)
	}
	return refs
}

// addressed gives rows and cells the references that they may leave out.
func addressed(t failer, rows []xmlRow) {
	t.Helper()
	row := 0
	for i := range rows {
		if row++; rows[i].R > 0 {
			row = rows[i].R
		}
		rows[i].R = row
		column := 0
		for j := range rows[i].C {
			c := &rows[i].C[j]
			if column++; c.R != "" {
				var err error
				column, _, err = excelize.CellNameToCoordinates(c.R)
				must(t, err)
			}
			c.R, _ = excelize.CoordinatesToCellName(column, row)
		}
	}
}

func wellFormed(t failer, name string, part []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(part))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// code is the code of an error on the field "sheet"; its words must be there,
// with what they need, in every language.
func code(t testing.TB, err error) string {
	t.Helper()
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != posta.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Field != "sheet" {
		t.Fatalf("not an invalid sheet: %v", err)
	}
	f := e.Fields[0]
	params := map[string]any{}
	for name, value := range f.Params {
		params[name] = value
	}
	for _, lang := range text.Languages {
		key := "field.sheet." + f.Code
		if words := text.Must().Localizer(lang).T(key, params); words == key {
			t.Errorf("%s: no words for %s with %v", lang, key, f.Params)
		}
	}
	return f.Code
}
