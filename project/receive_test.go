package project_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/project"
	"posta/sim/mailbox"
)

// inbound is a mail to a project, as it comes in.
func (b *bureau) inbound(p project.Project, from, text string) mail.Inbound {
	return mail.Inbound{From: mail.Address{Name: "Quien escribe", Email: from}, To: []mail.Address{{Email: mail.ReplyAddress(deskAddress, p.ReplyToken)}},
		MessageID: posta.NewULID(b.clock.Now()) + "@norte.example", Subject: "Re: Integración", Text: text, Date: b.clock.Now()}
}

func (b *bureau) thread(t testing.TB, p project.Project) project.Conversation {
	t.Helper()
	return must(b.Thread(t.Context(), b.ana, p.ID))(t)
}

// The whole way: a mail goes out by SMTP, its answer comes in over HTTP, a
// person answers it, and the first word counts as the acknowledgement.
func TestAMailIsAnsweredInItsThread(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		draft := must(b.FirstMail(t.Context(), b.ana, p.ID, ""))(t)
		for _, want := range []string{"CUIT", "TERMINALS", "payment_id", "confirmen", "Ana", "Marta"} {
			if !strings.Contains(draft.Text, want) {
				t.Errorf("the first mail does not say %q", want)
			}
		}
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: draft.Subject, Text: draft.Text}))(t)
		b.later(t, time.Minute)
		if c := b.thread(t, p); c.FirstAt.IsZero() || !c.AcknowledgedAt.IsZero() {
			t.Fatalf("%+v", c)
		}
		first := b.post.Letters(carla)[0]
		fine(t, b.post.Answer(t.Context(), first.ID, mailbox.Reply{From: carla, Text: "Fuera de la oficina.", Away: true}))
		if c := b.thread(t, p); !c.AcknowledgedAt.IsZero() || len(c.Clocks) != 0 || !b.get(t, p.ID).LastClientAt.IsZero() || len(c.Messages) != 2 || c.Messages[1].Detail != project.DetailAuto {
			t.Fatalf("an automatic answer: %+v", c)
		}
		b.clock.Move(time.Minute)
		fine(t, b.post.Answer(t.Context(), first.ID, mailbox.Reply{From: carla, Text: "Recibido. ¿Cuándo llegan las terminales?",
			Files: []mailbox.Upload{{Name: "../cuit.pdf", Type: "application/pdf", Data: []byte("%PDF")}}}))
		c := b.thread(t, p)
		q := c.Messages[2]
		if q.Kind != project.Incoming || q.By != "contact:"+string(p.Contacts[0].ID) || q.Text != "Recibido. ¿Cuándo llegan las terminales?" || q.Quoted == "" ||
			q.InReplyTo != first.MessageID || !c.AcknowledgedAt.Equal(b.clock.Now()) || len(c.Clocks) != 1 || c.Clocks[0].ID != q.Clock || q.OffTable {
			t.Fatalf("%+v, %+v", q, c.Clocks)
		}
		if len(c.Files) != 1 || c.Files[0].Name != "cuit.pdf" || c.Files[0].MessageID != q.ID {
			t.Errorf("%+v", c.Files)
		}
		b.clock.Move(time.Minute)
		b.answer(t, p)
		b.later(t, 0)
		got := b.post.Letters(carla)
		if l := got[len(got)-1]; l.InReplyTo != q.MailID || len(b.clocks(t, p)) != 1 || b.clocks(t, p)[0].Open() {
			t.Errorf("%+v", l)
		}
	})
}

