package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/inbox"
	"posta/payment"
	"posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// Promise 12, and 6 at full size: the hub, a process of its own, is killed
// under load 20 times on each database; afterwards its books and those of the
// simulator, another process, must agree to the cent, both ways, and every
// notification that was acknowledged must be there.
//
// Sabotage that turns it red: inbox.Accept answers, and stores 20 ms later
// (notifications acknowledged and gone, though the books still agree, since
// enquiries find the money).
func TestP12_KillAtAnyMomentLosesNothingAndDoublesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		k := newKillRun(t, storetest.URL(t, db.Dialect()))
		k.underLoad(20)
		k.settleAll()
		k.compareBooks()
		k.compareNotifications()
	})
}

type killRun struct {
	t         *testing.T
	data      string
	database  string
	hubURL    string
	listen    string
	simURL    string
	key       string
	merchant  posta.MerchantID
	tills     []posta.TillID
	hub       *process
	created   sync.Map // idempotency key → payment id, acknowledged
	refunds   sync.Map // idempotency key → refund id, acknowledged
	sales     atomic.Int64
	endOfLoad chan struct{}
}

func newKillRun(t *testing.T, url string) *killRun {
	k := &killRun{t: t, data: t.TempDir(), database: url, listen: freeAddress(t), endOfLoad: make(chan struct{})}
	k.hubURL = "http://" + k.listen
	simListen := freeAddress(t)
	k.simURL = "http://" + simListen
	start(t, "simulator serves", "sim", "--listen", simListen, "--file", k.data+"/simulator.db", "--scale", "5000")
	k.prepare()
	k.startHub()
	return k
}

func (k *killRun) startHub() {
	k.hub, _ = start(k.t, "Posta serves", "serve", "--data", k.data, "--database", k.database, "--listen", k.listen, "--mercadopago-url", k.simURL)
}

// prepare makes the merchant, two connections and their tills, before the hub runs.
func (k *killRun) prepare() {
	t, ctx := k.t, context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	hub, err := app.New(ctx, k.config())
	must(err)
	defer func() { must(hub.Close()) }()
	merchant, err := hub.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: "Kill", Country: "AR"})
	must(err)
	k.merchant = merchant.ID
	for i, flow := range []string{"legacy", "orders"} {
		seller := mercadopago.Account{UserID: int64(100000011 + i), AccessToken: "SIMULATED-KILL-" + flow, Nickname: "KILL" + flow,
			Site: "MLA", WebhookSecret: "kill-secret", FeedKey: "kill-feed", ApplicationID: int64(i + 1), Test: true}
		connection, err := hub.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: merchant.ID, Mode: posta.Test,
			Provider: "mercadopago", Name: flow, Fields: map[string]string{"access_token": seller.AccessToken, "webhook_secret": seller.WebhookSecret, "flow": flow}})
		must(err)
		if flow == "orders" {
			seller.PanelURL, seller.PanelTopics = hub.NotifyURL(connection.ID), []string{"order"}
		}
		_, err = call("POST", k.simURL+"/sim/api/accounts", "", "", seller, nil)
		must(err)
		_, err = hub.Accounts.Check(ctx, merchant.ID, connection.ID)
		must(err)
		shop, err := hub.Tills.CreateStore(ctx, till.StoreInput{MerchantID: merchant.ID, Mode: posta.Test, ConnectionID: connection.ID, Name: "Tienda",
			Address: till.Address{Street: "Calle Ficticia", Number: "1", City: "La Plata", State: "Buenos Aires", Latitude: "-34.92", Longitude: "-57.95"}})
		must(err)
		for n := range 3 {
			one, err := hub.Tills.CreateTill(ctx, till.Input{MerchantID: merchant.ID, Mode: posta.Test, StoreID: shop.ID, Name: "Caja " + strconv.Itoa(n)})
			must(err)
			k.tills = append(k.tills, one.ID)
		}
	}
	_, k.key, err = hub.Accounts.CreateKey(ctx, "", merchant.ID, posta.Test, "kill")
	must(err)
}

