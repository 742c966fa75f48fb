package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/api"
	"posta/checkout"
	"posta/golive"
	"posta/homologation"
	"posta/idempotency"
	"posta/inbox"
	"posta/live"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/quality"
	"posta/seal"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
	"posta/text"
	"posta/till"
	"posta/webhook"
)

// acquirer is a payment company that exists in these tests only.
type acquirer struct {
	mu      sync.Mutex
	creates map[posta.PaymentID]int // how often each charge was made
	down    bool                    // gives no usable answer
	// during is called while a charge is being made.
	during func(provider.Charge)
	// refunds wait on a terminal, by the acquirer's id.
	refunds map[string]provider.Fact
	// totals are what the acquirer says of the next batch.
	totals *provider.BatchTotals
	// apart are the terminals that do not take their charges from us.
	apart map[string]bool
}

func (a *acquirer) Capabilities(rail provider.Rail) provider.Capabilities {
	if rail == provider.RailTerminal {
		return onTerminal
	}
	return provider.Capabilities{Offered: true, Recovery: provider.RecoverRepeat, PartialRefund: true, Expires: true,
		Flows: []provider.Flow{provider.FlowRedirect, provider.FlowDirect}}
}

func (a *acquirer) answer() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return &posta.Error{Code: posta.CodeProviderUnavailable}
	}
	return nil
}

func (a *acquirer) Check(context.Context) (provider.Account, error) {
	return provider.Account{ID: "1", Nickname: "tienda", Country: "AR", Test: true}, a.answer()
}

func (a *acquirer) Create(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	a.mu.Lock()
	a.creates[c.Payment]++
	during := a.during
	a.mu.Unlock()
	if during != nil {
		during(c)
	}
	if err := a.answer(); err != nil && c.Rail == provider.RailTerminal {
		return provider.Observation{}, err // nobody knows whether it arrived
	}
	return order(c, provider.StatusOpen), a.answer()
}

func order(c provider.Charge, status provider.Status) provider.Observation {
	id := "ord-" + string(c.Payment)
	return provider.Observation{Order: id, Facts: []provider.Fact{{Kind: provider.FactOrder, ID: id, Status: status,
		At: storetest.Now, Amount: c.Amount.Amount, Currency: c.Amount.Currency}}}
}

func (a *acquirer) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	seen := order(c, provider.StatusOpen)
	a.set(func() {
		for _, r := range c.Refunds {
			if f, known := a.refunds[r.ID]; known {
				seen.Facts = append(seen.Facts, f)
			}
		}
	})
	return seen, a.answer()
}

func (a *acquirer) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	return order(c, provider.StatusCanceled), a.answer()
}

func (a *acquirer) Refund(_ context.Context, c provider.Charge, r provider.Refund) (provider.Observation, error) {
	if c.Rail == provider.RailTerminal {
		return a.offer(r), a.answer()
	}
	return provider.Observation{Facts: []provider.Fact{{Kind: provider.FactRefund, ID: "ref-" + r.Key, Parent: r.Attempt,
		Status: provider.StatusApproved, At: storetest.Now, Amount: r.Amount.Amount, Currency: r.Amount.Currency}}}, a.answer()
}

func (a *acquirer) Fetch(context.Context, provider.Notice) ([]provider.Observation, error) {
	return nil, a.answer()
}
func (a *acquirer) PutStore(context.Context, provider.Store) (string, error) {
	return "store-1", a.answer()
}
func (a *acquirer) DeleteStore(context.Context, provider.Store) error { return a.answer() }
func (a *acquirer) PutTill(_ context.Context, t provider.Till) (provider.TillPlace, error) {
	return provider.TillPlace{Ref: "till-" + t.Code, QR: "00020101"}, a.answer()
}
func (a *acquirer) DeleteTill(context.Context, provider.Till) error { return a.answer() }
func (a *acquirer) Poster(context.Context, provider.Till) (string, []byte, error) {
	return "application/pdf", []byte("%PDF-1.7"), a.answer()
}

