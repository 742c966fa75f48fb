// Package mail writes and reads the desk's mail: messages out by SMTP, raw
// messages in (RFC 5322, MIME), and the reply address that ties an answer to
// its thread. It logs nothing: neither addresses nor bodies are anybody's
// business but the caller's.
package mail

import (
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"posta"
)

// What a message may hold, on its way out and in.
const (
	MaxAttachments     = 20       // files
	MaxAttachmentBytes = 10 << 20 // of all files together, decoded
	MaxTextBytes       = 1 << 20  // of the text, in UTF-8
	maxRecipients      = 50
	maxLine            = 500 // bytes of a subject, a name, a header's value
	maxID              = 250 // bytes of a Message-ID
	maxReferences      = 50
)

// Address is a person's or a machine's.
type Address struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email"`
}

// String writes the address as a header does: "Ana" <ana@example.com>.
func (a Address) String() string { return (&netmail.Address{Name: a.Name, Address: a.Email}).String() }

// Attachment is one file. Name bears no path.
type Attachment struct {
	Name string
	Type string // media type; application/octet-stream if ""
	Data []byte
}

// Message is a mail to send.
type Message struct {
	// ID is the Message-ID without its angle brackets. The caller derives it
	// from what the mail is about, so that a mail that is sent again after a
	// lost answer can be told from a new one by who gets it.
	ID          string
	From        Address
	ReplyTo     Address // the zero value for none
	To, Cc      []Address
	Subject     string
	Text        string // sent as text/plain in UTF-8, with "\n" between lines
	InReplyTo   string // a Message-ID without brackets, or ""
	References  []string
	Attachments []Attachment
	// Headers are further ones, such as Auto-Submitted; not those that the
	// fields above make.
	Headers map[string]string
}

// Recipients are the addresses that the message goes to, each once, To first.
func (m Message) Recipients() (list []string) {
	seen := map[string]bool{}
	for _, a := range append(append([]Address{}, m.To...), m.Cc...) {
		if key := strings.ToLower(a.Email); !seen[key] {
			seen[key] = true
			list = append(list, a.Email)
		}
	}
	return list
}

// Check says what would keep the message from being sent, before anything of it
// is. Errors: invalid, with the fields from, reply_to, to[n], cc[n], subject,
// text, message_id, in_reply_to, references, headers.NAME, attachments[n].
func (m Message) Check() error {
	var p posta.Problems
	checkID := func(id, field string) { p.Add(!messageID.MatchString(id) || len(id) > maxID, field, "format") }
	checkID(m.ID, "message_id")
	if m.InReplyTo != "" {
		checkID(m.InReplyTo, "in_reply_to")
	}
	p.Add(len(m.References) > maxReferences, "references", "too_many")
	for _, id := range m.References {
		checkID(id, "references")
	}
	m.From.check(&p, "from")
	if m.ReplyTo != (Address{}) {
		m.ReplyTo.check(&p, "reply_to")
	}
	p.Add(len(m.To) == 0, "to", "required")
	p.Add(len(m.To)+len(m.Cc) > maxRecipients, "to", "too_many")
	for n, a := range m.To {
		a.check(&p, fmt.Sprintf("to[%d]", n))
	}
	for n, a := range m.Cc {
		a.check(&p, fmt.Sprintf("cc[%d]", n))
	}
	p.Add(strings.TrimSpace(m.Subject) == "", "subject", "required")
	p.Add(!oneLine(m.Subject), "subject", "format")
	p.Add(len(m.Subject) > maxLine, "subject", "too_long")
	p.Add(len(m.Text) > MaxTextBytes, "text", "too_long")
	p.Add(!utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0), "text", "format")
	for name, value := range m.Headers {
		bad := !headerName.MatchString(name) || made[strings.ToLower(name)] || !oneLine(value) || len(value) > maxLine
		p.Add(bad, "headers."+strings.ToLower(headerName.FindString(name)), "format")
	}
	m.checkFiles(&p)
	return p.Err()
}

func (m Message) checkFiles(p *posta.Problems) {
	p.Add(len(m.Attachments) > MaxAttachments, "attachments", "too_many")
	size := 0
	for n, a := range m.Attachments {
		field := fmt.Sprintf("attachments[%d]", n)
		size += len(a.Data)
		p.Add(a.Name == "" || a.Name != CleanName(a.Name), field+".name", "format")
		p.Add(a.Type != "" && !mediaType.MatchString(a.Type), field+".type", "format")
	}
	p.Add(size > MaxAttachmentBytes, "attachments", "too_large")
}

var (
	messageID  = regexp.MustCompile(`^[!-;=?A-~]+@[!-;=?A-~]+$`) // visible ASCII without angle brackets
	headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,60}$`)
	mediaType  = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}$`)
	mailbox    = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$`)
)

// made are the headers that the fields of a message make.
var made = map[string]bool{"from": true, "sender": true, "reply-to": true, "to": true, "cc": true, "bcc": true, "subject": true, "date": true,
	"message-id": true, "in-reply-to": true, "references": true, "mime-version": true, "content-type": true, "content-transfer-encoding": true,
	"content-disposition": true, "return-path": true, "received": true}

// ValidEmail reports whether an address is one that mail can be sent to: ASCII,
// as RFC 5321 has it, without quoted local parts.
func ValidEmail(email string) bool {
	local, domain, _ := strings.Cut(email, "@")
	return len(email) <= 254 && mailbox.MatchString(email) && !strings.Contains(domain, "..") &&
		!strings.Contains(local, "..") && !strings.HasPrefix(local, ".") && !strings.HasSuffix(local, ".")
}

func (a Address) check(p *posta.Problems, field string) {
	p.Add(!ValidEmail(a.Email), field, "email")
	p.Add(!oneLine(a.Name) || len(a.Name) > maxLine, field, "format")
}

// oneLine refuses what could begin a header of its own.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

const longestName = 150 // bytes of a file's name

// CleanName makes a file's name one that is safe to keep and to offer: no
// folders, no control characters or quotes, no leading dots, at most 150 bytes.
// "" when nothing is left.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if n := strings.LastIndexAny(name, `/\`); n >= 0 {
		name = name[n+1:]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`"<>:|?*`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ". ")
	for len(name) > longestName {
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 || len(name)-dot > 20 {
			dot = len(name)
		}
		_, size := utf8.DecodeLastRuneInString(name[:dot])
		name = name[:dot-size] + name[dot:]
	}
	return strings.TrimRight(name, ". ")
}
