package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/golive"
	"posta/page"
	"posta/project"
	sim "posta/sim/mercadopago"
	"posta/subscription"
	"posta/text"
	"posta/web"
	"posta/work"
)

// club is a stall that charges again and again, with somebody in its office.
type club struct {
	*stall
	subs   *subscription.Service
	office *browser
}

func newClub(t *testing.T, country string) *club {
	t.Helper()
	c := &club{stall: newStall(t, country)}
	catalog, log := text.Must(), slog.New(slog.NewTextHandler(io.MultiWriter(c.logged, io.Discard), nil))
	c.subs = &subscription.Service{Store: c.db, Open: c.checkout.Open, Payments: c.payments, Clock: c.clock, Log: log, Committed: c.live.Wake,
		Say: func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Amount: func(language string, m posta.Money) string {
			return page.MoneyWithCode(m.Amount, string(m.Currency), language)
		},
		URL: func() string { return c.public }}
	c.server.Close()
	c.server = httptest.NewServer(web.New(web.Services{Accounts: c.accounts, Payments: c.payments, Checkout: c.checkout, Subscriptions: c.subs, Hub: c.live, Events: c.db, Calls: c.db,
		Projects: &project.Service{Store: c.db, Clock: c.clock, Log: log, Committed: c.live.Wake},
		GoLive:   &golive.Service{Store: c.db, Accounts: c.accounts, Clock: c.clock, Committed: c.live.Wake},
		Catalog:  catalog, Clock: c.clock, Log: log, PublicURL: func() string { return c.public }, Version: "test"}))
	c.public = c.server.URL
	t.Cleanup(c.server.Close)
	c.user(c.world, "ana@tienda.example", "")
	c.office = c.login("ana@tienda.example")
	return c
}

// planFields are what the form of a new plan sends; the pairs in change take the
// place of what they name, or are added.
func (c *club) planFields(engine string, change ...string) []string {
	fields := []string{"nonce", posta.NewULID(c.clock.Now()), "connection_id", string(c.world.Connection.ID), "name", "Club del vino", "amount", "1.500,00", "every", "1",
		"unit", "months", "engine", engine, "steps", "-3", "steps", "0", "steps", "5", "grace", "0", "final", "keep", "source", "integrator", "most", "3", "attempt_days", "7"}
	for i := 0; i+1 < len(change); i += 2 {
		at := -1
		for j := 0; j+1 < len(fields); j += 2 {
			if fields[j] == change[i] && change[i] != "steps" && change[i] != "methods" {
				at = j
			}
		}
		if at >= 0 {
			fields[at+1] = change[i+1]
		} else {
			fields = append(fields, change[i], change[i+1])
		}
	}
	return fields
}

// plan makes one by the form.
func (c *club) plan(engine string, change ...string) subscription.Plan {
	c.t.Helper()
	got := c.office.post("/plans/new", c.planFields(engine, change...)...)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/plans/pln_") {
		c.t.Fatalf("plan: %d %s\n%s", got.status, got.to, wrongOf(got.body))
	}
	p, err := c.subs.Plan(c.t.Context(), c.world.Merchant.ID, posta.Test, posta.PlanID(strings.TrimPrefix(got.to, "/plans/")))
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// wrongOf are the lines of a page that say what is wrong.
func wrongOf(body string) string {
	var out []string
	for _, part := range strings.Split(body, `class="error"`)[1:] {
		_, words, _ := strings.Cut(part, "</svg>")
		words, _, _ = strings.Cut(words, "</p>")
		out = append(out, words)
	}
	return strings.Join(out, "\n")
}

// joiner is a buyer in a browser.
type joiner struct {
	*browser
	c    *club
	path string // the own page, once signed up
}

func (c *club) joiner() *joiner { return &joiner{browser: c.browser(), c: c} }

// join fills in a plan's public page; the pairs in change take the place of what they name.
func (j *joiner) join(p subscription.Plan, method string, change ...string) answer {
	j.c.t.Helper()
	path := strings.TrimPrefix(j.c.subs.SignUpPage(p), j.c.public)
	document := stallDocuments[j.c.country.Code]
	fields := []string{"nonce", nonceOf(j.c.t, j.page(path)), "method", method, "email", sim.TestBuyer, "first_name", "Ana", "last_name", "Gómez",
		"identification_type", document[0], "identification", document[1]}
	for i := 0; i+1 < len(change); i += 2 {
		for at := 0; at+1 < len(fields); at += 2 {
			if fields[at] == change[i] {
				fields[at+1] = change[i+1]
			}
		}
	}
	got := j.post(path, fields...)
	if got.status == http.StatusSeeOther {
		j.path = strings.TrimSuffix(got.to, "/card")
	}
	return got
}

// sub is the buyer's subscription as it is now.
func (j *joiner) sub() subscription.Subscription {
	j.c.t.Helper()
	sub, err := j.c.subs.ByToken(j.c.t.Context(), strings.TrimPrefix(j.path, "/subscription/"))
	if err != nil {
		j.c.t.Fatal(err)
	}
	return sub
}

// card gives a card on the route of card fields, as the provider's script would.
func (j *joiner) card(holder string) answer {
	j.c.t.Helper()
	token, err := j.c.sim.Tokenize(stallSeller, sim.CardForm{Holder: holder})
	if err != nil {
		j.c.t.Fatal(err)
	}
	return j.post(j.path+"/card", "token", token, "method", "visa", "issuer", "", "device", "")
}

// later moves the clock on, and has the simulator and the hub do what is due.
func (c *club) later(d time.Duration) {
	c.t.Helper()
	c.clock.Move(d)
	if err := c.sim.Expire(c.clock.Now()); err != nil {
		c.t.Fatal(err)
	}
	c.sweep()
}

func (c *club) sweep() {
	c.t.Helper()
	for worked := true; worked; {
		worked = false
		for _, run := range []func(context.Context, func(func())) (int, error){c.payments.SweepPayments, c.subs.SweepPlans, c.subs.SweepSubscriptions,
			func(ctx context.Context, _ func(func())) (int, error) { return c.db.PositionEvents(ctx) }, c.subs.SweepPaid} {
			counted := func(ctx context.Context, each func(func())) (int, error) {
				took, err := run(ctx, each)
				worked = worked || took > 0
				return took, err
			}
			if err := work.Once(c.t.Context(), work.Sweep{Run: counted}); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

func subPage(sub subscription.Subscription) string { return fmt.Sprint("/subscriptions/", sub.ID) }

// last is the newest of a subscription's invoices that was asked for.
func (c *club) last(sub subscription.Subscription) subscription.Invoice {
	c.t.Helper()
	list, err := c.subs.Invoices(c.t.Context(), sub.MerchantID, sub.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	var out subscription.Invoice
	for _, i := range list {
		if i.State != subscription.Scheduled {
			out = i
		}
	}
	return out
}

// paySlip pays a voucher at the counter, and has the hub ask what became of it.
func (c *club) paySlip(id posta.PaymentID) {
	c.t.Helper()
	attempts := c.payment(id).Attempts()
	n, err := strconv.ParseInt(attempts[len(attempts)-1].ID, 10, 64)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.sim.PayVoucher(n); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.payments.Refresh(c.t.Context(), c.world.Merchant.ID, posta.Test, id); err != nil {
		c.t.Fatal(err)
	}
}
