package api_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"posta"
	"posta/homologation"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
)

func newProject(name string) map[string]any {
	return map[string]any{"name": name, "client": map[string]any{"name": "Almacén", "tax_id": "30-00000000-7"}, "template": "prisma_ecr",
		"contacts": []any{map[string]any{"name": "Sistemas", "email": "sistemas@cliente.example", "technical": true}}}
}

// project makes one.
func (n *tenant) project() posta.ProjectID {
	n.t.Helper()
	var p struct{ ID posta.ProjectID }
	n.post("/v1/projects", "project of "+string(n.merchant.ID), newProject("Terminales")).want(http.StatusCreated).into(&p)
	return p.ID
}

func TestProjectsAreMadeOnceAndListedInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		var made []string
		for i := range 3 {
			n.clock.Move(time.Second)
			var p struct{ ID, Stage string }
			key := fmt.Sprint("k", i)
			n.post("/v1/projects", key, newProject(fmt.Sprint("Terminales ", i))).want(http.StatusCreated).into(&p)
			if again := n.post("/v1/projects", key, newProject(fmt.Sprint("Terminales ", i))).want(http.StatusCreated); !strings.Contains(again.body, p.ID) || p.Stage != "backlog" {
				t.Fatalf("%s %s: %s", p.ID, p.Stage, again.body)
			}
			made = append(made, p.ID)
		}
		slices.Reverse(made)
		var seen []string
		for after := ""; ; {
			var page struct {
				Data []struct{ ID string }
				Next string
			}
			n.do("GET", "/v1/projects?limit=2"+after, n.live, nil).want(http.StatusOK).into(&page)
			for _, p := range page.Data {
				seen = append(seen, p.ID)
			}
			if page.Next == "" {
				break
			}
			after = "&after=" + page.Next
		}
		if !slices.Equal(seen, made) {
			t.Errorf("%v, want %v", seen, made)
		}
		p := n.post("/v1/projects", "bad", map[string]any{"name": "", "client": map[string]any{"name": "X", "tax_id": "30000000008"}, "template": "prisma_ecr"}).
			refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); !slices.Contains(got, "name required") || !slices.Contains(got, "client.tax_id check_digit") {
			t.Errorf("%v", got)
		}
		var shown struct{ Next struct{ Missing []string } }
		n.do("GET", "/v1/projects/"+made[0], n.test, nil).want(http.StatusOK).into(&shown)
		if !slices.Contains(shown.Next.Missing, "people_assigned") {
			t.Errorf("%v", shown)
		}
	})
}

func TestTheThreadAndItsFilesThroughTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		id := n.project()
		at := "/v1/projects/" + string(id)
		data := bytes.Repeat([]byte("0123456789abcdef"), 200<<10) // 3 MB, more than other bodies may have
		var f struct{ ID, SHA256 string }
		upload := map[string]any{"name": "guia.pdf", "type": "application/pdf", "data": base64.StdEncoding.EncodeToString(data)}
		n.post(at+"/attachments", "f1", upload).want(http.StatusCreated).into(&f)
		n.post(at+"/attachments", "f1", upload).want(http.StatusCreated)
		got := n.do("GET", at+"/attachments/"+f.ID, n.test, nil).want(http.StatusOK)
		if got.body != string(data) || got.header.Get("Content-Type") != "application/pdf" || !strings.Contains(got.header.Get("Content-Disposition"), "guia.pdf") {
			t.Errorf("%v, %d bytes", got.header, len(got.body))
		}
		upload["data"] = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), project.MaxAttachment+1<<18))
		n.post(at+"/attachments", "f2", upload).refused(http.StatusRequestEntityTooLarge, posta.CodeTooLarge)

		p, err := n.services.Projects.Get(t.Context(), project.Actor{Merchant: n.merchant.ID}, id)
		if err != nil {
			t.Fatal(err)
		}
		contact := project.Actor{Merchant: n.merchant.ID, Project: id, Contact: p.Contacts[0].ID}
		if _, err := n.services.Projects.Ask(t.Context(), contact, project.AskInput{Project: id, Text: "¿Cuándo empezamos?"}); err != nil {
			t.Fatal(err)
		}
		n.clock.Move(time.Second)
		answered := n.post(at+"/messages", "m1", map[string]any{"text": "El lunes.", "enclose": []string{f.ID}}).want(http.StatusCreated)
		n.clock.Move(time.Second)
		n.post(at+"/messages", "m2", map[string]any{"text": "Llamar antes.", "note": true}).want(http.StatusCreated)
		n.post(at+"/messages", "m3", map[string]any{"text": "x", "enclose": []string{"att_00000000000000000000000000"}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		var thread struct{ Data []struct{ Kind, Text string } }
		n.do("GET", at+"/messages", n.test, nil).want(http.StatusOK).into(&thread)
		if len(thread.Data) != 3 || thread.Data[0].Kind != "incoming" || thread.Data[1].Text != "El lunes." || thread.Data[2].Kind != "note" {
			t.Errorf("%+v after %s", thread, answered.body)
		}
		n.do("GET", at+"/clocks", n.test, nil).want(http.StatusOK)
	})
}

func TestTheSheetGoesInAndOutThroughTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		at := "/v1/projects/" + string(n.project()) + "/homologation"
		n.do("GET", at+"/sheet", n.test, nil).refused(http.StatusConflict, posta.CodeState)
		p := n.post(at+"/sheet", "s0", map[string]any{"name": "x.xlsx", "data": base64.StdEncoding.EncodeToString([]byte("no workbook"))}).
			refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); len(got) != 1 || got[0] != "sheet unreadable" {
			t.Errorf("%v", got)
		}
		c := homologation.Set("prisma_ecr")[0]
		f := excelize.NewFile()
		for cell, text := range map[string]string{"A1": "Caso", "B1": "Descripción", "C1": "payment_id", "D1": "Resultado", "A2": c.Number, "B2": c.Title["es"], "B3": "Algo que nadie conoce", "A3": "99"} {
			if err := f.SetCellStr("Sheet1", cell, text); err != nil {
				t.Fatal(err)
			}
		}
		var book bytes.Buffer
		if err := f.Write(&book); err != nil {
			t.Fatal(err)
		}
		var o struct {
			Sheet struct{ Rows, Known int }
			Cases []struct{ Key string }
		}
		n.post(at+"/sheet", "s1", map[string]any{"name": "planilla.xlsx", "data": base64.StdEncoding.EncodeToString(book.Bytes())}).want(http.StatusOK).into(&o)
		if o.Sheet.Rows != 2 || o.Sheet.Known != 1 || len(o.Cases) != len(homologation.Set("prisma_ecr")) {
			t.Errorf("%+v", o.Sheet)
		}
		filled := n.do("GET", at+"/sheet", n.test, nil).want(http.StatusOK)
		back, err := excelize.OpenReader(strings.NewReader(filled.body))
		if err != nil {
			t.Fatal(err)
		}
		if title, err := back.GetCellValue("Sheet1", "B2"); err != nil || title != c.Title["es"] {
			t.Errorf("%q %v", title, err)
		}
		if p := n.post(at+"/run", "r1", map[string]any{}).refused(http.StatusConflict, posta.CodeState); p.Params["reason"] != "no_connection" {
			t.Errorf("%+v", p)
		}
	})
}

// Red under: the merchant of the secret not compared with the project's.
func TestMailComesInAtTheMerchantsOwnAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := start(t, db)
		a, b := h.tenant(), h.tenant()
		id := b.project()
		p, err := h.services.Projects.Get(t.Context(), project.Actor{Merchant: b.merchant.ID}, id)
		if err != nil {
			t.Fatal(err)
		}
		raw := "From: Sistemas <sistemas@cliente.example>\r\nTo: desk+" + p.ReplyToken + "@posta.test\r\nSubject: Hola\r\nMessage-ID: <1@cliente.example>\r\n\r\nRecibido.\r\n"
		send := func(m posta.MerchantID, kind, body string) answer {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/mail/"+h.services.Accounts.MailSecret(m), strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			return answer{t, w.Code, w.Result().Header, w.Body.String()}
		}
		const form = "--b\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nHola\r\n--b\r\nContent-Disposition: form-data; name=\"email\"; filename=\"m.eml\"\r\n\r\n%s\r\n--b--\r\n"
		send(b.merchant.ID, "message/rfc822", raw).want(http.StatusOK)
		send(b.merchant.ID, "message/rfc822", raw).want(http.StatusOK)
		send(b.merchant.ID, "multipart/form-data; boundary=b", fmt.Sprintf(form, raw)).want(http.StatusOK)
		send(a.merchant.ID, "message/rfc822", raw).refused(http.StatusNotFound, posta.CodeNotFound)
		send("mer_00000000000000000000000000", "message/rfc822", strings.Replace(raw, "<1@", "<2@", 1)).refused(http.StatusNotFound, posta.CodeNotFound)
		send(b.merchant.ID, "application/json", raw).refused(http.StatusUnsupportedMediaType, posta.CodeUnsupportedMedia)
		send(b.merchant.ID, "multipart/form-data; boundary=b", "--b--\r\n").refused(http.StatusBadRequest, posta.CodeInvalid)
		send(b.merchant.ID, "message/rfc822", "").refused(http.StatusBadRequest, posta.CodeInvalid)
		send(b.merchant.ID, "message/rfc822", raw+strings.Repeat("x", 17<<20)).refused(http.StatusRequestEntityTooLarge, posta.CodeTooLarge)
		send(b.merchant.ID, "message/rfc822", strings.Replace(raw, p.ReplyToken, "nobody", 1)).refused(http.StatusNotFound, posta.CodeNotFound)
		h.do("POST", "/hooks/mail/"+strings.Repeat("0", 66), "", raw, "Content-Type", "message/rfc822").refused(http.StatusNotFound, posta.CodeNotFound)
		h.do("GET", "/hooks/mail/"+h.services.Accounts.MailSecret(b.merchant.ID), "", nil).want(http.StatusMethodNotAllowed)
		var thread struct {
			Data []struct{ Kind, Text, By string }
		}
		b.do("GET", "/v1/projects/"+string(id)+"/messages", b.test, nil).want(http.StatusOK).into(&thread)
		if len(thread.Data) != 1 || thread.Data[0].Text != "Recibido." || !strings.HasPrefix(thread.Data[0].By, "contact:") {
			t.Errorf("%+v", thread)
		}
	})
}
