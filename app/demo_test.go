package app_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/app"
	"posta/homologation"
	"posta/mail"
	"posta/payment"
	"posta/project"
	"posta/sim/mailbox"
	"posta/sim/mercadopago"
)

// startDemo runs a demo on any ports until the test ends.
func startDemo(t *testing.T, folder string) (*app.Demo, func()) {
	t.Helper()
	demo, err := app.NewDemo(context.Background(), app.DemoConfig{SimulatorListen: "127.0.0.1:0", PrismaListen: "127.0.0.1:0",
		Config: app.Config{Data: folder, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})
	if err != nil {
		t.Fatal(err)
	}
	return demo, runDemo(t, demo)
}

// runDemo runs it until the function that it returns is called, or the test ends.
func runDemo(t *testing.T, demo *app.Demo) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- demo.Run(ctx, func() error { close(ready); return nil }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the demo ended: %v", err)
	}
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := demo.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func charge(t *testing.T, demo *app.Demo, till posta.TillID, amount int64) payment.Payment {
	t.Helper()
	p, err := demo.Payments.Create(context.Background(), payment.Input{ID: posta.NewID[posta.PaymentID](posta.SystemClock{}.Now()),
		MerchantID: demo.Seed.Merchant, Mode: posta.Test, TillID: till, Amount: posta.Money{Amount: amount}, By: "user:test"})
	if err != nil {
		t.Fatal(err)
	}
	if p.State != payment.Pending {
		t.Fatalf("charged: %s %s, want pending", p.State, p.LastDetail)
	}
	return p
}

// until hears events of the till until one of the type comes.
func until(t *testing.T, events <-chan posta.Event, kind string) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		select {
		case e := <-events:
			if e.Type == kind {
				return
			}
		case <-limit.C:
			t.Fatalf("no %s within 20 s", kind)
		}
	}
}

func TestTheFirstSaleAtEveryTillOfTheDemo(t *testing.T) {
	demo, stop := startDemo(t, t.TempDir())
	for _, till := range demo.Seed.Tills {
		listener := demo.Hub.ListenTill(demo.Seed.Merchant, till)
		p := charge(t, demo, till, 150000)
		code := posta.Alphanumeric(till)
		if _, err := demo.Simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: code},
			Parts: []mercadopago.Part{{Card: mercadopago.Card{Holder: "FUND"}}}}); err != nil {
			t.Fatal(err)
		}
		until(t, listener.Events(), "payment.attempt_declined")
		if _, err := demo.Simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: code}}); err != nil {
			t.Fatal(err)
		}
		until(t, listener.Events(), "payment.paid")
		listener.Close()
		got, err := demo.Payments.Get(context.Background(), demo.Seed.Merchant, posta.Test, p.ID)
		if err != nil || got.State != payment.Paid || got.Captured != 150000 || got.Attention != "" {
			t.Fatalf("got %s captured %d attention %q, %v", got.State, got.Captured, got.Attention, err)
		}
		refund, err := demo.Payments.Refund(context.Background(), payment.RefundInput{ID: posta.NewID[posta.RefundID](posta.SystemClock{}.Now()),
			MerchantID: demo.Seed.Merchant, Mode: posta.Test, PaymentID: p.ID, Amount: 50000, By: "user:test"})
		if err != nil || refund.State != payment.RefundSucceeded {
			t.Fatalf("refund %s, %v: %+v", refund.State, err, refund.Parts)
		}
		canceled := charge(t, demo, till, 9900)
		canceled, err = demo.Payments.Cancel(context.Background(), demo.Seed.Merchant, posta.Test, canceled.ID, "user:test")
		if err != nil || canceled.State != payment.Canceled {
			t.Fatalf("canceled: %s, %v", canceled.State, err)
		}
	}
	stop()
}

