package golive_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/inbox"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/quality"
	"posta/seal"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
)

const publicURL = "https://posta.example"

// hall is the service on a real database, with a project whose gate asks for
// everything and has everything.
type hall struct {
	*golive.Service
	t           *testing.T
	db          *store.DB
	clock       *posta.MovableClock
	world       storetest.World // live
	test        account.Connection
	projects    *project.Service
	project     project.Project
	actor       project.Actor
	homologated project.Standing
	who         provider.Account // who new credentials belong to
}

// less leaves a piece of evidence out, or puts another in its place.
type less struct {
	notices []inbox.Notification
	refund  payment.RefundState // of the one that was tried; "" is none
	ours    int                 // scores; 0 is none
	theirs  int
}

func whole() less { return less{refund: payment.RefundSucceeded, ours: 81} }

// asker is a connector that only knows who it is.
type asker struct {
	provider.Connector
	h *hall
}

func (a asker) Check(context.Context) (provider.Account, error) { return a.h.who, nil }

func newHall(t *testing.T, db *store.DB, template string, l less) *hall {
	t.Helper()
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t: t, db: db, clock: posta.NewFrozenClock(storetest.Now), world: storetest.SeedLive(t, db), homologated: project.Standing{Met: true, Evidence: "sbm_1"}}
	m := h.world.Merchant.ID
	h.actor = project.Actor{Merchant: m, User: "usr_1", Role: posta.Owner}
	accounts := &account.Service{Store: db, Box: box, Clock: h.clock, Client: func(posta.ConnectionID) *http.Client { return http.DefaultClient },
		Providers: []provider.Description{{Name: "mercadopago", Fields: []provider.Field{{Name: "access_token", Secret: true}, {Name: "user_id"}},
			Open: func(provider.Config, *http.Client, posta.Clock) (provider.Connector, error) { return asker{h: h}, nil }}}}
	scores := &quality.Service{Store: db, Clock: h.clock, Committed: func() {}}
	h.Service = &golive.Service{Store: db, Accounts: accounts, Clock: h.clock, Committed: func() {}, Quality: scores.Standing,
		Homologated: func(context.Context, project.Project) (project.Standing, error) { return h.homologated, nil },
		PublicURL:   func() string { return publicURL }, NotifyURL: func(c posta.ConnectionID) string { return publicURL + "/hooks/" + string(c) }}
	h.projects = &project.Service{Store: db, Clock: h.clock, Committed: func() {}, Gate: h.Pilot}
	h.Template, h.Opened = h.projects.Template, h.projects.ProductionOpened

	h.connect(func(c *account.Connection) {})
	h.test = h.world.Connection
	h.test.ID, h.test.Mode, h.test.Name = posta.NewID[posta.ConnectionID](h.clock.Now()), posta.Test, "Prueba"
	h.must(db.InsertConnection(t.Context(), h.test))
	h.project = project.Project{ID: posta.NewID[posta.ProjectID](h.clock.Now()), MerchantID: m, Name: "Tienda", Stage: project.GoLive, StageAt: h.clock.Now(),
		Template: project.Ref{Key: template, Version: 1}, Product: template, Table: "A", Test: h.test.ID, Live: h.world.Connection.ID,
		Date:       project.Date{At: h.clock.Now().Add(48 * time.Hour), ClientSaid: h.clock.Now(), TeamSaid: h.clock.Now()},
		ReplyToken: posta.NewULID(h.clock.Now()), CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()}
	h.must(db.InsertProject(t.Context(), h.project, nil))
	h.gate(func(g *golive.Gate) {
		g.Shop = []string{"https://shop.example/pay"}
		for _, address := range []string{g.Shop[0], publicURL, h.NotifyURL(g.ConnectionID)} {
			g.TLS = append(g.TLS, golive.TLSReport{Address: address, At: h.clock.Now(), Verdict: golive.TLSPass})
		}
	})
	h.evidence(l)
	return h
}

func (h *hall) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// connect changes the live connection, which is checked and of application 77.
func (h *hall) connect(change func(*account.Connection)) {
	h.t.Helper()
	c := &h.world.Connection
	c.Account, c.Application, c.CheckedAt, c.Sealed = "446", "77", h.clock.Now(), nil
	change(c)
	h.must(h.db.UpdateConnection(h.t.Context(), *c))
}

// edit changes the project's record.
func (h *hall) edit(change func(*project.Project)) {
	h.t.Helper()
	r, err := h.db.ChangeProject(h.t.Context(), h.project.MerchantID, h.project.ID, func(r *project.Record) error {
		change(&r.Project)
		return nil
	})
	h.must(err)
	h.project = r.Project
}

// gate changes the gate's row.
func (h *hall) gate(change func(*golive.Gate)) {
	h.t.Helper()
	_, err := h.db.ChangeGate(h.t.Context(), h.world.Merchant.ID, h.world.Connection.ID, func(g *golive.Gate) ([]posta.Event, error) {
		change(g)
		return nil, nil
	})
	h.must(err)
}

// notice is one of the test connection that proves everything.
func (h *hall) notice(change func(*inbox.Notification)) inbox.Notification {
	now := h.clock.Now()
	n := inbox.Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: h.world.Merchant.ID, Mode: posta.Test, ConnectionID: h.test.ID,
		Delivery: provider.Delivery{Body: []byte("{}"), ReceivedAt: now}, State: inbox.Handled, Result: inbox.ResultChanged, Payment: "pay_1",
		Verdict: provider.Verdict{Judgement: provider.Verified}, HandledAt: now}
	change(&n)
	return n
}

