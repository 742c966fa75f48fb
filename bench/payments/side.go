package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/bench/load"
	"posta/payment"
	"posta/sim/fault"
	"posta/sim/mercadopago"
	"posta/till"
)

// sample is what one sale took.
type sample struct {
	created, noticed, whole time.Duration
	notice                  time.Time // when the buyer had paid
}

// side is one hub and simulator under measurement.
type side struct {
	hub       *app.App
	simulator *mercadopago.Simulator
	merchant  posta.MerchantID
	key       string
	tills     []posta.TillID
	client    *http.Client

	mu       sync.Mutex
	samples  []sample
	declined int // answers that were not a pending payment
}

func measure(ctx context.Context, folder, database string, p plan) (load.Figures, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := "http://" + listener.Addr().String()
	simulator, err := mercadopago.New(mercadopago.Config{Clock: posta.SystemClock{}, Log: quiet, PublicURL: address, AllowLoopback: true, Senders: 256})
	if err != nil {
		return nil, err
	}
	defer simulator.Close()
	provider := &http.Server{Handler: simulator.Handler()}
	go provider.Serve(listener)
	defer provider.Close()
	hub, err := app.New(ctx, app.Config{Data: folder, Database: database, Listen: "127.0.0.1:0", Migrate: true, MercadoPagoURL: address, Log: quiet})
	if err != nil {
		return nil, err
	}
	s := &side{hub: hub, simulator: simulator,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: p.tills}}}
	done := make(chan error, 2)
	go func() { done <- hub.Run(ctx) }()
	go simulator.Run(ctx)
	if err := s.prepare(ctx, p); err != nil {
		return nil, err
	}
	if err := simulator.Fault().Set(fault.Latency(120*time.Millisecond, 380*time.Millisecond, 0.007)...); err != nil {
		return nil, err
	}
	begin := time.Now()
	end := begin.Add(p.duration)
	var running sync.WaitGroup
	for _, id := range s.tills {
		running.Go(func() { s.sell(ctx, id, end) })
	}
	running.Wait()
	elapsed := time.Since(begin)
	figures := s.figures(elapsed)
	if err := s.split(ctx, figures); err != nil {
		return nil, err
	}
	figures["durability"] = "WAL, synchronous=FULL"
	if database != "" {
		figures["durability"] = "fsync=on, synchronous_commit=on"
	}
	stop()
	if err := <-done; err != nil {
		return nil, err
	}
	return figures, hub.Close()
}

func (s *side) prepare(ctx context.Context, p plan) error {
	seller := mercadopago.Account{UserID: 100000009, AccessToken: "BENCH-ACCESS-TOKEN", Nickname: "BENCH", Site: "MLA",
		WebhookSecret: "bench-secret", FeedKey: "bench-feed", ApplicationID: 1, Test: true, BusinessName: "Bench"}
	merchant, err := s.hub.Accounts.CreateMerchant(ctx, account.MerchantInput{Name: "Bench", Country: "AR"})
	if err != nil {
		return err
	}
	s.merchant = merchant.ID
	connection, err := s.hub.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: merchant.ID, Mode: posta.Test,
		Provider: "mercadopago", Name: "Bench", Fields: map[string]string{"access_token": seller.AccessToken, "webhook_secret": seller.WebhookSecret, "flow": p.flow}})
	if err != nil {
		return err
	}
	if p.flow == "orders" {
		seller.PanelURL, seller.PanelTopics = s.hub.NotifyURL(connection.ID), []string{"order"}
	}
	if err := s.simulator.AddAccount(seller); err != nil {
		return err
	}
	if _, err := s.hub.Accounts.Check(ctx, merchant.ID, connection.ID); err != nil {
		return err
	}
	if _, s.key, err = s.hub.Accounts.CreateKey(ctx, "", merchant.ID, posta.Test, "bench"); err != nil {
		return err
	}
	store, err := s.hub.Tills.CreateStore(ctx, till.StoreInput{Mode: posta.Test, MerchantID: merchant.ID, ConnectionID: connection.ID, Name: "Bench",
		Address: till.Address{Street: "Calle Ficticia", Number: "1", City: "La Plata", State: "Buenos Aires", Latitude: "-34.92", Longitude: "-57.95"}})
	if err != nil {
		return err
	}
	for i := range p.tills {
		t, err := s.hub.Tills.CreateTill(ctx, till.Input{Mode: posta.Test, MerchantID: merchant.ID, StoreID: store.ID, Name: fmt.Sprintf("Till %d", i)})
		if err != nil {
			return err
		}
		s.tills = append(s.tills, t.ID)
	}
	return nil
}

// sell charges at one till, one payment after another, until the end.
func (s *side) sell(ctx context.Context, id posta.TillID, end time.Time) {
	for n := 0; time.Now().Before(end); n++ {
		begin := time.Now()
		listener := s.hub.Hub.ListenTill(s.merchant, id)
		paid, ok := s.create(ctx, id, fmt.Sprintf("%s-%d", id, n))
		one := sample{created: time.Since(begin)}
		if !ok || paid.State != payment.Pending {
			s.mu.Lock()
			s.declined++
			s.mu.Unlock()
			if !ok {
				listener.Close()
				continue
			}
		}
		if paid.State == payment.Pending || s.wait(ctx, listener, paid.ID, payment.Pending) {
			_, err := s.simulator.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: posta.Alphanumeric(id)}})
			one.notice = time.Now()
			if err == nil && s.wait(ctx, listener, paid.ID, payment.Paid) {
				one.noticed, one.whole = time.Since(one.notice), time.Since(begin)
				s.mu.Lock()
				s.samples = append(s.samples, one)
				s.mu.Unlock()
			}
		}
		listener.Close()
	}
}

// wait hears the till until the payment is in the state, or over.
func (s *side) wait(ctx context.Context, l interface{ Events() <-chan posta.Event }, id posta.PaymentID, state payment.State) bool {
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case e, open := <-l.Events():
			if !open {
				return false
			}
			if e.Subject != string(id) {
				continue
			}
			if e.Type == "payment."+string(state) {
				return true
			}
			if e.Type == "payment.failed" || e.Type == "payment.canceled" || e.Type == "payment.expired" {
				return false
			}
		case <-timeout.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (s *side) create(ctx context.Context, id posta.TillID, key string) (payment.View, bool) {
	body, _ := json.Marshal(map[string]any{"till_id": id, "amount": 150000, "reference": key})
	request, err := http.NewRequestWithContext(ctx, "POST", s.hub.URL()+"/v1/payments", bytes.NewReader(body))
	if err != nil {
		return payment.View{}, false
	}
	request.Header.Set("Authorization", "Bearer "+s.key)
	request.Header.Set("Idempotency-Key", key)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return payment.View{}, false
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	var view payment.View
	if err != nil || response.StatusCode != http.StatusCreated || json.Unmarshal(answer, &view) != nil {
		return payment.View{}, false
	}
	return view, true
}
