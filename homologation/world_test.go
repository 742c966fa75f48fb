package homologation_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/homologation"
	"posta/project"
	"posta/seal"
	"posta/sim/fault"
	"posta/sim/mercadopago"
	"posta/sim/prisma"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// world is a hub and a provider's simulator with one clock, a merchant that
// charges there, and a project that proves it.
type world struct {
	t       testing.TB
	app     *app.App
	clock   *posta.MovableClock
	service *homologation.Service
	driver  *app.Driver
	project project.Project
	owner   project.Actor
	mu      sync.Mutex
	sent    []homologation.Letter
	script  *fault.Script // what goes wrong at the simulator
}

// The rails that have a case set, by product and how the connection charges.
const (
	onTerminals = "prisma_ecr"
	onLegacyQR  = "mercadopago_qr/legacy"
	onOrdersQR  = "mercadopago_qr/orders"
)

var rails = []string{onTerminals, onLegacyQR, onOrdersQR}

type simulator interface {
	Handler() http.Handler
	Run(ctx context.Context) error
	Close() error
	SetPublicURL(string)
}

// newWorld starts one that lives until the test ends.
func newWorld(t testing.TB, kind store.Dialect, rail string) *world {
	t.Helper()
	return startWorld(t, kind, rail, true)
}

// newStillWorld is one whose hub does nothing by itself: what is due is swept by
// the test alone.
func newStillWorld(t testing.TB, kind store.Dialect, rail string) *world {
	t.Helper()
	return startWorld(t, kind, rail, false)
}

func startWorld(t testing.TB, kind store.Dialect, rail string, run bool) *world {
	t.Helper()
	w := &world{t: t, clock: posta.NewMovableClock(), script: fault.New(1)}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var sim simulator
	var terminals *prisma.Simulator
	var phones *mercadopago.Simulator
	var err error
	if rail == onTerminals {
		terminals, err = prisma.New(prisma.Config{Clock: w.clock, Log: log, Fault: w.script})
		sim = terminals
	} else {
		phones, err = mercadopago.New(mercadopago.Config{Clock: w.clock, Log: log, AllowLoopback: true, Fault: w.script})
		sim = phones
	}
	w.must(err)
	server := httptest.NewServer(sim.Handler())
	sim.SetPublicURL(server.URL)
	config := app.Config{Data: t.TempDir(), Database: storetest.URL(t, kind), Listen: "127.0.0.1:0", Migrate: true, Clock: w.clock, Log: log,
		MercadoPagoURL: server.URL, PrismaURL: server.URL}
	w.app, err = app.New(context.Background(), config)
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = sim.Run(ctx) })
	if run {
		running.Go(func() { _ = w.app.Run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		server.Close()
		if err := w.app.Close(); err != nil {
			t.Errorf("closing the hub: %v", err)
		}
		_ = sim.Close()
	})
	w.driver = &app.Driver{Store: w.app.Store, Accounts: w.app.Accounts, Tills: w.app.Tills, Payments: w.app.Payments, Settlements: w.app.Settlements,
		Clock: w.clock, Move: w.clock.Move, Simulators: map[string]string{"prisma": server.URL, "mercadopago": server.URL}}
	box, err := seal.Open(seal.NewKey())
	w.must(err)
	w.service = &homologation.Service{Store: w.app.Store, Payments: w.app.Payments, Settlements: w.app.Settlements, Open: w.app.Accounts.Open, Driver: w.driver,
		Box: box, Clock: w.clock, Log: log, Committed: w.app.Hub.Wake, Say: func(language, key string, args ...any) string { return key },
		Send: func(_ context.Context, _ project.Actor, l homologation.Letter) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent = append(w.sent, l)
			return nil
		}}
	w.seed(rail, terminals, phones)
	return w
}

