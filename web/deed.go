package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// sent is a form that was refused, so that its page shows it again: what was
// typed, and what is wrong with it. The zero sent is a page without one.
type sent struct {
	Form    string // which form of the page: its address below the page's
	Values  url.Values
	Wrong   map[string]string
	Missing []string // conditions that are not met, in words
	Problem problem
	Why     string // why the service refused, in words
	Files   bool   // files came along, which a browser cannot be given back
	Made    any    // what is shown this once
}

// Is reports whether it is that form.
func (f sent) Is(form string) bool { return f.Form == form && f.Values != nil }

// Get is what was typed into a field of a form, otherwise what is known.
func (f sent) Get(form, name string, known any) any {
	if f.Is(form) {
		return f.Values.Get(name)
	}
	return known
}

// Has reports whether a box of a form was ticked, otherwise what is known.
func (f sent) Has(form, name, value string, known bool) bool {
	if !f.Is(form) {
		return known
	}
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Err says what is wrong with a field of a form.
func (f sent) Err(form, field string) string {
	if f.Is(form) {
		return f.Wrong[field]
	}
	return ""
}

// refused keeps a form that the service did not take.
func (v *visit) refused(form string, err error) sent {
	f := sent{Form: form, Values: v.r.PostForm, Problem: v.problem(err), Wrong: map[string]string{}}
	if f.Values == nil {
		f.Values = url.Values{}
	}
	f.Files = v.r.MultipartForm != nil && len(v.r.MultipartForm.File) > 0
	var e *posta.Error
	if !errors.As(err, &e) {
		return f
	}
	words := v.fieldErrors(&posta.Error{Code: posta.CodeInvalid, Fields: e.Fields})
	for _, field := range e.Fields {
		if field.Code == "unmet" {
			f.Missing = append(f.Missing, v.conditionWords(field.Field)+": "+v.reasonWords(field.Params["reason"], e.Params))
		} else if f.Wrong[field.Field] == "" {
			f.Wrong[field.Field] = words[field.Field]
		}
	}
	if reason := e.Params["reason"]; reason != "" {
		f.Why = v.reasonWords(reason, e.Params)
	}
	return f
}

// reasonWords says why something of a project is not so.
func (v *visit) reasonWords(reason string, params map[string]string) string {
	key := "project.reason." + reason
	if !v.words.Has(key) {
		return v.T("project.reason.not_known")
	}
	args := map[string]any{}
	for name, value := range params {
		args[name] = value
		if role := "project.role." + value; name == "role" && v.words.Has(role) {
			args[name] = v.T(role)
		}
	}
	return v.T(key, args)
}

// conditionWords names a condition that code looks at; an item's own title is
// its template's.
func (v *visit) conditionWords(key string) string {
	if words := "project.condition." + key; v.words.Has(words) {
		return v.T(words)
	}
	if v.titles != nil {
		if item, ok := v.titles.Item(key); ok {
			return item.Title[v.words.Lang()]
		}
	}
	return key
}

// deed registers what a form of a page does. do gives the address to go on to;
// where the service refuses, the page is shown again with what was typed. The
// address shows its page too, so that a refused form can be looked at again.
func (s *server) deed(mux *http.ServeMux, guard func(handler) http.Handler, path string, page func(*visit, sent) error, do func(*visit) (string, error)) {
	mux.Handle("GET "+path, guard(func(v *visit) error { return page(v, sent{}) }))
	mux.Handle("POST "+path, guard(func(v *visit) error {
		to, err := "", v.readForm()
		if err == nil {
			to, err = do(v)
		}
		switch {
		case err == nil && to == "":
			return nil // do answered itself
		case err == nil:
			return v.redirect(to)
		case posta.ErrorCode(err) == posta.CodeNotFound || posta.ErrorCode(err) == posta.CodeForbidden || status(posta.ErrorCode(err)) >= 500:
			return err
		}
		return page(v, v.refused(v.form(), err))
	}))
}

// form names the form that was sent: its address below the page's.
func (v *visit) form() string {
	path := strings.TrimPrefix(v.r.URL.Path, "/projects/"+v.r.PathValue("project")+"/")
	return strings.TrimPrefix(strings.TrimPrefix(path, "/client/"), "/desk/")
}

// answered is the status of a page that shows a refused form again.
func (f sent) answered() int {
	if f.Problem.Code == "" {
		return http.StatusOK
	}
	return status(f.Problem.Code)
}

// readForm reads what was sent, files too. Errors: too_large.
func (v *visit) readForm() error {
	err := v.r.ParseMultipartForm(1 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		err = v.r.ParseForm()
	}
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return &posta.Error{Code: posta.CodeTooLarge}
	case err != nil:
		return posta.Invalid("form", "malformed")
	}
	return nil
}

// files are those that came in a field of the form.
func (v *visit) files(name string) (out []project.File, err error) {
	if v.r.MultipartForm == nil {
		return nil, nil
	}
	for _, header := range v.r.MultipartForm.File[name] {
		if header.Filename == "" {
			continue
		}
		data, err := readFile(header)
		if err != nil {
			return nil, err
		}
		out = append(out, project.File{Name: header.Filename, Type: header.Header.Get("Content-Type"), Data: data})
	}
	return out, nil
}

func readFile(header *multipart.FileHeader) ([]byte, error) {
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// value is a field of the form, without blanks around it.
func (v *visit) value(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// ticked reports whether a box of the form is ticked.
func (v *visit) ticked(name string) bool { return v.r.PostFormValue(name) != "" }

// reader reads moments and numbers of a form and notes which are none.
type reader struct {
	v     *visit
	wrong posta.Problems
}

// when is a moment of the form by the merchant's clocks; a day alone is its
// noon. Zero where nothing was typed.
func (r *reader) when(name string) time.Time {
	typed := r.v.value(name)
	if typed == "" {
		return time.Time{}
	}
	if day, err := time.ParseInLocation(time.DateOnly, typed, r.v.Zone); err == nil {
		return day.Add(12 * time.Hour)
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", typed, r.v.Zone)
	r.wrong.Add(err != nil, name, "malformed")
	return at
}

// number is a whole number of the form; 0 where nothing was typed.
func (r *reader) number(name string) int {
	typed := r.v.value(name)
	if typed == "" {
		return 0
	}
	n, err := strconv.Atoi(typed)
	r.wrong.Add(err != nil, name, "integer")
	return n
}
