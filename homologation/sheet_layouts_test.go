package homologation_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"github.com/xuri/excelize/v2"
)

// layout is a workbook as some provider could send it.
type layout struct {
	name  string
	build func(t testing.TB, f *excelize.File)
	rows  []string // "worksheet!row number|title", in order
	ids   []string // the cell where each one's payment id belongs, "" as rows
	also  map[string]string
	extra int // tables beyond one for each worksheet that has rows
}

// put writes a block of texts from a cell on.
func put(t testing.TB, f *excelize.File, sheet, from string, rows ...[]any) {
	t.Helper()
	column, row, err := excelize.CellNameToCoordinates(from)
	must(t, err)
	for i, values := range rows {
		for j, v := range values {
			if v == nil {
				continue
			}
			cell, _ := excelize.CoordinatesToCellName(column+j, row+i)
			must(t, f.SetCellValue(sheet, cell, v))
		}
	}
}

func merge(t testing.TB, f *excelize.File, sheet string, corners ...string) {
	t.Helper()
	for i := 0; i < len(corners); i += 2 {
		must(t, f.MergeCell(sheet, corners[i], corners[i+1]))
	}
}

// failer is a test, or one try of a property.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

func must(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func save(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, f.Write(&out))
	must(t, f.Close())
	return out.Bytes()
}

func built(t testing.TB, l layout) []byte {
	t.Helper()
	f := excelize.NewFile()
	l.build(t, f)
	return save(t, f)
}

type row = []any

