package project_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/project"
	"posta/sim/fault"
	"posta/sim/mailbox"
	"posta/store"
	"posta/store/storetest"
	"posta/work"
)

// letters are the mails of one subject that a person got.
func (b *bureau) letters(to, subject string) (out []mailbox.Letter) {
	for _, l := range b.post.Letters(to) {
		if strings.Contains(l.Subject, subject) {
			out = append(out, l)
		}
	}
	return out
}

// Who gets a mail of the team, and by what an answer comes back.
func TestTheTeamAndTheManagerAreAlwaysInCopy(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration, func(p *project.Project) {
			for _, c := range []project.Contact{{Name: "Diego", Email: "diego@norte.example", InCopy: true}, {Name: "Eva", Email: "eva@norte.example"},
				{Name: "Fue", Email: "fue@norte.example", InCopy: true, RemovedAt: b.clock.Now()}} {
				c.ID = posta.NewID[posta.ContactID](b.clock.Now())
				p.Contacts = append(p.Contacts, c)
			}
		})
		doc := must(b.Attach(t.Context(), b.ana, project.Upload{Project: p.ID, File: project.File{Name: `C:\onboarding.pdf`, Type: "application/pdf", Data: []byte("%PDF")}}))(t)
		in := project.PostInput{ID: posta.NewID[posta.MessageID](b.clock.Now()), Project: p.ID, To: []posta.ContactID{p.Contacts[0].ID}, Subject: "Documentación de la integración",
			Text: "Adjunto la guía.\nCuéntennos.", Files: []project.File{{Name: "../ñandú.txt", Type: "text/plain; charset=x", Data: []byte("hola")}}, Enclose: []posta.AttachmentID{doc.ID},
			Cc: []project.Address{{Email: "EQUIPO@posta.example"}, {Email: "otro@socio.example"}}}
		m := must(b.Post(t.Context(), b.luz, in))(t) // anybody of the team
		again := must(b.Post(t.Context(), b.luz, in))(t)
		b.later(t, 0)
		got := b.post.Letters("")
		if len(got) != 1 || again.ID != m.ID {
			t.Fatalf("%d mails", len(got))
		}
		to := slices.Clone(got[0].To)
		slices.Sort(to)
		want := []string{carla, "diego@norte.example", "equipo@posta.example", b.address(t, b.manager), "otro@socio.example"}
		slices.Sort(want)
		if !slices.Equal(to, want) || !strings.Contains(got[0].HeaderTo, carla) || strings.Contains(got[0].HeaderTo, "diego") {
			t.Errorf("went to %v (%s), want %v", to, got[0].HeaderTo, want)
		}
		if !strings.Contains(got[0].ReplyTo, mail.ReplyAddress(deskAddress, p.ReplyToken)) || !strings.HasPrefix(got[0].MessageID, strings.ToLower(posta.Alphanumeric(m.ID))) || !strings.Contains(got[0].From, "Luz") {
			t.Errorf("%+v", got[0])
		}
		if n := got[0].Attachments; len(n) != 2 || n[0].Name != "ñandú.txt" || n[1].Name != "onboarding.pdf" {
			t.Errorf("%+v", n)
		}
		if m := must(b.db.Message(t.Context(), b.m, m.ID))(t); m.State != project.Sent || m.SentAt.IsZero() || !m.DueAt.IsZero() {
			t.Errorf("%+v", m)
		}
		second := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "¿Llegó?"}))(t)
		b.later(t, time.Minute)
		next := b.letters(carla, "Re: Documentación de la integración")
		if len(next) != 1 || next[0].InReplyTo != got[0].MessageID || !slices.Contains(next[0].References, got[0].MessageID) || second.Subject != next[0].Subject {
			t.Errorf("%+v", next)
		}
		if len(b.letters("eva@norte.example", "Re: ")) != 1 || len(b.letters("fue@norte.example", "")) != 0 {
			t.Error("to everyone who takes part, and nobody else")
		}
		for field, in := range map[string]project.PostInput{
			"to[0]":      {To: []posta.ContactID{p.Contacts[3].ID}, Text: "x"},
			"cc[0]":      {Cc: []project.Address{{Email: "a@b\nBcc: c@d.example"}}, Text: "x"},
			"text":       {Text: " \n"},
			"subject":    {Subject: "a\r\nBcc: x@y.example", Text: "x"},
			"channel":    {SaidElsewhere: true, Channel: "smoke", Text: "x"},
			"at":         {SaidElsewhere: true, Channel: project.Chat, At: b.clock.Now().Add(time.Second), Text: "x"},
			"answers[0]": {Answers: []posta.ClockID{"clk_x"}, Text: "x"},
			"enclose[0]": {Enclose: []posta.AttachmentID{"att_x"}, Text: "x"},
			"files":      {Files: []project.File{{Name: "a", Data: make([]byte, project.MaxAttachment+1)}}, Text: "x"},
		} {
			in.Project = p.ID
			_, err := b.Post(t.Context(), b.ana, in)
			refused(t, err, posta.CodeInvalid, field)
		}
	})
}

