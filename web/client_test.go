package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"posta"
	"posta/store/storetest"
)

// upload posts a form with one file, as a browser does.
func (b *browser) upload(path, field, name, data string, fields ...string) answer {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			b.h.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write([]byte(data))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.h.t.Fatal(err)
	}
	return b.do("POST", path, &body, "Content-Type", w.FormDataContentType())
}

// What a client does on the own page: asks with a file, once however often the
// form is sent; ticks what is left to the client; confirms the date that it saw.
func TestTheClientAsksTicksAndConfirms(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	b.clock.Move(time.Hour)
	b.integrating(b.ecr)
	guest := b.guest(b.ecr)
	has(t, guest.page("/client"), "Pía Paz", "Internet")

	nonce := posta.NewULID(storetest.Now)
	if got := guest.post("/client/ask", "nonce", nonce, "text", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing said: %d", got.status)
	}
	for range 2 {
		if got := guest.upload("/client/ask", "files", "captura.txt", "error 42", "nonce", nonce, "text", "¿Qué es el error 42?"); got.status != http.StatusSeeOther {
			t.Fatalf("asked: %d", got.status)
		}
	}
	has(t, guest.page("/client"), "¿Qué es el error 42?", "captura.txt")
	thread, err := b.projects.Thread(t.Context(), b.as(posta.Integrator), b.ecr.ID)
	if err != nil || len(thread.Messages) != 1 || len(thread.Files) != 1 || len(thread.Clocks) != 1 || thread.Messages[0].By != "contact:"+string(b.ecr.Contacts[0].ID) {
		t.Fatalf("%+v %v", thread, err)
	}
	has(t, b.works().page(at(b.ecr)+"/thread"), "¿Qué es el error 42?", "captura.txt")

	guest.done("/client/tick/internet_tills")
	if got := guest.post("/client/tick/business_model_understood"); got.status != http.StatusForbidden {
		t.Errorf("ticks what is the team's: %d", got.status)
	}
	p := b.now(b.ecr)
	if p.Done["internet_tills"].By != "contact:"+string(p.Contacts[0].ID) || len(p.Done) != 1 {
		t.Errorf("%+v", p.Done)
	}

	seen := b.clock.Now().AddDate(0, 1, 0)
	if _, err := b.projects.ProposeDate(t.Context(), b.as(posta.Manager), b.ecr.ID, seen); err != nil {
		t.Fatal(err)
	}
	has(t, guest.page("/client"), `action="/client/date/confirm"`)
	if _, err := b.projects.ProposeDate(t.Context(), b.as(posta.Manager), b.ecr.ID, seen.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if got := guest.post("/client/date/confirm", "at", seen.Format(time.RFC3339Nano)); got.status != http.StatusConflict || !b.now(b.ecr).Date.ClientSaid.IsZero() {
		t.Errorf("confirms a date that it did not see: %d", got.status)
	}
	guest.done("/client/date/confirm", "at", seen.AddDate(0, 0, 1).Format(time.RFC3339Nano))
	if d := b.now(b.ecr).Date; d.ClientSaid.IsZero() || !d.TeamSaid.IsZero() {
		t.Errorf("%+v", d)
	}

	if got := guest.post("/client/logout"); got.status != http.StatusOK {
		t.Errorf("leaves: %d", got.status)
	}
	if got := guest.get("/client"); got.status != http.StatusUnauthorized {
		t.Errorf("after leaving: %d", got.status)
	}
}
