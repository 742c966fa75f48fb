package prisma

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"posta"
	"posta/provider"
)

// text is what the provider writes now as a string, now as a number
// (docs/providers/prisma.md §5.3). It keeps the digits as they came; null and
// what is no plain value are "".
type text string

// UnmarshalJSON takes whatever comes.
func (t *text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case bytes.Equal(b, []byte("null")), len(b) > 0 && (b[0] == '{' || b[0] == '['):
		return nil
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	}
	*t = text(b)
	return nil
}

// readable forgives a field of an unexpected type: the others were read.
func readable(err error) bool {
	var typed *json.UnmarshalTypeError
	return err == nil || errors.As(err, &typed)
}

// envelope is an answer: the echo of what was asked, and the data.
type envelope map[string]json.RawMessage

func (e envelope) holdsData() bool {
	for name := range e {
		if strings.HasSuffix(name, "_data") && !strings.HasSuffix(name, "_request_data") {
			return true
		}
	}
	return false
}

// data reads the envelope's object of that name into "into": "payment" is
// payment_data, or payments_data, or the whole answer.
func (e envelope) data(name string, into any) error {
	for _, n := range []string{name + "_data", name + "s_data"} {
		if raw, ok := e[n]; ok {
			return unmarshal(raw, into)
		}
	}
	return e.read(into)
}

// read reads the whole answer into "into".
func (e envelope) read(into any) error {
	raw, err := json.Marshal(map[string]json.RawMessage(e))
	if err != nil {
		return err
	}
	return unmarshal(raw, into)
}

func unmarshal(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); !readable(err) {
		return posta.Errorf(posta.CodeProviderUnavailable, "unreadable answer: %w", err)
	}
	return nil
}

// reference is our own id in the echo of a request, "" if it is not told.
func (e envelope) reference(echo string) string {
	var asked struct {
		Reference text `json:"ecr_transaction_id"`
	}
	if json.Unmarshal(e[echo], &asked) != nil {
		return ""
	}
	return string(asked.Reference)
}

// centavos writes an amount as the provider takes it: digits, the last two
// being decimals. Other money than pesos is provider_rejected: no other currency
// is documented (§5.2).
func centavos(m posta.Money) (string, error) {
	if m.Currency != "ARS" {
		return "", rejected("currency", "the terminals charge ARS only")
	}
	return strconv.FormatInt(m.Amount, 10), nil
}

// minor reads an amount of centavos, and reports whether it is one.
func (t text) minor() (int64, bool) {
	if len(t) > 15 || strings.Trim(string(t), "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	return n, err == nil
}

// whole reads a number, 0 if it is none.
func (t text) whole() int {
	n, _ := strconv.Atoi(string(t))
	return n
}

// pesos writes centavos as people in Argentina read them: 1.500,00.
func pesos(minor int64) string {
	whole := strconv.FormatInt(minor/100, 10)
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "." + whole[n:]
	}
	return whole + "," + strconv.FormatInt(100+minor%100, 10)[1:]
}

// longestText is how much of a text a terminal's list gets: no limit is
// documented, and screens are small.
const longestText = 60

// menuText is what a terminal's list shows. It names the till, since two may
// have charges of one amount there; the sandbox takes its own text only (§14).
func (c *connector) menuText(what string, minor int64, charge provider.Charge, title string) string {
	shown, parts := what+" $"+pesos(minor), []string{charge.TillName, title}
	if c.environment == Sandbox {
		parts = parts[1:]
	}
	for _, part := range parts {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			shown += " - " + part
		}
	}
	runes := []rune(shown)
	return string(runes[:min(len(runes), longestText)])
}

// orNull is nil for an empty text: nulls are sent explicitly (§5.2).
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// offeredTo lists terminals as requests do.
func offeredTo(ids []string) []map[string]string {
	list := []map[string]string{}
	for _, id := range ids {
		list = append(list, map[string]string{"terminal_id": id})
	}
	return list
}
