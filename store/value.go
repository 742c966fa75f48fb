package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// asJSON is a value that is kept as JSON text.
type asJSON struct{ v any }

// plain gives values in the few forms that both databases keep: int64,
// string, []byte.
func plain(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = plainOne(v)
	}
	return out
}

func plainOne(v any) any {
	switch v := v.(type) {
	case nil, int64:
		return v
	case string:
		return clean(v)
	case []byte:
		if v == nil {
			return []byte{}
		}
		return v
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return micros(v)
	case asJSON:
		text, err := json.Marshal(v.v)
		if err != nil {
			panic(err) // a type of ours that cannot be written is a defect
		}
		return string(text)
	case json.RawMessage:
		return clean(string(v))
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String:
		return clean(r.String())
	case reflect.Int, reflect.Int64:
		return r.Int()
	}
	panic(fmt.Sprintf("store: %T is not kept as it is", v))
}

// clean leaves out what PostgreSQL takes in no TEXT: bytes that are not UTF-8,
// and zero. What must be kept as it came is bytes.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// micros is a time as it is kept: microseconds UTC, 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant scans microseconds.
type instant struct{ t *time.Time }

// Scan reads one.
func (s instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("time kept as %T", v)
	}
	*s.t = time.Time{}
	if n != 0 {
		*s.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// flag scans a boolean.
type flag struct{ b *bool }

// Scan reads one.
func (s flag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("boolean kept as %T", v)
	}
	*s.b = n != 0
	return nil
}

// object scans JSON text into what v points at.
type object struct{ v any }

// Scan reads one.
func (s object) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return json.Unmarshal([]byte(v), s.v)
	case []byte:
		return json.Unmarshal(v, s.v)
	}
	return fmt.Errorf("JSON kept as %T", v)
}

// unnamed is a name that is kept as NULL where it is "", so that the database
// can hold it to what it names.
type unnamed[T ~string] struct{ name *T }

// Scan reads one.
func (s unnamed[T]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.name = ""
	case string:
		*s.name = T(v)
	case []byte:
		*s.name = T(v)
	default:
		return fmt.Errorf("name kept as %T", v)
	}
	return nil
}

// orNull is a name as unnamed reads it.
func orNull[T ~string](name T) any {
	if name == "" {
		return nil
	}
	return name
}

// octets scans bytes, none as nil.
type octets struct{ b *[]byte }

// Scan reads them.
func (s octets) Scan(v any) error {
	*s.b = nil
	switch v := v.(type) {
	case []byte:
		if len(v) > 0 {
			*s.b = append([]byte{}, v...)
		}
	case string:
		if v != "" {
			*s.b = []byte(v)
		}
	case nil:
	default:
		return fmt.Errorf("bytes kept as %T", v)
	}
	return nil
}
