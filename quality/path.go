package quality

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Path names a field of a request's body: "payer.email", "items[].title". A
// field of a list must be in each of its elements, and the list must have one.
type Path string

// parse reads a body; nil if it is no JSON object.
func parse(body []byte) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v map[string]any
	if d.Decode(&v) != nil || v == nil {
		return nil
	}
	return v
}

// in reports whether the field is there, and, where there are allowed values,
// whether it has one of them. A secret that was masked when it was recorded is
// there.
func (p Path) in(body any, allowed []string) (there, known bool) {
	return lookup(body, strings.Split(string(p), "."), allowed)
}

func lookup(v any, path []string, allowed []string) (there, known bool) {
	if len(path) == 0 {
		return present(v), len(allowed) == 0 || isOneOf(v, allowed)
	}
	name, list := strings.CutSuffix(path[0], "[]")
	fields, _ := v.(map[string]any)
	v = fields[name]
	if !list {
		return lookup(v, path[1:], allowed)
	}
	elements, _ := v.([]any)
	there, known = len(elements) > 0, len(elements) > 0
	for _, e := range elements {
		t, k := lookup(e, path[1:], allowed)
		there, known = there && t, known && k
	}
	return there, known
}

// present reports whether a value says something.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return strings.TrimSpace(v) != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// isOneOf compares as the provider does: without regard to case.
func isOneOf(v any, allowed []string) bool {
	s, _ := v.(string)
	return slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, strings.TrimSpace(s)) })
}