func (k *killRun) config() app.Config {
	return app.Config{Data: k.data, Database: k.database, Listen: "127.0.0.1:0", PublicURL: k.hubURL, MercadoPagoURL: k.simURL,
		Migrate: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// underLoad sells at every till while the hub is killed and started again.
func (k *killRun) underLoad(kills int) {
	var selling sync.WaitGroup
	for i, id := range k.tills {
		selling.Go(func() { k.sell(id, rand.New(rand.NewPCG(uint64(i), 7))) })
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range kills {
		pause := time.NewTimer(time.Duration(100+random.IntN(700)) * time.Millisecond)
		<-pause.C
		k.hub.kill()
		k.startHub()
	}
	close(k.endOfLoad)
	selling.Wait()
	k.t.Logf("%d kills, %d payments acknowledged", kills, k.sales.Load())
}

// sell charges, pays, cancels and refunds at one till until the load ends. A
// call without an answer is made again with the same key, as a client would.
func (k *killRun) sell(id posta.TillID, random *rand.Rand) {
	for n := 0; ; n++ {
		select {
		case <-k.endOfLoad:
			return
		default:
		}
		key := fmt.Sprintf("%s-%d", id, n)
		var p payment.View
		if !k.untilAnswered("POST", "/v1/payments", key, map[string]any{"till_id": id, "amount": 100000 + n}, &p) {
			k.freeTill(id)
			continue
		}
		k.created.Store(key, p.ID)
		k.sales.Add(1)
		action := random.IntN(10)
		if action < 2 {
			k.untilAnswered("POST", "/v1/payments/"+string(p.ID)+"/cancel", key+"-cancel", map[string]any{}, nil)
			if action == 0 {
				k.pay(id) // the buyer may still try
			}
			continue
		}
		if action == 2 {
			go call("POST", k.hubURL+"/v1/payments/"+string(p.ID)+"/cancel", k.key, key+"-cancel", map[string]any{}, nil) // crosses with the payment
		}
		k.pay(id)
		if !k.over(p.ID) || random.IntN(3) > 0 {
			continue
		}
		var refund payment.RefundView
		if k.untilAnswered("POST", "/v1/payments/"+string(p.ID)+"/refunds", key+"-refund", map[string]any{"amount": 30000}, &refund) {
			k.refunds.Store(key, refund.ID)
		}
	}
}

// pay has a buyer scan the till's QR and pay what waits there.
func (k *killRun) pay(id posta.TillID) {
	call("POST", k.simURL+"/sim/api/pay", "", "", map[string]any{"pos": posta.Alphanumeric(id)}, nil)
}

// untilAnswered repeats a call with its key until the hub answers for good.
func (k *killRun) untilAnswered(method, path, key string, in, out any) bool {
	deadline := time.After(40 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		status, _ := call(method, k.hubURL+path, k.key, key, in, out)
		switch {
		case status >= 200 && status < 300:
			return true
		case status == 409 && path == "/v1/payments", status == 0, status >= 500:
		case status == 409: // in flight from the killed call, or not possible any more
			return false
		case status >= 400 && status != 429:
			return false
		}
		select {
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
}

// freeTill cancels what is open at a till, so that the next sale can begin.
func (k *killRun) freeTill(id posta.TillID) {
	var list struct{ Data []payment.View }
	if _, err := call("GET", k.hubURL+"/v1/payments?till_id="+string(id)+"&limit=5", k.key, "", nil, &list); err != nil {
		return
	}
	for _, p := range list.Data {
		if p.State.Open() {
			call("POST", k.hubURL+"/v1/payments/"+string(p.ID)+"/cancel", k.key, posta.NewULID(posta.SystemClock{}.Now()), map[string]any{}, nil)
		}
	}
}

// over waits a while for the payment to end and reports whether it did.
func (k *killRun) over(id posta.PaymentID) bool {
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		var p payment.View
		if _, err := call("GET", k.hubURL+"/v1/payments/"+string(id), k.key, "", nil, &p); err == nil && !p.State.Open() {
			return true
		}
		select {
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
}

// settleAll cancels what is open and waits until nothing is under way any more.
func (k *killRun) settleAll() {
	eventually(k.t, 90*time.Second, func() string {
		open := 0
		for _, id := range k.tills {
			var list struct{ Data []payment.View }
			if _, err := call("GET", k.hubURL+"/v1/payments?till_id="+string(id)+"&limit=100", k.key, "", nil, &list); err != nil {
				return err.Error()
			}
			for _, p := range list.Data {
				if p.State.Open() {
					open++
				}
			}
			k.freeTill(id)
		}
		if open > 0 {
			return fmt.Sprintf("%d payments are still open", open)
		}
		return ""
	})
}

// book is the simulator's own count of one charge.
type book struct {
	ExternalReference string `json:"external_reference"`
	Approved          int64  `json:"approved"`
	Refunded          int64  `json:"refunded"`
}

// compareBooks holds the hub's payments against the simulator's file, both ways.
func (k *killRun) compareBooks() {
	t := k.t
	eventually(t, 60*time.Second, func() string {
		books := k.books()
		for id, p := range k.payments() {
			b := books[string(id)]
			if p.Captured-p.Refunded != b.Approved-b.Refunded {
				return fmt.Sprintf("%s (%s): the hub says %d - %d, the simulator %d - %d", id, p.State, p.Captured, p.Refunded, b.Approved, b.Refunded)
			}
		}
		return ""
	})
	payments, books := k.payments(), k.books()
	for reference, b := range books {
		p, known := payments[posta.PaymentID(reference)]
		if !known {
			t.Errorf("the simulator took %d for %s, which the hub does not know", b.Approved, reference)
		}
		if b.Approved > p.Amount {
			t.Errorf("%s asked %d and the simulator took %d", reference, p.Amount, b.Approved)
		}
	}
	perKey := map[posta.PaymentID]string{}
	k.created.Range(func(key, id any) bool {
		if _, known := payments[id.(posta.PaymentID)]; !known {
			t.Errorf("payment %s was acknowledged and is gone", id)
		}
		if other, twice := perKey[id.(posta.PaymentID)]; twice {
			t.Errorf("keys %s and %s made one payment", key, other)
		}
		perKey[id.(posta.PaymentID)] = key.(string)
		return true
	})
	var money int64
	for _, b := range books {
		money += b.Approved - b.Refunded
	}
	t.Logf("%d payments, %d with money at the provider, %d left there after refunds, equal on both sides", len(payments), len(books), money)
	if len(perKey) < 20 || money == 0 {
		t.Errorf("only %d payments were acknowledged: this was no load", len(perKey))
	}
}

func (k *killRun) books() map[string]book {
	var list []book
	if _, err := call("GET", k.simURL+"/sim/api/books", "", "", nil, &list); err != nil {
		k.t.Fatal(err)
	}
	books := map[string]book{}
	for _, b := range list {
		books[b.ExternalReference] = b
	}
	return books
}

func (k *killRun) payments() map[posta.PaymentID]payment.View {
	all := map[posta.PaymentID]payment.View{}
	after := ""
	for {
		var list struct {
			Data []payment.View
			Next string
		}
		if _, err := call("GET", k.hubURL+"/v1/payments?limit=100&after="+after, k.key, "", nil, &list); err != nil {
			k.t.Fatal(err)
		}
		for _, p := range list.Data {
			all[p.ID] = p
		}
		if after = list.Next; after == "" {
			return all
		}
	}
}

// compareNotifications looks for every delivery that the hub acknowledged.
func (k *killRun) compareNotifications() {
	t, ctx := k.t, context.Background()
	var deliveries []struct {
		Attempts []struct {
			Status    int    `json:"status"`
			RequestID string `json:"request_id"`
		} `json:"attempts"`
	}
	if _, err := call("GET", k.simURL+"/sim/api/deliveries", "", "", nil, &deliveries); err != nil {
		t.Fatal(err)
	}
	k.hub.kill()
	os.Remove(k.data + "/hub.json")
	hub, err := app.New(ctx, k.config())
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	stored := map[string]bool{}
	filter := inbox.Filter{MerchantID: k.merchant, Page: posta.Page{Limit: 100}}
	for {
		list, err := hub.Inbox.List(ctx, filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			stored[n.Delivery.Header.Get("X-Request-Id")] = true
			filter.After = string(n.ID)
		}
		if len(list) == 0 {
			break
		}
	}
	acknowledged := 0
	for _, d := range deliveries {
		for _, a := range d.Attempts {
			if a.Status != 200 && a.Status != 201 {
				continue
			}
			acknowledged++
			if !stored[a.RequestID] {
				t.Errorf("notification %s was acknowledged and is gone", a.RequestID)
			}
		}
	}
	t.Logf("%d notifications acknowledged, all stored", acknowledged)
	if acknowledged == 0 {
		t.Error("no notification was acknowledged")
	}
}