// faulty has the simulator answer nothing but 503, or stop it.
func (w *world) faulty(on bool) {
	w.t.Helper()
	if !on {
		w.script.Clear()
		return
	}
	w.must(w.script.Set(fault.Rule{ID: "down", Method: ".+", Action: fault.Status, Status: 503}))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func newID[T posta.ID](w *world) T { return posta.NewID[T](w.clock.Now()) }

// seed makes the merchant with a store, two tills and what the rail needs.
func (w *world) seed(rail string, terminals *prisma.Simulator, phones *mercadopago.Simulator) {
	w.t.Helper()
	ctx := context.Background()
	merchant, err := w.app.Accounts.CreateMerchant(ctx, account.MerchantInput{ID: newID[posta.MerchantID](w), Name: "Almacén de prueba", Country: "AR",
		TimeZone: "America/Argentina/Buenos_Aires"})
	w.must(err)
	if rail == onTerminals {
		// The store's own connection is not what is proven: it has no provider's side.
		w.project = w.newProject(merchant.ID, "prisma_ecr", w.terminals(ctx, merchant.ID, terminals))
		return
	}
	user := mercadopago.Account{UserID: 100000001, AccessToken: "SIMULATED-ACCESS-TOKEN-1", Nickname: "PRUEBA1", Site: "MLA", WebhookSecret: "simulated-webhook-secret-1",
		FeedKey: "simulated-feed-key-1", ApplicationID: 500000001, Test: true}
	fields := map[string]string{"flow": "legacy", "access_token": user.AccessToken, "webhook_secret": user.WebhookSecret}
	if rail == onOrdersQR {
		fields["flow"], fields["qr_mode"] = "orders", "hybrid"
		user.PanelTopics = []string{"order", "payment"}
	}
	connection, err := w.app.Accounts.CreateConnection(ctx, account.ConnectionInput{ID: newID[posta.ConnectionID](w), MerchantID: merchant.ID, Mode: posta.Test,
		Provider: "mercadopago", Name: "QR", Fields: fields})
	w.must(err)
	if len(user.PanelTopics) > 0 {
		user.PanelURL = w.app.NotifyURL(connection.ID)
	}
	w.must(phones.AddAccount(user))
	_, err = w.app.Accounts.Check(ctx, merchant.ID, connection.ID)
	w.must(err)
	w.shop(ctx, merchant.ID, connection.ID)
	w.project = w.newProject(merchant.ID, "mercadopago_qr", connection.ID)
}

// seedOther adds another merchant with a project of its own that names no
// connection of its own.
func (w *world) seedOther() {
	w.t.Helper()
	merchant, err := w.app.Accounts.CreateMerchant(context.Background(), account.MerchantInput{ID: newID[posta.MerchantID](w), Name: "Otro comercio", Country: "AR",
		TimeZone: "America/Argentina/Buenos_Aires"})
	w.must(err)
	w.project = w.newProject(merchant.ID, "prisma_ecr", newID[posta.ConnectionID](w))
}

// terminals adds Prisma's connection with two terminals in a store.
func (w *world) terminals(ctx context.Context, m posta.MerchantID, sim *prisma.Simulator) posta.ConnectionID {
	w.t.Helper()
	a := prisma.Account{PublicKey: "SIMULATED-PUBLIC-KEY", SecretKey: "SIMULATED-SECRET-KEY", CUIT: "30-00000000-7", Name: "ALMACEN DE PRUEBA",
		Environment: prisma.Homologation, Terminals: []prisma.Terminal{{ID: "10000001", Serial: "SIM1", Model: "N910"}, {ID: "10000002", Serial: "SIM2", Model: "N910"}}}
	w.must(sim.AddAccount(a))
	connection, err := w.app.Accounts.CreateConnection(ctx, account.ConnectionInput{ID: newID[posta.ConnectionID](w), MerchantID: m, Mode: posta.Test,
		Provider: "prisma", Name: "Terminales", Fields: map[string]string{"public_key": a.PublicKey, "secret_key": a.SecretKey, "cuit": a.CUIT, "environment": a.Environment}})
	w.must(err)
	shop := w.shop(ctx, m, connection.ID)
	for _, t := range a.Terminals {
		_, err := w.app.Tills.CreateTerminal(ctx, till.TerminalInput{ID: newID[posta.TerminalID](w), MerchantID: m, Mode: posta.Test, StoreID: shop,
			ConnectionID: connection.ID, Code: t.ID, Name: "Terminal " + t.ID})
		w.must(err)
	}
	return connection.ID
}

func (w *world) shop(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) posta.StoreID {
	w.t.Helper()
	shop, err := w.app.Tills.CreateStore(ctx, till.StoreInput{ID: newID[posta.StoreID](w), MerchantID: m, Mode: posta.Test, ConnectionID: c, Name: "Centro",
		Address: till.Address{Street: "Calle Ficticia", Number: "123", City: "La Plata", State: "Buenos Aires", Latitude: "-34.9214", Longitude: "-57.9545"}})
	w.must(err)
	_, err = w.app.Tills.CreateTill(ctx, till.Input{ID: newID[posta.TillID](w), MerchantID: m, Mode: posta.Test, StoreID: shop.ID, Name: "Caja 1"})
	w.must(err)
	return shop.ID
}

// newProject puts a project into the store as if it stood in homologation.
func (w *world) newProject(m posta.MerchantID, product string, test posta.ConnectionID) project.Project {
	w.t.Helper()
	now := w.clock.Now()
	p := project.Project{ID: newID[posta.ProjectID](w), MerchantID: m, Name: "Integración", Client: project.Client{Name: "Cliente", Country: "AR"}, Product: product,
		Template: project.Ref{Key: product, Version: 1}, Stage: project.Homologation, StageAt: now, Test: test, ReplyToken: posta.NewULID(now), CreatedAt: now, UpdatedAt: now}
	w.must(w.app.Store.InsertProject(context.Background(), p, nil))
	w.owner = project.Actor{Merchant: m, User: posta.NewID[posta.UserID](now), Role: posta.Owner}
	return p
}

// drive plays a script and gives what it brought about.
func (w *world) drive(script string) (homologation.Produced, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	place, err := w.driver.Place(ctx, w.project.MerchantID, w.project.Test)
	if err != nil {
		return homologation.Produced{}, err
	}
	return w.driver.Drive(ctx, homologation.Case{Key: "script", Script: script}, place)
}

// evaluate judges a case of the world's project.
func (w *world) evaluate(key, id string) (homologation.Evidence, error) {
	return w.service.Evaluate(context.Background(), w.owner, w.project.ID, key, id)
}

func product(rail string) string {
	if rail == onTerminals {
		return rail
	}
	return "mercadopago_qr"
}

// both runs a test on each database.
func both(t *testing.T, test func(t *testing.T, kind store.Dialect)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, db.Dialect()) })
}
