package homologation_test

import (
	"fmt"
	"testing"

	"github.com/xuri/excelize/v2"

	"posta/homologation"
	"posta/store"
)

// A sheet that names a case as we do, in any language, means that case.
func TestASheetWithOurOwnTitlesFindsEveryCase(t *testing.T) {
	w := newStillWorld(t, store.SQLite, onTerminals)
	for _, language := range []string{"es", "pt", "en"} {
		f := excelize.NewFile()
		rows := [][]any{{"Caso de prueba", "payment_id"}}
		set, of := homologation.Set(w.project.Product), map[string]string{}
		for _, c := range set {
			rows = append(rows, []any{c.Title[language]})
			of[c.Title[language]] = c.Key
		}
		for i, row := range rows {
			w.must(f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
		}
		book, err := f.WriteToBuffer()
		w.must(err)
		file, err := w.service.Import(t.Context(), w.owner, w.project.ID, "casos.xlsx", book.Bytes())
		w.must(err)
		if len(of) != len(set) {
			t.Errorf("%s: %d cases, %d titles", language, len(set), len(of))
		}
		for _, r := range file.Rows {
			if r.Case != of[r.Title] {
				t.Errorf("%s: %q means %q, not %q", language, r.Title, of[r.Title], r.Case)
			}
		}
	}
}
