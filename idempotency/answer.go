package idempotency

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Answer is what a request was answered with, to be said again word for word.
// A secret that is shown once must not be in it.
type Answer struct {
	Status      int               `json:"status"`
	ContentType string            `json:"content_type,omitempty"`
	Header      map[string]string `json:"header,omitempty"` // such as Location
	Body        []byte            `json:"-"`
}

// encode writes an answer as a line of JSON and the body as it is.
func encode(a Answer) []byte {
	line, _ := json.Marshal(a) // strings and a number: cannot fail
	return append(append(line, '\n'), a.Body...)
}

func decode(plain []byte) (a Answer, err error) {
	line, body, ok := bytes.Cut(plain, []byte{'\n'})
	if !ok {
		return a, errors.New("not an answer")
	}
	err = json.Unmarshal(line, &a)
	a.Body = body
	return a, err
}
