package homologation

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// readCall reads a field of recorded calls: KIND.OPERATION or KIND.OPERATION.PATH.
func readCall(field string, calls []Call) ([]string, bool) {
	kind, rest, _ := strings.Cut(field, ".")
	operation, path, _ := strings.Cut(rest, ".")
	calls = slices.DeleteFunc(slices.Clone(calls), func(c Call) bool { return c.Operation != operation })
	if len(calls) == 0 {
		return nil, false
	}
	var values []string
	for _, c := range calls {
		switch kind {
		case "http":
			values = append(values, status(c))
		case "lost":
			values = append(values, yes(c.Status == 0))
		case "query":
			u, err := url.Parse(c.URL)
			if err == nil {
				values = append(values, u.Query()[path]...)
			}
		case "sent":
			values = append(values, at(c.Request, path)...)
		case "answered":
			values = append(values, at(c.Response, path)...)
		default:
			return nil, false
		}
	}
	switch {
	case kind == "http" && path == "first":
		values = values[:1]
	case kind == "http" && path == "last":
		values = values[len(values)-1:]
	case kind == "lost" && slices.Contains(values, "yes"):
		values = []string{"yes"}
	}
	return values, true
}

func status(c Call) string {
	if c.Status == 0 {
		return "none"
	}
	return strconv.Itoa(c.Status)
}

// at reads what stands at a path ("a.b") of a JSON text; "#" at its end is a
// list's length.
func at(body []byte, path string) []string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok && name == "#" {
			return []string{strconv.Itoa(len(list))}
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case bool:
		return []string{yes(v)}
	}
	return nil
}