func TestTheSameMailTwiceIsTakenOnce(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p, other := b.project(t, project.Integration), b.project(t, project.Integration)
		for _, id := range []string{"a1@norte.example", ""} {
			in := b.inbound(p, carla, "¿Y entonces? "+id)
			in.MessageID = id
			var all sync.WaitGroup
			ids := make([]posta.MessageID, 6)
			for i := range ids {
				all.Go(func() {
					m, err := b.Receive(t.Context(), in)
					if err != nil {
						t.Error(err)
					}
					ids[i] = m.ID
				})
			}
			all.Wait()
			if slices.ContainsFunc(ids, func(id posta.MessageID) bool { return id == "" || id != ids[0] }) {
				t.Errorf("%v", ids)
			}
		}
		if c := b.thread(t, p); len(c.Messages) != 2 || len(c.Clocks) != 2 {
			t.Errorf("%d messages, %d clocks", len(c.Messages), len(c.Clocks))
		}
		in := b.inbound(other, carla, "A los dos.") // the same mail to another project
		in.MessageID = "a1@norte.example"
		must(b.Receive(t.Context(), in))(t)
		must(b.Receive(t.Context(), in))(t)
		if c := b.thread(t, other); len(c.Messages) != 1 || len(c.Clocks) != 1 {
			t.Errorf("the other project has %d messages", len(c.Messages))
		}
		in.To = []mail.Address{{Email: deskAddress}}
		_, err := b.Receive(t.Context(), in)
		refused(t, err, posta.CodeNotFound, "")
		in.To = []mail.Address{{Email: mail.ReplyAddress(deskAddress, "nothing")}}
		_, err = b.Receive(t.Context(), in)
		refused(t, err, posta.CodeNotFound, "")
	})
}

func TestAStrangersMailStartsNothingUntilItIsAccepted(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		in := b.inbound(p, "Nuevo@norte.example", "Soy el nuevo desarrollador: ¿cómo sigo?")
		in.Attachments = []mail.Attachment{{Name: "log.txt", Type: "text/plain", Data: []byte("x")}}
		m := must(b.Receive(t.Context(), in))(t)
		asked := b.clock.Now()
		if m.Detail != project.DetailUnknown || m.By != "" || len(b.clocks(t, p)) != 0 || !b.get(t, p.ID).LastClientAt.IsZero() {
			t.Fatalf("%+v", m)
		}
		client := must(b.Thread(t.Context(), b.carla(p), p.ID))(t)
		if len(client.Messages) != 0 || len(client.Files) != 0 {
			t.Errorf("the client sees %+v", client)
		}
		file := b.thread(t, p).Files[0].ID
		_, err := b.File(t.Context(), b.carla(p), p.ID, file)
		refused(t, err, posta.CodeNotFound, "")
		must(b.File(t.Context(), b.ana, p.ID, file))(t)
		b.clock.Move(time.Hour)
		_, err = b.Accept(t.Context(), b.carla(p), p.ID, m.ID, "")
		refused(t, err, posta.CodeForbidden, "")
		_, err = b.Accept(t.Context(), b.ana, p.ID, m.ID, "ctc_x")
		refused(t, err, posta.CodeInvalid, "contact")
		got := must(b.Accept(t.Context(), b.ana, p.ID, m.ID, ""))(t)
		p = b.get(t, p.ID)
		c := p.Contacts[len(p.Contacts)-1]
		if c.Email != "nuevo@norte.example" || got.By != "contact:"+string(c.ID) || got.Detail != "" || !p.LastClientAt.Equal(asked) {
			t.Errorf("%+v, %+v", got, c)
		}
		if clocks := b.clocks(t, p); len(clocks) != 1 || !clocks[0].StartedAt.Equal(asked) || clocks[0].ID != got.Clock {
			t.Errorf("%+v", clocks)
		}
		_, err = b.Accept(t.Context(), b.ana, p.ID, m.ID, "")
		refused(t, err, posta.CodeState, "accepted")
		again := must(b.Receive(t.Context(), b.inbound(p, "nuevo@norte.example", "¿Y?")))(t)
		if again.By != got.By || again.Clock == "" {
			t.Errorf("known now: %+v", again)
		}
	})
}

