package api

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"posta"
)

// refused makes what huma found wrong ours: our codes, no submitted values.
func refused(status int, errs []error) error {
	for _, err := range errs {
		var e *posta.Error
		if errors.As(err, &e) {
			return e
		}
	}
	switch status {
	case 0:
		return &posta.Error{Code: posta.CodeInternal}
	case http.StatusUnsupportedMediaType:
		return &posta.Error{Code: posta.CodeUnsupportedMedia}
	case http.StatusRequestEntityTooLarge:
		return &posta.Error{Code: posta.CodeTooLarge}
	case http.StatusInternalServerError:
		return &posta.Error{Code: posta.CodeInternal, Cause: errors.Join(errs...)}
	}
	out := &posta.Error{Code: posta.CodeInvalid}
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			out.Fields = append(out.Fields, field(detail))
		}
	}
	if len(out.Fields) == 0 {
		out.Fields = []posta.FieldError{{Field: "body", Code: "required"}}
	}
	return out
}

// words of huma's messages, by how they begin, and our code for each. Only the
// code goes out: huma's messages may hold what was submitted.
var meanings = []struct{ begins, code string }{
	{"unexpected property", "unknown"},
	{"unknown query parameter", "unknown"},
	{"required ", "required"},
	{"expected required property", "required"},
	{"expected property", "required"},
	{"expected boolean", "boolean"},
	{"invalid boolean", "boolean"},
	{"expected integer", "integer"},
	{"invalid integer", "integer"},
	{"json: cannot unmarshal number", "integer"},
	{"expected number to be a multiple", "wrong"},
	{"expected number > 0", "positive"},
	{"expected number >", "too_low"},
	{"expected number <", "too_high"},
	{"expected number", "integer"},
	{"expected length >=", "too_short"},
	{"expected length <=", "too_long"},
	{"expected array length <=", "too_many"},
	{"expected array length >=", "too_few"},
	{"expected value to be one of", "one_of"},
	{"expected string to be RFC 3339", "time"},
	{"invalid date/time", "time"},
	{"expected string to", "format"},
	{"expected string", "string"},
	{"expected array", "array"},
	{"expected object", "object"},
}

// goField finds the field in what encoding/json says of a number that fits its
// schema but not its type: too large, or with an exponent.
var goField = regexp.MustCompile(`^json: cannot unmarshal number .* into Go struct field \w+\.([\w.]+) of type`)

func field(d *huma.ErrorDetail) posta.FieldError {
	_, path, inside := strings.Cut(d.Location, ".")
	code := ""
	for _, m := range meanings {
		if strings.HasPrefix(d.Message, m.begins) {
			code = m.code
			break
		}
	}
	if strings.HasPrefix(d.Message, "expected required property ") {
		name, _, _ := strings.Cut(strings.TrimPrefix(d.Message, "expected required property "), " ")
		if inside {
			name = path + "." + name
		}
		return posta.FieldError{Field: name, Code: "required"}
	}
	if found := goField.FindStringSubmatch(d.Message); found != nil && !inside {
		return posta.FieldError{Field: found[1], Code: code}
	}
	switch {
	case code == "" && !inside:
		return posta.FieldError{Field: "body", Code: "json"}
	case code == "":
		code = "wrong"
	case !inside:
		path = "body"
	}
	return posta.FieldError{Field: path, Code: code}
}