var layouts = []layout{
	{
		name: "plain",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A1", row{"N°", "Casuística", "Resultado esperado", "payment_id", "Resultado", "Observaciones"},
				row{1, "Crédito en un pago", "CONFIRMED", nil, "Pendiente"}, row{2, "Débito", "CONFIRMED", nil, nil, "con extracash"})
		},
		rows: []string{"Sheet1!2 1|Crédito en un pago", "Sheet1!3 2|Débito"},
		ids:  []string{"D2", "D3"},
		also: map[string]string{"E2": "OK", "E3": "OK", "F3": "con extracash\nnota", "F2": "nota"},
	},
	{
		name: "banners above, empty columns at the left, line breaks and capitals",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "C2", row{"HOMOLOGACIÓN ECR"}, row{"Complete el payment id de cada caso y envíe la planilla"})
			merge(t, f, "Sheet1", "C2", "H2", "C3", "H3")
			put(t, f, "Sheet1", "C7", row{"Nro.\nCaso", "DESCRIPCIÓN DE LA\nPRUEBA", nil, " ID  del Pago:", "Resultado\nObtenido", "Fecha"},
				row{"CP-01", "Anulación", nil, nil, nil, nil}, row{"CP-02", "Devolución", nil, 12345678901234567, nil, nil})
		},
		rows: []string{"Sheet1!8 CP-01|Anulación", "Sheet1!9 CP-02|Devolución"},
		ids:  []string{"F8", "F9"},
		also: map[string]string{"G8": "OK", "H9": "2026-03-02 15:04"},
	},
	{
		name: "header merged over two rows, a group over its names",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "B4", row{"N.º", "Escenario", "Resultado", nil, "Pago", nil, nil},
				row{nil, nil, "Esperado", "Obtenido", "ID", "Fecha", "Terminal ID"}, row{"1.1", "Venta"}, row{"1.2", "Cierre de lote"})
			merge(t, f, "Sheet1", "B4", "B5", "C4", "C5", "D4", "E4", "F4", "H4")
		},
		rows: []string{"Sheet1!6 1.1|Venta", "Sheet1!7 1.2|Cierre de lote"},
		ids:  []string{"F6", "F7"},
		also: map[string]string{"E6": "OK", "G7": "2026-03-02 15:04"},
	},
	{
		name: "names in two rows that nobody merged",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A3", row{"Nro", "Caso de prueba", "Evidencia"}, row{nil, nil, "payment_id", "Estado"}, row{1, "Venta"}, row{2, "Anulación"})
			merge(t, f, "Sheet1", "C3", "D3")
		},
		rows: []string{"Sheet1!5 1|Venta", "Sheet1!6 2|Anulación"},
		ids:  []string{"C5", "C6"},
		also: map[string]string{"D5": "OK"},
	},
	{
		name: "sections, cases over several rows, further lines, totals",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A2", row{"Caso", "Descripción", "Resultado esperado", "ID de transacción", "Resultado"},
				row{"PAGOS"}, row{"1", "Crédito", "aprobado"}, row{nil, nil, "con ticket"}, row{nil, nil, "con firma"},
				row{"2", "Débito", "aprobado"}, row{nil, "segunda línea de la descripción"},
				row{"1. REVERSAS"}, row{"3", "Reversa total", "UNDONE"}, row{nil}, row{"4", "Grupo A", "x"}, row{nil, "Grupo B", "y"}, row{"Firma del responsable"})
			merge(t, f, "Sheet1", "A3", "E3", "A4", "A6", "B4", "B6", "D4", "D6", "E4", "E6", "A12", "A13")
		},
		rows: []string{"Sheet1!4 1|Crédito", "Sheet1!7 2|Débito", "Sheet1!10 3|Reversa total", "Sheet1!12 4|Grupo A", "Sheet1!13 4|Grupo B"},
		ids:  []string{"D4", "D7", "D10", "D12", "D13"},
		also: map[string]string{"E4": "OK", "E7": "OK"},
	},
	{
		name: "several worksheets, one of instructions, one hidden",
		build: func(t testing.TB, f *excelize.File) {
			must(t, f.SetSheetName("Sheet1", "Instrucciones"))
			put(t, f, "Instrucciones", "A1", row{"Cómo completar"}, row{"1", "Ejecute cada caso"}, row{"2", "Anote el payment id en su fila"})
			for _, name := range []string{"Tarjeta & QR", "Cierres", "Listas"} {
				_, err := f.NewSheet(name)
				must(t, err)
				put(t, f, name, "B3", row{"id caso", "casuística", "payment id"}, row{"A", "uno de " + name}, row{"B", "otro de " + name})
			}
			must(t, f.SetSheetVisible("Listas", false))
		},
		rows: []string{"Tarjeta & QR!4 A|uno de Tarjeta & QR", "Tarjeta & QR!5 B|otro de Tarjeta & QR", "Cierres!4 A|uno de Cierres", "Cierres!5 B|otro de Cierres"},
		ids:  []string{"D4", "D5", "D4", "D5"},
	},
	{
		name: "Homologação in Portuguese",
		build: func(t testing.TB, f *excelize.File) {
			must(t, f.SetSheetName("Sheet1", "Homologação"))
			put(t, f, "Homologação", "B2", row{"Roteiro de homologação"})
			merge(t, f, "Homologação", "B2", "H2")
			put(t, f, "Homologação", "B5", row{"Nº do caso", "Cenário de teste", "Resultado esperado", "ID do pagamento", "Situação", "Data", "Observações"},
				row{"1", "Crédito à vista", "aprovado"}, row{"2", "Cancelamento", "estornado"}, row{"3", "Não há pagamento", "erro 404"})
		},
		rows: []string{"Homologação!6 1|Crédito à vista", "Homologação!7 2|Cancelamento", "Homologação!8 3|Não há pagamento"},
		ids:  []string{"E6", "E7", "E8"},
		also: map[string]string{"F6": "OK", "G7": "2026-03-02 15:04", "H8": "nota"},
	},
	{
		name: "English, numbers with a format, a table, hidden rows, no result column",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A1", row{"Test case no.", "Description", "Expected result", "Payment ID", "ecr_transaction_id"},
				row{1.1, "sale", "ok"}, row{1.2, "void", "ok"}, row{1.1, "refund", "ok"})
			format := "0.00"
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			must(t, err)
			must(t, f.SetCellStyle("Sheet1", "A2", "A4", style))
			must(t, f.AddTable("Sheet1", &excelize.Table{Range: "A1:E4", Name: "cases"}))
			must(t, f.SetRowVisible("Sheet1", 3, false))
		},
		rows: []string{"Sheet1!2 1.10|sale", "Sheet1!3 1.20|void", "Sheet1!4 1.10|refund"},
		ids:  []string{"D2", "D3", "D4"},
	},
	{
		name: "cases by title only, ids in merged cells of a date style",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A4", row{"Casuística", nil, "paymentId", nil, "Fecha de ejecución", "Cumple (S/N)"}, row{"Pago con QR"}, row{"Pago con QR y beneficio"})
			merge(t, f, "Sheet1", "A4", "B4", "C4", "D4", "A5", "B5", "C5", "D5", "C6", "D6")
			style, err := f.NewStyle(&excelize.Style{NumFmt: 22, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFEE00"}}})
			must(t, err)
			must(t, f.SetCellStyle("Sheet1", "E5", "E6", style))
		},
		rows: []string{"Sheet1!5 |Pago con QR", "Sheet1!6 |Pago con QR y beneficio"},
		ids:  []string{"C5", "C6"},
		also: map[string]string{"E5": "46083.62777777778", "F5": "OK"},
	},
	{
		name: "two tables in one worksheet, then a table of something else",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A1", row{"Item", "Prueba", "Esperado", "payment_id", "Estado"}, row{1, "Venta", "ok"}, row{2, "Venta en cuotas", "ok"})
			put(t, f, "Sheet1", "B7", row{"Item", "payment_id", "Prueba", "Estado", "refund_id"}, row{3, nil, "Devolución"}, row{4, nil, "Devolución parcial"})
			put(t, f, "Sheet1", "B12", row{"Nombre", "Fecha", "Observaciones"}, row{"Persona de pruebas", nil, "5"}, row{7, "x", "y"})
		},
		rows:  []string{"Sheet1!2 1|Venta", "Sheet1!3 2|Venta en cuotas", "Sheet1!8 3|Devolución", "Sheet1!9 4|Devolución parcial"},
		ids:   []string{"D2", "D3", "C8", "C9"},
		also:  map[string]string{"E2": "OK", "E8": "OK"},
		extra: 1,
	},
	{
		name: "titles merged beside the id, names of no interest below a tall header",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A1", row{"Escenario", "Esperado", "payment_id", "Tarjeta"}, row{nil, nil, nil, "Marca", "Tipo"},
				row{"Ventas en un pago"}, row{"Crédito", "ok"}, row{"Débito", "ok"})
			merge(t, f, "Sheet1", "A1", "A2", "B1", "B2", "C1", "C2", "D1", "E1", "A3", "B3")
		},
		rows: []string{"Sheet1!4 |Crédito", "Sheet1!5 |Débito"},
		ids:  []string{"C4", "C5"},
	},
	{
		name: "a column of numbers that nobody filled in",
		build: func(t testing.TB, f *excelize.File) {
			put(t, f, "Sheet1", "A1", row{"N°", "Escenario", "payment_id"}, row{nil, "Crédito"}, row{nil, "Débito"})
		},
		rows: []string{"Sheet1!2 |Crédito", "Sheet1!3 |Débito"},
		ids:  []string{"C2", "C3"},
	},
	{name: "rich", build: rich, rows: []string{"Casos!6 1|Venta", "Casos!7 2|Anulación"}, ids: []string{"E6", "E7"}, also: map[string]string{"F6": "OK"}},
}