// A person of the team answers by mail: to the client, to a copy, to colleagues.
func TestAColleaguesMail(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		for _, c := range []struct {
			name    string
			to      []string
			kind    project.MessageKind
			stops   bool
			relayed int
		}{
			{"to the client, with the desk in copy", []string{carla}, project.Outgoing, true, 0},
			{"to the reply address alone, as to a copy", nil, project.Outgoing, true, 1},
			{"without a subject", nil, project.Outgoing, true, 1},
			{"to a colleague", []string{"colega@posta.example"}, project.Note, false, 0},
		} {
			p := b.project(t, project.Integration, func(p *project.Project) { p.DueAt = time.Time{} })
			b.ask(t, p)
			in := b.inbound(p, b.address(t, b.luz), "Va por reversa: "+c.name)
			for _, to := range c.to {
				in.To = append(in.To, mail.Address{Email: to})
			}
			if c.name == "without a subject" {
				in.Subject = ""
			}
			m := must(b.Receive(t.Context(), in))(t)
			b.later(t, 0)
			if m.Kind != c.kind || m.By != "user:"+string(b.luz.User) || b.clocks(t, p)[0].Open() == c.stops {
				t.Errorf("%s: %+v, %+v", c.name, m, b.clocks(t, p))
			}
			n := 0
			for _, l := range b.post.Letters(carla) {
				if strings.Contains(l.Text, c.name) {
					n++
				}
			}
			if n != c.relayed {
				t.Errorf("%s: the client got %d", c.name, n)
			}
		}
	})
}

// A colleague who is away answers nothing, and the client need not know.
func TestAColleagueWhoIsAway(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.ask(t, p)
		in := b.inbound(p, b.address(t, b.manager), "De vacaciones.")
		in.Auto = true
		if m := must(b.Receive(t.Context(), in))(t); m.Kind != project.Note || !b.clocks(t, p)[0].Open() {
			t.Errorf("%+v", m)
		}
		if c := must(b.Thread(t.Context(), b.carla(p), p.ID))(t); len(c.Messages) != 1 {
			t.Errorf("%+v", c.Messages)
		}
		long := b.inbound(p, carla, "Un asunto largo.")
		long.Subject = strings.Repeat("ñandú ", 200)
		must(b.Receive(t.Context(), long))(t)
		b.alter(t, p.ID, func(p *project.Project) { p.Contacts[0].InCopy = true })
		m := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Sí."}))(t)
		b.later(t, 0)
		if got := must(b.db.Message(t.Context(), b.m, m.ID))(t); got.State != project.Sent {
			t.Errorf("%s: %s", got.State, got.Detail)
		}
	})
}

// A delivery failure marks the address on its message, once, tells the
// integrator, and starts no clock.
func TestADeliveryFailureMarksItsMessage(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		m := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Guía", Text: "Hola."}))(t)
		b.later(t, 0)
		l := b.post.Letters(carla)[0]
		fine(t, b.post.Bounce(t.Context(), l.ID, carla, true))
		if m := must(b.db.Message(t.Context(), b.m, m.ID))(t); m.State != project.Sent {
			t.Errorf("late is not lost: %s", m.State)
		}
		b.clock.Move(time.Minute)
		fine(t, b.post.Bounce(t.Context(), l.ID, carla, false))
		b.clock.Move(time.Minute)
		fine(t, b.post.Bounce(t.Context(), l.ID, carla, false))
		b.later(t, 0)
		got := must(b.db.Message(t.Context(), b.m, m.ID))(t)
		if got.State != project.Bounced || !slices.Equal(got.Bounced, []string{carla}) || b.events(t, p, "bounced") != 1 || len(b.clocks(t, p)) != 0 {
			t.Errorf("%s %v, told %d times", got.State, got.Bounced, b.events(t, p, "bounced"))
		}
		if n := len(b.letters(b.address(t, b.ana), "Un correo no llegó")); n != 1 {
			t.Errorf("the integrator got %d mails", n)
		}
		if c := must(b.Thread(t.Context(), b.carla(p), p.ID))(t); len(c.Messages) != 1 || !b.get(t, p.ID).LastClientAt.IsZero() {
			t.Errorf("the client sees %+v", c.Messages)
		}
	})
}