func TestADemoStartedAgainFindsEverythingAsItWas(t *testing.T) {
	folder := t.TempDir()
	demo, stop := startDemo(t, folder)
	seed := demo.Seed
	p := charge(t, demo, seed.Tills[0], 150000)
	stop()
	demo, _ = startDemo(t, folder)
	if demo.Seed.Merchant != seed.Merchant || demo.Seed.Key != seed.Key || len(demo.Seed.Tills) != 3 {
		t.Errorf("seed changed: %+v", demo.Seed)
	}
	listener := demo.Hub.ListenTill(seed.Merchant, seed.Tills[0])
	defer listener.Close()
	if _, err := demo.Simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: posta.Alphanumeric(seed.Tills[0])}}); err != nil {
		t.Fatal(err)
	}
	got, err := demo.Payments.Get(context.Background(), seed.Merchant, posta.Test, p.ID)
	if err == nil && got.State != payment.Paid {
		until(t, listener.Events(), "payment.paid")
	}
}

// A page of a simulator that somebody left open follows what happens for ever.
// Sabotage that turns it red: the stream ends with the simulator's Close only.
func TestOpenPagesOfTheSimulatorsDoNotHoldUpAStop(t *testing.T) {
	demo, stop := startDemo(t, t.TempDir())
	for _, address := range []string{demo.ControlURL(), demo.PrismaControlURL()} {
		open, err := http.Get(strings.TrimSuffix(address, "/control") + "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer open.Body.Close()
		if _, err := open.Body.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	asked := time.Now()
	if stop(); time.Since(asked) > 10*time.Second {
		t.Errorf("it took %s", time.Since(asked))
	}
}

func TestAnotherSealingKeyIsRefusedAtTheStart(t *testing.T) {
	folder := t.TempDir()
	_, stop := startDemo(t, folder)
	stop()
	if err := os.Remove(filepath.Join(folder, "seal.key")); err != nil {
		t.Fatal(err)
	}
	hub, err := app.New(context.Background(), app.Config{Data: folder, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err == nil {
		hub.Close()
		t.Fatal("started with a key that opens nothing")
	}
}

// A mail that the demo's hub sends lies in an inbox on the screen.
func TestTheDemosMailArrivesInItsInboxes(t *testing.T) {
	folder := t.TempDir()
	demo, stop := startDemo(t, folder)
	m := mail.Message{ID: "m1@posta.example", From: mail.Address{Name: "Posta", Email: "desk@posta.example"}, To: []mail.Address{{Email: "ana@cliente.example"}}, Subject: "Inicio", Text: "Hola, Ana."}
	if err := demo.Mail.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	stop()
	demo, _ = startDemo(t, folder)
	for path, want := range map[string]string{"": `data-letter="1"`, "/letter/1": "Hola, Ana.", "/messages": `"message_id":"m1@posta.example"`} {
		res, err := http.Get(demo.InboxesURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Fatalf("%s: %d, %v: %s", path, res.StatusCode, err, body)
		}
		if _, style, found := strings.Cut(string(body), `href="/static/mail.`); found {
			style, _, _ = strings.Cut(style, `"`)
			res, err := http.Get(strings.TrimSuffix(demo.InboxesURL(), "/sim/mail") + "/static/mail." + style)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("the style sheet: %v %v", res, err)
			}
			_ = res.Body.Close()
		}
	}
}

func TestAMailServerNeedsAnAddressThatMailIsFrom(t *testing.T) {
	for _, c := range []app.Config{{SMTP: "smtp://127.0.0.1:25"}, {SMTP: "smtp://127.0.0.1:25", MailFrom: "desk"}, {SMTP: "ftp://x", MailFrom: "desk@posta.example"}} {
		c.Data, c.Listen, c.Migrate = t.TempDir(), "127.0.0.1:0", true
		if _, err := app.New(context.Background(), c); posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// The demo's desk shows what a desk is about, and its own project is proven at
// once. Sabotage that turns it red: the hub runs before the past is told.
func TestTheDemosDesk(t *testing.T) {
	demo, _ := startDemo(t, t.TempDir())
	a := project.Actor{Merchant: demo.Seed.Merchant}
	cards, err := demo.Projects.Board(t.Context(), a, project.Filter{Closed: true})
	if err != nil {
		t.Fatal(err)
	}
	stages, waiting, silent, late := map[project.Stage]int{}, 0, 0, 0
	for _, c := range cards {
		stages[c.Stage]++
		if !c.WaitingAt.IsZero() {
			waiting++
		}
		if c.Silence > 0 {
			silent++
		}
		if c.Questions > 0 && c.LimitAt.Before(posta.SystemClock{}.Now()) {
			late++
		}
		if p, err := demo.Projects.Get(t.Context(), a, c.ID); err != nil || !p.DueAt.IsZero() && p.DueAt.Before(posta.SystemClock{}.Now()) {
			t.Errorf("%s: its weekly check was due %s, %v", c.Name, p.DueAt, err)
		}
	}
	for _, s := range project.Stages {
		if stages[s] == 0 {
			t.Errorf("nothing is in %s", s)
		}
	}
	if waiting != 1 || silent != 1 || late != 1 {
		t.Errorf("%d wait, %d are silent, %d late", waiting, silent, late)
	}
	for _, email := range append(demo.Seed.People, demo.Seed.Email) {
		if _, err := demo.Accounts.LogIn(t.Context(), email, demo.Seed.Password, "127.0.0.1:1"); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
	thread, err := demo.Projects.Thread(t.Context(), a, demo.Seed.ProjectECR)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(thread.Files, func(f project.Attachment) bool { return f.Type == homologation.SheetType })
	if at < 0 {
		t.Fatal("no sheet among its documents")
	}
	f, err := demo.Projects.File(t.Context(), a, demo.Seed.ProjectECR, thread.Files[at].ID)
	if err != nil {
		t.Fatal(err)
	}
	file, err := demo.Homologation.Import(t.Context(), a, demo.Seed.ProjectECR, f.Name, f.Data)
	if err != nil || len(file.Rows) != len(homologation.Set("prisma_ecr")) {
		t.Fatalf("%d rows, %v", len(file.Rows), err)
	}
	for _, r := range file.Rows {
		if r.Case == "" {
			t.Errorf("row %d: nobody knows its case %q", r.Row, r.Title)
		}
	}
	if _, err := demo.Homologation.StartRun(t.Context(), a, demo.Seed.ProjectECR, []string{"credit_1", "debit"}); err != nil {
		t.Fatal(err)
	}
	for limit := time.After(30 * time.Second); ; {
		o, err := demo.Homologation.Overview(t.Context(), a, demo.Seed.ProjectECR)
		if err != nil {
			t.Fatal(err)
		}
		if o.File.Run.State == homologation.Ended {
			if o.Passed < 2 || o.Failed > 0 {
				t.Errorf("%d pass, %d red: %v", o.Passed, o.Failed, o.File.Run)
			}
			break
		}
		select {
		case <-limit:
			t.Fatalf("the run did not end: %+v", o.File.Run)
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, id := range []posta.ProjectID{demo.Seed.ProjectECR, demo.Seed.ProjectQR} {
		p, err := demo.Projects.Get(t.Context(), a, id)
		if err != nil {
			t.Fatal(err)
		}
		view, err := demo.GoLive.ProjectView(t.Context(), a, p)
		if err != nil || view.Gate.State != payment.GateClosed || view.Items[0].Key != "credentials" || view.Items[0].Status != "met" {
			t.Errorf("%s: %+v %v", p.Name, view.Items, err)
		}
	}
}

// An answer written in the demo's inbox comes back into the thread, once.
func TestAnAnswerInTheDemosInboxIsInTheThread(t *testing.T) {
	demo, _ := startDemo(t, t.TempDir())
	a := project.Actor{Merchant: demo.Seed.Merchant}
	if _, err := demo.Projects.Post(t.Context(), a, project.PostInput{Project: demo.Seed.ProjectECR, Text: "¿Todo listo?"}); err != nil {
		t.Fatal(err)
	}
	var letter int64
	err := demo.Mailbox.Await(t.Context(), func() bool {
		letters := demo.Mailbox.Letters("")
		if len(letters) > 0 {
			letter = letters[0].ID
		}
		return letter != 0
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Mailbox.Answer(t.Context(), letter, mailbox.Reply{From: "sistemas@cliente1.example", Text: "Sí, todo listo."}); err != nil {
		t.Fatal(err)
	}
	thread, err := demo.Projects.Thread(t.Context(), a, demo.Seed.ProjectECR)
	if err != nil {
		t.Fatal(err)
	}
	last := thread.Messages[len(thread.Messages)-1]
	if last.Kind != project.Incoming || !strings.HasPrefix(last.Text, "Sí, todo listo.") || last.Clock == "" {
		t.Errorf("%+v", last)
	}
}
