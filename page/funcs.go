package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"reflect"
	"strings"
	"time"
)

// state is what the functions of one copied template read.
type state struct{ Context }

// funcs returns the functions of every template:
//
//	t "key" "name" value…        words; tt: words for a key, else a fallback: tt "key" "fallback"
//	lang theme path              of the request
//	asset "posta.css"            the address of a static file
//	money minor "ARS"            $ 1.500,00     moneycode minor "ARS"   $ 1.500,00 ARS
//	date datetime exact rel t    moments in the merchant's zone; iso t for attributes
//	minute day t                 2026-03-01T15:04, 2026-03-01 for inputs, "" of no moment
//	span d                       a duration
//	qr text, barcode text        an SVG
//	dict "k" v …  list v …       arguments for partials
//	here "/payments"             true when the request's path is at or under it
//	json v                       for data- attributes
//	shape "paid"                 the shape of a state
func (s *state) funcs(t *Templates) template.FuncMap {
	funcs := template.FuncMap{
		"t": func(key string, args ...any) string { return s.Words.T(key, args...) },
		"tt": func(key, fallback string, args ...any) string {
			if s.Words.Has(key) {
				return s.Words.T(key, args...)
			}
			return fallback
		},
		"lang":  func() string { return s.Words.Lang() },
		"theme": func() string { return s.Theme },
		"path":  func() string { return s.Path },
		"here": func(under string) bool {
			return under == s.Path || strings.HasPrefix(s.Path, strings.TrimSuffix(under, "/")+"/") && under != "/"
		},
		"asset":     t.assets.url,
		"money":     func(minor any, currency any) (string, error) { return inMoney(Money, minor, currency) },
		"moneycode": func(minor any, currency any) (string, error) { return inMoney(MoneyWithCode, minor, currency) },
		"date":      func(at time.Time) string { return s.Words.Date(at, s.Zone) },
		"datetime":  func(at time.Time) string { return s.Words.DateTime(at, s.Zone) },
		"exact":     func(at time.Time) string { return s.Words.Exact(at, s.Zone) },
		"rel":       func(at time.Time) string { return s.Words.Relative(at, s.Now) },
		"minute":    func(at time.Time) string { return s.input(at, "2006-01-02T15:04") },
		"day":       func(at time.Time) string { return s.input(at, time.DateOnly) },
		"iso":       func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"span":      func(d time.Duration) string { return s.Words.Duration(d) },
		"zone":      func() string { return s.Zone.String() },
		"qr":        QR,
		"barcode":   Barcode,
		"dict":      dict,
		"list":      func(values ...any) []any { return values },
		"shape":     Shape,
		"json": func(v any) (string, error) {
			raw, err := json.Marshal(v)
			return string(raw), err
		},
	}
	for name, f := range t.funcs {
		funcs[name] = f
	}
	return funcs
}

// input writes a moment as inputs take it, in the merchant's zone.
func (s *state) input(at time.Time, layout string) string {
	if at.IsZero() {
		return ""
	}
	return at.In(s.Zone).Format(layout)
}

// inMoney takes any integer type, so that templates may write numbers down; a
// float is refused.
func inMoney(write func(int64, string, string) string, minor, currency any) (string, error) {
	value := reflect.ValueOf(minor)
	if !value.IsValid() || !value.CanInt() {
		return "", fmt.Errorf("money: %v is not a whole number of minor units", minor)
	}
	return write(value.Int(), fmt.Sprint(currency), ""), nil
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d arguments are not pairs", len(pairs))
	}
	made := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is not a string", pairs[i])
		}
		made[key] = pairs[i+1]
	}
	return made, nil
}
