package account_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/provider"
	"posta/provider/prisma"
)

const (
	nextToken  = "APP_USR-CANARY-NEXT-567890-wxyz"
	nextSigner = "CANARY-next-webhook-secret-4567"
)

// swapping is a live connection that was checked, of account 446, application 77.
func (w *world) swapping(t *testing.T) account.Connection {
	t.Helper()
	w.answer.who = provider.Account{ID: "446", Country: "AR", Application: "77"}
	in := w.input()
	in.Mode = posta.Live
	c := must(w.CreateConnection(t.Context(), in))(t)
	must(w.Check(t.Context(), w.mer.ID, c.ID))(t)
	return must(w.db.Connection(t.Context(), c.ID))(t)
}

func (w *world) next() map[string]string {
	return map[string]string{"access_token": nextToken, "webhook_secret": nextSigner}
}

func (w *world) begin(t *testing.T, c account.Connection) account.Connection {
	t.Helper()
	return must(w.BeginSwap(t.Context(), w.mer.ID, c.ID, w.next(), w.clock.Now().Add(48*time.Hour), "user:usr_1"))(t)
}

// signers are the secrets that notices are accepted with.
func (w *world) signers(t *testing.T, c posta.ConnectionID) (out []string) {
	t.Helper()
	for _, s := range must(w.Secrets(t.Context(), c))(t) {
		out = append(out, s.Value)
	}
	return out
}

// used is the token that calls are made with.
func (w *world) used(t *testing.T, c posta.ConnectionID) string {
	t.Helper()
	return must(w.Open(t.Context(), c))(t).(*connector).config["access_token"]
}

func same(got []string, want ...string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}

// While credentials are swapped notices signed with either are accepted and
// calls are made with the new; at the end the earlier ones are gone, also from
// the database. Sabotage seen red: Secrets leaves out the earlier ones; EndSwap
// keeps Swap.Sealed.
func TestBothCredentialsAreAcceptedWhileTheyAreSwapped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.swapping(t)
		if got := w.signers(t, c.ID); !same(got, signer, "other") || w.used(t, c.ID) != token {
			t.Fatalf("before %v", got)
		}
		began := w.begin(t, c)
		if !began.Swap.Running(w.clock.Now()) || began.Swap.By != "user:usr_1" || began.CheckedAt.IsZero() {
			t.Errorf("%+v", began.Swap)
		}
		if got := w.signers(t, c.ID); !same(got, nextSigner, signer, "other") || w.used(t, c.ID) != nextToken {
			t.Errorf("while it runs %v, calls with %s", got, w.used(t, c.ID))
		}
		row := must(w.db.Connection(t.Context(), c.ID))(t)
		for _, canary := range []string{token, nextToken, signer, nextSigner} {
			if bytes.Contains(row.Sealed, []byte(canary)) || bytes.Contains(row.Swap.Sealed, []byte(canary)) {
				t.Error("a secret is kept open")
			}
		}
		if shown := must(w.PreviousView(row))(t); shown["access_token"] != "••••abcd" || shown["webhook_secret"] == signer {
			t.Errorf("shown %v", shown)
		}
		if _, err := w.BeginSwap(t.Context(), w.mer.ID, c.ID, w.next(), w.clock.Now().Add(48*time.Hour), ""); posta.ErrorCode(err) != posta.CodeState {
			t.Errorf("a second swap: %v", err)
		}
		w.clock.Move(48*time.Hour - time.Second)
		if n := must(w.SweepSwaps(t.Context()))(t); n != 0 || len(w.signers(t, c.ID)) != 3 {
			t.Errorf("%d ended before their time", n)
		}
		w.clock.Move(time.Second)
		if got := w.signers(t, c.ID); !same(got, nextSigner) { // also before anybody swept
			t.Errorf("at the end %v", got)
		}
		if n := must(w.SweepSwaps(t.Context()))(t) + must(w.SweepSwaps(t.Context()))(t); n != 1 {
			t.Errorf("%d ended", n)
		}
		row = must(w.db.Connection(t.Context(), c.ID))(t)
		if len(row.Swap.Sealed) != 0 || !row.Swap.To.IsZero() || w.used(t, c.ID) != nextToken {
			t.Errorf("after the end %+v", row.Swap)
		}
	})
}

// Until its end a swap can be undone, and then the new credentials are gone.
func TestASwapIsUndone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.swapping(t)
		if _, err := w.UndoSwap(t.Context(), w.mer.ID, c.ID); posta.ErrorCode(err) != posta.CodeState {
			t.Errorf("without a swap: %v", err)
		}
		w.clock.Move(time.Minute)
		w.begin(t, c)
		back := must(w.UndoSwap(t.Context(), w.mer.ID, c.ID))(t)
		if got := w.signers(t, c.ID); !same(got, signer, "other") || w.used(t, c.ID) != token || !back.CheckedAt.Equal(c.CheckedAt) || len(back.Swap.Sealed) != 0 {
			t.Errorf("%v, calls with %s, %+v", got, w.used(t, c.ID), back)
		}
		w.begin(t, back)
		must(w.EndSwap(t.Context(), w.mer.ID, c.ID))(t)
		if _, err := w.UndoSwap(t.Context(), w.mer.ID, c.ID); posta.ErrorCode(err) != posta.CodeState || w.used(t, c.ID) != nextToken {
			t.Errorf("after the end: %v", err)
		}
	})
}

