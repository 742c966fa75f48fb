package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/inbox"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/seal"
	"posta/sim/fault"
	"posta/sim/mercadopago"
	"posta/store"
	"posta/text"
	"posta/till"
)

// found lists what a diagnosis found at a level, as CHECK.OUTCOME.
func found(d app.Diagnosis, level app.Level) (out []string) {
	for _, f := range d.Findings {
		if f.Level == level {
			out = append(out, strings.TrimPrefix(f.Words, "doctor."))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spoken holds that every finding has words in every language, and all they name.
func spoken(t *testing.T, d app.Diagnosis) {
	t.Helper()
	for _, lang := range text.Languages {
		var out bytes.Buffer
		d.Print(&out, text.Must().Localizer(lang))
		if said := out.String(); strings.Contains(said, "doctor.") || strings.Contains(said, "golive.") || strings.Contains(said, "<no value>") || strings.Count(said, "\n") < len(d.Findings) {
			t.Errorf("%s:\n%s", lang, said)
		}
	}
}

func TestADoctorFindsADemoWell(t *testing.T) {
	demo, stop := startDemo(t, t.TempDir())
	got := demo.Diagnose(t.Context())
	if fails := found(got, app.LevelFail); len(fails) > 0 || got.Failed() || !got.Running {
		t.Errorf("%v\n%+v", fails, got.Findings)
	}
	if warns := found(got, app.LevelWarn); !slices.Equal(warns, []string{"gate.closed", "public.here"}) {
		t.Errorf("warnings %v", warns)
	}
	want := []string{"clock.good", "connection.good", "disk.good", "hub.running", "integrity.good", "seal.good", "webhook.good", "work.good", "zones.good"}
	if oks := found(got, app.LevelOK); !subset(want, oks) {
		t.Errorf("good: %v, want at least %v", oks, want)
	}
	spoken(t, got)
	stop()
}

func subset(want, of []string) bool {
	for _, w := range want {
		if !slices.Contains(of, w) {
			return false
		}
	}
	return true
}

// Each thing that can be wrong with a hub that runs is planted alone.
func TestADoctorNamesWhatIsWrongWithAHub(t *testing.T) {
	for name, tc := range map[string]struct {
		rules []fault.Rule
		want  string
	}{
		"credentials": {[]fault.Rule{{Action: fault.Status, Status: 401}}, "connection.refused"},
		"outage":      {[]fault.Rule{{Action: fault.Status, Status: 503}}, "connection.unreachable"},
		"cut":         {[]fault.Rule{{Action: fault.CutBefore}}, "connection.unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			demo, _ := startDemo(t, t.TempDir())
			if err := demo.Simulator.Fault().Set(tc.rules...); err != nil {
				t.Fatal(err)
			}
			got := demo.Diagnose(t.Context())
			if fails := found(got, app.LevelFail); !slices.Equal(fails, []string{tc.want}) {
				t.Errorf("%v, want %s", fails, tc.want)
			}
			spoken(t, got)
		})
	}
}

// A hub of its own, with what a test needs.
type patient struct {
	*app.App
	merchant account.Merchant
	config   app.Config
}

func newPatient(t *testing.T, config app.Config) *patient {
	t.Helper()
	if config.Data == "" {
		config.Data = t.TempDir()
	}
	p := &patient{App: runHub(t, config), config: config}
	var err error
	if p.merchant, err = p.Accounts.CreateMerchant(t.Context(), account.MerchantInput{Name: "Comercio", Country: "AR"}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *patient) connect(t *testing.T, mode posta.Mode, base, token string) account.Connection {
	t.Helper()
	c, err := p.Accounts.CreateConnection(t.Context(), account.ConnectionInput{MerchantID: p.merchant.ID, Mode: mode, Provider: "mercadopago", Name: "QR",
		Fields: map[string]string{"flow": "legacy", "access_token": token, "base_url": base}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// whoami answers who an access token belongs to, as of a moment.
func whoami(t *testing.T, at func() time.Time, test bool, country string) *httptest.Server {
	t.Helper()
	tags := `[]`
	if test {
		tags = `["test_user"]`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", at().UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id": 123456, "nickname": "X", "site_id": %q, "country_id": %q, "tags": %s}`, map[string]string{"AR": "MLA", "BR": "MLB"}[country], country, tags)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestADoctorJudgesTheClockByTheProviders(t *testing.T) {
	for off, want := range map[time.Duration]string{0: "ok clock.good", 20 * time.Second: "warn clock.off", -20 * time.Second: "warn clock.off", time.Hour: "fail clock.off"} {
		hub := newPatient(t, app.Config{})
		server := whoami(t, func() time.Time { return posta.SystemClock{}.Now().Add(off) }, true, "AR")
		hub.connect(t, posta.Test, server.URL, "TEST-token")
		if got := findingOf(hub.Diagnose(t.Context()), "clock"); got != want {
			t.Errorf("%v: %s, want %s", off, got, want)
		}
	}
	nobody := newPatient(t, app.Config{})
	if got := findingOf(nobody.Diagnose(t.Context()), "clock"); got != "warn clock.unknown" {
		t.Error(got)
	}
}

// findingOf is the first finding of a check.
func findingOf(d app.Diagnosis, check string) string {
	for _, f := range d.Findings {
		if f.Check == check {
			return string(f.Level) + " " + strings.TrimPrefix(f.Words, "doctor.")
		}
	}
	return ""
}

func TestADoctorTriesEachConnection(t *testing.T) {
	now := posta.SystemClock{}.Now
	hub := newPatient(t, app.Config{})
	spot := func(want string, c account.Connection) {
		t.Helper()
		d := hub.Diagnose(t.Context())
		for _, f := range d.Findings {
			if f.Subject == string(c.ID) && f.Check == strings.Split(want, ".")[0] {
				if got := strings.TrimPrefix(f.Words, "doctor."); got != want {
					t.Errorf("%s, want %s (%s)", got, want, f.Detail)
				}
				spoken(t, d)
				return
			}
		}
		t.Errorf("nothing of %s", want)
	}
	right := hub.connect(t, posta.Test, whoami(t, now, true, "AR").URL, "TEST-1")
	spot("connection.good", right)
	if c, err := hub.Store.Connection(t.Context(), right.ID); err != nil || !c.CheckedAt.IsZero() {
		t.Errorf("the doctor wrote to it: %v %v", c.CheckedAt, err)
	}
	spot("connection.mode", hub.connect(t, posta.Live, whoami(t, now, true, "AR").URL, "APP-2"))
	spot("connection.country", hub.connect(t, posta.Test, whoami(t, now, true, "BR").URL, "TEST-3"))
	live := hub.connect(t, posta.Live, whoami(t, now, false, "AR").URL, "APP-4")
	spot("connection.good", live)
	spot("gate.closed", live)
	spot("connection.unreachable", hub.connect(t, posta.Test, "http://"+freePort(t), "TEST-5"))
}

// TestADoctorLooksAtWhatDoesNotRun: the folder of a hub that is not there, is
// half there, or has lost its key.
func TestADoctorLooksAtWhatDoesNotRun(t *testing.T) {
	ctx := context.Background()
	look := func(config app.Config) app.Diagnosis {
		t.Helper()
		got, err := app.Diagnose(ctx, config, nil)
		if err != nil {
			t.Fatal(err)
		}
		spoken(t, got)
		return got
	}
	expect := func(config app.Config, want ...string) {
		t.Helper()
		if fails := found(look(config), app.LevelFail); !slices.Equal(fails, want) {
			t.Errorf("%v, want %v", fails, want)
		}
	}
	expect(app.Config{Data: filepath.Join(t.TempDir(), "none")}, "data.missing")
	expect(app.Config{Data: t.TempDir()}, "database.missing")
	expect(app.Config{Data: t.TempDir(), Database: "postgres://posta:secreto@127.0.0.1:1/x"}, "database.closed")

	empty := t.TempDir()
	write(t, filepath.Join(empty, "posta.db"), "")
	expect(app.Config{Data: empty}, "database.empty", "seal.missing")
	if left, _ := filepath.Glob(filepath.Join(empty, "*")); slices.ContainsFunc(left, func(n string) bool { return strings.HasSuffix(n, "seal.key") || strings.Contains(n, "doctor-") }) {
		t.Errorf("it left %v", left)
	}

	folder := t.TempDir()
	demo, stop := startDemo(t, folder)
	key, err := os.ReadFile(filepath.Join(folder, "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Diagnose(ctx, app.Config{Data: folder}, nil); posta.ErrorCode(err) != posta.CodeConflict {
		t.Errorf("beside a hub that runs: %v", err)
	}
	_ = demo
	stop()
	nowhere := "http://" + freePort(t)
	expect(app.Config{Data: folder, MercadoPagoURL: nowhere, PrismaURL: nowhere}, "connection.unreachable") // its simulators do not run either
	for bad, want := range map[string]string{"no key": "seal.unreadable", seal.NewKey(): "seal.shut"} {
		if got := findingOf(look(app.Config{Data: folder, SealKey: bad}), "seal"); got != "fail "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if err := os.Remove(filepath.Join(folder, "seal.key")); err != nil {
		t.Fatal(err)
	}
	if got := findingOf(look(app.Config{Data: folder}), "seal"); got != "fail seal.missing" {
		t.Error(got)
	}
	write(t, filepath.Join(folder, "seal.key"), string(key))

	// Work waits while nobody does it.
	db, err := store.Open(ctx, filepath.Join(folder, "posta.db"), posta.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	now := posta.SystemClock{}.Now()
	if err := db.InsertNotification(ctx, inbox.Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: demo.Seed.Merchant, Mode: posta.Test,
		ConnectionID: "con_1", State: inbox.Received, DueAt: now.Add(-time.Hour), Delivery: provider.Delivery{ReceivedAt: now}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := findingOf(look(app.Config{Data: folder}), "work"); got != "warn work.waiting" {
		t.Error(got)
	}
	// Its last pages are written over; then all.
	file, err := os.OpenFile(filepath.Join(folder, "posta.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for _, spot := range []struct {
		from int64
		want string
	}{{info.Size() - 5*4096, "integrity.damaged"}, {0, "database.unreadable"}} {
		for at := spot.from; at < info.Size(); at += 4096 {
			if _, err := file.WriteAt(bytes.Repeat([]byte{0xA5}, 512), at); err != nil {
				t.Fatal(err)
			}
		}
		if got := found(look(app.Config{Data: folder}), app.LevelFail); !slices.Contains(got, spot.want) {
			t.Errorf("of a damaged database: %v, want %s", got, spot.want)
		}
	}
}

// TestADoctorLooksAtTheHubsOwnAddress: by its certificate and by its health.
func TestADoctorLooksAtTheHubsOwnAddress(t *testing.T) {
	authority, folder, listen := newIssuer(t), t.TempDir(), freePort(t)
	cert, key := authority.files(t, folder, 1, "localhost")
	_, port, _ := net.SplitHostPort(listen)
	hub := newPatient(t, app.Config{TLSCert: cert, TLSKey: key, Listen: listen, PublicURL: "https://localhost:" + port})
	app.Trust(hub.App, authority.cert)
	got := hub.Diagnose(t.Context())
	for check, want := range map[string]string{"https": "ok https.good", "webhook": "ok webhook.good", "public": "warn public.here"} {
		if found := findingOf(got, check); found != want {
			t.Errorf("%s, want %s: %+v", found, want, got.Findings)
		}
	}
	spoken(t, got)

	stranger := newPatient(t, app.Config{TLSCert: cert, TLSKey: key}) // whose authority nobody knows
	got = stranger.Diagnose(t.Context())
	if fails := found(got, app.LevelFail); !slices.Contains(fails, "golive.tls.chain.unknown") || !slices.Contains(fails, "webhook.unreachable") {
		t.Errorf("%v", fails)
	}
	spoken(t, got)

	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	got = newPatient(t, app.Config{PublicURL: other.URL}).Diagnose(t.Context())
	if found := findingOf(got, "webhook"); found != "fail webhook.other" {
		t.Error(found)
	}
	got = newPatient(t, app.Config{PublicURL: "http://pagos.invalid"}).Diagnose(t.Context())
	if fails := found(got, app.LevelFail); !slices.Equal(fails, []string{"https.http", "webhook.unreachable"}) {
		t.Errorf("%v", fails)
	}
	spoken(t, got)
}

func TestADoctorWaitsForTheMailServersGreeting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	greeting := make(chan string, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(conn, "%s\r\n", <-greeting)
			b := make([]byte, 256)
			for {
				if _, err := conn.Read(b); err != nil {
					break
				}
				fmt.Fprint(conn, "250 good\r\n")
			}
			conn.Close()
		}
	}()
	for said, want := range map[string]string{"220 mail.example": "ok mail.good", "554 go away": "fail mail.silent"} {
		greeting <- said
		hub := newPatient(t, app.Config{SMTP: "smtp://" + l.Addr().String(), MailFrom: "desk@posta.example"})
		got := hub.Diagnose(t.Context())
		if found := findingOf(got, "mail"); found != want {
			t.Errorf("%s: %s, want %s", said, found, want)
		}
		spoken(t, got)
	}
}

// TestP40_NoSecretGetsIntoABundle sells to people with names that are easy to
// find again, at a provider that repeats them wherever it can, and looks for
// them in the bundle. Sabotage that turns it red: veil.tree keeps strings,
// veil.text returns its argument, or newVeil is given no known texts.
func TestP40_NoSecretGetsIntoABundle(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	demo, err := app.NewDemo(ctx, app.DemoConfig{SimulatorListen: "127.0.0.1:0", PrismaListen: "127.0.0.1:0",
		Config: app.Config{Data: folder, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})
	if err != nil {
		t.Fatal(err)
	}
	stop := runDemo(t, demo)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	canaries := map[string]string{"token": "CANARY-token-5d01", "secret": "CANARY-hook-99ab", "password": "CANARY-password-77", "merchant": "Canario Hermanos",
		"person": "Zulema Canaria", "user": "zulema", "e-mail": "zulema@canario.example", "buyer": "Aparicio", "buyer's e-mail": "aparicio.buyer@mail.example",
		"document": "27345678", "document with points": "27.345.678", "CUIT": "30-00000000-7", "bare CUIT": "30000000007", "phone": "11 4321-8765", "street": "Calle Canaria",
		"card": "450995", "reference": "pedido-de-aparicio", "address of a person": "190.1.2.3", "till": "Caja de Zulema"}
	merchant, err := demo.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: canaries["merchant"], Country: "AR"})
	must(err)
	_, err = demo.Accounts.CreateUser(ctx, account.UserInput{MerchantID: merchant.ID, Email: canaries["e-mail"], Name: canaries["person"], Password: canaries["password"]})
	must(err)
	_, key, err := demo.Accounts.CreateKey(ctx, "", merchant.ID, posta.Test, canaries["person"])
	must(err)
	canaries["API key"] = key
	connection, err := demo.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: merchant.ID, Mode: posta.Test, Provider: "mercadopago", Name: canaries["merchant"],
		Fields: map[string]string{"flow": "legacy", "access_token": canaries["token"], "webhook_secret": canaries["secret"]}})
	must(err)
	must(demo.Simulator.AddAccount(mercadopago.Account{UserID: 100000099, AccessToken: canaries["token"], Nickname: "ZULEMA", Site: "MLA", WebhookSecret: canaries["secret"], ApplicationID: 99, Test: true}))
	_, err = demo.Accounts.Check(ctx, merchant.ID, connection.ID)
	must(err)
	shop, err := demo.Tills.CreateStore(ctx, till.StoreInput{MerchantID: merchant.ID, Mode: posta.Test, ConnectionID: connection.ID, Name: canaries["merchant"],
		Address: till.Address{Street: canaries["street"], Number: "1", City: "La Plata", State: "Buenos Aires", Latitude: "-34.92", Longitude: "-57.95"}})
	must(err)
	counter, err := demo.Tills.CreateTill(ctx, till.Input{MerchantID: merchant.ID, Mode: posta.Test, StoreID: shop.ID, Name: canaries["till"]})
	must(err)
	p, err := demo.Payments.Create(ctx, payment.Input{ID: posta.NewID[posta.PaymentID](posta.SystemClock{}.Now()), MerchantID: merchant.ID, Mode: posta.Test, TillID: counter.ID,
		Amount: posta.Money{Amount: 123456}, Reference: canaries["reference"], Description: canaries["buyer"], By: "user:zulema"})
	must(err)
	var all []string
	for _, c := range canaries {
		all = append(all, c)
	}
	everything := strings.Join(all, " ")
	now := posta.SystemClock{}.Now()
	tell := fmt.Sprintf(`{"id": 27345678, "status": %q, "type": %q, "payer": {"first_name": %q, "email": %q, "phone": {"number": %q}, "identification": {"type": "DNI", "number": "27345678"}},
		"external_reference": %q, "description": %q, "%s": "x", "27345678": {"date_created": %q}, "message": %q, "ip_address": "190.1.2.3", "transaction_amount": 1234.56, "list": [%q, 27345678]}`,
		canaries["buyer"]+" "+canaries["document"], canaries["user"], canaries["buyer"], canaries["buyer's e-mail"], canaries["phone"], canaries["reference"], everything, canaries["buyer's e-mail"], canaries["buyer"], everything, everything)
	header := http.Header{"Content-Type": {"application/json"}, "X-Signature": {canaries["secret"]}, "X-Buyer": {everything}, "Date": {"Sun, 22 Nov 2026 18:00:00 GMT"}}
	for i, c := range []outbound.Call{
		{URL: "https://api.provider.example/v1/payments/27345678?email=" + canaries["buyer's e-mail"] + "&access_token=" + canaries["token"], RequestBody: []byte(tell), ResponseBody: []byte(tell)},
		{URL: "https://api.provider.example/users/zulema/30-00000000-7", RequestBody: []byte("name=Aparicio&document=27345678"), ResponseBody: []byte("not JSON: " + everything), Error: "the provider said \"" + canaries["buyer"] + "\": " + everything},
		{URL: "https://api.provider.example/%zz" + canaries["document"], ResponseBody: []byte(`{"cut": "` + everything)},
	} {
		c.ID, c.Method, c.StartedAt = posta.NewID[posta.CallID](now.Add(time.Duration(i)*time.Millisecond)), "POST", now
		c.Tag = outbound.Tag{ConnectionID: connection.ID, Payment: p.ID, Operation: "create"}
		c.RequestHeader, c.ResponseHeader, c.Status = header.Clone(), header.Clone(), 400
		if i == 1 {
			c.RequestHeader.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		must(demo.Store.InsertCall(ctx, c))
	}
	for _, body := range []string{tell, "id=27345678&email=" + canaries["buyer's e-mail"], everything} {
		must(demo.Store.InsertNotification(ctx, inbox.Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: merchant.ID, Mode: posta.Test, ConnectionID: connection.ID,
			State: inbox.Ignored, Notice: provider.Notice{Topic: "payment", Resource: canaries["document"]},
			Delivery: provider.Delivery{Query: "topic=payment&id=27345678&who=" + canaries["buyer's e-mail"], Header: header, Body: []byte(body), ReceivedAt: now}}))
	}
	app.Log(demo.App).Error("no charge for "+canaries["e-mail"], "error", everything, "document", canaries["document"], "payment", p.ID, "by", "Zulema Canaria", "status", "provider_rejected")
	app.Log(demo.App).With("merchant", canaries["merchant"]).WithGroup("buyer").Warn("called", slog.Group("who", "name", canaries["person"], "phone", canaries["phone"]))

	note, err := app.ReadNote(folder)
	must(err)
	canaries["operator token"] = note.Operator
	diagnosis := demo.Diagnose(ctx)
	for i := range diagnosis.Findings {
		diagnosis.Findings[i].Detail += " " + everything
	}
	asked, err := json.Marshal(diagnosis)
	must(err)
	request, err := http.NewRequestWithContext(ctx, "POST", note.URL+"/operator/bundle", bytes.NewReader(asked))
	must(err)
	if status, _ := fetch(t, note.URL+"/operator/doctor", demo.Seed.Key); status != http.StatusUnauthorized {
		t.Errorf("anybody may ask the doctor: %d", status)
	}
	refused, err := http.Post(note.URL+"/operator/bundle", "application/json", bytes.NewReader(asked))
	must(err)
	refused.Body.Close()
	if refused.StatusCode != http.StatusUnauthorized {
		t.Errorf("anybody may have a bundle: %s", refused.Status)
	}
	request.Header.Set("Authorization", "Bearer "+note.Operator)
	response, err := http.DefaultClient.Do(request)
	must(err)
	zipped, err := io.ReadAll(response.Body)
	must(err)
	must(response.Body.Close())
	canaries["folder"] = folder
	read(t, zipped, canaries, "report.txt", "report.json", "versions.json", "config.json", "database.json", "calls.json", "notifications.json", "log.json", "metrics.txt")
	// What helps is there: who belongs to whom, states, sums.
	files := unzip(t, zipped)
	for name, want := range map[string][]string{
		"calls.json":         {string(p.ID), string(connection.ID), `"transaction_amount": 1234.56`, `"https://api.provider.example/v1/payments/[`, `"operation": "create"`},
		"notifications.json": {string(connection.ID), `"topic": "payment"`, `"state": "ignored"`},
		"log.json":           {string(p.ID), "provider_rejected", `"buyer.who.name"`},
		"database.json":      {`"payment": 1`, `"schema"`},
		"metrics.txt":        {"posta_build_info"},
		"config.json":        {`"database": "sqlite"`, `"demo": true`},
		"versions.json":      {app.Version},
	} {
		for _, w := range want {
			if !strings.Contains(files[name], w) {
				t.Errorf("%s has no %s:\n%.2000s", name, w, files[name])
			}
		}
	}
	stop()
	var out bytes.Buffer
	_, err = app.Diagnose(ctx, app.Config{Data: folder}, &out)
	must(err)
	read(t, out.Bytes(), canaries, "report.txt", "report.json", "versions.json", "config.json", "database.json", "calls.json", "notifications.json")
}

func unzip(t *testing.T, zipped []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		t.Fatalf("%v: %.200s", err, zipped)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	return files
}

// read looks for canaries in a bundle that holds these files.
func read(t *testing.T, zipped []byte, canaries map[string]string, names ...string) {
	t.Helper()
	files := unzip(t, zipped)
	for _, name := range names {
		if len(files[name]) < 20 {
			t.Errorf("%s holds %q", name, files[name])
		}
	}
	for name, content := range files {
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(content)) {
			t.Errorf("%s is not JSON", name)
		}
		if !slices.Contains(names, name) {
			t.Errorf("%s is in it", name)
		}
		for what, canary := range canaries {
			if at := strings.Index(strings.ToLower(content), strings.ToLower(canary)); at >= 0 {
				t.Errorf("the %s is in %s: …%s…", what, name, content[max(0, at-100):min(len(content), at+80)])
			}
		}
	}
}
