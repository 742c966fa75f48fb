package mail

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

const (
	maxDepth     = 12      // of parts within parts
	maxParts     = 300     // of one message
	maxHTMLBytes = 4 << 20 // of one part, pictures in it and all
)

// collector takes what a message is made of, part by part.
type collector struct {
	parts       int
	size        int // bytes of the files
	textSize    int
	plain, html []string
	files       []Attachment
	report      *report // of a delivery status notice
}

// take reads an entity and all within it. An encoding that nobody knows is
// taken for none.
func (c *collector) take(e *message.Entity, depth int) error {
	if c.parts++; c.parts > maxParts || depth > maxDepth {
		return unreadable(errors.New("too many parts"))
	}
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	kind = strings.ToLower(kind)
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		return c.takeParts(e, params["boundary"], depth)
	}
	if kind == "message/delivery-status" && c.report == nil {
		return c.takeReport(e.Body)
	}
	disposition, file, _ := e.Header.ContentDisposition()
	name := fileName(file["filename"], params["name"])
	text := kind == "text/plain" || kind == "text/html"
	if text && !strings.EqualFold(disposition, "attachment") && name == "" {
		return c.takeText(e.Body, kind, params["charset"])
	}
	if strings.HasPrefix(kind, "text/rfc822-headers") || kind == "message/rfc822" {
		return c.takeReturned(e.Body, kind, name)
	}
	return c.takeFile(e.Body, kind, name)
}

// takeParts reads a multipart (RFC 2046 §5.1).
func (c *collector) takeParts(e *message.Entity, boundary string, depth int) error {
	source := &budget{r: e.Body}
	parts := textproto.NewMultipartReader(source, boundary)
	for first := true; ; first = false {
		source.left = maxHeaderBytes
		part, err := parts.NextPart()
		source.left = -1
		if errors.Is(err, io.EOF) || err != nil && !first && ended(err) {
			break
		}
		if err != nil {
			return unreadable(err)
		}
		entity, _ := message.New(message.Header{Header: part.Header}, part)
		if err := c.take(entity, depth+1); err != nil {
			return err
		}
		if err := drain(part); err != nil {
			return err
		}
	}
	return drain(source)
}

// ended tells the error of a mail whose last boundary is missing, as it often
// is: the library gives it as text.
func ended(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "multipart: NextPart: ") && strings.HasSuffix(err.Error(), "EOF")
}

// drain reads what is left, which may end early.
func drain(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return unreadable(err)
	}
	return nil
}

// budget ends the reading of a part's header that does not end by itself. It
// is left below zero while bodies are read, which have limits of their own.
type budget struct {
	r    io.Reader
	left int
}

var errBudget = errors.New("a header that does not end")

// Read counts what a header takes.
func (b *budget) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errBudget
	}
	if b.left > 0 {
		p = p[:min(len(p), b.left)]
	}
	n, err := b.r.Read(p)
	if b.left > 0 {
		b.left -= n
	}
	return n, err
}

// limited reads a body that may have so many bytes.
func limited(r io.Reader, limit int, what string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if len(raw) > limit {
		return nil, tooLarge("%s over %d bytes", what, limit)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadable(err)
	}
	return raw, nil
}

func (c *collector) takeText(body io.Reader, kind, charset string) error {
	limit := MaxTextBytes
	if kind == "text/html" {
		limit = maxHTMLBytes
	}
	raw, err := limited(body, limit, "text")
	if err != nil {
		return err
	}
	text := decoded(raw, charset)
	if kind == "text/html" {
		text = reduce(text)
	}
	text = cleanText(text)
	if c.textSize += len(text); c.textSize > MaxTextBytes {
		return tooLarge("text over %d bytes", MaxTextBytes)
	}
	if text = strings.Trim(text, "\n"); strings.TrimSpace(text) == "" {
		return nil
	}
	if kind == "text/html" {
		c.html = append(c.html, text)
	} else {
		c.plain = append(c.plain, text)
	}
	return nil
}

func (c *collector) takeFile(body io.Reader, kind, name string) error {
	if len(c.files) == MaxAttachments {
		return tooLarge("more than %d attachments", MaxAttachments)
	}
	raw, err := limited(body, MaxAttachmentBytes-c.size, "attachments")
	if err != nil {
		return err
	}
	c.size += len(raw)
	if !mediaType.MatchString(kind) {
		kind = "application/octet-stream"
	}
	if name == "" {
		name = fmt.Sprintf("attachment-%d%s", len(c.files)+1, extension(kind))
	}
	c.files = append(c.files, Attachment{Name: name, Type: kind, Data: raw})
	return nil
}

// extensions of what comes without a name; mime.ExtensionsByType depends on
// the machine.
var extensions = map[string]string{"message/rfc822": ".eml", "text/calendar": ".ics", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif",
	"application/pdf": ".pdf", "text/html": ".html", "text/plain": ".txt"}

func extension(kind string) string {
	if e := extensions[kind]; e != "" {
		return e
	}
	return ".bin"
}

// fileName takes the first name that is one, decoded: programs write them in
// RFC 2231, which the header's reader knows, and in RFC 2047, which it does not.
func fileName(names ...string) string {
	for _, name := range names {
		if clean := CleanName(words(name)); clean != "" {
			return clean
		}
	}
	return ""
}

// text is what was written, plain parts before HTML.
func (c *collector) text() string {
	list := c.plain
	if len(list) == 0 {
		list = c.html
	}
	return strings.TrimSpace(strings.Join(list, "\n\n"))
}

// cleanText ends lines with "\n" and drops control characters.
func cleanText(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r == '\u00a0':
			return ' '
		case r == '\ufeff' || r == '\u200b' || unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
}

// clean drops control characters, line ends too.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}

// oneLineOf makes one line of a header's text.
func oneLineOf(text string) string {
	return clean(strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " "))
}

// cut keeps the first bytes of a text, to a whole character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
