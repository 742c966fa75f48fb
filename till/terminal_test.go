package till_test

import (
	"context"
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

// cards is a provider of card terminals.
type cards struct {
	provider.Connector
	offered bool
	devices []provider.Device
	alone   map[string]bool
}

func (c *cards) Capabilities(rail provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: c.offered && rail == provider.RailTerminal, Terminal: provider.TerminalCapabilities{Devices: c.devices != nil}}
}

func (c *cards) Devices(context.Context) ([]provider.Device, error) { return c.devices, nil }

func (c *cards) SetIntegrated(_ context.Context, id string, integrated bool) error {
	c.alone[id] = !integrated
	return nil
}

// counter is a world whose provider has terminals.
func counter(w *world) *cards {
	c := &cards{offered: true, alone: map[string]bool{}}
	w.open = c
	w.TerminalUse = func(context.Context, posta.MerchantID, posta.TerminalID) (map[string]string, error) { return nil, nil }
	w.Location = func(context.Context, posta.MerchantID) (*time.Location, error) {
		return time.LoadLocation("America/Argentina/Buenos_Aires")
	}
	return c
}

func (w *world) terminalInput(code string) till.TerminalInput {
	return till.TerminalInput{MerchantID: w.seed.Merchant.ID, Mode: posta.Test, StoreID: w.seed.Store.ID, ConnectionID: w.seed.Connection.ID, Code: code, Name: " Mostrador "}
}

func TestTerminalsAreValidated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := counter(w)
		foreign := storetest.Seed(t, w.Keeper.(*store.DB))
		for name, check := range map[string]struct {
			change func(*till.TerminalInput)
			want   map[string]string
		}{
			"nothing":       {func(in *till.TerminalInput) { in.Name, in.Code = "", " " }, map[string]string{"name": "required"}},
			"no code":       {func(in *till.TerminalInput) { in.Code = " " }, map[string]string{"code": "required"}},
			"long":          {func(in *till.TerminalInput) { in.Code = strings.Repeat("1", 61) }, map[string]string{"code": "too_long"}},
			"not printable": {func(in *till.TerminalInput) { in.Code = "12\u200b34" }, map[string]string{"code": "malformed"}},
			"no store":      {func(in *till.TerminalInput) { in.StoreID = foreign.Store.ID }, map[string]string{"store_id": "unknown"}},
			"P40 live":      {func(in *till.TerminalInput) { in.Mode = posta.Live }, map[string]string{"store_id": "unknown"}},
			"P41 not ours":  {func(in *till.TerminalInput) { in.ConnectionID = foreign.Connection.ID }, map[string]string{"connection_id": "unknown"}},
			"foreign till":  {func(in *till.TerminalInput) { in.Tills = []posta.TillID{w.seed.Till.ID, foreign.Till.ID} }, map[string]string{"tills": "unknown"}},
		} {
			in := w.terminalInput("12345678")
			check.change(&in)
			if _, err := w.CreateTerminal(t.Context(), in); !reflect.DeepEqual(problems(err), check.want) {
				t.Errorf("%s: %v, want %v", name, err, check.want)
			}
		}
		c.offered = false
		if _, err := w.CreateTerminal(t.Context(), w.terminalInput("12345678")); !reflect.DeepEqual(problems(err), map[string]string{"connection_id": "not_offered"}) {
			t.Errorf("%v", err)
		}
		c.offered = true
		live := w.seed.Connection
		live.ID, live.Mode = posta.NewID[posta.ConnectionID](w.clock.Now()), posta.Live
		if err := w.Keeper.(*store.DB).InsertConnection(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		in := w.terminalInput("12345678")
		in.ConnectionID = live.ID
		if _, err := w.CreateTerminal(t.Context(), in); posta.ErrorCode(err) != posta.CodeModeMismatch {
			t.Errorf("P40 a live terminal in a test store: %v", err)
		}
	})
}

func TestTerminalsAndTheirTills(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		counter(w)
		ctx, m := t.Context(), w.seed.Merchant.ID
		second := w.seed.AddTill(t, w.Keeper.(*store.DB))
		in := w.terminalInput("12345678")
		in.ID = posta.NewID[posta.TerminalID](w.clock.Now())
		made := must(w.CreateTerminal(ctx, in))(t)
		if made.Name != "Mostrador" || made.Mode != posta.Test || made.ID != in.ID {
			t.Errorf("%+v", made)
		}
		if again := must(w.CreateTerminal(ctx, in))(t); again.ID != made.ID {
			t.Errorf("%+v", again)
		}
		taken := w.terminalInput("12345678")
		_, err := w.CreateTerminal(ctx, taken)
		if e, ok := err.(*posta.Error); !ok || e.Code != posta.CodeConflict || e.Params["terminal"] != string(made.ID) {
			t.Errorf("%v", err)
		}
		serving := func(id posta.TillID) int { return len(must(w.TerminalsOf(ctx, m, posta.Test, id))(t)) }
		if serving(second.ID) != 1 || serving(w.seed.Till.ID) != 1 {
			t.Error("a terminal without tills is for all of the store")
		}
		w.clock.Move(time.Minute)
		in.Name, in.Tills, in.Code = "Caja rápida", []posta.TillID{second.ID, second.ID}, "other"
		made = must(w.UpdateTerminal(ctx, in))(t)
		if made.Name != "Caja rápida" || made.Code != "12345678" || len(made.Tills) != 1 || serving(second.ID) != 1 || serving(w.seed.Till.ID) != 0 {
			t.Errorf("%+v", made)
		}
		if kept := must(w.Terminal(ctx, m, posta.Test, made.ID))(t); !reflect.DeepEqual(kept, made) {
			t.Errorf("%+v, want %+v", kept, made)
		}
		if _, err := w.Terminal(ctx, m, posta.Live, made.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P40: %v", err)
		}
		if _, err := w.RemoveStore(ctx, m, posta.Test, w.seed.Store.ID); posta.ErrorCode(err) != posta.CodeStoreInUse {
			t.Errorf("%v", err)
		}
	})
}

