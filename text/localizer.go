package text

import (
	"fmt"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// Localizer speaks one language. It is safe for concurrent use.
type Localizer struct {
	lang    string
	words   *i18n.Localizer
	catalog *Catalog
}

// Lang returns the language: es, pt or en.
func (l *Localizer) Lang() string { return l.lang }

// Has tells whether there are words for key.
func (l *Localizer) Has(key string) bool { return l.catalog.words[l.lang][key] != nil }

// T returns the words for key. Arguments are parameters: one map[string]any,
// or pairs of name and value ("amount", "$ 1.500,00"), or a single number,
// which is the parameter count. The parameter count chooses the plural. A key
// without words comes back as it is.
func (l *Localizer) T(key string, args ...any) string {
	params := parameters(args)
	config := &i18n.LocalizeConfig{MessageID: key, TemplateData: params}
	if count, ok := params["count"]; ok {
		config.PluralCount = plural(count)
	}
	words, err := l.words.Localize(config)
	if err != nil || words == "" {
		return key
	}
	return words
}

func parameters(args []any) map[string]any {
	if len(args) == 1 {
		if params, ok := args[0].(map[string]any); ok {
			return params
		}
		return map[string]any{"count": args[0]}
	}
	params := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		params[fmt.Sprint(args[i])] = args[i+1]
	}
	return params
}

// plural turns any count into what go-i18n accepts: an int or a string.
func plural(count any) any {
	switch count.(type) {
	case int, int8, int16, int32, int64:
		return count
	case uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(count)
	}
	return nil
}
