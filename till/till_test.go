package till_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// acme is a provider that keeps stores and tills by their codes.
type acme struct {
	provider.Connector
	stores map[string]provider.Store
	tills  map[string]provider.Till
	fail   error
}

func (a *acme) PutStore(_ context.Context, s provider.Store) (string, error) {
	if a.fail != nil {
		return "", a.fail
	}
	a.stores[s.Code] = s
	return "ref-" + s.Code, nil
}

func (a *acme) DeleteStore(_ context.Context, s provider.Store) error {
	if a.fail == nil {
		delete(a.stores, s.Code)
	}
	return a.fail
}

func (a *acme) PutTill(_ context.Context, t provider.Till) (provider.TillPlace, error) {
	if a.fail != nil {
		return provider.TillPlace{}, a.fail
	}
	a.tills[t.Code] = t
	return provider.TillPlace{Ref: "ref-" + t.Code, QR: "qr-" + t.Code, Image: "image"}, nil
}

func (a *acme) DeleteTill(_ context.Context, t provider.Till) error {
	if a.fail == nil {
		delete(a.tills, t.Code)
	}
	return a.fail
}

func (a *acme) Poster(_ context.Context, t provider.Till) (string, []byte, error) {
	return "application/pdf", []byte(t.Ref), a.fail
}

// plain is a provider that keeps none.
type plain struct{ provider.Connector }

type world struct {
	*till.Service
	clock *posta.MovableClock
	acme  *acme
	seed  storetest.World
	open  provider.Connector
	busy  func() bool
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{clock: posta.NewFrozenClock(storetest.Now), seed: storetest.Seed(t, db), busy: func() bool { return false },
			acme: &acme{stores: map[string]provider.Store{}, tills: map[string]provider.Till{}}}
		w.open = w.acme
		w.Service = &till.Service{Keeper: db, Clock: w.clock,
			Open: func(context.Context, posta.ConnectionID) (provider.Connector, error) { return w.open, nil },
			ConnectionMode: func(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (posta.Mode, error) {
				c, err := db.MerchantConnection(ctx, m, id)
				return c.Mode, err
			},
			Currency: func(context.Context, posta.MerchantID) (posta.Currency, error) { return "ARS", nil },
			Busy:     func(context.Context, posta.MerchantID, posta.TillID) (bool, error) { return w.busy(), nil },
		}
		test(t, w)
	})
}

func (w *world) storeInput() till.StoreInput {
	return till.StoreInput{MerchantID: w.seed.Merchant.ID, Mode: posta.Test, ConnectionID: w.seed.Connection.ID, Name: "Almacén Ñandú",
		Address: till.Address{Street: "Corrientes", Number: "1234", City: "Buenos Aires", State: "Capital Federal", Latitude: "-34.6037", Longitude: "-58"}}
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func problems(err error) map[string]string {
	out := map[string]string{}
	if e, ok := err.(*posta.Error); ok && e.Code == posta.CodeInvalid {
		for _, f := range e.Fields {
			out[f.Field] = f.Code
		}
	}
	return out
}

func TestStoreIsValidated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			change func(*till.StoreInput)
			want   map[string]string
		}{
			"nothing": {func(in *till.StoreInput) { in.Name, in.Address = "", till.Address{} }, map[string]string{"name": "required",
				"address.street": "required", "address.number": "required", "address.city": "required", "address.state": "required",
				"address.latitude": "required", "address.longitude": "required"}},
			"digits":       {func(in *till.StoreInput) { in.Name = "Local 24" }, map[string]string{"name": "textual"}},
			"signs":        {func(in *till.StoreInput) { in.Name = "A&B" }, map[string]string{"name": "textual"}},
			"control":      {func(in *till.StoreInput) { in.Name = "A\x00B" }, map[string]string{"name": "malformed"}},
			"long":         {func(in *till.StoreInput) { in.Name = strings.Repeat("ñ", 101) }, map[string]string{"name": "too_long"}},
			"too far":      {func(in *till.StoreInput) { in.Address.Latitude, in.Address.Longitude = "90.1", "-180.0001" }, map[string]string{"address.latitude": "degrees", "address.longitude": "degrees"}},
			"not degrees":  {func(in *till.StoreInput) { in.Address.Latitude, in.Address.Longitude = "34,6", "1e2" }, map[string]string{"address.latitude": "degrees", "address.longitude": "degrees"}},
			"no digits":    {func(in *till.StoreInput) { in.Address.Latitude, in.Address.Longitude = "-", "1." }, map[string]string{"address.latitude": "degrees", "address.longitude": "degrees"}},
			"P41 not ours": {func(in *till.StoreInput) { in.ConnectionID = posta.NewID[posta.ConnectionID](w.clock.Now()) }, map[string]string{"connection_id": "unknown"}},
		} {
			in := w.storeInput()
			c.change(&in)
			if _, err := w.CreateStore(t.Context(), in); !reflect.DeepEqual(problems(err), c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		in := w.storeInput()
		in.Address.Latitude, in.Address.Longitude = "-90.000", "180"
		must(w.CreateStore(t.Context(), in))(t)
		in.Mode = posta.Live
		if _, err := w.CreateStore(t.Context(), in); posta.ErrorCode(err) != posta.CodeModeMismatch {
			t.Errorf("P40 a live key in a test connection: %v", err)
		}
	})
}

