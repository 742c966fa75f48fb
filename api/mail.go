package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"posta"
	"posta/mail"
)

const (
	// maxForm is the longest body of a form that holds a mail: what is around it.
	maxForm   = mail.MaxRawBytes + 1<<20
	mailField = "email"
)

// mailHook takes a mail that a mail server hands over, as it came: message/rfc822,
// or the field email of a form. It answers 200 once the mail is kept, so that
// anything else may be tried again or bounced.
func (a *server) mailHook(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		a.unknown(w, r)
		return
	}
	if err := a.takeMail(w, r); err != nil {
		switch posta.ErrorCode(err) {
		case posta.CodeNotFound, posta.CodeTooLarge, posta.CodeUnsupportedMedia, posta.CodeInvalid:
		default: // not kept: it is to be sent again
			err = &posta.Error{Code: posta.CodeUnavailable, Cause: err}
		}
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (a *server) takeMail(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Accounts.MailMerchant(r.PathValue("secret"))
	if err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := kind == "multipart/form-data"
	if err != nil || !form && kind != "message/rfc822" {
		return &posta.Error{Code: posta.CodeUnsupportedMedia}
	}
	limit := int64(mail.MaxRawBytes)
	if form {
		limit = maxForm
	}
	if r.ContentLength > limit {
		return &posta.Error{Code: posta.CodeTooLarge}
	}
	raw, err := bounded(w, r, limit)
	if err == nil && form {
		raw, err = formField(raw, params["boundary"], mailField)
	}
	if err != nil {
		return err
	}
	in, err := mail.Parse(raw)
	if posta.ErrorCode(err) == posta.CodeInvalid {
		return &posta.Error{Code: posta.CodeInvalid, Fields: []posta.FieldError{{Field: "body", Code: "malformed"}}, Cause: err}
	}
	if err != nil {
		return err
	}
	// A merchant's address takes mail for its own projects only.
	token, ok := mail.TokenOf(in.Recipients(), a.Projects.MailFrom)
	if !ok {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	p, err := a.Projects.Store.ProjectByReplyToken(r.Context(), token)
	if err == nil && p.MerchantID != m {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	if err != nil {
		return err
	}
	_, err = a.Projects.Receive(r.Context(), in)
	return err
}

// formField gives a field of a form, also one that was sent as a file.
func formField(body []byte, boundary, field string) ([]byte, error) {
	missing := &posta.Error{Code: posta.CodeInvalid, Fields: []posta.FieldError{{Field: "body", Code: "malformed"}}}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextPart()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				missing.Cause = err
			}
			return nil, missing
		}
		if part.FormName() != field {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			missing.Cause = err
			return nil, missing
		}
		return value, nil
	}
}