// rich has what a workbook can hold besides texts.
func rich(t testing.TB, f *excelize.File) {
	t.Helper()
	must(t, f.SetSheetName("Sheet1", "Casos"))
	put(t, f, "Casos", "B5", row{"N°", "Caso", "Esperado", "payment_id", "Resultado", "Fórmula"}, row{1, "Venta"}, row{2, "Anulación"})
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: "AA0000"}, Border: []excelize.Border{{Type: "left", Style: 2, Color: "00FF00"}}, Protection: &excelize.Protection{Locked: false}})
	must(t, err)
	must(t, f.SetCellStyle("Casos", "B5", "G5", bold))
	must(t, f.SetCellStyle("Casos", "E6", "E7", bold))
	must(t, f.SetColStyle("Casos", "F", bold))
	must(t, f.SetCellFormula("Casos", "G6", "=IF(E6=\"\",\"falta\",\"está\")"))
	must(t, f.SetCellFormula("Casos", "G2", "=COUNTA(E6:E7)"))
	must(t, f.SetCellRichText("Casos", "B2", []excelize.RichTextRun{{Text: "Planilla "}, {Text: "de casos", Font: &excelize.Font{Italic: true}}}))
	must(t, f.SetColWidth("Casos", "C", "C", 41.5))
	must(t, f.SetRowHeight("Casos", 6, 33))
	must(t, f.AddComment("Casos", excelize.Comment{Cell: "E6", Author: "Revisor", Text: "aquí"}))
	list := excelize.NewDataValidation(true)
	list.SetSqref("F6:F7")
	must(t, list.SetDropList([]string{"OK", "NOK"}))
	must(t, f.AddDataValidation("Casos", list))
	must(t, f.SetConditionalFormat("Casos", "F6:F7", []excelize.ConditionalFormatOptions{{Type: "data_bar", Criteria: "=", MinType: "min", MaxType: "max", BarColor: "#638EC6"}}))
	must(t, f.SetDefinedName(&excelize.DefinedName{Name: "ids", RefersTo: "Casos!$E$6:$E$7"}))
	must(t, f.SetPanes("Casos", &excelize.Panes{Freeze: true, YSplit: 5, TopLeftCell: "A6", ActivePane: "bottomLeft"}))
	must(t, f.SetPageLayout("Casos", &excelize.PageLayoutOptions{Orientation: ptr("landscape")}))
	must(t, f.SetHeaderFooter("Casos", &excelize.HeaderFooterOptions{OddHeader: "&Lpruebas"}))
	must(t, f.SetCellHyperLink("Casos", "C6", "https://example.com/caso", "External"))
	var picture bytes.Buffer
	must(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))))
	must(t, f.AddPictureFromBytes("Casos", "J2", &excelize.Picture{Extension: ".png", File: picture.Bytes()}))
	must(t, f.AddChart("Casos", "J9", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Name: "Casos!$B$5", Categories: "Casos!$C$6:$C$7", Values: "Casos!$B$6:$B$7"}}}))
	must(t, f.AutoFilter("Casos", "B5:G7", nil))
	must(t, f.ProtectSheet("Casos", &excelize.SheetProtectionOptions{SelectLockedCells: true}))
	_, err = f.NewSheet("Oculta")
	must(t, err)
	must(t, f.SetSheetVisible("Oculta", false, true))
	must(t, f.SetDocProps(&excelize.DocProperties{Creator: "Proveedor"}))
}

func ptr[T any](v T) *T { return &v }
