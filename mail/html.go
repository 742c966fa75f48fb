package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// unseen are elements whose text nobody sees; blocks begin a line.
var (
	unseen = map[atom.Atom]bool{atom.Head: true, atom.Script: true, atom.Style: true, atom.Title: true, atom.Template: true, atom.Noscript: true}
	blocks = map[atom.Atom]bool{atom.P: true, atom.Div: true, atom.Tr: true, atom.Table: true, atom.Ul: true, atom.Ol: true, atom.Li: true, atom.Blockquote: true,
		atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Pre: true, atom.Hr: true, atom.Section: true,
		atom.Article: true, atom.Header: true, atom.Footer: true, atom.Center: true, atom.Dd: true, atom.Dt: true}
)

// reduction writes text line by line, quoted ones with "> ".
type reduction struct {
	out   strings.Builder
	line  strings.Builder
	quote int // depth of blockquotes
	blank int // empty lines just written
	href  string
	label strings.Builder
}

const deepest = 8 // quotation marks before a line

// reduce makes text of a mail's HTML: a line for each block, list items with a
// dash, quotations with "> ", links with their address. It reads token by
// token, so that depth costs nothing.
func reduce(source string) string {
	var r reduction
	tokens := html.NewTokenizer(strings.NewReader(source))
	skip := atom.Atom(0)
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			r.end()
			return strings.TrimSpace(r.out.String())
		case html.TextToken:
			if skip == 0 {
				r.write(string(tokens.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := tokens.TagName()
			tag := atom.Lookup(name)
			if skip != 0 {
				// A body begins although the head was not closed.
				if kind == html.EndTagToken && tag == skip || tag == atom.Body {
					skip = 0
				}
				continue
			}
			if unseen[tag] {
				if kind == html.StartTagToken {
					skip = tag
				}
				continue
			}
			r.tag(tag, kind == html.EndTagToken, func() string { return href(tokens, more) })
		}
	}
}

func href(tokens *html.Tokenizer, more bool) string {
	for more {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		if address := string(value); string(key) == "href" && (strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")) {
			return cut(oneLineOf(address), 2000)
		}
	}
	return ""
}

func (r *reduction) tag(tag atom.Atom, end bool, href func() string) {
	switch {
	case tag == atom.A && !end:
		r.href = href()
		r.label.Reset()
	case tag == atom.A:
		if label := strings.TrimSpace(r.label.String()); r.href != "" && label != "" && !sameAddress(r.href, label) {
			r.line.WriteString(" <" + r.href + ">")
		}
		r.href = ""
	case tag == atom.Br:
		r.newline()
	case tag == atom.Td && end:
		r.write(" ")
	case blocks[tag]:
		r.end()
		if tag == atom.Blockquote && end {
			r.quote = max(0, r.quote-1)
		} else if tag == atom.Blockquote {
			r.quote++
		}
		if tag == atom.P {
			r.gap()
		}
		if tag == atom.Li && !end {
			r.line.WriteString("- ")
		}
	}
}

// sameAddress tells a link whose words are its address, or the beginning of it.
func sameAddress(href, label string) bool {
	bare := func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://") }
	return strings.Contains(label, ".") && strings.HasPrefix(bare(href), bare(label))
}

// write adds text, its white space as HTML shows it.
func (r *reduction) write(text string) {
	text = strings.ReplaceAll(text, "\u00a0", " ")
	fields := strings.Fields(text)
	if beginsBlank(text) && r.line.Len() > 0 && !strings.HasSuffix(r.line.String(), " ") {
		r.line.WriteByte(' ')
	}
	if len(fields) == 0 {
		return
	}
	joined := strings.Join(fields, " ")
	r.line.WriteString(joined)
	if r.href != "" {
		r.label.WriteString(joined)
	}
	if beginsBlank(text[len(text)-1:]) {
		r.line.WriteByte(' ')
	}
}

func beginsBlank(text string) bool { return text != "" && strings.IndexByte(" \t\r\n", text[0]) >= 0 }

// end ends a line that has something.
func (r *reduction) end() {
	if strings.TrimSpace(r.line.String()) != "" {
		r.newline()
	}
	r.line.Reset()
}

// gap leaves an empty line, but never two.
func (r *reduction) gap() {
	if r.blank == 0 && r.out.Len() > 0 {
		r.newline()
	}
}

func (r *reduction) newline() {
	text := strings.TrimRight(r.line.String(), " ")
	r.line.Reset()
	if text == "" {
		if r.blank++; r.blank > 2 {
			return
		}
	} else {
		r.blank = 0
	}
	r.out.WriteString(strings.TrimRight(strings.Repeat("> ", min(r.quote, deepest))+text, " "))
	r.out.WriteByte('\n')
}
