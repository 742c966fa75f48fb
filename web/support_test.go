package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/live"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/seal"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
	"posta/text"
	"posta/till"
	"posta/web"
)

// bank is a payment company that exists in these tests only.
type bank struct {
	mu      sync.Mutex
	creates map[posta.PaymentID]int // calls for each charge
	refunds int
	down    bool // gives no usable answer
	// onCancel is asked what became of a charge that is to be taken away.
	onCancel func(provider.Charge) provider.Observation
}

func (b *bank) unavailable() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return &posta.Error{Code: posta.CodeProviderUnavailable}
	}
	return nil
}

func (b *bank) Capabilities(rail provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: rail == provider.RailQR, Recovery: provider.RecoverSearch, PartialRefund: true, Expires: true}
}

func (b *bank) Check(context.Context) (provider.Account, error) {
	return provider.Account{ID: "1", Country: "AR", Test: true}, b.unavailable()
}

func (b *bank) Create(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	b.mu.Lock()
	b.creates[c.Payment]++
	b.mu.Unlock()
	if err := b.unavailable(); err != nil {
		return provider.Observation{}, err
	}
	return ordered(c, provider.StatusOpen), nil
}

func (b *bank) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	if err := b.unavailable(); err != nil {
		return provider.Observation{}, err
	}
	return ordered(c, provider.StatusOpen), nil
}

func (b *bank) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	if b.onCancel != nil {
		return b.onCancel(c), nil
	}
	return ordered(c, provider.StatusCanceled), b.unavailable()
}

func (b *bank) Refund(_ context.Context, _ provider.Charge, r provider.Refund) (provider.Observation, error) {
	b.mu.Lock()
	b.refunds++
	b.mu.Unlock()
	return provider.Observation{Facts: []provider.Fact{{Kind: provider.FactRefund, ID: "ref-" + r.Key, Parent: r.Attempt,
		Status: provider.StatusApproved, At: storetest.Now, Amount: r.Amount.Amount, Currency: r.Amount.Currency}}}, b.unavailable()
}

func (b *bank) Fetch(context.Context, provider.Notice) ([]provider.Observation, error) {
	return nil, nil
}

func (b *bank) Poster(context.Context, provider.Till) (string, []byte, error) {
	return "application/pdf", []byte("%PDF-1.7"), nil
}
func (b *bank) PutStore(context.Context, provider.Store) (string, error) { return "s", nil }
func (b *bank) DeleteStore(context.Context, provider.Store) error        { return nil }
func (b *bank) PutTill(context.Context, provider.Till) (provider.TillPlace, error) {
	return provider.TillPlace{Ref: "t", QR: "00020101"}, nil
}
func (b *bank) DeleteTill(context.Context, provider.Till) error { return nil }

func (b *bank) charges() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.creates)
}

func (b *bank) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func ordered(c provider.Charge, status provider.Status) provider.Observation {
	return provider.Observation{Order: "ord-" + string(c.Payment), Display: "QR-OF-" + string(c.Payment), Facts: []provider.Fact{{Kind: provider.FactOrder,
		ID: "ord-" + string(c.Payment), Status: status, At: storetest.Now, Amount: c.Amount.Amount, Currency: c.Amount.Currency}}}
}

// attempt is what the provider says of one try to pay; an approved one closes
// the order.
func attempt(id posta.PaymentID, amount int64, status provider.Status, detail, tried string) provider.Observation {
	out := provider.Observation{ExternalReference: string(id), Facts: []provider.Fact{{Kind: provider.FactAttempt, ID: tried, Parent: "ord-" + string(id),
		Status: status, Detail: detail, At: storetest.Now, Amount: amount, Currency: "ARS", Method: "credit_card", Brand: "visa", LastFour: "4242", Installments: 1}}}
	if status == provider.StatusApproved {
		out.Facts = append(out.Facts, provider.Fact{Kind: provider.FactOrder, ID: "ord-" + string(id), Status: provider.StatusClosed,
			At: storetest.Now, Version: 2, Amount: amount, Currency: "ARS"})
	}
	return out
}

const password = "una contraseña larga"

// hub is all that the pages stand on, served.
type hub struct {
	t        *testing.T
	db       *store.DB
	clock    *posta.MovableClock
	bank     *bank
	accounts *account.Service
	payments *payment.Service
	closes   *settlement.Service
	tills    *till.Service
	live     *live.Hub
	server   *httptest.Server
	world    storetest.World
	public   string
}

