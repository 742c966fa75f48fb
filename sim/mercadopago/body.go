package mercadopago

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
)

// fields is a JSON object being read strictly: kinds are looked at, numbers
// keep their text.
type fields map[string]any

var errBody = errors.New("not a JSON object")

func parseObject(body []byte) (fields, error) {
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
	return m, nil
}

// has says whether the field is there and not null.
func (f fields) has(name string) bool { return f[name] != nil }

// text gives a string; ok is false when something else is there.
func (f fields) text(name string) (v string, ok bool) {
	if !f.has(name) {
		return "", true
	}
	v, ok = f[name].(string)
	return v, ok
}

// number gives a number's text; ok is false when something else is there.
func (f fields) number(name string) (v string, ok bool) {
	if !f.has(name) {
		return "", true
	}
	n, ok := f[name].(json.Number)
	return n.String(), ok
}

// object gives an object; ok is false when something else is there.
func (f fields) object(name string) (v fields, ok bool) {
	if !f.has(name) {
		return nil, true
	}
	m, ok := f[name].(map[string]any)
	return m, ok
}

// list gives an array; ok is false when something else is there.
func (f fields) list(name string) (v []any, ok bool) {
	if !f.has(name) {
		return nil, true
	}
	v, ok = f[name].([]any)
	return v, ok
}

// unknown lists the fields outside known, in a stable order.
func (f fields) unknown(known ...string) []string {
	in := map[string]bool{}
	for _, k := range known {
		in[k] = true
	}
	var list []string
	for k := range f {
		if !in[k] {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

// whole gives a whole number above zero.
func whole(f fields, name string) (int, bool) {
	v, ok := f.number(name)
	n, err := strconv.Atoi(v)
	return n, ok && err == nil && n > 0
}