// A message by a channel outside the table is flagged, and clocked all the same.
func TestAChannelOutsideTheTableIsFlagged(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := b.clock.Now()
		for _, c := range []struct {
			table   string
			stage   project.Stage
			channel project.Channel
			off     bool
			clocked bool
		}{
			{"A", project.Integration, project.Chat, false, true}, {"B", project.Integration, project.Chat, true, true}, {"A", project.Integration, project.Phone, true, true},
			{"A", project.GoLive, project.Checkpoint, true, true}, {"B", project.GoLive, project.Email, false, true}, {"A", project.Design, project.InPerson, false, false},
			{"B", project.Design, project.InPerson, true, false}, {"B", project.HandedOff, project.Phone, false, false},
		} {
			p := b.project(t, c.stage, func(p *project.Project) { p.Table = c.table })
			m := must(b.Heard(t.Context(), b.ana, project.HeardInput{Project: p.ID, Contact: p.Contacts[0].ID, Channel: c.channel, Text: "¿Cómo sigo?"}))(t)
			if m.OffTable != c.off || (m.Clock != "") != c.clocked {
				t.Errorf("%+v: %+v", c, m)
			}
		}
		// The kickoff's row once design has ended but for the kickoff itself.
		p := b.project(t, project.Design, func(p *project.Project) {
			p.Kickoff.PlannedAt, p.Kickoff.SetAt, p.Date.Approximate = now.AddDate(0, 0, 5), now, now.AddDate(0, 2, 0)
			p.Done = map[string]project.Tick{"business_model_understood": {At: now}, "solution_chosen": {At: now}}
		})
		mailIn := func() project.Message { return must(b.Receive(t.Context(), b.inbound(p, carla, "Hola")))(t) }
		if mailIn().OffTable {
			t.Error("without documents it is presales: e-mail is in the table")
		}
		must(b.Attach(t.Context(), b.ana, project.Upload{Project: p.ID, File: project.File{Name: "guía.pdf", Data: []byte("%PDF")}}))(t)
		if m := mailIn(); !m.OffTable || m.Clock != "" {
			t.Errorf("the kickoff takes no e-mail: %+v", m)
		}
		b.alter(t, p.ID, func(p *project.Project) { p.Kickoff.HeldAt = now })
		if m := mailIn(); m.OffTable || m.Clock == "" {
			t.Errorf("held: %+v", m)
		}
	})
}

// What was said elsewhere answers what was asked before it, from when it was said.
func TestAnAnswerSaidElsewhere(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.ask(t, p)
		b.clock.Move(time.Hour)
		said := b.clock.Now()
		b.clock.Move(time.Hour)
		b.ask(t, p)
		b.clock.Move(time.Hour)
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Con una reversa.", SaidElsewhere: true, Channel: project.Chat, At: said}))(t)
		c := b.clocks(t, p)
		if c[0].Open() || c[0].Took != time.Hour || !c[1].Open() {
			t.Errorf("%+v", c)
		}
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Lo vemos.", KeepOpen: true}))(t)
		if c := b.clocks(t, p); !c[1].Open() {
			t.Errorf("%+v", c[1])
		}
		for field, in := range map[string]project.HeardInput{
			"at":      {Contact: p.Contacts[0].ID, Channel: project.Chat, Text: "x", At: b.clock.Now().Add(time.Second)},
			"contact": {Channel: project.Chat, Text: "x"},
			"channel": {Contact: p.Contacts[0].ID, Text: "x"},
			"text":    {Contact: p.Contacts[0].ID, Channel: project.Chat},
		} {
			in.Project = p.ID
			_, err := b.Heard(t.Context(), b.ana, in)
			refused(t, err, posta.CodeInvalid, field)
		}
	})
}
