package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"posta"
)

// MaxRawBytes is the longest raw message that Parse reads: the attachments in
// base64, and room for the rest.
const MaxRawBytes = 16 << 20

const (
	maxHeaderBytes = 256 << 10 // of one header block
	maxAddresses   = 200       // of one header
)

// Inbound is a mail that came in, read. Its texts are valid UTF-8 without NUL
// or other control characters.
type Inbound struct {
	From   Address
	To, Cc []Address
	// Delivered are the addresses that servers on the way noted down, where the
	// To and Cc of a mailing list or a blind copy do not name us.
	Delivered []Address
	MessageID string // without brackets; "" if the mail has none
	InReplyTo string // the first one that it names
	// References are the ids of the thread, oldest first, fifty at most.
	References  []string
	Date        time.Time // by the sender's clock; zero if it cannot be read
	Subject     string
	Text        string // what the person wrote: the plain part, else the HTML reduced to text
	Quoted      string // the mail that it answers, cut off the end of the text
	Attachments []Attachment
	// Auto says that no person wrote it: out-of-office replies, notices, lists.
	Auto   bool
	Bounce *Bounce // a notice that a mail of ours did not arrive, or is late
}

// Recipients are all addresses that the mail was sent to, for TokenOf.
func (in Inbound) Recipients() []Address { return slices.Concat(in.To, in.Cc, in.Delivered) }

// Parse reads a raw message. It takes whatever real mail programs make, and
// bounds what hostile ones do: memory stays within a small multiple of the
// message. Errors: too_large for one over MaxRawBytes, or whose attachments or
// text are over their limits; invalid, field message, for one that cannot be
// read, and field from for one that nobody sent.
func Parse(raw []byte) (Inbound, error) {
	if len(raw) > MaxRawBytes {
		return Inbound{}, tooLarge("the message has %d bytes", len(raw))
	}
	raw = skipEnvelope(raw)
	entity, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxHeaderBytes})
	if entity == nil {
		return Inbound{}, unreadable(err)
	}
	in := readHeader(entity.Header)
	c := collector{}
	if err := c.take(entity, 0); err != nil {
		return Inbound{}, err
	}
	in.Attachments = c.files
	in.Bounce = c.bounce()
	in.Auto = in.Bounce != nil || automatic(entity.Header, in.Subject)
	if in.From.Email == "" && in.Bounce == nil {
		e := posta.Invalid("from", "required")
		e.Cause = errors.New("mail: no sender")
		return Inbound{}, e
	}
	in.Text, in.Quoted = splitQuote(c.text())
	return in, nil
}

// skipEnvelope leaves out the first line of a mailbox file (RFC 4155), which
// some mail servers put before what they pipe, and empty lines.
func skipEnvelope(raw []byte) []byte {
	raw = bytes.TrimLeft(raw, "\r\n")
	if bytes.HasPrefix(raw, []byte("From ")) {
		if n := bytes.IndexByte(raw, '\n'); n >= 0 {
			return raw[n+1:]
		}
	}
	return raw
}

func tooLarge(format string, args ...any) error {
	return posta.Errorf(posta.CodeTooLarge, "mail: "+format, args...)
}

// unreadable keeps the cause out of the error where it may quote the mail.
func unreadable(cause error) error {
	e := posta.Invalid("message", "format")
	e.Cause = fmt.Errorf("mail: the message cannot be read (%T)", cause)
	return e
}

func readHeader(h message.Header) (in Inbound) {
	if from := addresses(h, "From"); len(from) > 0 {
		in.From = from[0]
	}
	in.To, in.Cc = addresses(h, "To"), addresses(h, "Cc")
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"} {
		in.Delivered = append(in.Delivered, addresses(h, name)...)
	}
	if ids := identifiers(h, "Message-Id"); len(ids) > 0 {
		in.MessageID = ids[0]
	}
	if ids := identifiers(h, "In-Reply-To"); len(ids) > 0 {
		in.InReplyTo = ids[0]
	}
	in.References = identifiers(h, "References")
	in.References = in.References[max(0, len(in.References)-maxReferences):]
	in.Date, _ = netmail.ParseDate(h.Get("Date"))
	in.Subject = cut(oneLineOf(words(h.Get("Subject"))), 2*maxLine)
	return in
}

var identifier = regexp.MustCompile(`<([^<>\s]{1,250})>`)

// identifiers reads the message ids of a header.
func identifiers(h message.Header, name string) (ids []string) {
	for _, m := range identifier.FindAllStringSubmatch(cut(h.Get(name), 64<<10), -1) {
		if id := clean(m[1]); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

var (
	wordDecoder = &mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
		raw, err := io.ReadAll(io.LimitReader(r, maxHeaderBytes))
		return strings.NewReader(decoded(raw, name)), err
	}}
	addressParser = &netmail.AddressParser{WordDecoder: wordDecoder}
	bareAddress   = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}`)
)

// addresses reads all headers of a name; where one breaks the rules it takes
// what looks like addresses.
func addresses(h message.Header, name string) (list []Address) {
	fields := h.FieldsByKey(name)
	for fields.Next() && len(list) < maxAddresses {
		value := cut(decoded([]byte(fields.Value()), ""), 64<<10)
		parsed, err := addressParser.ParseList(value)
		if err != nil {
			for _, email := range bareAddress.FindAllString(value, maxAddresses) {
				list = append(list, Address{Email: email})
			}
			continue
		}
		for _, a := range parsed {
			list = append(list, Address{Name: cut(oneLineOf(a.Name), maxLine), Email: cut(oneLineOf(a.Address), 320)})
		}
	}
	return list[:min(len(list), maxAddresses)]
}

// words decodes a header (RFC 2047).
func words(value string) string {
	value = decoded([]byte(cut(value, 64<<10)), "")
	if text, err := wordDecoder.DecodeHeader(value); err == nil {
		return text
	}
	return value
}

// decoded turns bytes of a charset into text, by the names that browsers know:
// there ISO-8859-1 is windows-1252, as many mail programs mean it. Bytes of an
// unknown charset, or that are not what they are said to be, are UTF-8 if they
// can be, else windows-1252.
func decoded(raw []byte, charset string) string {
	if enc, err := htmlindex.Get(charset); err == nil && charset != "" {
		if name, _ := htmlindex.Name(enc); name != "utf-8" && name != "replacement" {
			if out, err := enc.NewDecoder().Bytes(raw); err == nil {
				return string(out)
			}
		}
	}
	if utf8.Valid(raw) {
		return string(raw)
	}
	out, _ := charmap.Windows1252.NewDecoder().Bytes(raw)
	return strings.ToValidUTF8(string(out), "�")
}
