package store

import (
	"strings"
	"time"
)

// where gathers the conditions of a list.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition.
func (w *where) and(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// is adds that a column has a value, unless the value is "".
func is[T ~string](w *where, column string, value T) {
	if value != "" {
		w.and(column+" = ?", value)
	}
}

// between adds from ≤ column < to, where they are told.
func (w *where) between(column string, from, to time.Time) {
	if !from.IsZero() {
		w.and(column+" >= ?", from)
	}
	if !to.IsZero() {
		w.and(column+" < ?", to)
	}
}

// text is the WHERE clause; there is always a condition, the merchant.
func (w *where) text() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// like makes a pattern that finds text anywhere, itself no pattern. It goes
// with ESCAPE '!'.
func like(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}