func (h *hall) evidence(l less) {
	h.t.Helper()
	ctx, now := h.t.Context(), h.clock.Now()
	if l.notices == nil {
		l.notices = []inbox.Notification{h.notice(func(*inbox.Notification) {})}
	}
	for _, n := range l.notices {
		n.ConnectionID, n.MerchantID = cmp.Or(n.ConnectionID, h.test.ID), h.world.Merchant.ID
		if n.ID != "" {
			h.must(h.db.InsertNotification(ctx, n))
		}
	}
	if l.refund != "" {
		p := h.charged(func(p *payment.Payment) { p.Mode, p.ConnectionID, p.State = posta.Test, h.test.ID, payment.Paid })
		_, err := h.db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
			r.Refunds = append(r.Refunds, payment.Refund{ID: posta.NewID[posta.RefundID](now), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
				Amount: p.Amount, Kind: provider.KindRefund, State: l.refund, Origin: "user:usr_1", CreatedAt: now, UpdatedAt: now})
			return nil
		})
		h.must(err)
	}
	if l.ours > 0 {
		h.must(h.db.InsertMeasurement(ctx, quality.Measurement{ID: posta.NewID[quality.MeasurementID](now), MerchantID: h.world.Merchant.ID, ConnectionID: h.world.Connection.ID,
			Kind: quality.Manual, Result: quality.Measured, PaymentID: "pay_1", Score: &l.ours, Threshold: 73, CreatedAt: now, VisibleAt: now}, nil))
	}
	if l.theirs > 0 {
		h.must(h.db.InsertOfficial(ctx, quality.Official{ID: posta.NewID[quality.OfficialID](now), MerchantID: h.world.Merchant.ID, ConnectionID: h.world.Connection.ID,
			Score: l.theirs, Date: "2026-11-20", CreatedAt: now}, nil))
	}
}

// charged keeps a payment as it is told, past any gate.
func (h *hall) charged(change func(*payment.Payment)) payment.Payment {
	h.t.Helper()
	now := h.clock.Now()
	p := payment.Payment{ID: posta.NewID[posta.PaymentID](now), MerchantID: h.world.Merchant.ID, Mode: posta.Live, ConnectionID: h.world.Connection.ID, Rail: provider.RailQR,
		StoreID: h.world.Store.ID, TillID: h.world.AddTill(h.t, h.db).ID, Amount: posta.Money{Amount: 1000, Currency: "ARS"},
		Summary: payment.Summary{State: payment.Created}, CreateKey: posta.NewULID(now), CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour)}
	change(&p)
	state := p.State
	p.State = payment.Created
	h.must(h.db.InsertPayment(h.t.Context(), p, nil))
	_, err := h.db.ChangePayment(h.t.Context(), p.ID, func(r *payment.Record) error {
		r.Payment.State = state
		if state == payment.Unknown {
			r.Events = append(r.Events, posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: p.MerchantID, Mode: p.Mode, Type: "payment.unknown",
				Subject: string(p.ID), Data: []byte("{}"), CreatedAt: now})
		}
		return nil
	})
	h.must(err)
	return p
}

// closed keeps a batch close with our totals and the provider's.
func (h *hall) closed(terminal posta.TerminalID, ours, theirs int64) {
	h.t.Helper()
	now := h.clock.Now()
	s := settlement.Settlement{ID: posta.NewID[posta.SettlementID](now), MerchantID: h.world.Merchant.ID, Mode: posta.Live, ConnectionID: h.world.Connection.ID,
		StoreID: h.world.Store.ID, TerminalID: terminal, TerminalCode: string(terminal), Currency: "ARS", State: settlement.Confirmed, AskedBy: "user:usr_1",
		Ours:   provider.BatchTotals{Sales: provider.Sum{Count: 1, Amount: ours}},
		Theirs: &provider.BatchTotals{Sales: provider.Sum{Count: 1, Amount: theirs}}, ToAt: now, CreatedAt: now, UpdatedAt: now}
	h.must(h.db.InsertSettlement(h.t.Context(), s, nil))
}

func (h *hall) items() map[string]golive.Item {
	h.t.Helper()
	v, err := h.ProjectView(h.t.Context(), h.actor, h.project)
	h.must(err)
	out := map[string]golive.Item{}
	for _, i := range v.Items {
		out[i.Key] = i
	}
	return out
}

// param is a parameter of an error, "" where it has none.
func param(err error, name string) string {
	var e *posta.Error
	if errors.As(err, &e) {
		return e.Params[name]
	}
	return ""
}

// charge asks the real service for a live payment, as any caller would.
func (h *hall) charge() error {
	s := payment.Service{Store: h.db, Clock: h.clock, Committed: func() {}, NotifyURL: h.NotifyURL,
		Open: func(context.Context, posta.ConnectionID) (provider.Connector, error) { return placing{}, nil }}
	_, err := s.Create(h.t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Live,
		TillID: h.world.AddTill(h.t, h.db).ID, Amount: posta.Money{Amount: 1000}, By: "user:usr_1"})
	return err
}

// placing is a connector that takes every charge.
type placing struct{ provider.Connector }

func (placing) Capabilities(provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: true, Recovery: provider.RecoverRepeat}
}

func (placing) Create(context.Context, provider.Charge, string) (provider.Observation, error) {
	return provider.Observation{}, nil
}
