package account_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/provider"
	"posta/seal"
)

func TestMerchants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.mer.Name != "Don Pedro" || w.mer.TimeZone != "America/Argentina/Buenos_Aires" {
			t.Errorf("%+v", w.mer)
		}
		again := must(w.CreateMerchant(t.Context(), account.MerchantInput{ID: w.mer.ID, Name: "Other", Country: "AR"}))(t)
		if again.Name != "Don Pedro" {
			t.Errorf("the same ID made %+v", again)
		}
		for _, c := range []struct {
			in   account.MerchantInput
			want map[string]string
		}{
			{account.MerchantInput{}, map[string]string{"name": "required", "country": "required"}},
			{account.MerchantInput{Name: strings.Repeat("ñ", 101), Country: "XX"}, map[string]string{"name": "too_long", "country": "unknown"}},
			{account.MerchantInput{Name: "a\x00", Country: "BR", TimeZone: "Mars/Olympus"}, map[string]string{"name": "malformed", "time_zone": "unknown"}},
			{account.MerchantInput{Name: "a", Country: "BR", TimeZone: "Local"}, map[string]string{"time_zone": "unknown"}},
		} {
			if _, err := w.CreateMerchant(t.Context(), c.in); !reflect.DeepEqual(problems(err), c.want) {
				t.Errorf("%+v: %v, want %v", c.in, err, c.want)
			}
		}
		in := account.MerchantInput{ID: w.mer.ID, Name: "Pedro", Country: "CL"}
		if got := must(w.UpdateMerchant(t.Context(), in))(t); got.TimeZone != "America/Santiago" {
			t.Errorf("%+v", got)
		}
		if c := must(w.Currency(t.Context(), w.mer.ID))(t); c != "CLP" {
			t.Errorf("currency %s", c)
		}
		if l := must(w.Location(t.Context(), w.mer.ID))(t); l.String() != "America/Santiago" {
			t.Errorf("location %s", l)
		}
		w.connect(t)
		in.Country = "AR"
		if _, err := w.UpdateMerchant(t.Context(), in); problems(err)["country"] != "fixed" {
			t.Errorf("country of a connected merchant: %v", err)
		}
	})
}

func TestConnectionsAreValidated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			change func(*account.ConnectionInput)
			want   map[string]string
		}{
			"nothing":  {func(in *account.ConnectionInput) { in.Name, in.Mode, in.Provider = "", "", "" }, map[string]string{"name": "required", "mode": "unknown", "provider": "unknown"}},
			"required": {func(in *account.ConnectionInput) { in.Fields = nil }, map[string]string{"config.access_token": "required", "config.user_id": "required"}},
			"unknown":  {func(in *account.ConnectionInput) { in.Fields["color"] = "red" }, map[string]string{"config.color": "unknown"}},
			"option":   {func(in *account.ConnectionInput) { in.Fields["flow"] = "magic" }, map[string]string{"config.flow": "not_an_option"}},
			"long":     {func(in *account.ConnectionInput) { in.Fields["user_id"] = strings.Repeat("1", 4097) }, map[string]string{"config.user_id": "too_long"}},
			"lines":    {func(in *account.ConnectionInput) { in.Fields["access_token"] = "a\r\nX-Evil: 1" }, map[string]string{"config.access_token": "malformed"}},
			"theirs":   {func(in *account.ConnectionInput) { in.Fields["user_id"] = "0" }, map[string]string{"config.user_id": "malformed"}},
		} {
			in := w.input()
			c.change(&in)
			if _, err := w.CreateConnection(t.Context(), in); !reflect.DeepEqual(problems(err), c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		in := w.input()
		in.MerchantID = posta.NewID[posta.MerchantID](w.clock.Now())
		if _, err := w.CreateConnection(t.Context(), in); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("connection of nobody: %v", err)
		}
		made := w.connect(t)
		in = w.input()
		in.ID, in.Name = made.ID, "another"
		if again := must(w.CreateConnection(t.Context(), in))(t); again.Name != "QR" {
			t.Errorf("the same ID made %+v", again)
		}
	})
}

