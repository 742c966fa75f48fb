package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

func newSettlement(terminal till.Terminal) settlement.Settlement {
	return settlement.Settlement{ID: posta.NewID[posta.SettlementID](storetest.Now), MerchantID: terminal.MerchantID, Mode: terminal.Mode,
		ConnectionID: terminal.ConnectionID, StoreID: terminal.StoreID, TerminalID: terminal.ID, TerminalCode: terminal.Code, Currency: "ARS",
		State: settlement.Created, AskedBy: "user:test", CreatedAt: storetest.Now, UpdatedAt: storetest.Now, DueAt: storetest.Now}
}

func settlementEvent(s settlement.Settlement) posta.Event {
	return posta.Event{ID: posta.NewID[posta.EventID](storetest.Now), MerchantID: s.MerchantID, Mode: s.Mode, Type: "settlement.created",
		Subject: string(s.ID), Data: []byte("{}"), CreatedAt: storetest.Now}
}

func TestSettlementComesBackAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		s := newSettlement(w.AddTerminal(t, db, "1"))
		s.Theirs = &provider.BatchTotals{Sales: provider.Sum{Count: 2, Amount: 300}, Brands: []provider.BrandSum{{Brand: "VI", Sum: provider.Sum{Count: 2, Amount: 300}}}}
		s.Others = provider.Sum{Count: 1, Amount: 50}
		s.Ours, s.Batch, s.Slip, s.Progress = *s.Theirs, "7", "CIERRE", provider.ProgressOffered
		if err := db.InsertSettlement(ctx, s, []posta.Event{settlementEvent(s)}); err != nil {
			t.Fatal(err)
		}
		if got := must[settlement.Settlement](t)(db.Settlement(ctx, s.MerchantID, s.Mode, s.ID)); !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, want %+v", got, s)
		}
		other := storetest.Seed(t, db)
		for _, c := range []struct {
			m    posta.MerchantID
			mode posta.Mode
		}{{other.Merchant.ID, s.Mode}, {s.MerchantID, posta.Live}} {
			_, err := db.Settlement(ctx, c.m, c.mode, s.ID)
			wantCode(t, err, posta.CodeNotFound)
			if got := must[[]settlement.Settlement](t)(db.ListSettlements(ctx, settlement.Filter{MerchantID: c.m, Mode: c.mode})); len(got) != 0 {
				t.Errorf("%s %s sees %+v", c.m, c.mode, got)
			}
		}
		if got := must[[]posta.Event](t)(db.SettlementEvents(ctx, other.Merchant.ID, s.ID)); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		if got := must[[]posta.Event](t)(db.SettlementEvents(ctx, s.MerchantID, s.ID)); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		wantCode(t, db.InsertSettlement(ctx, s, nil), posta.CodeConflict)
		_, err := db.ChangeSettlement(ctx, other.Merchant.ID, s.ID, func(*settlement.Settlement) ([]posta.Event, error) { return nil, nil })
		wantCode(t, err, posta.CodeNotFound)
	})
}

// Of many at once one closes the terminal. Sabotage that turns it red: no look
// inside the write (both are inserted on SQLite, and one is a conflict without a
// name on PostgreSQL).
func TestOneSettlementAtATimeOnATerminal(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		terminal := w.AddTerminal(t, db, "1")
		busy := 0
		for _, err := range parallel(12, func(int) error { return db.InsertSettlement(t.Context(), newSettlement(terminal), nil) }) {
			if err == nil {
				continue
			}
			busy++
			var e *posta.Error
			if !errors.As(err, &e) || e.Code != posta.CodeTerminalBusy || e.Params["settlement"] == "" {
				t.Errorf("%v", err)
			}
		}
		if busy != 11 {
			t.Errorf("%d of 12 found it busy", busy)
		}
	})
}

