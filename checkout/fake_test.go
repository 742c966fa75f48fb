package checkout_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// fake is a provider of online charges: a card's token says its outcome, a
// voucher waits to be paid.
type fake struct {
	mu      sync.Mutex
	clock   posta.Clock
	charges map[posta.PaymentID]*charge
	creates map[posta.PaymentID]map[string]bool // keys that a payment was created with
	tokens  map[string]posta.PaymentID          // used by
	lose    int                                 // answers to creates that are lost, after they were done
	before  func(operation string)              // happens before a call's work is done
	methods []provider.Method
	asked   int // for methods
}

type charge struct {
	c        provider.Charge
	status   provider.Status
	progress provider.Progress
	detail   string
	at       time.Time
	refunds  []provider.Fact
}

// seller is the fake as a connector.
type seller struct{ *fake }

func (f seller) Capabilities(rail provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: rail == provider.RailOnline, Recovery: provider.RecoverRepeat, PartialRefund: true, Expires: true,
		Flows: []provider.Flow{provider.FlowRedirect, provider.FlowDirect}}
}

func (f seller) Check(context.Context) (provider.Account, error) { return provider.Account{}, nil }

func (f *fake) happens(operation string) {
	if f.before != nil {
		f.before(operation)
	}
}

func (f seller) Create(_ context.Context, c provider.Charge, key string) (provider.Observation, error) {
	f.happens("create")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.creates[c.Payment] == nil {
		f.creates[c.Payment] = map[string]bool{}
	}
	f.creates[c.Payment][key] = true
	if f.charges[c.Payment] == nil {
		there := &charge{c: c, status: provider.StatusOpen, at: f.clock.Now()}
		if token := c.Online.Token; token != "" {
			if f.tokens[token] != "" {
				return provider.Observation{}, &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "3003"}}
			}
			f.tokens[token] = c.Payment
			switch token[:4] {
			case "appr":
				there.status = provider.StatusClosed
			case "decl":
				there.status, there.detail = provider.StatusRejected, "cc_rejected_insufficient_amount"
			case "auth":
				there.progress = provider.ProgressAuthorized
			}
		}
		f.charges[c.Payment] = there
	}
	if f.lose > 0 {
		f.lose--
		return provider.Observation{}, posta.Errorf(posta.CodeProviderUnavailable, "scripted")
	}
	return f.see(c.Payment), nil
}

func (f seller) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	f.happens("get")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.see(c.Payment), nil
}

func (f seller) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	f.happens("cancel")
	f.mu.Lock()
	defer f.mu.Unlock()
	if there := f.charges[c.Payment]; there != nil && there.status == provider.StatusOpen {
		there.status, there.at = provider.StatusCanceled, f.clock.Now()
	}
	return f.see(c.Payment), nil
}

func (f seller) Refund(_ context.Context, c provider.Charge, r provider.Refund) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fact := provider.Fact{Kind: provider.FactRefund, ID: "r-" + r.Key, Parent: r.Attempt, Status: provider.StatusApproved, Amount: r.Amount.Amount, At: f.clock.Now()}
	f.charges[c.Payment].refunds = append(f.charges[c.Payment].refunds, fact)
	return provider.Observation{Facts: []provider.Fact{fact}}, nil
}

func (f seller) Fetch(_ context.Context, n provider.Notice) ([]provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []provider.Observation{f.see(posta.PaymentID(n.Resource))}, nil
}

func (f seller) Methods(context.Context) ([]provider.Method, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.methods, nil
}

func (f seller) Installments(_ context.Context, _ string, amount posta.Money) (out []provider.InstallmentOption, err error) {
	for _, n := range []int{1, 3, 6, 12} {
		out = append(out, provider.InstallmentOption{Installments: n, Each: posta.Money{Amount: amount.Amount / int64(n), Currency: amount.Currency}, Total: amount})
	}
	return out, nil
}

func (f seller) Tokens() provider.BrowserTokens { return provider.BrowserTokens{PublicKey: "TEST-key"} }

// see is all that the provider says of a charge.
func (f *fake) see(id posta.PaymentID) provider.Observation {
	seen := provider.Observation{ExternalReference: string(id)}
	there := f.charges[id]
	if there == nil {
		return seen
	}
	order := provider.Fact{Kind: provider.FactOrder, ID: string(id), Status: there.status, Detail: there.detail, Progress: there.progress, At: there.at,
		Amount: there.c.Amount.Amount, Currency: there.c.Amount.Currency}
	seen.Facts = append(seen.Facts, order)
	if there.status == provider.StatusOpen {
		seen.Next = provider.Next{URL: "https://provider.example/" + string(id)}
	}
	if there.status == provider.StatusClosed {
		attempt := order
		attempt.Kind, attempt.Parent, attempt.Status, attempt.ID = provider.FactAttempt, order.ID, provider.StatusApproved, "a-"+order.ID
		seen.Facts = append(seen.Facts, attempt)
	}
	seen.Facts = append(seen.Facts, there.refunds...)
	return seen
}

// paid is the buyer paying away from the page.
func (f *fake) paid(id posta.PaymentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.charges[id].status, f.charges[id].at = provider.StatusClosed, f.clock.Now()
}

// taken counts charges that took money, or still can.
func (f *fake) taken() (approved, open int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, there := range f.charges {
		switch there.status {
		case provider.StatusClosed:
			approved++
		case provider.StatusOpen:
			open++
		}
	}
	return approved, open
}