// Turns red when the provider is called before the row is there, or with
// another code on the second try.
func TestProvisioningMayBeRepeated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, m := t.Context(), w.seed.Merchant.ID
		w.acme.fail = &posta.Error{Code: posta.CodeProviderUnavailable}
		in := w.storeInput()
		in.ID = posta.NewID[posta.StoreID](w.clock.Now())
		st, err := w.CreateStore(ctx, in)
		if posta.ErrorCode(err) != posta.CodeProviderUnavailable || st.ID != in.ID {
			t.Fatalf("%+v, %v", st, err)
		}
		if kept := must(w.Store(ctx, m, posta.Test, in.ID))(t); kept.ProviderRef != "" {
			t.Errorf("%+v", kept)
		}
		tillIn := till.Input{ID: posta.NewID[posta.TillID](w.clock.Now()), MerchantID: m, Mode: posta.Test, StoreID: st.ID, Name: "Caja 1"}
		if made, err := w.CreateTill(ctx, tillIn); posta.ErrorCode(err) != posta.CodeProviderUnavailable || made.ProviderRef != "" {
			t.Errorf("%+v, %v", made, err)
		}
		w.acme.fail = nil
		made := must(w.CreateTill(ctx, tillIn))(t) // goes on, its store first
		if code := posta.Alphanumeric(tillIn.ID); made.ProviderRef != "ref-"+code || made.QR != "qr-"+code || made.Image != "image" {
			t.Errorf("%+v", made)
		}
		again := must(w.CreateStore(ctx, in))(t)
		if again.ProviderRef != "ref-"+posta.Alphanumeric(in.ID) || len(w.acme.stores) != 1 || len(w.acme.tills) != 1 {
			t.Errorf("%+v; at the provider %v %v", again, w.acme.stores, w.acme.tills)
		}
		there := w.acme.tills[posta.Alphanumeric(tillIn.ID)]
		if there.StoreRef != again.ProviderRef || there.StoreCode != posta.Alphanumeric(in.ID) || there.Name != "Caja 1" {
			t.Errorf("at the provider: %+v", there)
		}
		must(w.ProvisionTill(ctx, m, posta.Test, tillIn.ID))(t)
		in.Name = "Otro"
		if got := must(w.UpdateStore(ctx, in))(t); got.Name != "Otro" || w.acme.stores[posta.Alphanumeric(in.ID)].Ref != got.ProviderRef {
			t.Errorf("%+v", got)
		}
		tillIn.Name = "Caja 2"
		if got := must(w.UpdateTill(ctx, tillIn))(t); got.Name != "Caja 2" || w.acme.tills[posta.Alphanumeric(tillIn.ID)].Name != "Caja 2" {
			t.Errorf("%+v", got)
		}
		kind, body, err := w.Poster(ctx, m, posta.Test, tillIn.ID)
		if err != nil || kind != "application/pdf" || string(body) != made.ProviderRef {
			t.Errorf("%s %s %v", kind, body, err)
		}
	})
}

func TestProviderThatKeepsNoTills(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.open = plain{}
		st := must(w.CreateStore(t.Context(), w.storeInput()))(t)
		made := must(w.CreateTill(t.Context(), till.Input{MerchantID: st.MerchantID, StoreID: st.ID, Name: "Caja"}))(t)
		if st.ProviderRef != "" || made.ProviderRef != "" || made.Mode != posta.Test {
			t.Errorf("%+v %+v", st, made)
		}
		if _, _, err := w.Poster(t.Context(), st.MerchantID, posta.Test, made.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("%v", err)
		}
		must(w.RemoveTill(t.Context(), st.MerchantID, posta.Test, made.ID))(t)
	})
}