func TestASettlementIsChangedByOneAtATime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		s := newSettlement(w.AddTerminal(t, db, "1"))
		if err := db.InsertSettlement(ctx, s, nil); err != nil {
			t.Fatal(err)
		}
		oh := errors.New("oh")
		for i, err := range parallel(20, func(i int) error {
			_, err := db.ChangeSettlement(ctx, s.MerchantID, s.ID, func(s *settlement.Settlement) ([]posta.Event, error) {
				s.Tries++
				if i%4 == 3 {
					return []posta.Event{settlementEvent(*s)}, oh
				}
				return []posta.Event{settlementEvent(*s)}, nil
			})
			return err
		}) {
			if (err != nil) != (i%4 == 3) || err != nil && !errors.Is(err, oh) {
				t.Errorf("%d: %v", i, err)
			}
		}
		got := must[settlement.Settlement](t)(db.Settlement(ctx, s.MerchantID, s.Mode, s.ID))
		if events := must[[]posta.Event](t)(db.SettlementEvents(ctx, s.MerchantID, s.ID)); got.Tries != 15 || len(events) != 15 {
			t.Errorf("%d changes, %d events", got.Tries, len(events))
		}
	})
}

func TestWhatIsDueIsClaimedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		for i := range 6 {
			if err := db.InsertSettlement(ctx, newSettlement(w.AddTerminal(t, db, string(rune('1'+i)))), nil); err != nil {
				t.Fatal(err)
			}
			st := w.Store
			st.ID, st.CloseAt, st.CloseDueAt = posta.NewID[posta.StoreID](storetest.Now), "23:30", storetest.Now
			if err := db.InsertStore(ctx, st); err != nil {
				t.Fatal(err)
			}
		}
		claimed, closes := make([]int, 8), make([]int, 8)
		for _, err := range parallel(8, func(i int) error {
			s, err := db.ClaimSettlements(ctx, storetest.Now, time.Minute, 100)
			c, closing := db.ClaimCloses(ctx, storetest.Now, time.Minute, 100)
			for _, c := range c {
				if c.At != "23:30" || c.TimeZone != w.Merchant.TimeZone || c.MerchantID != w.Merchant.ID || c.Mode != posta.Test {
					t.Errorf("%+v", c)
				}
			}
			claimed[i], closes[i] = len(s), len(c)
			return errors.Join(err, closing)
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		sum := func(counts []int) (n int) {
			for _, c := range counts {
				n += c
			}
			return n
		}
		if sum(claimed) != 6 || sum(closes) != 6 {
			t.Errorf("claimed %v and %v, want 6 of each", claimed, closes)
		}
		if again := must[[]settlement.Close](t)(db.ClaimCloses(ctx, storetest.Now.Add(time.Minute), time.Minute, 100)); len(again) != 6 {
			t.Errorf("%d after the lease", len(again))
		}
	})
}

func TestTerminalsOfATill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		first := w.AddTerminal(t, db, "1")
		second := w.AddTerminal(t, db, "2")
		second.Tills = []posta.TillID{w.AddTill(t, db).ID}
		gone := w.AddTerminal(t, db, "3")
		gone.RemovedAt = storetest.Now
		for _, changed := range []till.Terminal{second, gone} {
			if err := db.UpdateTerminal(ctx, changed); err != nil {
				t.Fatal(err)
			}
		}
		for id, want := range map[posta.TillID]int{w.Till.ID: 1, second.Tills[0]: 2} {
			if has := must[[]payment.Terminal](t)(db.TillTerminals(ctx, w.Store.ID, id)); len(has) != want {
				t.Errorf("%+v, want %d", has, want)
			}
		}
		copied := first
		copied.ID = posta.NewID[posta.TerminalID](storetest.Now)
		wantCode(t, db.InsertTerminal(ctx, copied), posta.CodeConflict)
		copied.Code = gone.Code
		copied.ConnectionID = gone.ConnectionID
		if err := db.InsertTerminal(ctx, copied); err != nil {
			t.Errorf("the code of one that was removed: %v", err)
		}
		other := storetest.Seed(t, db)
		_, err := db.Terminal(ctx, other.Merchant.ID, first.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = db.SettlementTerminal(ctx, w.Merchant.ID, posta.Live, first.ID)
		wantCode(t, err, posta.CodeNotFound)
		if got := must[settlement.Terminal](t)(db.SettlementTerminal(ctx, w.Merchant.ID, posta.Test, gone.ID)); !got.Removed || got.Currency != "ARS" || got.Code != "3" {
			t.Errorf("%+v", got)
		}
		if got := must[[]settlement.Terminal](t)(db.StoreTerminals(ctx, w.Merchant.ID, posta.Test, w.Store.ID)); len(got) != 3 {
			t.Errorf("%+v", got)
		}
	})
}
