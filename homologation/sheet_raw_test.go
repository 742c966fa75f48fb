package homologation_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"posta/homologation"
)

// packed makes a workbook of one worksheet from its XML.
func packed(t testing.TB, worksheet string, more ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	const ns = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	const rel = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/></Relationships>`
	for _, part := range append([][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", fmt.Sprintf(rel, "officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", `<workbook ` + ns + `><sheets><sheet name="Casos" sheetId="1" r:id="rId1"/></sheets><extLst><ext uri="kept"/></extLst></workbook>`},
		{"xl/_rels/workbook.xml.rels", fmt.Sprintf(rel, "worksheet", "worksheets/sheet1.xml")},
		{"xl/worksheets/sheet1.xml", strings.Replace(worksheet, "NS", ns, 1)},
		{"customXml/item1.xml", `<anything we="do not know"/>`},
	}, more...) {
		f, err := w.Create(part[0])
		must(t, err)
		_, err = f.Write([]byte(part[1]))
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func inline(texts ...string) string {
	out := ""
	for _, s := range texts {
		out += `<c t="inlineStr"><is><t>` + s + `</t></is></c>`
	}
	return out
}

// Red when rows are taken to have references, when missing cells or rows are
// put at a wrong place, or when a namespace prefix is lost.
func TestSheetsOfOtherProgramsAreFilledInPlace(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0"?><worksheet NS><dimension ref="A1:B3"/><cols><col min="3" max="3" style="0"/></cols><sheetData>`
	const foot = `</sheetData><mergeCells count="1"><mergeCell ref="D2:D3"/></mergeCells><extLst><ext uri="{kept}"><unknown/></ext></extLst></worksheet>`
	prefixed := strings.NewReplacer("<c ", "<x:c ", "</c>", "</x:c>", "<row", "<x:row", "</row>", "</x:row>", "<is>", "<x:is>", "</is>", "</x:is>", "<t>", "<x:t>", "</t>", "</x:t>",
		"<sheetData>", "<x:sheetData>", "</sheetData>", "</x:sheetData>", "<dimension", "<x:dimension", "<cols>", "<x:cols>", "</cols>", "</x:cols>", "<col ", "<x:col ", "<mergeCell", "<x:mergeCell", "</mergeCells>", "</x:mergeCells>",
		"<worksheet NS", "<x:worksheet NS", "</worksheet>", "</x:worksheet>", "<extLst", "<x:extLst", "</extLst", "</x:extLst", "<ext ", "<x:ext ", "</ext>", "</x:ext>")
	for name, tc := range map[string]struct {
		rows string
		ids  []string
	}{
		"no references": {`<row>` + inline("N°", "Caso", "payment_id", "Resultado") + `</row><row>` + inline("1", "Venta") + `</row><row>` + inline("2", "Anulación") + `</row>`, []string{"C2", "C3"}},
		"rows and cells missing": {`<row r="3" spans="1:2">` + inline("N°", "Caso", "payment_id", "Resultado") + `</row><row r="7" spans='1:2'><c r="A7"><v>1</v></c><c r="B7" t="inlineStr"><is><t>x</t></is></c><c r="F7"><v>9</v></c></row><row r="8"/><row r="9"><c r="B9" t="inlineStr"><is><t>x</t></is></c></row><row r="10">` + inline("2", "y") + `</row>`,
			[]string{"C7", "C10"}},
		"a result in a row that is not there": {`<row r="1">` + inline("N°", "Caso", "payment_id", "Resultado") + `</row><row r="3">` + inline("1", "x") + `</row>`, []string{"C3"}},
	} {
		for _, xml := range []string{head + tc.rows + foot, prefixed.Replace(head + tc.rows + foot)} {
			before := packed(t, xml)
			sheet, err := homologation.ReadSheet(before)
			must(t, err)
			var marks []homologation.SheetMark
			want := map[string]string{}
			for i, r := range sheet.Rows {
				id := fmt.Sprintf(`1e5 <&"_x0041_x0042_> %d`, i)
				marks = append(marks, homologation.SheetMark{Worksheet: "Casos", Row: r.Row, PaymentID: id, Result: "OK"})
				want[tc.ids[i]] = id
			}
			if len(marks) != len(tc.ids) {
				t.Fatalf("%s: %d rows, want %d", name, len(marks), len(tc.ids))
			}
			filled, err := homologation.FillSheet(before, marks)
			must(t, err)
			wellFormed(t, name, parts(t, filled)["xl/worksheets/sheet1.xml"])
			if strings.HasPrefix(xml, head) && strings.Contains(tc.rows, `r="10"`) {
				compare(t, before, filled)
			}
			for part, content := range parts(t, before) {
				if part != "xl/worksheets/sheet1.xml" && !bytes.Equal(content, parts(t, filled)[part]) {
					t.Errorf("%s: %s has changed", name, part)
				}
			}
			written := string(parts(t, filled)["xl/worksheets/sheet1.xml"])
			if prefix := strings.HasPrefix(xml, `<?xml version="1.0"?><x:`); prefix && (strings.Contains(written, "<c ") || strings.Contains(written, "<is>") || strings.Contains(written, "<row ")) {
				t.Errorf("%s: the prefix is gone: %s", name, written)
			}
			if name == "rows and cells missing" && (strings.Contains(written, `r="7" spans`) || !strings.Contains(written, `dimension ref="A1:C10"`) || !strings.Contains(written, `c r="C7" s="0"`)) {
				t.Errorf("%s: extent and style are not right: %s", name, written)
			}
			f, err := excelize.OpenReader(bytes.NewReader(filled))
			must(t, err)
			got := map[string]string{}
			for cell := range want {
				got[cell], err = f.GetCellValue("Casos", cell)
				must(t, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s\n%s", name, diff, parts(t, filled)["xl/worksheets/sheet1.xml"])
			}
			if value, _ := f.GetCellValue("Casos", "D2"); (value == "OK") != (name != "rows and cells missing") {
				t.Errorf("%s: the merged cell D2 is %q", name, value)
			}
			must(t, f.Close())
		}
	}
}

// Red when a computed result is overwritten, or the flag is put where the
// schema does not allow it.
func TestComputedCellsAreLeftAlone(t *testing.T) {
	t.Parallel()
	rows := func(id string) string {
		return `<worksheet NS><sheetData><row r="1">` + inline("N°", "Caso", "payment_id", "Resultado", "Observaciones") + `</row><row r="2">` + inline("1", "x") + id +
			`<c r="D2"><f>IF(C2="","falta","ok")</f><v>0</v></c><c r="E2"><f t="array" ref="E2:E3">A2:A3</f><v>1</v></c></row><row r="3">` + inline("2", "y") + `<c r="E3"><v>2</v></c></row></sheetData></worksheet>`
	}
	mark := []homologation.SheetMark{{Worksheet: "Casos", Row: 3, PaymentID: "a", Result: "OK", Note: "n"}, {Worksheet: "Casos", Row: 2, PaymentID: "b", Result: "OK", Note: "n"}}
	before := packed(t, rows(""))
	filled, err := homologation.FillSheet(before, mark)
	must(t, err)
	if diff := cmp.Diff(map[string]bool{"Casos!C2": true, "Casos!C3": true, "Casos!D3": true}, compare(t, before, filled)); diff != "" {
		t.Errorf("written cells (-want +got):\n%s", diff)
	}
	if book := string(parts(t, filled)["xl/workbook.xml"]); !strings.Contains(book, `</sheets><calcPr fullCalcOnLoad="1"/><extLst>`) {
		t.Errorf("workbook is %s", book)
	}
	before = packed(t, rows(`<c r="C2"><f>A2</f></c>`))
	sheet, err := homologation.ReadSheet(before)
	must(t, err)
	if got := sheet.Warnings[0]; got.Code != "formula" || got.Params["cell"] != "C2" {
		t.Errorf("warnings are %v", sheet.Warnings)
	}
	if _, err := homologation.FillSheet(before, mark); code(t, err) != "formula" {
		t.Errorf("an id over a formula: %v", err)
	}
}

// Red when a mark for no case, or for one twice, writes anything.
func TestMarksThatFitNoRowAreRefused(t *testing.T) {
	t.Parallel()
	data := packed(t, `<worksheet NS><sheetData><row>`+inline("N°", "Caso", "payment_id", "Resultado")+`</row><row>`+inline("1", "x")+`</row><row>`+inline("2", "y")+`</row></sheetData><mergeCells><mergeCell ref="D2:D3"/></mergeCells></worksheet>`)
	mark := func(worksheet string, row int, result string) homologation.SheetMark {
		return homologation.SheetMark{Worksheet: worksheet, Row: row, PaymentID: "a", Result: result}
	}
	for want, marks := range map[string][]homologation.SheetMark{
		"row_unknown": {mark("Casos", 2, "OK"), mark("Casos", 1, "OK")},
		"row_twice":   {mark("Casos", 2, "OK"), mark("Casos", 2, "OK")},
		"shared_cell": {mark("Casos", 2, "OK"), mark("Casos", 3, "NOK")},
		"too_long":    {mark("Casos", 2, strings.Repeat("é", 32768))},
	} {
		if out, err := homologation.FillSheet(data, marks); code(t, err) != want || out != nil {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	if _, err := homologation.FillSheet(data, []homologation.SheetMark{mark("Otra", 2, "OK")}); code(t, err) != "row_unknown" {
		t.Error(err)
	}
	same, err := homologation.FillSheet(data, []homologation.SheetMark{{Worksheet: "Casos", Row: 2}})
	must(t, err)
	if n := len(compare(t, data, same)); n != 0 {
		t.Errorf("an empty mark wrote %d cells", n)
	}
}

// Red when an id that is stored as a number is shown as one, or a text that looks like a number is taken for it.
func TestPaymentIDsAreReadWithAllTheirDigits(t *testing.T) {
	t.Parallel()
	var rows string
	want := []string{"12345678901234500", "123456789012", "1e5", "7e1", "007", "5.5"}
	for i, cell := range []string{`<c><v>1.23456789012345E+16</v></c>`, `<c><v>123456789012</v></c>`, `<c t="str"><v>1e5</v></c>`, inline("7e1"), inline("007"), `<c><v>5.5</v></c>`} {
		rows += fmt.Sprintf("<row><c><v>%d</v></c>%s%s</row>", i, inline("x"), cell)
	}
	sheet, err := homologation.ReadSheet(packed(t, `<worksheet NS><sheetData><row>`+inline("N°", "Caso", "payment_id")+`</row>`+rows+`</sheetData></worksheet>`))
	must(t, err)
	var got []string
	for _, r := range sheet.Rows {
		got = append(got, r.PaymentID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
