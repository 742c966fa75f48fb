package project_test

import (
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx := t.Context()
		_, err := w.Create(ctx, w.sells, project.Input{Client: project.Client{TaxID: "30-00000000-8", Country: "XX"}, Template: project.Ref{Key: "moon"},
			People:   project.People{Integrator: w.sells.User, Manager: "usr_x", Commercial: w.works.User},
			Contacts: []project.Contact{{Name: "A", Email: "a@x.example"}, {Email: "A@x.example"}, {Name: "B", Email: "no address"}}})
		want := map[string]string{"name": "required", "client.name": "required", "client.country": "unknown", "template": "unknown", "people.integrator": "role",
			"people.manager": "unknown", "people.commercial": "role", "contacts[1].name": "required", "contacts[1].email": "taken", "contacts[2].email": "malformed"}
		got := wrong(err)
		for field, code := range want {
			if got[field] != code {
				t.Errorf("%s: %q, want %q", field, got[field], code)
			}
		}
		if len(got) != len(want) {
			t.Error(got)
		}
		for taxID, code := range map[string]string{"30-00000000-8": "check_digit", "3000": "malformed", "30-00000000-7": ""} {
			_, err := w.Create(ctx, w.sells, project.Input{Client: project.Client{TaxID: taxID}})
			if wrong(err)["client.tax_id"] != code {
				t.Errorf("%s: %v", taxID, err)
			}
		}
		if _, err := w.Create(ctx, w.sells, project.Input{Name: "A", Client: project.Client{Name: "A"}, Template: project.Ref{Key: "mercadopago_qr", Version: 9}}); wrong(err)["template"] != "unknown" {
			t.Error(err)
		}
		if _, err := w.Create(ctx, w.sells, project.Input{Name: "A", Client: project.Client{Name: "A"}, Template: project.Ref{Key: "mercadopago_qr"}, Table: "C"}); wrong(err)["table"] != "unknown" {
			t.Error(err)
		}
		in := project.Input{ID: posta.NewID[posta.ProjectID](w.clock.Now()), Name: " Almacén ", Client: project.Client{Name: "Don Pedro", TaxID: "30-00000000-7"},
			Template: project.Ref{Key: "prisma_ecr"}, Table: "B"}
		p := ok(w.Create(ctx, w.owner, in))(t)
		if p.Name != "Almacén" || p.Client.TaxID != "30000000007" || p.Client.Country != "AR" || p.Table != "B" || p.People != (project.People{Integrator: w.owner.User, Manager: w.owner.User, Commercial: w.owner.User}) {
			t.Errorf("%+v", p)
		}
		in.Name = "Another"
		if again := ok(w.Create(ctx, w.owner, in))(t); again.Name != "Almacén" || len(w.kinds(p.ID)) != 1 {
			t.Errorf("%+v", again)
		}
		in.ID = ""
		if p := ok(w.Create(ctx, w.works, in))(t); p.People != (project.People{Integrator: w.works.User}) {
			t.Errorf("%+v", p.People)
		}
	})
}

func TestEdit(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		prisma, live := w.connect("prisma", posta.Test), w.connect("prisma", posta.Live)
		mp, foreign := w.connect("mercadopago", posta.Test), posta.NewID[posta.ConnectionID](storetest.Now)
		for _, tc := range []struct {
			change project.Changes
			field  string
			code   string
		}{
			{project.Changes{Test: &mp}, "test", "other_provider"},
			{project.Changes{Test: &live}, "test", "mode_mismatch"},
			{project.Changes{Live: &prisma}, "live", "mode_mismatch"},
			{project.Changes{Live: &foreign}, "live", "unknown"},
			{project.Changes{Name: new(string)}, "name", "required"},
			{project.Changes{Approximate: ptr(storetest.Now.Add(time.Hour))}, "approximate", ""},
			{project.Changes{Approximate: ptr(storetest.Now.Add(-time.Hour))}, "approximate", "past"},
			{project.Changes{Client: &project.Client{Name: "X", TaxID: "20-00000001-8"}}, "client.tax_id", "check_digit"},
			{project.Changes{Table: ptr("Z")}, "table", "unknown"},
		} {
			if _, err := w.Edit(ctx, w.works, p.ID, tc.change); wrong(err)[tc.field] != tc.code {
				t.Errorf("%s %s: %v", tc.field, tc.code, err)
			}
		}
		if _, err := w.Edit(ctx, w.sells, p.ID, project.Changes{Test: &prisma}); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Error(err)
		}
		p = ok(w.Edit(ctx, w.works, p.ID, project.Changes{Test: &prisma, Live: &live, Name: ptr(" New name ")}))(t)
		if p.Test != prisma || p.Live != live || p.Name != "New name" || p.Client.TaxID != "30000000007" {
			t.Errorf("%+v", p)
		}
		n := len(w.kinds(p.ID))
		ok(w.Edit(ctx, w.works, p.ID, project.Changes{Test: &prisma}))(t)
		if len(w.kinds(p.ID)) != n {
			t.Error("a change that changes nothing is told")
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestContactsAndPeople(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		first := p.Contacts[0]
		if first.Email != "pia@client.example" {
			t.Error(first)
		}
		if _, err := w.AddContact(ctx, w.sells, p.ID, project.Contact{Name: "Other", Email: "PIA@client.example"}); wrong(err)["email"] != "taken" {
			t.Error(err)
		}
		second := ok(w.AddContact(ctx, w.sells, p.ID, project.Contact{Name: "Luz", Email: "luz@client.example"}))(t)
		second.Email = first.Email
		if _, err := w.ChangeContact(ctx, w.sells, p.ID, second); wrong(err)["email"] != "taken" {
			t.Error(err)
		}
		link := project.Link{Hash: "h", MerchantID: w.mer, ProjectID: p.ID, ContactID: first.ID, ExpiresAt: w.clock.Now().Add(time.Hour)}
		if err := w.db.InsertLink(ctx, link); err != nil {
			t.Fatal(err)
		}
		if err := w.RemoveContact(ctx, w.sells, p.ID, first.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.db.Link(ctx, "h", w.clock.Now()); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error("a removed contact's link works:", err)
		}
		ok(w.ChangeContact(ctx, w.sells, p.ID, second))(t) // the address is free now
		if _, err := w.ChangeContact(ctx, w.sells, p.ID, first); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}

		if _, err := w.SetPeople(ctx, w.manager, p.ID, project.People{Integrator: w.sells.User}); wrong(err)["people.integrator"] != "role" {
			t.Error(err)
		}
		ok(w.Move(ctx, w.works, p.ID, project.Design, ""))(t)
		if _, err := w.SetPeople(ctx, w.manager, p.ID, project.People{Integrator: w.works.User}); wrong(err)["people.manager"] != "required" {
			t.Error(err)
		}
		people := project.People{Integrator: w.manager.User, Manager: w.owner.User, Commercial: w.owner.User}
		if p := ok(w.SetPeople(ctx, w.manager, p.ID, people))(t); p.People != people {
			t.Error(p.People)
		}
		// An integrator without a free place takes no more.
		for range project.DefaultDesk(w.mer).Capacity {
			ok(w.Move(ctx, w.works, w.begin("prisma_ecr").ID, project.Design, ""))(t)
		}
		if _, err := w.SetPeople(ctx, w.manager, p.ID, project.People{Integrator: w.works.User, Manager: w.owner.User, Commercial: w.owner.User}); why(err) != "capacity" {
			t.Error(err)
		}
	})
}