// Promise 60, for any mail: committed with its decision, and sent once by
// whoever comes back, two of them at the same time included. Sabotage that turns
// it red: Mail.Send called before the commit; no lease.
func TestP60_SentOnceAfterAKill(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		m := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Cierre", Text: "Desde hoy los atiende soporte."}))(t)
		if m.State != project.Queued || len(b.post.Letters("")) != 0 {
			t.Fatalf("%s, %d mails", m.State, len(b.post.Letters("")))
		}
		// A hub takes it and is killed before it sends; two others come.
		if due := must(b.db.ClaimMessages(t.Context(), b.clock.Now(), 5*time.Minute, 20))(t); len(due) != 1 {
			t.Fatalf("%d due", len(due))
		}
		sendAll := func() {
			var both sync.WaitGroup
			for range 2 {
				s := b.replica(t, b.sender(t))
				both.Go(func() {
					if err := work.Once(t.Context(), work.Sweep{Run: s.SweepMail}); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		sendAll()
		if n := len(b.post.Letters("")); n != 0 {
			t.Fatalf("%d mails under the lease of another", n)
		}
		b.clock.Move(5 * time.Minute)
		var slow []func() // one takes it and is slow, the others leave it alone meanwhile
		must(b.replica(t, b.sender(t)).SweepMail(t.Context(), func(handle func()) { slow = append(slow, handle) }))(t)
		sendAll()
		for _, handle := range slow {
			handle()
		}
		sendAll()
		b.later(t, time.Hour)
		if got := b.letters(carla, "Cierre"); len(got) != 1 {
			t.Errorf("%d mails", len(got))
		}
	})
}

// Where the server took the mail and nobody learnt so, it goes again under the
// same Message-ID: whoever gets it can tell.
func TestP60_AnUncertainMailIsRepeatedUnderItsName(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		fine(t, b.post.Fault().Add(fault.Rule{ID: "cut", Operation: "data", Action: fault.CutAfter, Times: 1}))
		m := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Cierre", Text: "Desde hoy los atiende soporte."}))(t)
		b.later(t, 0)
		if m := must(b.db.Message(t.Context(), b.m, m.ID))(t); m.State != project.Queued || m.DueAt.IsZero() || m.Tries != 1 {
			t.Fatalf("%+v", m)
		}
		b.later(t, 10*time.Minute)
		got := b.letters(carla, "Cierre")
		if len(got) != 2 || got[0].MessageID != got[1].MessageID {
			t.Errorf("%+v", got)
		}
	})
}

