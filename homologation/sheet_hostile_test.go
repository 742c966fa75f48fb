package homologation_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"posta/homologation"
)

const header = `<row r="1"><c r="A1" t="inlineStr"><is><t>N°</t></is></c><c r="B1" t="inlineStr"><is><t>Caso</t></is></c><c r="C1" t="inlineStr"><is><t>payment_id</t></is></c></row>`

func sheetOf(rows string) string {
	return `<worksheet NS><sheetData>` + rows + `</sheetData></worksheet>`
}

// lying is a workbook whose archive says that a part of 60 MB has 10 bytes.
func lying(t testing.TB, claimed uint64) []byte {
	t.Helper()
	var packed, out bytes.Buffer
	deflate, err := flate.NewWriter(&packed, 9)
	must(t, err)
	zeros := make([]byte, 60<<20)
	_, err = deflate.Write(zeros)
	must(t, err)
	must(t, deflate.Close())
	w := zip.NewWriter(&out)
	part, err := w.CreateRaw(&zip.FileHeader{Name: "xl/workbook.xml", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(zeros), CompressedSize64: uint64(packed.Len()), UncompressedSize64: claimed})
	must(t, err)
	_, err = part.Write(packed.Bytes())
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

// Red when one of the checks is taken out: the file is then read, refused with
// another code, or takes the test's memory.
func TestBadSheetsAreRefusedByTheirCode(t *testing.T) {
	t.Parallel()
	plain := built(t, layouts[0])
	wide := ""
	for i := range 400 {
		wide += fmt.Sprintf(`<row r="%d"><c r="XFD%[1]d"><v>1</v></c></row>`, i+2)
	}
	many := func(n, cells int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<row r="%d">`, i+2)
			for range cells {
				b.WriteString(`<c><v>1</v></c>`)
			}
			b.WriteString(`</row>`)
		}
		return sheetOf(header + b.String())
	}
	encrypted := func() []byte {
		f := excelize.NewFile()
		var out bytes.Buffer
		must(t, f.Write(&out, excelize.Options{Password: "clave"}))
		return out.Bytes()
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                 {nil, "empty"},
		"white space":             {[]byte(" \r\n"), "empty"},
		"no cell":                 {packed(t, sheetOf("")), "empty"},
		"html":                    {[]byte("<html><table><tr><td>payment_id</td></tr></table></html>"), "unreadable"},
		"csv":                     {[]byte("caso,payment_id\n1,\n"), "unreadable"},
		"cut off":                 {plain[:len(plain)/2], "unreadable"},
		"broken inside":           {append(bytes.Clone(plain[:200]), append(bytes.Repeat([]byte{7}, 400), plain[600:]...)...), "unreadable"},
		"another zip":             {zipOf(t, "a.txt", "hola"), "unreadable"},
		"password":                {encrypted(), "encrypted"},
		"xls":                     {append([]byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}, make([]byte, 600)...), "old_format"},
		"macros, named xlsx":      {packed(t, sheetOf(header), [2]string{"xl/vbaProject.bin", "x"}), "macro"},
		"macros, only by content": {packed(t, sheetOf(header), [2]string{"xl/macrosheets/sheet1.xml", "<x/>"}), "macro"},
		"over 5 MB":               {bytes.Repeat([]byte("x"), homologation.SheetMaxBytes+1), "too_large"},
		"bomb":                    {lying(t, 60<<20), "too_large"},
		"bomb that lies small":    {lying(t, 10), "unreadable"},
		"bomb that lies large":    {lying(t, 1<<62), "too_large"},
		"20,000 rows":             {packed(t, many(20_000, 1)), "too_large"},
		"20,000 empty rows":       {packed(t, sheetOf(header+strings.Repeat(`<row/>`, 20_000))), "no_cases"},
		"rows to the last column": {packed(t, sheetOf(header+wide)), "too_large"},
		"merged too often":        {packed(t, strings.Replace(sheetOf(header), "</worksheet>", "<mergeCells>"+strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 20_001)+"</mergeCells></worksheet>", 1)), "too_large"},
		"entities":                {packed(t, `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>`+sheetOf(strings.Replace(header, "Caso", "&b;", 1))), "unreadable"},
		"entity nobody declared":  {packed(t, sheetOf(strings.Replace(header, "Caso", "&b;", 1))), "unreadable"},
		"unclosed":                {packed(t, strings.TrimSuffix(sheetOf(header), "</worksheet>")), "unreadable"},
		"rows out of order":       {packed(t, sheetOf(`<row r="2"/>`+header)), "unreadable"},
		"a part twice":            {packed(t, sheetOf(header), [2]string{"XL/worksheets/Sheet1.xml", strings.Replace(sheetOf(header), " NS", "", 1)}), "unreadable"},
		"prose":                   {packed(t, sheetOf(`<row>`+inline("Complete el payment id de cada caso", "y envíe")+`</row>`)), "no_header"},
		"no payment column":       {packed(t, sheetOf(`<row>`+inline("N°", "Caso", "Resultado", "refund_id")+`</row>`)), "no_payment_column"},
		"no case column":          {packed(t, sheetOf(`<row>`+inline("payment_id", "xyz")+`</row>`)), "no_case_column"},
		"no cases":                {packed(t, sheetOf(header)), "no_cases"},
	} {
		sheet, err := homologation.ReadSheet(tc.data)
		if got := code(t, err); got != tc.want || len(sheet.Rows) > 0 {
			t.Errorf("%s: %s, want %s (%v)", name, got, tc.want, err)
		}
		if out, err := homologation.FillSheet(tc.data, nil); code(t, err) != tc.want || out != nil {
			t.Errorf("%s: filled: %v", name, err)
		}
	}
}

func zipOf(t testing.TB, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create(name)
	must(t, err)
	_, err = f.Write([]byte(content))
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}