func TestTillsAreValidated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name  string
			store posta.StoreID
			mode  posta.Mode
			want  map[string]string
		}{
			{"", w.seed.Store.ID, posta.Test, map[string]string{"name": "required"}},
			{strings.Repeat("ñ", 45), w.seed.Store.ID, posta.Test, map[string]string{"name": "too_long"}},
			{"Caja", "sto_none", posta.Test, map[string]string{"store_id": "unknown"}},
			{"Caja", w.seed.Store.ID, posta.Live, map[string]string{"store_id": "unknown"}},
		} {
			in := till.Input{MerchantID: w.seed.Merchant.ID, Mode: c.mode, StoreID: c.store, Name: c.name}
			if _, err := w.CreateTill(t.Context(), in); !reflect.DeepEqual(problems(err), c.want) {
				t.Errorf("%+v: %v", in, err)
			}
		}
		must(w.CreateTill(t.Context(), till.Input{MerchantID: w.seed.Merchant.ID, StoreID: w.seed.Store.ID, Name: strings.Repeat("ñ", 44)}))(t)
		if _, err := w.Till(t.Context(), w.seed.Merchant.ID, posta.Live, w.seed.Till.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P40 a live key sees a test till: %v", err)
		}
		if _, err := w.RemoveTill(t.Context(), posta.NewID[posta.MerchantID](w.clock.Now()), "", w.seed.Till.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P41 another merchant removes it: %v", err)
		}
	})
}

func TestRemoving(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, m := t.Context(), w.seed.Merchant.ID
		st := must(w.CreateStore(ctx, w.storeInput()))(t)
		made := must(w.CreateTill(ctx, till.Input{MerchantID: m, StoreID: st.ID, Name: "Caja"}))(t)
		var e *posta.Error
		if _, err := w.RemoveStore(ctx, m, posta.Test, st.ID); !errors.As(err, &e) || e.Code != posta.CodeStoreInUse || e.Params["tills"] != "1" {
			t.Errorf("store with a till: %v", err)
		}
		looks := 0
		for name, busy := range map[string]func() bool{"busy": func() bool { return true }, "busy meanwhile": func() bool { looks++; return looks > 1 }} {
			w.busy = busy
			if _, err := w.RemoveTill(ctx, m, posta.Test, made.ID); posta.ErrorCode(err) != posta.CodeTillBusy {
				t.Errorf("%s: %v", name, err)
			}
			if kept := must(w.Till(ctx, m, posta.Test, made.ID))(t); !kept.RemovedAt.IsZero() || kept.ProviderRef == "" {
				t.Errorf("%s: %+v", name, kept)
			}
		}
		w.busy = func() bool { return false }
		w.acme.fail = &posta.Error{Code: posta.CodeProviderUnavailable}
		if _, err := w.RemoveTill(ctx, m, posta.Test, made.ID); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
			t.Errorf("%v", err)
		}
		if left := must(w.Tills(ctx, m, posta.Test))(t); len(left) != 1 || left[0].ID != w.seed.Till.ID {
			t.Errorf("in use: %+v", left)
		}
		w.acme.fail = nil
		for range 2 {
			gone := must(w.RemoveTill(ctx, m, posta.Test, made.ID))(t)
			if gone.ProviderRef != "" || gone.RemovedAt.IsZero() || len(w.acme.tills) != 0 {
				t.Errorf("%+v", gone)
			}
			must(w.RemoveStore(ctx, m, posta.Test, st.ID))(t)
		}
		if left := must(w.Stores(ctx, m, posta.Test))(t); len(left) != 1 || len(w.acme.stores) != 0 {
			t.Errorf("in use: %+v", left)
		}
		in := w.storeInput()
		in.ID = st.ID
		if _, err := w.UpdateStore(ctx, in); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("a removed store is changed: %v", err)
		}
		if _, err := w.ProvisionTill(ctx, m, posta.Test, made.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("a removed till is provisioned: %v", err)
		}
	})
}

