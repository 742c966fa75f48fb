package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/account"
)

func TestRoles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		make := func(name string, role posta.Role) posta.UserID {
			t.Helper()
			return must(w.CreateUser(ctx, account.UserInput{MerchantID: w.mer.ID, Email: name + "@shop.example", Name: name, Password: "long enough", Role: role}))(t).ID
		}
		owner, manager, integrator := make("olga", ""), make("mario", posta.Manager), make("ines", posta.Integrator)
		if u := must(w.Store.User(ctx, owner))(t); u.Role != posta.Owner {
			t.Errorf("a user without a role is %q", u.Role)
		}
		if _, err := w.CreateUser(ctx, account.UserInput{MerchantID: w.mer.ID, Email: "x@shop.example", Name: "X", Password: "long enough", Role: "boss"}); problems(err)["role"] != "unknown" {
			t.Error(err)
		}
		other := must(w.CreateMerchant(ctx, account.MerchantInput{Name: "Other", Country: "AR"}))(t)
		stranger := must(w.CreateUser(ctx, account.UserInput{MerchantID: other.ID, Email: "s@other.example", Name: "S", Password: "long enough"}))(t).ID
		for _, tc := range []struct {
			by, id posta.UserID
			role   posta.Role
			want   posta.Code
		}{
			{owner, integrator, "boss", posta.CodeInvalid},
			{integrator, integrator, posta.Manager, posta.CodeForbidden},
			{manager, manager, posta.Owner, posta.CodeForbidden},
			{manager, owner, posta.Integrator, posta.CodeForbidden},
			{stranger, integrator, posta.Manager, posta.CodeNotFound},
			{owner, stranger, posta.Manager, posta.CodeNotFound},
			{owner, owner, posta.Manager, posta.CodeConflict}, // the last one
			{manager, integrator, posta.Commercial, ""},
			{owner, manager, posta.Owner, ""},
			{owner, owner, posta.Manager, ""},
		} {
			u, err := w.SetRole(ctx, w.mer.ID, tc.by, tc.id, tc.role)
			if posta.ErrorCode(err) != tc.want || err == nil && (u.Role != tc.role || u.Password != "") {
				t.Errorf("%s makes %s %s: %v, want %q", tc.by, tc.id, tc.role, err, tc.want)
			}
		}
		// A password changed meanwhile leaves the role alone.
		must(w.SetPassword(ctx, integrator, "another long one"))(t)
		users := must(w.Users(ctx, w.mer.ID))(t)
		var roles []string
		for _, u := range users {
			roles = append(roles, u.Name+" "+string(u.Role)+u.Password)
		}
		if got := strings.Join(roles, ", "); got != "ines commercial, mario owner, olga manager" {
			t.Error(got)
		}
		events := must(w.db.MerchantEvents(ctx, w.mer.ID, posta.Live, -1, 10))(t)
		if len(events) != 0 {
			t.Error("positions are the relay's to give")
		}
		must(w.db.PositionEvents(ctx))(t)
		if events = must(w.db.MerchantEvents(ctx, w.mer.ID, posta.Live, 0, 10))(t); len(events) != 3 || events[0].Actor != "user:"+string(manager) {
			t.Errorf("%+v", events)
		}
	})
}

func TestTwoOwnersCannotBothGiveUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := [2]posta.UserID{}
		for i := range ids {
			ids[i] = must(w.CreateUser(t.Context(), account.UserInput{MerchantID: w.mer.ID, Email: string(rune('a'+i)) + "@shop.example", Name: "O", Password: "long enough"}))(t).ID
		}
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, id := range ids {
			all.Go(func() { _, errs[i] = w.SetRole(t.Context(), w.mer.ID, id, id, posta.Integrator) })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Error(errors.Join(errs...))
		}
	})
}