func TestRemovingATerminal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		counter(w)
		ctx, m := t.Context(), w.seed.Merchant.ID
		made := must(w.CreateTerminal(ctx, w.terminalInput("12345678")))(t)
		looks := 0
		for name, busy := range map[string]func() bool{"busy": func() bool { return true }, "busy meanwhile": func() bool { looks++; return looks > 1 }} {
			w.TerminalUse = func(_ context.Context, of posta.MerchantID, id posta.TerminalID) (map[string]string, error) {
				if of == m && id == made.ID && busy() {
					return map[string]string{"payment": "pay_1"}, nil
				}
				return nil, nil
			}
			_, err := w.RemoveTerminal(ctx, m, posta.Test, made.ID)
			if e, ok := err.(*posta.Error); !ok || e.Code != posta.CodeTerminalBusy || e.Params["payment"] != "pay_1" {
				t.Errorf("%s: %v", name, err)
			}
			if kept := must(w.Terminal(ctx, m, posta.Test, made.ID))(t); !kept.RemovedAt.IsZero() {
				t.Errorf("%s: %+v", name, kept)
			}
		}
		w.TerminalUse = func(context.Context, posta.MerchantID, posta.TerminalID) (map[string]string, error) { return nil, nil }
		for range 2 {
			if gone := must(w.RemoveTerminal(ctx, m, posta.Test, made.ID))(t); gone.RemovedAt.IsZero() {
				t.Errorf("%+v", gone)
			}
		}
		if left := must(w.Terminals(ctx, m, posta.Test))(t); len(left) != 0 {
			t.Errorf("%+v", left)
		}
		in := w.terminalInput("12345678")
		in.ID = made.ID
		if _, err := w.UpdateTerminal(ctx, in); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("%v", err)
		}
		in.ID = ""
		must(w.CreateTerminal(ctx, in))(t) // its code is free again
	})
}

func TestDevicesOfAProvider(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := counter(w)
		ctx, m, id := t.Context(), w.seed.Merchant.ID, w.seed.Connection.ID
		if _, err := w.Devices(ctx, m, posta.Test, id); !reflect.DeepEqual(problems(err), map[string]string{"connection_id": "not_offered"}) {
			t.Errorf("%v", err)
		}
		c.devices = []provider.Device{{ID: "A"}, {ID: "B", Integrated: true}}
		made := must(w.CreateTerminal(ctx, w.terminalInput("B")))(t)
		if got := must(w.Devices(ctx, m, posta.Test, id))(t); len(got) != 2 || got[0].Terminal != "" || got[1].Terminal != made.ID || !got[1].Integrated {
			t.Errorf("%+v", got)
		}
		if err := w.SetIntegrated(ctx, m, posta.Test, id, "B", false); err != nil || !c.alone["B"] {
			t.Errorf("%v, %v", err, c.alone)
		}
		for _, mode := range []posta.Mode{posta.Live} {
			if _, err := w.Devices(ctx, m, mode, id); posta.ErrorCode(err) != posta.CodeNotFound {
				t.Errorf("P40: %v", err)
			}
		}
		if err := w.SetIntegrated(ctx, posta.NewID[posta.MerchantID](w.clock.Now()), posta.Test, id, "B", true); posta.ErrorCode(err) != posta.CodeNotFound || !c.alone["B"] {
			t.Errorf("P41: %v", err)
		}
	})
}

func TestTheHourOfAStoresClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		counter(w)
		w.open = w.acme
		in := w.storeInput()
		in.CloseAt = "24:00"
		if _, err := w.CreateStore(t.Context(), in); !reflect.DeepEqual(problems(err), map[string]string{"close_at": "malformed"}) {
			t.Errorf("%v", err)
		}
		in.CloseAt = "23:30"
		st := must(w.CreateStore(t.Context(), in))(t)
		if want := time.Date(2026, 11, 24, 2, 30, 0, 0, time.UTC); st.CloseAt != "23:30" || !st.CloseDueAt.Equal(want) {
			t.Errorf("%s at %s, want %s", st.CloseAt, st.CloseDueAt, want)
		}
		in.ID = st.ID
		in.Name, in.CloseAt = "Otro", "10:00"
		st = must(w.UpdateStore(t.Context(), in))(t)
		if want := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC); !st.CloseDueAt.Equal(want) {
			t.Errorf("%s, want %s", st.CloseDueAt, want)
		}
		in.CloseAt = ""
		if st = must(w.UpdateStore(t.Context(), in))(t); !st.CloseDueAt.IsZero() || st.CloseAt != "" {
			t.Errorf("%+v", st)
		}
	})
}