// The mail server is down for a while, or for good; refuses one address, or the
// mail.
func TestAMailIsTriedAndGivenUp(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		state := func(m project.Message) project.Message { return must(b.db.Message(t.Context(), b.m, m.ID))(t) }
		post := func(p project.Project, subject string) project.Message {
			return must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: subject, Text: "Hola."}))(t)
		}
		p := b.project(t, project.Integration, func(p *project.Project) { p.DueAt = time.Time{} })
		fine(t, b.post.Fault().Add(fault.Rule{ID: "down", Operation: "data", Action: fault.Status, Status: 451}))
		m := post(p, "Demorado")
		for range 30 {
			b.later(t, time.Hour)
		}
		if got := state(m); got.State != project.Queued || got.Tries < 12 || got.Tries > 30 {
			t.Fatalf("%s after %d tries", got.State, got.Tries)
		}
		b.post.Fault().Remove("down")
		b.later(t, 3*time.Hour)
		if got := state(m); got.State != project.Sent || len(b.letters(carla, "Demorado")) != 1 {
			t.Fatalf("%s", got.State)
		}
		fine(t, b.post.Fault().Add(fault.Rule{ID: "down", Operation: "data", Action: fault.Status, Status: 451}))
		m = post(p, "Nunca")
		b.later(t, 100*time.Hour)
		if got := state(m); got.State != project.Queued { // the hub slept: tried once only
			t.Fatalf("given up after %d tries", got.Tries)
		}
		for range 10 {
			b.later(t, 3*time.Hour)
		}
		if got := state(m); got.State != project.Failed || !got.DueAt.IsZero() || b.events(t, p, "mail_failed") != 1 {
			t.Errorf("%s after %d tries", got.State, got.Tries)
		}
		b.post.Fault().Remove("down")
		fine(t, b.post.Fault().Add(fault.Rule{ID: "no", Operation: "data", Action: fault.Status, Status: 554}))
		m = post(p, "Rechazado")
		b.later(t, 0)
		if got := state(m); got.State != project.Failed || got.Detail == "" {
			t.Errorf("%s %q", got.State, got.Detail)
		}
		b.post.Fault().Remove("no")

		p = b.alter(t, p.ID, func(p *project.Project) { p.Contacts[0].Email = "bounce@norte.example" })
		m = post(p, "Rebote")
		b.later(t, 0)
		if got := state(m); got.State != project.Bounced || !slices.Equal(got.Bounced, []string{"bounce@norte.example"}) || b.events(t, p, "bounced") != 1 {
			t.Errorf("%s %v", got.State, got.Bounced)
		}
		if len(b.letters("equipo@posta.example", "Rebote")) != 1 || len(b.letters("bounce@norte.example", "")) != 0 {
			t.Error("the others did not get it")
		}
		b.later(t, 0)
		if got := b.letters(b.address(t, b.ana), "Un correo no llegó"); len(got) != 1 || !strings.Contains(got[0].Text, "bounce@norte.example") {
			t.Errorf("the integrator was told %d times", len(got))
		}
	})
}

// The hub is killed in every way that a process can be: what it committed is in
// the file, and what the mailbox keeps is in its own.
func TestP60_TheHandOffMailOfARestartedHub(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBureau(t, db)
		file := filepath.Join(t.TempDir(), "mailbox.db")
		b.post = openMailbox(t, mailbox.Config{Clock: b.clock, File: file})
		b.Service = b.replica(t, b.sender(t))
		b.Stands = func(context.Context, project.Project, string) (project.Standing, error) {
			return project.Standing{Met: true}, nil
		}
		now := b.clock.Now()
		p := b.project(t, project.GoLive, func(p *project.Project) {
			p.Date = project.Date{At: now, ClientSaid: now, TeamSaid: now, OpenedAt: now.AddDate(-1, 0, 0), StableConfirm: now}
			p.Pilot = project.Pilot{StartedAt: now.AddDate(-1, 0, 0), EndedAt: now.AddDate(-1, 0, 7), Outcome: "widened"}
			p.ECR.Production = []string{"12345678"}
			p.DueAt = time.Time{}
		})
		b.ask(t, p)
		step := must(b.Ready(t.Context(), b.ana, p.ID))(t)
		for _, key := range step.Missing() {
			if key != "new_channel" {
				must(b.Tick(t.Context(), b.ana, p.ID, key, project.Tick{Note: "sí"}))(t)
			}
		}
		p = must(b.HandOffTo(t.Context(), b.ana, p.ID, "soporte@proveedor.example"))(t)
		stopped, stop := context.WithCancel(t.Context()) // the hub dies between decision and sending
		_ = work.Once(stopped, work.Sweep{Run: b.replica(t, dying{stop}).SweepMail})
		if stopped.Err() == nil || len(b.post.Letters(carla)) != 0 {
			t.Fatal("nothing was due")
		}
		must(b.HandOffTo(t.Context(), b.ana, p.ID, "soporte@proveedor.example"))(t) // and is asked again
		b.clock.Move(10 * time.Minute)
		b.Service = b.replica(t, b.sender(t))
		b.later(t, 0)
		b.later(t, time.Hour)
		got := b.letters(carla, "Su nuevo canal de soporte")
		if len(got) != 1 || !strings.Contains(got[0].Text, "soporte@proveedor.example") {
			t.Fatalf("%+v", got)
		}
		if c := b.clocks(t, p); len(c) != 1 || c[0].Open() || c[0].Reason != "handed_off" {
			t.Errorf("%+v", c)
		}
	})
}

// dying is a hub that ends while it sends.
type dying struct{ stop func() }

func (d dying) Send(ctx context.Context, _ mail.Message) error {
	d.stop()
	<-ctx.Done()
	return ctx.Err()
}