func start(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t, db: storetest.Open(t, store.SQLite), clock: posta.NewFrozenClock(storetest.Now), bank: &bank{creates: map[posta.PaymentID]int{}}, public: "http://posta.test"}
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	open := func(context.Context, posta.ConnectionID) (provider.Connector, error) { return h.bank, nil }
	h.accounts = &account.Service{Store: h.db, Box: box, Clock: h.clock, Log: log}
	h.live = live.NewHub(h.db, log)
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	go func() { h.live.Run(ctx); close(running) }()
	h.payments = &payment.Service{Store: h.db, Open: open, Clock: h.clock, Log: log, Committed: h.live.Wake,
		NotifyURL: func(posta.ConnectionID) string { return "https://posta.test/hooks/x" }}
	h.closes = &settlement.Service{Store: h.db, Open: open, Clock: h.clock, Log: log, Committed: h.live.Wake}
	h.tills = &till.Service{Location: h.accounts.Location, TerminalUse: h.terminalUse, Keeper: h.db, Clock: h.clock, Open: open, Currency: h.accounts.Currency,
		ConnectionMode: h.accounts.ConnectionMode, Busy: func(context.Context, posta.MerchantID, posta.TillID) (bool, error) { return false, nil }}
	handler := web.New(web.Services{Accounts: h.accounts, Tills: h.tills, Payments: h.payments, Settlements: h.closes, Hub: h.live,
		Projects: &project.Service{Store: h.db, Clock: h.clock, Log: log, Committed: h.live.Wake}, GoLive: &golive.Service{Store: h.db, Accounts: h.accounts, Clock: h.clock, Committed: h.live.Wake}, Events: h.db, Calls: h.db,
		Catalog: text.Must(), Clock: h.clock, Log: log, PublicURL: func() string { return h.public }, Version: "test"})
	h.server = httptest.NewServer(handler)
	t.Cleanup(func() { cancel(); <-running; h.server.Close() })
	h.world = storetest.Seed(t, h.db)
	h.user(h.world, "ana@tienda.example", "")
	return h
}

// terminalUse is what is under way on a terminal, as tills need to know it.
func (h *hub) terminalUse(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (map[string]string, error) {
	use, err := h.db.TerminalUse(ctx, m, id)
	named := map[string]string{}
	for name, id := range map[string]string{"payment": string(use.Payment), "refund": string(use.Refund), "settlement": string(use.Settlement)} {
		if id != "" {
			named[name] = id
		}
	}
	return named, err
}

// user adds a person of a merchant.
func (h *hub) user(w storetest.World, email, language string) account.User {
	h.t.Helper()
	u, err := h.accounts.CreateUser(h.t.Context(), account.UserInput{MerchantID: w.Merchant.ID, Email: email, Name: "Ana Ruiz", Password: password, Language: language})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	h      *hub
	client *http.Client
	header http.Header
}

func (h *hub) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h: h, header: http.Header{}, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// login is a browser in which somebody is logged in.
func (h *hub) login(email string) *browser {
	h.t.Helper()
	b := h.browser()
	if got := b.post("/login", "email", email, "password", password); got.status != http.StatusSeeOther {
		h.t.Fatalf("log-in: %d", got.status)
	}
	return b
}

type answer struct {
	status int
	to     string // where a redirect leads
	body   string
	header http.Header
}

func (b *browser) do(method, path string, body io.Reader, header ...string) answer {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.server.URL+path, body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for name := range b.header {
		r.Header.Set(name, b.header.Get(name))
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if strings.Contains(string(raw), "ZgotmplZ") || strings.Contains(string(raw), " style=") || strings.Contains(string(raw), " onclick=") {
		b.h.t.Errorf("%s %s: a value that does not fit, or inline style or script", method, path)
	}
	return answer{got.StatusCode, got.Header.Get("Location"), string(raw), got.Header}
}

func (b *browser) get(path string, header ...string) answer {
	b.h.t.Helper()
	return b.do("GET", path, nil, header...)
}

// page is a page that must be there.
func (b *browser) page(path string) string {
	b.h.t.Helper()
	got := b.get(path)
	if got.status != http.StatusOK {
		b.h.t.Fatalf("GET %s: %d %s", path, got.status, got.to)
	}
	return got.body
}

func (b *browser) post(path string, fields ...string) answer {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do("POST", path, strings.NewReader(form.Encode()))
}

// script posts as the till's script does and wants JSON.
func (b *browser) script(path string, fields ...string) answer {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do("POST", path, strings.NewReader(form.Encode()), "Accept", "application/json")
}

func (h *hub) till() string { return "/till/" + string(h.world.Till.ID) }

// charge charges an amount by the form of a new page.
func (b *browser) charge(amount string) payment.Payment {
	b.h.t.Helper()
	got := b.post(b.h.till()+"/charge", "nonce", posta.NewULID(storetest.Now), "amount", amount)
	_, id, ok := strings.Cut(got.to, "?payment=")
	if got.status != http.StatusSeeOther || !ok {
		b.h.t.Fatalf("charge: %d %s", got.status, got.to)
	}
	return b.h.payment(posta.PaymentID(id))
}

func (h *hub) payment(id posta.PaymentID) payment.Payment {
	h.t.Helper()
	p, err := h.payments.Get(h.t.Context(), h.world.Merchant.ID, posta.Test, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// tell brings the provider's news about a payment.
func (h *hub) tell(seen provider.Observation) payment.Payment {
	h.t.Helper()
	out, err := h.payments.Apply(h.t.Context(), h.world.Connection.ID, payment.News{Source: payment.FromEnquiry, Observation: seen})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Payment
}

// paid charges and pays.
func (b *browser) paid(amount string) payment.Payment {
	b.h.t.Helper()
	p := b.charge(amount)
	p = b.h.tell(attempt(p.ID, p.Amount.Amount, provider.StatusApproved, "accredited", "138"))
	if p.State != payment.Paid {
		b.h.t.Fatalf("paid: %s", p.State)
	}
	return p
}

func has(t *testing.T, body string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			t.Errorf("%q is not on the page", w)
		}
	}
}

func hasNot(t *testing.T, body string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(body, w) {
			t.Errorf("%q is on the page", w)
		}
	}
}
