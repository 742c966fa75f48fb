package app

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// keptLines is how many lines of the log a hub remembers, for a support bundle.
const keptLines = 500

// logLine is one line of the log, taken apart.
type logLine struct {
	At      time.Time
	Level   string
	Message string
	Values  [][2]string
}

// logTail remembers the last lines.
type logTail struct {
	mu    sync.Mutex
	lines []logLine
	next  int
}

func (t *logTail) add(l logLine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) < keptLines {
		t.lines = append(t.lines, l)
		return
	}
	t.lines[t.next] = l
	t.next = (t.next + 1) % keptLines
}

// last gives them, oldest first.
func (t *logTail) last() []logLine {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(slices.Clone(t.lines[t.next:]), t.lines[:t.next]...)
}

// remembering is a handler that hands on, and remembers.
type remembering struct {
	slog.Handler
	tail   *logTail
	prefix string
	values [][2]string
}

// Handle takes one record.
func (h remembering) Handle(ctx context.Context, r slog.Record) error {
	l := logLine{At: r.Time.UTC(), Level: r.Level.String(), Message: r.Message, Values: slices.Clone(h.values)}
	r.Attrs(func(a slog.Attr) bool {
		l.Values = flatten(l.Values, h.prefix, a)
		return true
	})
	h.tail.add(l)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs gives a handler whose records all bear some values.
func (h remembering) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.values = slices.Clone(h.values)
	for _, a := range attrs {
		h.values = flatten(h.values, h.prefix, a)
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup gives a handler whose values are named below a group.
func (h remembering) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	h.Handler = h.Handler.WithGroup(name)
	return h
}

func flatten(values [][2]string, prefix string, a slog.Attr) [][2]string {
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		return append(values, [2]string{prefix + a.Key, v.String()})
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, inner := range v.Group() {
		values = flatten(values, prefix, inner)
	}
	return values
}
