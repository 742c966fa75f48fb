package homologation_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"posta/homologation"
)

var synonyms = map[string][]string{
	"number":   {"N°", "Nro. de caso", "ID caso", "Item", "Número", "#", "Nº do caso", "Código", "Test ID"},
	"title":    {"Casuística", "Descripción", "Escenario", "Cenário", "Descrição do caso", "Nombre del caso", "Description"},
	"expected": {"Resultado esperado", "ESPERADO", "Respuesta esperada", "Expected result", "Estado esperado"},
	"payment":  {"payment_id", "Payment ID", "ID de pago", "id del\npago", "ID do pagamento", "Id. Transacción", "PaymentId", "payment_id (obligatorio)", "N° de operación"},
	"result":   {"Resultado", "Estado", "Status", "OK/NOK", "Resultado obtenido", "Situação"},
	"note":     {"Observaciones", "Comentarios", "Observações", "Notas"},
	"date":     {"Fecha", "Data", "Fecha de ejecución", "Data e hora"},
	"other":    {"Terminal ID", "ecr_transaction_id", "Responsable", "Tarjeta"},
}

// Red when a synonym is taken out, a merged cell's home is ignored, or a cell
// is written beside its column.
func TestP56_AnyLayoutGivesTheIdsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := excelize.NewFile()
		must(t, f.SetSheetName("Sheet1", "Hoja 0"))
		var cells, ids []string
		var marks []homologation.SheetMark
		var rows []string
		for tab := range rapid.IntRange(1, 3).Draw(r, "tabs") {
			name := fmt.Sprint("Hoja ", tab)
			if tab > 0 {
				_, err := f.NewSheet(name)
				must(t, err)
			}
			drawTab(t, r, f, name, func(row int, number, title, cell string) {
				id := rapid.StringMatching(`[0-9]{6,24}|[0-9a-f]{8}-[0-9a-f]{4}|[1-9]e[0-9]{2}|=A1|[<&">_x0-9a-f]{4,9}`).Draw(r, "id")
				cells, ids = append(cells, name+"!"+cell), append(ids, id)
				rows = append(rows, fmt.Sprintf("%s!%d %s|%s", name, row, number, title))
				marks = append(marks, homologation.SheetMark{Worksheet: name, Row: row, PaymentID: id, Result: "OK", Note: "visto", At: at})
			})
		}
		before := save(t, f)
		sheet, err := homologation.ReadSheet(before)
		if err != nil {
			r.Fatal(err)
		}
		got := ""
		for _, row := range sheet.Rows {
			got += fmt.Sprintf("%s!%d %s|%s\n", row.Worksheet, row.Row, row.Number, row.Title)
		}
		if want := strings.Join(rows, "\n") + "\n"; got != want {
			r.Fatalf("rows are\n%swant\n%s%+v", got, want, sheet.Tables)
		}
		filled, err := homologation.FillSheet(before, marks)
		if err != nil {
			r.Fatal(err)
		}
		touched := compare(r, before, filled)
		out, err := excelize.OpenReader(bytes.NewReader(filled))
		must(t, err)
		for i, cell := range cells {
			name, ref, _ := strings.Cut(cell, "!")
			if got, err := out.GetCellValue(name, ref); err != nil || got != ids[i] || !touched[cell] {
				r.Fatalf("%s is %q, want %q (%v)", cell, got, ids[i], err)
			}
		}
		must(t, out.Close())
	})
}

// drawTab writes a worksheet of cases in a random layout and reports each case.
func drawTab(t testing.TB, r *rapid.T, f *excelize.File, tab string, report func(row int, number, title, cell string)) {
	kinds := []string{"payment"}
	switch rapid.IntRange(0, 2).Draw(r, "named by") {
	case 0:
		kinds = append(kinds, "number")
	case 1:
		kinds = append(kinds, "title")
	default:
		kinds = append(kinds, "number", "title")
	}
	for _, kind := range []string{"expected", "result", "note", "date", "other"} {
		if rapid.Bool().Draw(r, kind) {
			kinds = append(kinds, kind)
		}
	}
	kinds = rapid.Permutation(kinds).Draw(r, "order")
	row := rapid.IntRange(1, 30).Draw(r, "header row")
	column := rapid.IntRange(1, 5).Draw(r, "first column")
	set := func(column, row int, v any) string {
		cell, _ := excelize.CoordinatesToCellName(column, row)
		must(t, f.SetCellValue(tab, cell, v))
		return cell
	}
	span := func(fromColumn, fromRow, toColumn, toRow int) {
		from, _ := excelize.CoordinatesToCellName(fromColumn, fromRow)
		to, _ := excelize.CoordinatesToCellName(toColumn, toRow)
		must(t, f.MergeCell(tab, from, to))
	}
	columns, wide, last := map[string]int{}, map[string]bool{}, column
	for _, kind := range kinds {
		columns[kind] = last
		if last++; rapid.IntRange(0, 4).Draw(r, "wide") == 0 {
			wide[kind] = true
			last++
		}
		last += rapid.IntRange(0, 1).Draw(r, "gap")
	}
	tall := rapid.IntRange(0, 1).Draw(r, "header height")
	if row > 4 {
		set(column, row-3, "Homologación: indique el payment_id de cada caso")
		span(column, row-3, last, row-3)
	}
	for _, kind := range kinds {
		c := columns[kind]
		set(c, row, rapid.SampledFrom(synonyms[kind]).Draw(r, "header of "+kind))
		switch {
		case wide[kind]:
			span(c, row, c+1, row+tall)
		case tall > 0:
			span(c, row, c, row+tall)
		}
	}
	style, err := f.NewStyle(&excelize.Style{NumFmt: rapid.SampledFrom([]int{0, 1, 2, 11, 14, 22, 49}).Draw(r, "format"), Font: &excelize.Font{Bold: true}})
	must(t, err)
	row += tall + 1
	for n := range rapid.IntRange(1, 8).Draw(r, "cases") {
		row += rapid.IntRange(0, 2).Draw(r, "empty rows")
		if rapid.IntRange(0, 3).Draw(r, "section") == 0 {
			set(column, row, "Sección de pruebas")
			span(column, row, last, row)
			row++
		}
		height := rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(r, "further rows")
		number, title := "", ""
		for _, kind := range kinds {
			c := columns[kind]
			switch kind {
			case "number":
				number = fmt.Sprint(n + 1)
				set(c, row, n+1)
			case "title":
				title = fmt.Sprint("Caso de venta ", n)
				set(c, row, title)
			case "other", "expected":
				for i := range height + 1 {
					set(c, row+i, fmt.Sprint("texto ", i))
				}
				continue // of further rows, each has its own
			}
			to := c
			if wide[kind] {
				to++
			}
			if height > 0 || wide[kind] {
				span(c, row, to, row+height)
			}
		}
		cell, _ := excelize.CoordinatesToCellName(columns["payment"], row)
		switch rapid.IntRange(0, 3).Draw(r, "before") {
		case 0:
			set(columns["payment"], row, "completar")
		case 1:
			set(columns["payment"], row, 12345678901.0)
		case 2:
			must(t, f.SetCellStyle(tab, cell, cell, style))
		}
		if rapid.IntRange(0, 5).Draw(r, "hidden") == 0 {
			must(t, f.SetRowVisible(tab, row, false))
		}
		report(row, number, title, cell)
		row += height + 1
	}
}
