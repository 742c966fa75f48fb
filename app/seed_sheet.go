package app

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"

	"posta/homologation"
	"posta/project"
)

// sampleSheet is a homologation workbook as a provider could send it, in a layout
// of our own: two worksheets, a merged title, the cases of Prisma ECR.
func sampleSheet() (project.File, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	const cases, notes = "Casos", "Instrucciones"
	if err := f.SetSheetName("Sheet1", notes); err != nil {
		return project.File{}, err
	}
	if _, err := f.NewSheet(cases); err != nil {
		return project.File{}, err
	}
	title, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 14, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E78"}}})
	if err != nil {
		return project.File{}, err
	}
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	if err != nil {
		return project.File{}, err
	}
	wrap, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return project.File{}, err
	}
	set := homologation.Set("prisma_ecr")
	last := fmt.Sprintf("F%d", len(set)+4)
	for _, do := range []func() error{
		func() error { return f.SetCellStr(notes, "A1", "Planilla ficticia de la demostración") },
		func() error {
			return f.SetCellStr(notes, "A3", "Complete la hoja «Casos» con el payment_id de cada prueba y devuélvala por este medio.")
		},
		func() error { return f.SetColWidth(notes, "A", "A", 90) },
		func() error { return f.MergeCell(cases, "A1", "F1") },
		func() error { return f.SetCellStr(cases, "A1", "HOMOLOGACIÓN DE TERMINALES INTEGRADAS") },
		func() error { return f.SetCellStyle(cases, "A1", "F1", title) },
		func() error { return f.SetCellStr(cases, "A2", "Comercio: Almacén La Posta SRL") },
		func() error {
			return f.SetSheetRow(cases, "A4", &[]string{"N° de caso", "Casuística", "Resultado esperado", "payment_id", "Resultado", "Observaciones"})
		},
		func() error { return f.SetCellStyle(cases, "A4", "F4", head) },
		func() error { return f.SetCellStyle(cases, "A5", last, wrap) },
		func() error { return f.SetColWidth(cases, "A", "A", 12) },
		func() error { return f.SetColWidth(cases, "B", "C", 42) },
		func() error { return f.SetColWidth(cases, "D", "F", 24) },
	} {
		if err := do(); err != nil {
			return project.File{}, err
		}
	}
	for i, c := range set {
		if err := f.SetSheetRow(cases, fmt.Sprintf("A%d", i+5), &[]string{c.Number, c.Title["es"], c.Must["es"]}); err != nil {
			return project.File{}, err
		}
	}
	f.SetActiveSheet(1)
	var out bytes.Buffer
	err = f.Write(&out)
	return project.File{Name: "planilla-de-homologacion.xlsx", Type: homologation.SheetType, Data: out.Bytes()}, err
}
