package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"posta"
	"posta/account"
)

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		k, secret, err := w.CreateKey(ctx, "", w.mer.ID, posta.Test, " Shop ")
		if err != nil || k.Name != "Shop" || !strings.HasPrefix(secret, "psk_test_") || len(secret) != len("psk_test_")+43 || !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) != 13 {
			t.Fatalf("%+v %q %v", k, secret, err)
		}
		_, live, err := w.CreateKey(ctx, "", w.mer.ID, posta.Live, "Shop")
		if err != nil || !strings.HasPrefix(live, "psk_live_") {
			t.Fatal(live, err)
		}
		again, none, err := w.CreateKey(ctx, k.ID, w.mer.ID, posta.Test, "Shop")
		if err != nil || none != "" || again.Hash != k.Hash {
			t.Errorf("the same ID: %+v, token told again %v, %v", again, none != "", err)
		}
		if _, _, err := w.CreateKey(ctx, "", w.mer.ID, "", ""); len(problems(err)) != 2 {
			t.Errorf("%v", err)
		}
		if row := fmt.Sprintf("%+v", must(w.db.Keys(ctx, w.mer.ID))(t)); strings.Contains(row, secret[14:]) {
			t.Error("the row holds the token")
		}
		if got := must(w.Authenticate(ctx, secret))(t); got.ID != k.ID || got.Mode != posta.Test || got.MerchantID != w.mer.ID {
			t.Errorf("%+v", got)
		}
		for _, bad := range []string{"", "psk_test_", secret[:len(secret)-1], secret + "x", strings.Replace(secret, "test", "live", 1), strings.Replace(secret, "psk", "sk", 1),
			"psk_test_" + strings.Repeat("a", 43)} {
			if _, err := w.Authenticate(ctx, bad); posta.ErrorCode(err) != posta.CodeUnauthorized || strings.Contains(err.Error(), secret[14:40]) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestKeyUseIsNotedSeldom(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		k, secret, err := w.CreateKey(t.Context(), "", w.mer.ID, posta.Test, "Shop")
		if err != nil {
			t.Fatal(err)
		}
		used := func() time.Time { return must(w.db.KeyByHash(t.Context(), k.Hash))(t).UsedAt }
		first := w.clock.Now()
		for range 59 {
			must(w.Authenticate(t.Context(), secret))(t)
			w.clock.Move(time.Second)
		}
		if !used().Equal(first) {
			t.Errorf("noted at %v", used())
		}
		w.clock.Move(time.Second)
		must(w.Authenticate(t.Context(), secret))(t)
		if !used().Equal(w.clock.Now()) {
			t.Errorf("noted at %v", used())
		}
	})
}

// Turns red when the cache keeps keys without a limit in time.
func TestRevokedKeysEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		k, secret, err := w.CreateKey(t.Context(), "", w.mer.ID, posta.Test, "Shop")
		if err != nil {
			t.Fatal(err)
		}
		box := w.Box
		elsewhere := w.replica(box)
		must(w.Authenticate(t.Context(), secret))(t)
		must(elsewhere.Authenticate(t.Context(), secret))(t)
		if err := w.RevokeKey(t.Context(), posta.NewID[posta.MerchantID](w.clock.Now()), k.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P41 another merchant revokes it: %v", err)
		}
		if err := w.RevokeKey(t.Context(), w.mer.ID, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Authenticate(t.Context(), secret); posta.ErrorCode(err) != posta.CodeUnauthorized {
			t.Errorf("works on here: %v", err)
		}
		w.clock.Move(5 * time.Second)
		if _, err := elsewhere.Authenticate(t.Context(), secret); posta.ErrorCode(err) != posta.CodeUnauthorized {
			t.Errorf("works on elsewhere: %v", err)
		}
	})
}

const password = "correct horse"

func (w *world) user(t *testing.T) account.User {
	t.Helper()
	return must(w.CreateUser(t.Context(), account.UserInput{MerchantID: w.mer.ID, Email: " Ana@Example.com ", Name: "Ana", Password: password, Language: "es"}))(t)
}

func TestUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.user(t)
		if u.Email != "ana@example.com" || !strings.HasPrefix(u.Password, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(u.Password, password) {
			t.Errorf("%+v", u)
		}
		in := account.UserInput{ID: u.ID, MerchantID: w.mer.ID, Email: u.Email, Name: "Ana", Password: password}
		if again := must(w.CreateUser(t.Context(), in))(t); again.Password != u.Password {
			t.Error("the same ID made another")
		}
		in.ID = ""
		if _, err := w.CreateUser(t.Context(), in); problems(err)["email"] != "taken" {
			t.Errorf("%v", err)
		}
		for _, c := range []struct{ email, password, language, field, code string }{
			{"", password, "", "email", "required"},
			{"ana", password, "", "email", "malformed"},
			{"Ana <ana@example.com>", password, "", "email", "malformed"},
			{strings.Repeat("a", 250) + "@example.com", password, "", "email", "too_long"},
			{"b@example.com", "", "", "password", "required"},
			{"b@example.com", "ñandúñand", "", "password", "too_short"},
			{"b@example.com", strings.Repeat("a", 257), "", "password", "too_long"},
			{"b@example.com", password, "xx", "language", "unknown"},
		} {
			in := account.UserInput{MerchantID: w.mer.ID, Email: c.email, Name: "B", Password: c.password, Language: c.language}
			if _, err := w.CreateUser(t.Context(), in); problems(err)[c.field] != c.code || len(problems(err)) != 1 {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if got := must(w.SetLanguage(t.Context(), u.ID, "pt"))(t); got.Language != "pt" {
			t.Errorf("%+v", got)
		}
		if _, err := w.SetLanguage(t.Context(), u.ID, "xx"); problems(err)["language"] != "unknown" {
			t.Errorf("%v", err)
		}
	})
}

func TestLogInAndChangePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.user(t)
		logIn := func(email, password string) error {
			got, err := w.LogIn(t.Context(), email, password, "192.0.2.1:5000")
			if err == nil && got.ID != u.ID {
				t.Errorf("somebody else: %+v", got)
			}
			return err
		}
		if err := logIn("ANA@example.com", password); err != nil {
			t.Error(err)
		}
		wrong, unknown := logIn(u.Email, "wrong horse!"), logIn("nobody@example.com", password)
		if posta.ErrorCode(wrong) != posta.CodeUnauthorized || wrong.Error() != unknown.Error() {
			t.Errorf("wrong password: %v; unknown: %v", wrong, unknown)
		}
		if _, err := w.ChangePassword(t.Context(), u.ID, "wrong horse!", "battery staple"); problems(err)["current_password"] != "wrong" {
			t.Errorf("%v", err)
		}
		if _, err := w.ChangePassword(t.Context(), u.ID, password, "short"); problems(err)["password"] != "too_short" {
			t.Errorf("%v", err)
		}
		changed := must(w.ChangePassword(t.Context(), u.ID, password, "battery staple"))(t)
		if changed.Stamp() == u.Stamp() || len(u.Stamp()) != 16 {
			t.Error("sessions of the old password stay")
		}
		if logIn(u.Email, password) == nil || logIn(u.Email, "battery staple") != nil {
			t.Error("the old password works, or the new one does not")
		}
		must(w.SetPassword(t.Context(), u.ID, "operator's own"))(t)
		if err := logIn(u.Email, "operator's own"); err != nil {
			t.Error(err)
		}
	})
}

// P42. Turns red when take is left out, or undo when it succeeded.
func TestP42_LogInIsLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.user(t)
		try := func(email, password, from string) *posta.Error {
			_, err := w.LogIn(t.Context(), email, password, from)
			var e *posta.Error
			errors.As(err, &e)
			return e
		}
		for range 12 { // more than may fail
			if e := try(u.Email, password, "192.0.2.1:1"); e != nil {
				t.Fatal("a good log-in was counted:", e)
			}
		}
		for i := range 10 {
			if e := try(u.Email, "wrong", fmt.Sprintf("192.0.2.%d:1", i)); e.Code != posta.CodeUnauthorized {
				t.Fatal(e)
			}
		}
		e := try(u.Email, password, "198.51.100.1:1")
		if e == nil || e.Code != posta.CodeRateLimited || e.RetryAfter <= 0 || e.RetryAfter > 30*time.Second {
			t.Fatalf("%+v", e)
		}
		w.clock.Move(e.RetryAfter)
		if e := try(u.Email, password, "198.51.100.1:1"); e != nil {
			t.Errorf("after RetryAfter: %v", e)
		}
		long := strings.Repeat("x", 300) // refused without hashing: fast
		for i := range 30 {
			from := fmt.Sprintf("[2001:db8::%x]:1", i+1)
			if e := try(fmt.Sprintf("u%d@example.com", i), long, from); e.Code != posta.CodeUnauthorized {
				t.Fatal(e)
			}
		}
		if e := try("u99@example.com", long, "[2001:db8::ffff]:1"); e.Code != posta.CodeRateLimited {
			t.Errorf("one IPv6 network of many addresses: %v", e)
		}
		if e := try("u99@example.com", long, "[2001:db8:1::1]:1"); e.Code != posta.CodeUnauthorized {
			t.Errorf("another network: %v", e)
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		kept := &account.SessionStore{Store: w.db, Clock: w.clock}
		var _ scs.CtxStore = kept
		expires := w.clock.Now().Add(time.Hour)
		if err := kept.Commit("token-1", []byte("data"), expires); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := w.db.FindSession(t.Context(), "token-1", w.clock.Now()); ok {
			t.Error("kept by the token itself")
		}
		find := func(token string) (string, bool) {
			data, ok, err := kept.FindCtx(context.Background(), token)
			if err != nil {
				t.Fatal(err)
			}
			return string(data), ok
		}
		if data, ok := find("token-1"); !ok || data != "data" {
			t.Errorf("%q %v", data, ok)
		}
		if _, ok := find("token-2"); ok {
			t.Error("found what is not there")
		}
		w.clock.Move(time.Hour)
		if _, ok := find("token-1"); ok {
			t.Error("found after its end")
		}
		if err := kept.Commit("token-1", []byte("more"), expires.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := kept.Delete("token-1"); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok := find("token-1"); ok {
			t.Error("found after log-out")
		}
		if _, ok, err := (&account.SessionStore{Store: w.db}).Find("token-1"); ok || err != nil {
			t.Error(ok, err)
		}
	})
}