// charges is how many charges were made, however often each.
func (a *acquirer) charges() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.creates)
}

func (a *acquirer) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// hub is a whole hub but for its pages.
type hub struct {
	t        *testing.T
	clock    *posta.MovableClock
	acquirer *acquirer
	db       *store.DB
	box      *seal.Box
	services api.Services
	handler  http.Handler
	log      *bytes.Buffer
}

func start(t *testing.T, db *store.DB) *hub {
	t.Helper()
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, clock: posta.NewFrozenClock(storetest.Now), db: db, box: box, log: &bytes.Buffer{},
		acquirer: &acquirer{creates: map[posta.PaymentID]int{}, refunds: map[string]provider.Fact{}, apart: map[string]bool{}}}
	h.wire()
	return h
}

// beside is another instance over the same database and clock.
func (h *hub) beside(db *store.DB) *hub {
	other := &hub{t: h.t, clock: h.clock, acquirer: h.acquirer, db: db, box: h.box, log: &bytes.Buffer{}}
	other.wire()
	return other
}

func (h *hub) wire() {
	log := slog.New(slog.NewTextHandler(&locked{w: h.log}, nil))
	description := provider.Description{Name: "acquirer", Title: "Acquirer",
		Fields: []provider.Field{{Name: "access_token", Secret: true, Required: true}, {Name: "user_id"}},
		Topics: func(provider.Config) []string { return nil },
		Open:   func(provider.Config, *http.Client, posta.Clock) (provider.Connector, error) { return h.acquirer, nil },
		ReadNotice: func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict) {
			return provider.Notice{}, provider.Verdict{Judgement: provider.Unreadable}
		}}
	s := &h.services
	s.Accounts = &account.Service{Store: h.db, Box: h.box, Clock: h.clock, Log: log, Providers: []provider.Description{description},
		Client: func(posta.ConnectionID) *http.Client { return http.DefaultClient }}
	s.Hub = live.NewHub(h.db, log)
	s.Payments = &payment.Service{Store: h.db, Open: s.Accounts.Open, Clock: h.clock, Log: log,
		NotifyURL: func(c posta.ConnectionID) string { return "https://posta.test/hooks/" + string(c) }, Committed: s.Hub.Wake}
	s.Tills = &till.Service{Keeper: h.db, Clock: h.clock, Open: s.Accounts.Open, ConnectionMode: s.Accounts.ConnectionMode,
		Currency: s.Accounts.Currency, Busy: func(ctx context.Context, m posta.MerchantID, id posta.TillID) (bool, error) {
			_, err := s.Payments.OpenAt(ctx, m, id)
			return err == nil, nil
		}, TerminalUse: func(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (map[string]string, error) {
			use, err := h.db.TerminalUse(ctx, m, id)
			out := map[string]string{}
			for name, value := range map[string]string{"payment": string(use.Payment), "refund": string(use.Refund), "settlement": string(use.Settlement)} {
				if value != "" {
					out[name] = value
				}
			}
			return out, err
		}, Location: s.Accounts.Location}
	s.Settlements = &settlement.Service{Store: h.db, Open: s.Accounts.Open, Clock: h.clock, Log: log, Committed: s.Hub.Wake}
	say := func(_, key string, _ ...any) string { return key }
	s.Projects = &project.Service{Store: h.db, Clock: h.clock, Log: log, Committed: s.Hub.Wake, Location: s.Accounts.Location, MailFrom: "desk@posta.test", Say: say,
		URL: func() string { return "https://posta.test" },
		Person: func(context.Context, posta.MerchantID, posta.UserID) (project.Person, error) {
			return project.Person{}, &posta.Error{Code: posta.CodeNotFound}
		},
		Team: func(context.Context, posta.MerchantID) ([]project.Person, error) { return nil, nil },
		Connection: func(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (project.Connected, error) {
			mode, err := s.Accounts.ConnectionMode(ctx, m, c)
			return project.Connected{Provider: "mercadopago", Mode: mode}, err
		},
		Country: func(context.Context, posta.MerchantID) (string, error) { return "AR", nil }}
	s.Homologation = &homologation.Service{Store: h.db, Payments: s.Payments, Settlements: s.Settlements, Open: s.Accounts.Open, Box: h.box, Clock: h.clock, Log: log,
		Committed: s.Hub.Wake, Say: say}
	s.Quality = &quality.Service{Store: h.db, Clock: h.clock, Log: log, Committed: s.Hub.Wake}
	s.GoLive = &golive.Service{Store: h.db, Accounts: s.Accounts, Clock: h.clock, Committed: s.Hub.Wake, Template: s.Projects.Template,
		Homologated: s.Homologation.Passed, Quality: s.Quality.Standing, Opened: s.Projects.ProductionOpened,
		PublicURL: func() string { return "https://posta.test" }, NotifyURL: func(c posta.ConnectionID) string { return "https://posta.test/hooks/" + string(c) }}
	s.Inbox = &inbox.Service{Store: h.db, Clock: h.clock, Log: log, Wake: func() {}, Secret: s.Accounts.Secrets,
		Read: map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){"acquirer": description.ReadNotice}}
	s.Webhooks = &webhook.Service{Store: h.db, Box: h.box, Clock: h.clock, Log: log, Committed: s.Hub.Wake, Wake: func() {}}
	s.Subscriptions = &subscription.Service{Store: h.db, Payments: s.Payments, Open: s.Accounts.Open, Clock: h.clock, Log: log, Committed: s.Hub.Wake,
		Say: func(_, key string, _ ...any) string { return key }, Amount: func(_ string, m posta.Money) string { return m.String() },
		URL: func() string { return "https://posta.test" }}
	s.Checkout = &checkout.Service{Store: h.db, Payments: s.Payments, Open: s.Accounts.Open, Clock: h.clock, Log: log, Committed: s.Hub.Wake,
		URL: func() string { return "https://posta.test" }}
	s.Events, s.Idempotency = h.db, &idempotency.Service{Store: h.db, Box: h.box, Clock: h.clock}
	s.Catalog, s.Clock, s.Log, s.Version = text.Must(), h.clock, log, "test"
	s.PublicURL = func() string { return "https://posta.test" }
	h.handler = api.New(*s)
}

