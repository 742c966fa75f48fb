package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"posta/page"
	"posta/text"
)

//go:embed html/*.html
var html embed.FS

// manual is the reference page's data, made from the OpenAPI document.
type manual struct {
	Version      string
	Introduction []string
	Groups       []map[string]any // for the kit's menu
	Tags         []manualTag
	Schemas      []manualSchema
	Codes        []manualCode
}

type manualTag struct {
	Name       string
	Operations []manualOperation
}

type manualOperation struct {
	ID, Method, Path, Summary string
	Text                      string
	Parameters                []manualField
	Request, RequestSchema    string
	Status                    string
	Answer, AnswerSchema      string
	Errors                    []manualError
}

type manualField struct {
	Name, Where, Type, Text string
	Required                bool
	Schema                  string // name of what it refers to
}

type manualError struct {
	Status string
	Codes  []string
}

type manualSchema struct {
	Name   string
	Fields []manualField
}

type manualCode struct {
	Code, Title, Help string
	Status            int
}

// reference serves the document as a page: our own template, nothing from outside.
func (a *server) reference() http.HandlerFunc {
	pages := page.Must(page.New(html, "html/*.html"))
	show := func(w http.ResponseWriter, r *http.Request) {
		words := a.Catalog.Localizer(text.English) // the document's language
		ctx := page.Context{Words: words, Now: a.Clock.Now(), Theme: page.Theme(r), Path: r.URL.Path}
		if err := pages.Render(w, http.StatusOK, "reference", ctx, a.manual(words)); err != nil {
			a.fail(w, r, err)
		}
	}
	return page.Secure(http.HandlerFunc(show)).ServeHTTP
}

func (a *server) manual(words *text.Localizer) manual {
	doc := a.huma.OpenAPI()
	out := manual{Version: doc.Info.Version, Introduction: strings.Split(strings.ReplaceAll(doc.Info.Description, "\n- ", "\n"), "\n")}
	out.Introduction = slices.DeleteFunc(out.Introduction, func(line string) bool { return line == "" })
	byTag := map[string]*manualTag{}
	var order []string
	for _, op := range a.operations {
		tag := op.Tags[0]
		if byTag[tag] == nil {
			byTag[tag] = &manualTag{Name: tag}
			order = append(order, tag)
		}
		byTag[tag].Operations = append(byTag[tag].Operations, describe(op))
	}
	slices.SortStableFunc(order, func(x, y string) int { return rankOf(x) - rankOf(y) })
	for _, tag := range order {
		out.Tags = append(out.Tags, *byTag[tag])
		var links []any
		for _, op := range byTag[tag].Operations {
			links = append(links, map[string]any{"href": "#" + op.ID, "words": op.Summary})
		}
		out.Groups = append(out.Groups, map[string]any{"title": tag, "links": links})
	}
	out.Groups = append(out.Groups, map[string]any{"title": "Reference", "links": []any{
		map[string]any{"href": "#objects", "words": "Objects"}, map[string]any{"href": "#errors", "words": "Errors"}}})
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		out.Schemas = append(out.Schemas, manualSchema{name, fieldsOfSchema(schemas[name])})
	}
	for _, code := range slices.Sorted(maps.Keys(statuses)) {
		out.Codes = append(out.Codes, manualCode{string(code), words.T("error." + string(code) + ".title"), words.T("error." + string(code) + ".help"), statuses[code]})
	}
	return out
}

// rankOf orders the groups: what is used daily comes first.
func rankOf(tag string) int {
	i := slices.Index([]string{"Payments", "Refunds", "Events", "Tills", "Shifts", "Stores", "Connections", "Endpoints", "Notifications", "Account"}, tag)
	if i < 0 {
		return 99
	}
	return i
}

func describe(op *huma.Operation) manualOperation {
	out := manualOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Text: op.Description}
	for _, p := range op.Parameters {
		f := fieldOf(p.Name, p.Schema)
		f.Where, f.Required = p.In, p.Required
		if p.Description != "" {
			f.Text = p.Description
		}
		out.Parameters = append(out.Parameters, f)
	}
	if op.RequestBody != nil {
		for _, content := range op.RequestBody.Content {
			out.Request, out.RequestSchema = pretty(content.Example), schemaOf(content.Schema)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := op.Responses[status]
		if number, _ := strconv.Atoi(status); number >= 400 {
			_, codes, _ := strings.Cut(answer.Description, ": ")
			out.Errors = append(out.Errors, manualError{status, strings.Split(codes, ", ")})
			continue
		}
		out.Status = status
		for _, content := range answer.Content {
			out.Answer, out.AnswerSchema = pretty(content.Example), schemaOf(content.Schema)
		}
	}
	return out
}

func schemaOf(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
}

func fieldsOfSchema(s *huma.Schema) (out []manualField) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		f := fieldOf(name, s.Properties[name])
		f.Required = slices.Contains(s.Required, name)
		out = append(out, f)
	}
	return out
}

func fieldOf(name string, s *huma.Schema) manualField {
	f := manualField{Name: name}
	if s == nil {
		return f
	}
	f.Text, f.Type, f.Schema = s.Description, s.Type, schemaOf(s)
	if s.Items != nil {
		f.Type, f.Schema = "array of "+s.Items.Type, schemaOf(s.Items)
	}
	if s.Format != "" && s.Format != "int64" {
		f.Type += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		var options []string
		for _, option := range s.Enum {
			options = append(options, fmt.Sprint(option))
		}
		f.Text = strings.TrimPrefix(f.Text+": "+strings.Join(options, ", "), ": ")
	}
	return f
}

func pretty(example any) string {
	var out bytes.Buffer
	switch e := example.(type) {
	case json.RawMessage:
		var text string
		if json.Unmarshal(e, &text) == nil { // a stream's
			return text
		}
		if json.Indent(&out, e, "", "  ") != nil {
			return string(e)
		}
	}
	return out.String()
}