// P40. Turns red when the bind is not the row's id, or an error quotes a value.
func TestP40_CredentialsAreSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(t)
		row := fmt.Sprintf("%+v %s", must(w.db.Connection(t.Context(), c.ID))(t), c.Sealed)
		view := fmt.Sprintf("%+v", must(w.View(c))(t))
		other := w.input()
		other.Fields["user_id"], other.Fields["flow"] = "0", token
		_, refused := w.CreateConnection(t.Context(), other)
		moved := must(w.CreateConnection(t.Context(), w.input()))(t)
		moved.Sealed, moved.UpdatedAt = c.Sealed, w.clock.Now().Add(time.Second)
		if err := w.db.UpdateConnection(t.Context(), moved); err != nil {
			t.Fatal(err)
		}
		_, stolen := w.Open(t.Context(), moved.ID)
		if refused == nil || stolen == nil {
			t.Errorf("errors %v, %v", refused, stolen)
		}
		stranger := w.replica(must(seal.Open(seal.NewKey()))(t))
		_, keyless := stranger.Secrets(t.Context(), c.ID)
		if keyless == nil {
			t.Error("another key opens it")
		}
		for where, text := range map[string]string{"row": row, "view": view, "log": w.log.String(),
			"errors": fmt.Sprint(refused, stolen, keyless)} {
			if strings.Contains(text, "CANARY") {
				t.Errorf("the %s holds a secret: %s", where, text)
			}
		}
		if !strings.Contains(view, "••••abcd") || strings.Contains(view, "567890") {
			t.Errorf("view %s", view)
		}
		for secret, want := range map[string]string{"": "", "short": "••••", "123456789012345": "••••", "123456789012ñ456": "••••ñ456"} {
			if got := account.Hint(secret); got != want {
				t.Errorf("Hint(%q) = %q", secret, got)
			}
		}
	})
}

func TestUpdateKeepsWhatIsNotSaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(t)
		must(w.Check(t.Context(), w.mer.ID, c.ID))(t)
		config := func() provider.Config {
			return must(w.Open(t.Context(), c.ID))(t).(*connector).config
		}
		if got := config(); !reflect.DeepEqual(got, provider.Config{"access_token": token, "webhook_secret": signer + ",\n other",
			"user_id": "446", "flow": "legacy", "base_url": "http://127.0.0.1:1"}) {
			t.Errorf("opened with %v", got)
		}
		in := account.ConnectionInput{ID: c.ID, MerchantID: w.mer.ID, Name: "New", RefundLate: true,
			Fields: map[string]string{"access_token": "", "flow": "orders"}}
		c = must(w.UpdateConnection(t.Context(), in))(t)
		if got := config(); got["access_token"] != token || got["flow"] != "orders" || got["user_id"] != "446" || c.Name != "New" || !c.RefundLate {
			t.Errorf("opened with %v, %+v", got, c)
		}
		if !c.CheckedAt.IsZero() {
			t.Error("still counts as checked")
		}
		must(w.Check(t.Context(), w.mer.ID, c.ID))(t)
		in.Fields = map[string]string{"flow": "orders", "base_url": "http://127.0.0.1:1"} // the default, as a form sends it
		c = must(w.UpdateConnection(t.Context(), in))(t)
		if c.CheckedAt.IsZero() || c.Config["base_url"] != "" {
			t.Errorf("nothing changed, and yet %+v", c)
		}
		in.Fields = map[string]string{"flow": "", "access_token": "next"}
		must(w.UpdateConnection(t.Context(), in))(t)
		if got := config(); got["access_token"] != "next" || got["flow"] != "legacy" {
			t.Errorf("opened with %v", got)
		}
		in.Mode = posta.Live
		if _, err := w.UpdateConnection(t.Context(), in); problems(err)["mode"] == "" {
			t.Errorf("the mode was changed: %v", err)
		}
	})
}

