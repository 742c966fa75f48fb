package prisma

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
)

// form is a JSON object being read strictly. The first thing that is wrong is
// kept; readers then give zero values.
type form struct {
	fields map[string]any
	asked  []string
	wrong  string // the name of the field
}

var errBody = errors.New("not one JSON object")

// parseForm reads one JSON object; numbers keep their text.
func parseForm(body []byte) (*form, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errBody
	}
	return &form{fields: m}, nil
}

func (f *form) refuse(name string) {
	if f.wrong == "" {
		f.wrong = name
	}
}

// need refuses the absence of a field; null counts as there.
func (f *form) need(names ...string) {
	for _, name := range names {
		if _, there := f.fields[name]; !there {
			f.refuse(name)
		}
	}
}

func (f *form) ask(name string) any {
	f.asked = append(f.asked, name)
	return f.fields[name]
}

// text reads a string or null.
func (f *form) text(name string) string {
	v := f.ask(name)
	s, ok := v.(string)
	if v != nil && !ok {
		f.refuse(name)
	}
	return s
}

// filled reads a string that may be neither null nor empty.
func (f *form) filled(name string) string {
	s := f.text(name)
	if s == "" {
		f.refuse(name)
	}
	return s
}

var digits = regexp.MustCompile(`^[0-9]{1,12}$`)

// centavos reads an amount: a string of digits, whose last two are decimals
// (docs/providers/prisma.md §5.2).
func (f *form) centavos(name string) int64 {
	s := f.text(name)
	if !digits.MatchString(s) {
		f.refuse(name)
		return 0
	}
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// whole reads a whole number; null is 0.
func (f *form) whole(name string, least, most int64) int64 {
	v := f.ask(name)
	if v == nil {
		return 0
	}
	number, _ := v.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < least || n > most {
		f.refuse(name)
	}
	return n
}

// flag reads true, false or null.
func (f *form) flag(name string) bool {
	v := f.ask(name)
	b, ok := v.(bool)
	if v != nil && !ok {
		f.refuse(name)
	}
	return b
}

// one reads one of the values as a string; null only where "" is among them.
func (f *form) one(name string, values ...string) string {
	s := f.text(name)
	if !slices.Contains(values, s) {
		f.refuse(name)
	}
	return s
}

var brandCode = regexp.MustCompile(`^[A-Z0-9]{2}$`)

// brand reads a code of two characters or null (§10).
func (f *form) brand(name string) string {
	s := f.text(name)
	if s != "" && !brandCode.MatchString(s) {
		f.refuse(name)
	}
	return s
}

// terminals reads terminals_list (§5.2).
func (f *form) terminals() []string {
	list, _ := f.ask("terminals_list").([]any)
	var out []string
	for _, v := range list {
		m, _ := v.(map[string]any)
		id, _ := m["terminal_id"].(string)
		if len(m) != 1 || !terminalID.MatchString(id) || slices.Contains(out, id) {
			f.refuse("terminals_list")
			return nil
		}
		out = append(out, id)
	}
	if len(out) == 0 {
		f.refuse("terminals_list")
	}
	return out
}

// end refuses fields that nobody asked for, and says what is wrong.
func (f *form) end() string {
	var unknown []string
	for name := range f.fields {
		if !slices.Contains(f.asked, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		f.refuse(unknown[0])
	}
	return f.wrong
}
