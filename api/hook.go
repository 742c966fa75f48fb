package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/inbox"
)

// hook takes what a provider sends: stored, then answered 200 with nothing in
// it. It is plain net/http, because it is where the hub is measured.
func (a *server) hook(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		a.unknown(w, r)
		return
	}
	id, err := posta.ParseID[posta.ConnectionID](r.PathValue("connection"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if err := a.takeIn(w, r, id); err != nil {
		a.failHook(w, r, id, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (a *server) takeIn(w http.ResponseWriter, r *http.Request, id posta.ConnectionID) error {
	if r.ContentLength > inbox.MaxBody {
		return &posta.Error{Code: posta.CodeTooLarge}
	}
	body, err := bounded(w, r, inbox.MaxBody)
	if len(body) > 0 && !isJSON(r.Header.Get("Content-Type")) {
		return &posta.Error{Code: posta.CodeUnsupportedMedia}
	}
	if err != nil {
		return err
	}
	return a.Inbox.Accept(r.Context(), id, r.URL.RawQuery, r.Header, body)
}

// failHook answers a delivery that is not stored. Whoever cannot name a
// connection learns nothing else.
func (a *server) failHook(w http.ResponseWriter, r *http.Request, id posta.ConnectionID, err error) {
	switch posta.ErrorCode(err) {
	case posta.CodeTooLarge, posta.CodeUnsupportedMedia:
		if _, unknown := a.Inbox.Store.SourceOf(r.Context(), id); unknown != nil {
			err = unknown
		}
	}
	switch posta.ErrorCode(err) {
	case posta.CodeNotFound, posta.CodeTooLarge, posta.CodeUnsupportedMedia, posta.CodeInvalid:
	default: // not stored: the provider is to send it again
		err = &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	a.fail(w, r, err)
}

// readLimit is how long a body may take to arrive.
const readLimit = 15 * time.Second

// bounded reads a body of at most limit bytes; of a longer one it gives what
// was read, with too_large.
func bounded(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	// A slow sender may not hold the line; the handler may then take its time.
	line := http.NewResponseController(w)
	_ = line.SetReadDeadline(posta.SystemClock{}.Now().Add(readLimit))
	defer func() { _ = line.SetReadDeadline(time.Time{}) }()
	in := http.MaxBytesReader(w, r.Body, limit)
	var body []byte
	var err error
	if n := r.ContentLength; n > 0 && n <= limit {
		body = make([]byte, n)
		var got int
		got, err = io.ReadFull(in, body)
		body = body[:got]
	} else {
		body, err = io.ReadAll(in)
	}
	if err == nil {
		return body, nil
	}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return body, &posta.Error{Code: posta.CodeTooLarge}
	}
	return body, &posta.Error{Code: posta.CodeInvalid, Fields: []posta.FieldError{{Field: "body", Code: "cut"}}, Cause: err}
}

// isJSON reports whether a content type is JSON. One that is not told is judged
// by the body.
func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}