func TestOpenIsCheapAndNotStale(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(t)
		w.opens.Store(0)
		first := must(w.Open(t.Context(), c.ID))(t)
		for range 10 {
			w.clock.Move(time.Second)
			if must(w.Open(t.Context(), c.ID))(t) != first {
				t.Fatal("opened again: what the connector learned is lost")
			}
		}
		if n := w.opens.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		box := w.Box
		elsewhere := w.replica(box)
		in := w.input()
		in.ID, in.Fields = c.ID, map[string]string{"user_id": "447"}
		must(elsewhere.UpdateConnection(t.Context(), in))(t)
		w.clock.Move(3 * time.Second)
		if got := must(w.Open(t.Context(), c.ID))(t).(*connector).config["user_id"]; got != "447" {
			t.Errorf("another replica's change is not seen: %s", got)
		}
		if _, err := w.Open(t.Context(), posta.NewID[posta.ConnectionID](w.clock.Now())); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("no such connection: %v", err)
		}
	})
}

func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := must(w.Secrets(t.Context(), w.connect(t).ID))(t)
		if len(got) != 2 || got[0].Value != signer || got[1].Value != "other" || got[0].ID == got[1].ID || len(got[0].ID) != 8 {
			t.Errorf("%+v", got)
		}
		in := w.input()
		delete(in.Fields, "webhook_secret")
		if got := must(w.Secrets(t.Context(), must(w.CreateConnection(t.Context(), in))(t).ID))(t); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			who  provider.Account
			fail error
			mode posta.Mode
			want posta.Code
		}{
			"good":             {who: provider.Account{ID: "446", Country: "AR", Test: true}, mode: posta.Test},
			"good, live":       {who: provider.Account{ID: "446", Country: "AR"}, mode: posta.Live},
			"no country told":  {who: provider.Account{ID: "446", Test: true}, mode: posta.Test},
			"another country":  {who: provider.Account{ID: "446", Country: "BR", Test: true}, mode: posta.Test, want: posta.CodeInvalid},
			"P40 live in test": {who: provider.Account{ID: "446", Country: "AR"}, mode: posta.Test, want: posta.CodeModeMismatch},
			"P40 test in live": {who: provider.Account{ID: "446", Country: "AR", Test: true}, mode: posta.Live, want: posta.CodeModeMismatch},
			"bad credentials":  {fail: &posta.Error{Code: posta.CodeUnauthorized}, mode: posta.Test, want: posta.CodeUnauthorized},
		} {
			w.answer = connector{who: c.who, fail: c.fail}
			in := w.input()
			in.Mode = c.mode
			made := must(w.CreateConnection(t.Context(), in))(t)
			_, err := w.Check(t.Context(), w.mer.ID, made.ID)
			if posta.ErrorCode(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			row := must(w.db.Connection(t.Context(), made.ID))(t)
			if good := c.want == ""; row.CheckedAt.IsZero() == good || (row.Account == "446") != good || !row.UpdatedAt.Equal(made.UpdatedAt) {
				t.Errorf("%s: kept %+v", name, row)
			}
		}
		w.answer = connector{who: provider.Account{ID: "446", Country: "AR", Test: true}}
		made := w.connect(t)
		must(w.Check(t.Context(), w.mer.ID, made.ID))(t)
		w.answer.who.ID = "999"
		in := w.input()
		in.ID, in.Fields = made.ID, map[string]string{"access_token": "of another account"}
		must(w.UpdateConnection(t.Context(), in))(t)
		var e *posta.Error
		if _, err := w.Check(t.Context(), w.mer.ID, made.ID); !errors.As(err, &e) || e.Code != posta.CodeConflict || e.Params["account"] != "446" {
			t.Errorf("another account: %v", err)
		}
		if _, err := w.Check(t.Context(), posta.NewID[posta.MerchantID](w.clock.Now()), made.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P41 another merchant: %v", err)
		}
	})
}

// Turns red when checked writes back the row that Check read at first.
func TestCheckDoesNotUndoAChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var in account.ConnectionInput
		w.answer.during = func() { must(w.UpdateConnection(t.Context(), in))(t) }
		c := w.connect(t)
		in = account.ConnectionInput{ID: c.ID, MerchantID: w.mer.ID, Name: "Changed", Fields: map[string]string{"access_token": "next"}}
		if _, err := w.Check(t.Context(), w.mer.ID, c.ID); posta.ErrorCode(err) != posta.CodeConflict {
			t.Errorf("%v", err)
		}
		if row := must(w.db.Connection(t.Context(), c.ID))(t); row.Name != "Changed" || !row.CheckedAt.IsZero() {
			t.Errorf("kept %+v", row)
		}
	})
}