// What is not the same account's, active and new is refused, and nothing changes.
func TestASwapRefusesOtherCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.swapping(t)
		good := provider.Account{ID: "446", Country: "AR", Application: "77"}
		with := func(change func(*provider.Account)) connector {
			who := good
			change(&who)
			return connector{who: who}
		}
		for name, k := range map[string]struct {
			answer connector
			fields map[string]string
			until  time.Duration
			want   posta.Code
			param  string
		}{
			"of another account":     {with(func(a *provider.Account) { a.ID = "999" }), w.next(), 48 * time.Hour, posta.CodeConflict, "account"},
			"of another application": {with(func(a *provider.Account) { a.Application = "78" }), w.next(), 48 * time.Hour, posta.CodeConflict, "application"},
			"P40 a test user's":      {with(func(a *provider.Account) { a.Test = true }), w.next(), 48 * time.Hour, posta.CodeModeMismatch, "mode"},
			"of another country":     {with(func(a *provider.Account) { a.Country = "BR" }), w.next(), 48 * time.Hour, posta.CodeInvalid, ""},
			"not active":             {connector{fail: &posta.Error{Code: posta.CodeUnauthorized}}, w.next(), 48 * time.Hour, posta.CodeUnauthorized, ""},
			"no answer":              {connector{fail: &posta.Error{Code: posta.CodeProviderUnavailable}}, w.next(), 48 * time.Hour, posta.CodeProviderUnavailable, ""},
			"the same":               {connector{who: good}, map[string]string{"access_token": token}, 48 * time.Hour, posta.CodeInvalid, ""},
			"too short":              {connector{who: good}, w.next(), time.Minute, posta.CodeInvalid, ""},
			"too long":               {connector{who: good}, w.next(), 31 * 24 * time.Hour, posta.CodeInvalid, ""},
			"unknown field":          {connector{who: good}, map[string]string{"access_token": nextToken, "colour": "red"}, 48 * time.Hour, posta.CodeInvalid, ""},
		} {
			w.answer = k.answer
			_, err := w.BeginSwap(t.Context(), w.mer.ID, c.ID, k.fields, w.clock.Now().Add(k.until), "user:usr_1")
			var e *posta.Error
			if posta.ErrorCode(err) != k.want || k.param != "" && (!errors.As(err, &e) || e.Params[k.param] == "") {
				t.Errorf("%s: %v", name, err)
			}
			if row := must(w.db.Connection(t.Context(), c.ID))(t); !row.UpdatedAt.Equal(c.UpdatedAt) || !bytes.Equal(row.Sealed, c.Sealed) || !row.Swap.To.IsZero() {
				t.Errorf("%s: changed %+v", name, row)
			}
		}
		w.answer = connector{who: good}
		if _, err := w.BeginSwap(t.Context(), posta.NewID[posta.MerchantID](w.clock.Now()), c.ID, w.next(), w.clock.Now().Add(48*time.Hour), ""); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("P41 another merchant: %v", err)
		}
		w.answer.during = func() {
			w.answer.during = nil
			in := account.ConnectionInput{ID: c.ID, MerchantID: w.mer.ID, Name: "Changed"}
			must(w.UpdateConnection(context.Background(), in))(t)
		}
		if _, err := w.BeginSwap(t.Context(), w.mer.ID, c.ID, w.next(), w.clock.Now().Add(48*time.Hour), ""); posta.ErrorCode(err) != posta.CodeConflict {
			t.Errorf("changed while it was checked: %v", err)
		}
		if row := must(w.db.Connection(t.Context(), c.ID))(t); row.Name != "Changed" || !row.Swap.To.IsZero() {
			t.Errorf("kept %+v", row)
		}
	})
}

// Promise 40: a connection of test mode, which no gate holds, cannot be pointed at
// a provider's production.
func TestP40_TestModeIsNotPointedAtProduction(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Providers = append(w.Providers, prisma.Description())
		in := account.ConnectionInput{MerchantID: w.mer.ID, Mode: posta.Test, Provider: "prisma", Name: "Terminales", Fields: map[string]string{
			"public_key": "p", "secret_key": "s", "cuit": "30-00000000-7", "base_url": "https://prisma.example", "environment": prisma.Production}}
		if _, err := w.CreateConnection(t.Context(), in); posta.ErrorCode(err) != posta.CodeModeMismatch {
			t.Errorf("created: %v", err)
		}
		in.Fields["environment"] = prisma.Homologation
		c := must(w.CreateConnection(t.Context(), in))(t)
		in.ID, in.Fields = c.ID, map[string]string{"environment": prisma.Production}
		if _, err := w.UpdateConnection(t.Context(), in); posta.ErrorCode(err) != posta.CodeModeMismatch {
			t.Errorf("changed: %v", err)
		}
		if _, err := w.BeginSwap(t.Context(), w.mer.ID, c.ID, map[string]string{"secret_key": "t", "environment": prisma.Production}, w.clock.Now().Add(2*time.Hour), "user:usr_1"); posta.ErrorCode(err) != posta.CodeModeMismatch {
			t.Errorf("swapped: %v", err)
		}
		in.ID, in.Mode, in.Fields = "", posta.Live, map[string]string{"public_key": "p", "secret_key": "s", "cuit": "30-00000000-7", "base_url": "https://prisma.example", "environment": prisma.Production}
		must(w.CreateConnection(t.Context(), in))(t)
	})
}
