package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"posta"
	"posta/golive"
	"posta/homologation"
	"posta/quality"
	"posta/text"
	"posta/web"
)

// workshop is the desk with what leads a project to production.
func workshop(t *testing.T) *bureau {
	t.Helper()
	b := openBureau(t)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	measuring := &quality.Service{Store: b.db, Clock: b.clock, Log: log, Committed: b.live.Wake}
	proving := &homologation.Service{Store: b.db, Payments: b.payments, Settlements: b.closes, Box: b.accounts.Box, Clock: b.clock, Log: log,
		Committed: b.live.Wake, Say: b.projects.Say}
	gates := &golive.Service{Store: b.db, Accounts: b.accounts, Clock: b.clock, Committed: b.live.Wake, Template: b.projects.Template,
		Homologated: proving.Passed, Quality: measuring.Standing, Opened: b.projects.ProductionOpened,
		PublicURL: func() string { return b.public }, NotifyURL: func(posta.ConnectionID) string { return b.public }}
	b.server.Close()
	b.server = httptest.NewServer(web.New(web.Services{Accounts: b.accounts, Tills: b.tills, Payments: b.payments, Settlements: b.closes, Projects: b.projects,
		Quality: measuring, Homologation: proving, GoLive: gates, Hub: b.live, Events: b.db, Calls: b.db, Catalog: text.Must(), Clock: b.clock, Log: log,
		PublicURL: func() string { return b.public }, Version: "test"}))
	return b
}

// sheetOf is a provider's workbook with some cases.
func sheetOf(t *testing.T, titles ...string) string {
	t.Helper()
	f := excelize.NewFile()
	rows := [][]any{{"Nro", "Caso de prueba", "Resultado esperado", "Payment ID", "Resultado"}}
	for i, title := range titles {
		rows = append(rows, []any{i + 1, title})
	}
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+2)
		if err == nil {
			err = f.SetSheetRow("Sheet1", cell, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return data.String()
}

func TestTheSheetComesInAndItsRowsAreMatched(t *testing.T) {
	t.Parallel()
	b := workshop(t)
	x, err := b.db.Project(t.Context(), b.world.Merchant.ID, b.ecr.ID)
	if err != nil {
		t.Fatal(err)
	}
	tab, works := at(x)+"/homologation", b.works()
	has(t, works.page(tab), "Sin evidencia", "no tiene conexión de prueba", "credit_3")
	hasNot(t, works.page(tab), tab+"/run")
	got := works.upload(tab+"/sheet", "sheet", "planilla.xlsx", "no es una planilla")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a bad sheet: %d", got.status)
	}
	has(t, got.body, "no es una planilla .xlsx")
	if got := works.upload(tab+"/sheet", "sheet", "planilla.xlsx", sheetOf(t, "Compra con débito aprobada", "Prueba que nadie conoce")); got.status != http.StatusSeeOther {
		t.Fatalf("the sheet: %d %s", got.status, got.body)
	}
	page := works.page(tab)
	has(t, page, "planilla.xlsx", "sin reconocer", "Prueba que nadie conoce", tab+"/filled.xlsx")
	if got := works.post(tab+"/rows", "worksheet", "Sheet1", "row", "4", "case", "no_such"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown case: %d", got.status)
	}
	if got := works.post(tab+"/rows", "worksheet", "Sheet1", "row", "4", "case", "qr"); got.status != http.StatusSeeOther {
		t.Fatalf("choosing a case: %d", got.status)
	}
	hasNot(t, works.page(tab+"#sheet"), "sin reconocer")
	if got := works.get(tab + "/filled.xlsx"); got.status != http.StatusOK || got.header.Get("Content-Type") != homologation.SheetType {
		t.Errorf("the filled sheet: %d %s", got.status, got.header.Get("Content-Type"))
	}
	report := works.get(tab + "/report").body
	if got := works.upload(tab+"/verify", "report", "informe.html", report); got.status != http.StatusSeeOther {
		t.Errorf("a genuine report: %d %.300s", got.status, got.body)
	}
	has(t, works.page(tab), "El informe es auténtico")
	has(t, works.upload(tab+"/verify", "report", "informe.html", strings.Replace(report, "Doña Rosa", "Doña Nadie", 1)).body, "cambió después de firmarse")
	has(t, works.upload(tab+"/verify", "report", "informe.html", "hola").body, "no es la página de un informe")
	if got := works.post(tab+"/run", "case", ""); got.status != http.StatusConflict {
		t.Errorf("a run without a connection: %d", got.status)
	}
	has(t, works.page(tab+"/cases/debit"), "Qué hacer", "Qué debe cumplirse", "Todavía nada prueba este caso")
	if got := works.get(tab + "/cases/no_such"); got.status != http.StatusNotFound {
		t.Errorf("an unknown case's page: %d", got.status)
	}
	if got := b.login("commercial@tienda.example").upload(tab+"/sheet", "sheet", "planilla.xlsx", sheetOf(t, "Débito")); got.status != http.StatusForbidden {
		t.Errorf("a commercial takes a sheet in: %d", got.status)
	}
}

func TestTheProductionTabSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := workshop(t)
	tab, works := at(b.ecr)+"/golive", b.works()
	page := works.page(tab)
	has(t, page, "Salida a producción", "Cerrada", "Credenciales de producción", "no tiene conexión de producción", "Homologación", "Falta")
	hasNot(t, page, tab+"/open", tab+"/waive")
	for _, deed := range []string{"open", "waive", "window", "close", "tls"} {
		if got := works.post(tab + "/" + deed); got.status != http.StatusConflict {
			t.Errorf("%s without a connection: %d", deed, got.status)
		}
	}
	if got := works.get("/connections/" + string(b.world.Connection.ID) + "/gate"); got.status != http.StatusNotFound {
		t.Errorf("the gate of a test connection: %d", got.status)
	}
	if got := works.get("/connections/" + string(b.world.Connection.ID) + "/swap"); got.status != http.StatusNotFound {
		t.Errorf("the swap of a test connection: %d", got.status)
	}
}

func TestQualityPreviewsInTestModeAndScoresNothing(t *testing.T) {
	t.Parallel()
	b := workshop(t)
	works, connection := b.works(), string(b.world.Connection.ID)
	p := works.paid("1500")
	has(t, works.page("/quality"), "Sin puntaje", "credenciales de producción")
	got := works.post("/quality/measure", "connection", connection, "payment", string(p.ID))
	if got.status != http.StatusOK {
		t.Fatalf("preview: %d %s", got.status, got.body)
	}
	has(t, got.body, "Vista previa", "no se guarda", "No se puede medir")
	if got := works.post("/quality/measure", "connection", connection, "payment", "nada"); got.status != http.StatusNotFound {
		t.Errorf("an unknown payment: %d", got.status)
	}
	if got := works.post("/quality/threshold", "connection", connection, "threshold", "80"); got.status != http.StatusForbidden {
		t.Errorf("an integrator sets the threshold: %d", got.status)
	}
	manager := b.login("manager@tienda.example")
	if got := manager.post("/quality/threshold", "connection", connection, "threshold", "101"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a threshold of 101: %d", got.status)
	}
	if got := manager.post("/quality/threshold", "connection", connection, "threshold", "80"); got.status != http.StatusSeeOther {
		t.Errorf("a threshold of 80: %d", got.status)
	}
	b.clock.Move(time.Hour)
	has(t, works.page("/approval"), "100", "1 / 1", "Visa", "/approval.csv")
	has(t, works.get("/approval.csv").body, "brand,visa,", "payments_approved")
	if got := works.get("/approval?from=2026-11-24&to=2026-11-20"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("to before from: %d", got.status)
	}
}