// locked is a writer for several at once.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// tenant is a merchant with keys, and in test mode all that charging needs.
type tenant struct {
	*hub
	merchant   account.Merchant
	test, live string // tokens
	connection account.Connection
	store      till.Store
	till       till.Till
}

func (h *hub) tenant() *tenant {
	h.t.Helper()
	ctx := h.t.Context()
	s := h.services
	n := &tenant{hub: h}
	var err error
	try := func() {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	n.merchant, err = s.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: "Almacén", Country: "AR"})
	try()
	_, n.test, err = s.Accounts.CreateKey(ctx, "", n.merchant.ID, posta.Test, "caja")
	try()
	_, n.live, err = s.Accounts.CreateKey(ctx, "", n.merchant.ID, posta.Live, "caja")
	try()
	n.connection, err = s.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: n.merchant.ID, Mode: posta.Test,
		Provider: "acquirer", Name: "Tienda", Fields: map[string]string{"access_token": "TEST-verysecret-1234", "user_id": "446566691"}})
	try()
	n.store, err = s.Tills.CreateStore(ctx, till.StoreInput{MerchantID: n.merchant.ID, Mode: posta.Test, ConnectionID: n.connection.ID,
		Name: "Centro", Address: address})
	try()
	n.till, err = s.Tills.CreateTill(ctx, till.Input{MerchantID: n.merchant.ID, Mode: posta.Test, StoreID: n.store.ID, Name: "Caja 1"})
	try()
	return n
}