// shop is a service on a real database with a fake provider and a clock that stands.
type shop struct {
	*checkout.Service
	*fake
	db    *store.DB
	world storetest.World
	clock *posta.MovableClock
	open  provider.Opener
}

func newShop(t testing.TB, db *store.DB) *shop { return newShopIn(t, db, "AR") }

func newShopIn(t testing.TB, db *store.DB, country string) *shop {
	t.Helper()
	clock := posta.NewFrozenClock(storetest.Now)
	f := &fake{clock: clock, charges: map[posta.PaymentID]*charge{}, creates: map[posta.PaymentID]map[string]bool{}, tokens: map[string]posta.PaymentID{}}
	for _, m := range posta.MethodsOf(country) {
		f.methods = append(f.methods, provider.Method{ID: m.ID, Name: m.Name, Type: string(m.Type), Min: m.Minimum, Max: m.Maximum})
	}
	s := &shop{fake: f, db: db, clock: clock, open: func(context.Context, posta.ConnectionID) (provider.Connector, error) { return seller{f}, nil }}
	s.world.Merchant = account.Merchant{ID: posta.NewID[posta.MerchantID](storetest.Now), Name: "Almacén Don Pedro", Country: country, TimeZone: "UTC", CreatedAt: storetest.Now}
	s.world.Connection = account.Connection{ID: posta.NewID[posta.ConnectionID](storetest.Now), MerchantID: s.world.Merchant.ID, Mode: posta.Test,
		Provider: "mercadopago", Name: "Mercado Pago", Config: map[string]string{}, Sealed: []byte("sealed"), CreatedAt: storetest.Now, UpdatedAt: storetest.Now}
	for _, err := range []error{db.InsertMerchant(t.Context(), s.world.Merchant), db.InsertConnection(t.Context(), s.world.Connection)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Service = s.replica(db)
	return s
}

// replica is another hub on the same database.
func (s *shop) replica(kept payment.Store) *checkout.Service {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	return &checkout.Service{Store: s.db, Clock: s.clock, Log: quiet, Committed: func() {}, URL: func() string { return "https://hub.example" }, Open: s.open,
		Payments: &payment.Service{Store: kept, Clock: s.clock, Log: quiet, Committed: func() {}, Open: s.open,
			NotifyURL: func(posta.ConnectionID) string { return "https://hub.example/hooks" }}}
}

func each(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newShop(t, db)) })
}

func (s *shop) linkInput() checkout.LinkInput {
	return checkout.LinkInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, ConnectionID: s.world.Connection.ID, Title: "Taza", Amount: 150000,
		MaxQuantity: 10, Stock: checkout.Unlimited, By: "user:test"}
}

func (s *shop) link(t testing.TB, change ...func(*checkout.LinkInput)) checkout.Link {
	t.Helper()
	in := s.linkInput()
	for _, c := range change {
		c(&in)
	}
	l, err := s.CreateLink(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *shop) visit(t testing.TB, l checkout.Link) checkout.Session {
	t.Helper()
	v, err := s.Visit(t.Context(), l.Token, "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var juana = provider.Buyer{Email: "juana@buyer.example", FirstName: "Juana", LastName: "Pérez",
	Identification: provider.Identification{Type: "DNI", Number: "12.345.678"}}

// card is a buyer paying by card; the token begins with its outcome.
func card(v checkout.Session, token string) checkout.PayInput {
	return checkout.PayInput{Session: v.ID, Tries: v.Tries, Flow: provider.FlowDirect, Method: "visa", Token: token, Installments: 1, Buyer: juana}
}

func voucher(v checkout.Session, method string) checkout.PayInput {
	return checkout.PayInput{Session: v.ID, Tries: v.Tries, Flow: provider.FlowDirect, Method: method, Buyer: juana}
}

func (s *shop) pay(t testing.TB, in checkout.PayInput) payment.Payment {
	t.Helper()
	p, err := s.Pay(t.Context(), in)
	if err != nil {
		t.Fatalf("pay: %v", err)
	}
	return p
}

// now is a session as it stands, after the news of its payments.
func (s *shop) now(t testing.TB, id posta.SessionID) checkout.Session {
	t.Helper()
	s.sweep(t)
	v, err := s.Session(t.Context(), s.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sweep does all that is due.
func (s *shop) sweep(t testing.TB) {
	t.Helper()
	run := func(f func()) { f() }
	for range 3 {
		if _, err := s.Payments.SweepPayments(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.PositionEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SweepPaymentNews(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SweepSessions(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *shop) later(t testing.TB, wait time.Duration) {
	t.Helper()
	s.clock.Move(wait)
	s.sweep(t)
}

func (s *shop) reload(t testing.TB, l checkout.Link) checkout.Link {
	t.Helper()
	l, err := s.Link(t.Context(), l.MerchantID, l.Mode, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// events counts the merchant's events by type.
func (s *shop) events(t testing.TB) map[string]int {
	t.Helper()
	s.sweep(t)
	list, err := s.db.MerchantEvents(t.Context(), s.world.Merchant.ID, posta.Test, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		count[e.Type]++
	}
	return count
}

func wantCode(t testing.TB, err error, code posta.Code) {
	t.Helper()
	if posta.ErrorCode(err) != code {
		t.Errorf("error %v, want %q", err, code)
	}
}

func wantState(t testing.TB, v checkout.Session, state checkout.State) {
	t.Helper()
	if v.State != state {
		t.Fatalf("session %s, want %s", v.State, state)
	}
}
