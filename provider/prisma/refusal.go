package prisma

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posta"
)

// refusal is what an answer that is not good said.
type refusal struct {
	call   string
	status int // 0 if it told none: what happened is not known
	said   said
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d %s %s", r.call, r.status, r.said.Code, r.said.Title)
}

// statusOf is the status that err came from, 0 if from none.
func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	return 0
}

// said is an error in the provider's words.
type said struct {
	Status  text `json:"status"`
	Code    text `json:"code"`
	Title   text `json:"title"`
	Message text `json:"message"`
	page    bool // not the provider's, but of whatever stands between
}

// complaint reads the shapes of errors, docs/providers/prisma.md §9, and
// reports whether the text is one of the first three. Any other is taken for
// plain text.
func complaint(body []byte) (said, bool) {
	var one struct {
		said
		Errors []said `json:"errors"`
	}
	var list []said
	body = bytes.TrimSpace(body)
	switch {
	case len(body) > 0 && body[0] == '{' && readable(json.Unmarshal(body, &one)):
		if len(one.Errors) > 0 {
			return one.Errors[0].named(), true
		}
		return one.named(), one.Code != "" || one.Message != "" || one.Title != ""
	case len(body) > 0 && body[0] == '[' && readable(json.Unmarshal(body, &list)) && len(list) > 0:
		return list[0].named(), true
	}
	var quoted string
	if json.Unmarshal(body, &quoted) == nil {
		return said{Title: text(quoted)}, false
	}
	if bytes.HasPrefix(body, []byte("<")) {
		return said{page: true}, false
	}
	return said{Title: text(body)}, false
}

func (s said) named() said {
	if s.Title == "" {
		s.Title = s.Message
	}
	return s
}

// refused turns an answer into an error, docs/providers/prisma.md §9. good says
// that its HTTP status denies the error that it holds.
func (c *client) refused(k call, answer *http.Response, good bool, s said) error {
	status := answer.StatusCode
	if good {
		status, _ = strconv.Atoi(string(s.Status))
	}
	if answer.StatusCode < 500 && (s.Status == "401" || strings.HasSuffix(string(s.Code), "-401")) {
		status = http.StatusUnauthorized
	}
	s.Code, s.Title = text(c.clean(string(s.Code), 80)), text(c.clean(string(s.Title), 200))
	e := &posta.Error{Code: codeOf(status), Params: map[string]string{},
		Cause: &refusal{call: k.method + " " + k.path, status: status, said: s}}
	for name, v := range map[string]text{"code": s.Code, "title": s.Title} {
		if v != "" {
			e.Params[name] = string(v)
		}
	}
	switch {
	case e.Code == posta.CodeRateLimited:
		e.RetryAfter = c.retryAfter(answer)
	case s.page && (e.Code == posta.CodeProviderRejected || e.Code == posta.CodeNotFound):
		e.Code = posta.CodeProviderUnavailable
	}
	return e
}

// codeOf is what a status means to us. Only what clearly says that nothing was
// done is a refusal.
func codeOf(status int) posta.Code {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return posta.CodeUnauthorized
	case status == http.StatusNotFound:
		return posta.CodeNotFound
	case status == http.StatusTooManyRequests:
		return posta.CodeRateLimited
	case status == http.StatusRequestTimeout, status == http.StatusLocked, status == http.StatusTooEarly,
		status < 400, status > 499:
		return posta.CodeProviderUnavailable
	}
	return posta.CodeProviderRejected
}

func (c *client) retryAfter(answer *http.Response) time.Duration {
	told := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(told); err == nil {
		return time.Duration(max(min(seconds, 86_400), 0)) * time.Second
	}
	if at, err := http.ParseTime(told); err == nil {
		return max(at.Sub(c.clock.Now()), 0)
	}
	return 0
}

// rejected is a refusal of our own, before anything is asked.
func rejected(code, why string) error {
	return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": code}, Cause: errors.New(why)}
}

// unsent makes of an error that came before a request was sent one that says
// so: nothing was asked, and nobody has to look for what came of it. Calls that
// may be repeated keep theirs.
func unsent(k call, err error) error {
	if k.method != http.MethodPost || posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		return err
	}
	return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "unreachable"}, Cause: err}
}