var address = till.Address{Street: "Corrientes", Number: "1234", City: "Buenos Aires", State: "Capital Federal", Latitude: "-34.6", Longitude: "-58.4"}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// problem is the part of an error that tests look at.
type problem struct {
	Code   string            `json:"code"`
	Status int               `json:"status"`
	Title  string            `json:"title"`
	Params map[string]string `json:"params"`
	Errors []struct{ Field, Code, Message string }
}

func (a answer) problem() (p problem) {
	a.t.Helper()
	if a.status < 400 || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Fatalf("not a problem: %d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	a.into(&p)
	return p
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

// want stops the test unless the answer has the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// refused stops the test unless the answer is an error of the code.
func (a answer) refused(status int, code posta.Code) problem {
	a.t.Helper()
	p := a.want(status).problem()
	if p.Code != string(code) || p.Status != status {
		a.t.Fatalf("code %s, want %s: %s", p.Code, code, a.body)
	}
	return p
}

// do sends a request; body is JSON text or a value to be made JSON.
func (h *hub) do(method, path, token string, body any, header ...string) answer {
	h.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, in)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept-Language", "en")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return answer{h.t, w.Code, w.Result().Header, w.Body.String()}
}

// post is a write with a key.
func (n *tenant) post(path, key string, body any) answer {
	n.t.Helper()
	return n.do(http.MethodPost, path, n.test, body, "Idempotency-Key", key)
}

func (n *tenant) charge(amount int64) map[string]any {
	return map[string]any{"till_id": n.till.ID, "amount": amount}
}

// paid makes a payment and has the provider prove that it is paid.
func (n *tenant) paid(key string, amount int64) posta.PaymentID {
	n.t.Helper()
	var p struct{ ID posta.PaymentID }
	n.post("/v1/payments", key, n.charge(amount)).want(http.StatusCreated).into(&p)
	n.pay(p.ID, amount)
	return p.ID
}

func (n *tenant) pay(id posta.PaymentID, amount int64) {
	n.t.Helper()
	seen := order(provider.Charge{Payment: id, Amount: posta.Money{Amount: amount, Currency: "ARS"}}, provider.StatusClosed)
	seen.ExternalReference = string(id)
	seen.Facts[0].At = storetest.Now.Add(time.Second)
	seen.Facts = append(seen.Facts, provider.Fact{Kind: provider.FactAttempt, ID: "att-" + string(id), Parent: seen.Order,
		Status: provider.StatusApproved, At: storetest.Now.Add(time.Second), Amount: amount, Currency: "ARS"})
	outcome, err := n.services.Payments.Apply(n.t.Context(), n.connection.ID, payment.News{Source: payment.FromNotice, Observation: seen})
	if err != nil || outcome.Payment.State != payment.Paid {
		n.t.Fatalf("not paid: %v %v", outcome.Payment.State, err)
	}
}

// each runs test on each kind of database, telling its address, so that a
// second instance can open it too.
func each(t *testing.T, test func(t *testing.T, url string, db *store.DB)) {
	t.Helper()
	for _, kind := range []store.Dialect{store.SQLite, store.Postgres} {
		if kind == store.Postgres && os.Getenv("POSTA_TEST_POSTGRES") == "" {
			if os.Getenv("POSTA_TEST_NO_SKIP") == "1" {
				t.Fatal("POSTA_TEST_POSTGRES is not set, and nothing may be left out")
			}
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			url := storetest.URL(t, kind)
			db := storetest.OpenAt(t, url)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, url, db)
		})
	}
}

// tenantAt is the same tenant at another till of the store.
func (n *tenant) tenantAt(st till.Store) *tenant {
	n.t.Helper()
	other := *n
	var err error
	other.till, err = n.services.Tills.CreateTill(n.t.Context(), till.Input{MerchantID: n.merchant.ID, Mode: posta.Test, StoreID: st.ID, Name: "Caja 2"})
	if err != nil {
		n.t.Fatal(err)
	}
	return &other
}
