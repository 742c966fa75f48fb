package mailbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"
)

// Letter is a mail as it lies in an inbox.
type Letter struct {
	ID int64     `json:"id"`
	At time.Time `json:"at"`
	// Envelope and To are the addresses of the SMTP exchange: where failures go
	// back to, and whom the mail was for.
	Envelope string   `json:"envelope_from"`
	To       []string `json:"envelope_to"`

	From        string   `json:"from"`
	ReplyTo     string   `json:"reply_to,omitempty"`
	HeaderTo    string   `json:"to"`
	Cc          string   `json:"cc,omitempty"`
	Subject     string   `json:"subject"`
	MessageID   string   `json:"message_id"`
	InReplyTo   string   `json:"in_reply_to,omitempty"`
	References  []string `json:"references,omitempty"`
	Text        string   `json:"text"`
	Attachments []File   `json:"attachments"`
	// Repeat tells that a mail with this Message-ID came before: who sent it had
	// not seen that it was accepted.
	Repeat  bool     `json:"repeat,omitempty"`
	Answers []Answer `json:"answers,omitempty"`
	Size    int      `json:"size"`
}

// File is an attachment.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
	data []byte
}

// Answer is what was posted to the hub because of a letter.
type Answer struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // reply, away, bounce, late
	From   string    `json:"from"`
	Text   string    `json:"text,omitempty"`
	Status int       `json:"status"` // the hub's answer; 0 if it gave none
}

// letter is a Letter with the bytes that it was read from.
type letter struct {
	Letter
	raw   []byte
	reply *mail.Address // whom an answer goes to
}

// stored is how a letter stands in the file.
type stored struct {
	ID       int64     `json:"id"`
	At       time.Time `json:"at"`
	Envelope string    `json:"from"`
	To       []string  `json:"to"`
	Repeat   bool      `json:"repeat,omitempty"`
	Answers  []Answer  `json:"answers,omitempty"`
	Raw      []byte    `json:"raw"`
}

func (l *letter) encode() []byte {
	doc, err := json.Marshal(stored{l.ID, l.At, l.Envelope, l.To, l.Repeat, l.Answers, l.raw})
	if err != nil {
		panic("sim/mailbox: a letter does not marshal: " + err.Error())
	}
	return doc
}

func decode(doc []byte) (*letter, error) {
	var d stored
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, err
	}
	l := &letter{Letter: Letter{ID: d.ID, At: d.At, Envelope: d.Envelope, To: d.To, Repeat: d.Repeat, Answers: d.Answers, Size: len(d.Raw)}, raw: d.Raw}
	return l, l.read()
}

// read fills in what the raw mail says. The hub's mail keeps the rules (RFC 5322):
// one that does not is refused.
func (l *letter) read() error {
	r, err := mail.CreateReader(bytes.NewReader(l.raw))
	if err != nil {
		return err
	}
	from, err := r.Header.AddressList("From")
	if err != nil || len(from) != 1 {
		return errors.New("no From with one address")
	}
	l.From, l.reply = shown(from[0]), from[0]
	if reply, err := r.Header.AddressList("Reply-To"); err == nil && len(reply) > 0 {
		l.reply = reply[0]
	}
	l.ReplyTo = shown(l.reply)
	if l.Subject, err = r.Header.Subject(); err != nil {
		return err
	}
	if l.MessageID, err = r.Header.MessageID(); err != nil || l.MessageID == "" {
		return errors.New("no Message-Id")
	}
	if _, err := r.Header.Date(); err != nil {
		return errors.New("no Date")
	}
	l.HeaderTo, _ = r.Header.Text("To")
	l.Cc, _ = r.Header.Text("Cc")
	if ids, err := r.Header.MsgIDList("In-Reply-To"); err == nil && len(ids) > 0 {
		l.InReplyTo = ids[0]
	}
	l.References, _ = r.Header.MsgIDList("References")
	l.Attachments = []File{}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part.Body)
		if err != nil {
			return err
		}
		switch h := part.Header.(type) {
		case *mail.InlineHeader:
			l.Text += strings.ReplaceAll(string(data), "\r\n", "\n")
		case *mail.AttachmentHeader:
			name, err := h.Filename()
			if err != nil {
				return err
			}
			kind, _, err := h.ContentType()
			if err != nil {
				return err
			}
			l.Attachments = append(l.Attachments, File{Name: name, Type: kind, Size: len(data), data: data})
		}
	}
}

// shown writes an address for people.
func shown(a *mail.Address) string {
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}

// index files a letter; it must be called under the lock.
func (s *Simulator) index(l *letter) {
	s.letters = append(s.letters, l)
	s.byID[l.MessageID]++
	for _, a := range l.Answers {
		s.answers = max(s.answers, a.ID)
	}
}

// accept keeps a mail that came in, and returns once it is on disk.
func (s *Simulator) accept(from string, to []string, raw []byte) error {
	l := &letter{Letter: Letter{At: s.clock.Now(), Envelope: from, To: slices.Clone(to), Size: len(raw)}, raw: raw}
	if err := l.read(); err != nil {
		return err
	}
	s.mu.Lock()
	l.ID = int64(len(s.letters)) + 1
	l.Repeat = s.byID[l.MessageID] > 0
	s.index(l)
	seq := s.keep(l)
	s.mu.Unlock()
	err := s.file.Wait(seq)
	s.changed.Tell()
	return err
}

// Letters lists the mails to an address, oldest first; "" lists all.
func (s *Simulator) Letters(to string) []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Letter{}
	for _, l := range s.letters {
		if to == "" || slices.ContainsFunc(l.To, func(a string) bool { return strings.EqualFold(a, to) }) {
			out = append(out, l.Letter)
		}
	}
	return out
}

// Letter is one mail. Errors: ErrNothing.
func (s *Simulator) Letter(id int64) (Letter, error) {
	l, err := s.find(id)
	return l.Letter, err
}

// Raw is one mail as it came in. Errors: ErrNothing.
func (s *Simulator) Raw(id int64) ([]byte, error) {
	l, err := s.find(id)
	return l.raw, err
}

// Attachment is the data of a mail's nth attachment, from 0. Errors: ErrNothing.
func (s *Simulator) Attachment(id int64, n int) (File, []byte, error) {
	l, err := s.find(id)
	if err != nil || n < 0 || n >= len(l.Attachments) {
		return File{}, nil, ErrNothing
	}
	return l.Attachments[n], l.Attachments[n].data, nil
}

// find copies a letter.
func (s *Simulator) find(id int64) (letter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 1 || id > int64(len(s.letters)) {
		return letter{}, ErrNothing
	}
	l := *s.letters[id-1]
	l.Answers = slices.Clone(l.Answers)
	return l, nil
}

// Inbox is one address that mail was sent to.
type Inbox struct {
	Address string    `json:"address"`
	Count   int       `json:"count"`
	Last    time.Time `json:"last"`
}

// Inboxes lists the addresses, the one with the newest mail first.
func (s *Simulator) Inboxes() []Inbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := map[string]*Inbox{}
	out := []Inbox{}
	for _, l := range s.letters {
		for _, a := range l.To {
			a = strings.ToLower(a)
			if at[a] == nil {
				at[a] = &Inbox{Address: a}
			}
			at[a].Count++
			at[a].Last = l.At
		}
	}
	for _, box := range at {
		out = append(out, *box)
	}
	slices.SortFunc(out, func(a, b Inbox) int {
		if c := b.Last.Compare(a.Last); c != 0 {
			return c
		}
		return strings.Compare(a.Address, b.Address)
	})
	return out
}
