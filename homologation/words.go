package homologation

import (
	"slices"
	"strings"
)

// FieldWords names a field for people: a key of the catalogs and its arguments.
func FieldWords(field string) (key string, args []any) {
	if _, ok := readers[field]; ok {
		return "homologation.field." + field, nil
	}
	kind, rest, _ := strings.Cut(field, ".")
	operation, path, _ := strings.Cut(rest, ".")
	if !slices.Contains([]string{"http", "lost", "sent", "answered", "query"}, kind) {
		kind = "answered"
	}
	return "homologation.field.of." + kind, []any{"operation", operation, "path", path}
}
