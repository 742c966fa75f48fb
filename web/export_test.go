package web

import (
	"net/http"
	"reflect"
	"slices"

	"posta/page"
)

// Routes lists the patterns of all pages, as "GET /projects/{project}", read
// from the mux that serves them: a route that is added is among them.
func Routes() []string {
	s := &server{pages: page.Must(page.NewWith(htmlFiles, []string{"html/*.html"}, page.WithFuncs(templateFuncs)))}
	mux := http.NewServeMux()
	s.routes(mux)
	index, found := reflect.ValueOf(mux).Elem().FieldByName("index"), map[string]bool{}
	note := func(patterns reflect.Value) {
		for i := range patterns.Len() {
			found[patterns.Index(i).Elem().FieldByName("str").String()] = true
		}
	}
	note(index.FieldByName("multis"))
	for of := index.FieldByName("segments").MapRange(); of.Next(); {
		note(of.Value())
	}
	var out []string
	for pattern := range found {
		out = append(out, pattern)
	}
	slices.Sort(out)
	return out
}