func TestShifts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, m, id := t.Context(), w.seed.Merchant.ID, w.seed.Till.ID
		in := till.ShiftInput{MerchantID: m, Mode: posta.Test, TillID: id, By: " Ana "}
		sh := must(w.OpenShift(ctx, in))(t)
		if sh.OpenedBy != "Ana" || !sh.OpenedAt.Equal(w.clock.Now()) {
			t.Errorf("%+v", sh)
		}
		var e *posta.Error
		if _, err := w.OpenShift(ctx, in); !errors.As(err, &e) || e.Code != posta.CodeShiftOpen || e.Params["shift"] != string(sh.ID) {
			t.Errorf("a second shift: %v", err)
		}
		in.ID = sh.ID
		if again := must(w.OpenShift(ctx, in))(t); again.ID != sh.ID {
			t.Errorf("%+v", again)
		}
		if current := must(w.CurrentShift(ctx, m, posta.Test, id))(t); current.ID != sh.ID {
			t.Errorf("%+v", current)
		}
		if _, err := w.CloseShift(ctx, m, posta.Test, sh.ID, ""); problems(err)["closed_by"] != "required" {
			t.Errorf("%v", err)
		}
		if _, err := w.CloseShift(ctx, m, posta.Live, sh.ID, "Ana"); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P40: %v", err)
		}
		w.clock.Move(8 * time.Hour)
		closed := must(w.CloseShift(ctx, m, posta.Test, sh.ID, "Beto"))(t)
		want := till.Report{From: sh.OpenedAt, To: w.clock.Now(), Currency: "ARS", Methods: []till.MethodSum{}}
		if closed.ClosedBy != "Beto" || !reflect.DeepEqual(closed.Report, want) {
			t.Errorf("%+v, want %+v", closed, want)
		}
		w.clock.Move(time.Hour)
		if again := must(w.CloseShift(ctx, m, posta.Test, sh.ID, "Caro"))(t); again.ClosedBy != "Beto" || !again.ClosedAt.Equal(closed.ClosedAt) {
			t.Errorf("closed again: %+v", again)
		}
		in.ID = ""
		must(w.OpenShift(ctx, in))(t)
		if all := must(w.Shifts(ctx, m, posta.Test, id, 10))(t); len(all) != 2 {
			t.Errorf("%+v", all)
		}
		if _, err := w.Report(ctx, m, posta.Test, id, w.clock.Now(), w.clock.Now().Add(-1)); problems(err)["to"] != "before_from" {
			t.Errorf("%v", err)
		}
	})
}

func TestTodayIsTheDayOfTheZone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ zone, now, from, to string }{
			{"America/Argentina/Buenos_Aires", "2026-11-24T02:00:00Z", "2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z"},
			{"America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}, // midnight is skipped: 23 h
			{"America/Santiago", "2026-09-05T12:00:00Z", "2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z"},
			{"America/Santiago", "2026-04-04T12:00:00Z", "2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z"}, // 25 h
		} {
			at := must(time.Parse(time.RFC3339, c.now))(t)
			w.clock.Move(at.Sub(w.clock.Now()))
			r := must(w.Today(t.Context(), w.seed.Merchant.ID, posta.Test, w.seed.Till.ID, must(time.LoadLocation(c.zone))(t)))(t)
			if from, to := r.From.Format(time.RFC3339), r.To.Format(time.RFC3339); from != c.from || to != c.to {
				t.Errorf("%s at %s: %s to %s, want %s to %s", c.zone, c.now, from, to, c.from, c.to)
			}
		}
	})
}

func TestSum(t *testing.T) {
	visa := func(rail string, n, sum int64) till.MethodSum {
		return till.MethodSum{Rail: rail, Method: "credit_card", Brand: "visa", Count: n, Captured: sum}
	}
	money := till.MethodSum{Rail: "qr", Method: "account_money", Count: 1, Captured: 5000}
	got := till.Sum([]till.Sale{
		{State: "paid", Rail: "qr", Captured: 1000, Methods: []till.MethodSum{visa("qr", 1, 1000)}, Declined: 2},
		{State: "refunded", Rail: "qr", Captured: 6500, Methods: []till.MethodSum{visa("qr", 1, 1500), money}},
		{State: "paid", Rail: "terminal", Captured: 2500, Methods: []till.MethodSum{visa("terminal", 1, 2500)}},
		{State: "canceled"}, {State: "expired", Declined: 1}, {State: "failed"}, {State: "rejected", Rail: "terminal", Declined: 1},
	}, []till.Returned{{Rail: "qr", Amount: 6500}, {Rail: "terminal", Amount: 100}})
	want := till.Report{Sales: 3, Captured: 10000, Refunds: 2, Refunded: 6600, Declined: 4, Canceled: 3,
		Methods: []till.MethodSum{money, visa("qr", 2, 2500), visa("terminal", 1, 2500)},
		Rails: []till.RailSum{{Rail: "qr", Sales: 2, Captured: 7500, Refunds: 1, Refunded: 6500},
			{Rail: "terminal", Sales: 1, Captured: 2500, Refunds: 1, Refunded: 100}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
