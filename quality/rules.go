package quality

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"posta/outbound"
)

//go:embed rules/*.json values.json advice.json
var files embed.FS

// Providers are those that have rules.
var Providers = []string{"mercadopago"}

// Class says what a rule weighs.
type Class string

// The classes. Mandatory and recommended points add up to 100 in each product;
// a good practice has none (docs/providers/mercadopago-online.md §5.1).
const (
	Mandatory    Class = "mandatory"
	Recommended  Class = "recommended"
	GoodPractice Class = "good_practice"
)

// Source says where a rule and its points come from.
type Source string

// The sources.
const (
	SourceDocs       Source = "docs"        // official documentation
	SourceThirdParty Source = "third_party" // seen in the provider's panel by others
	SourceInvented   Source = "invented"    // ours: nothing is published
)

// Product is a way to charge, and its rules.
type Product struct {
	Name      string   `json:"product"`
	Version   string   `json:"version"`
	Threshold int      `json:"threshold"` // the score that is enough
	Creates   []Create `json:"creates"`   // the requests that make a payment of it
	// Data are the fields that tell of an item, payer, shipping or industry,
	// where the product takes them.
	Data  map[string][]Path `json:"data"`
	Rules []Rule            `json:"rules"`
}

// Create is a request that makes a payment.
type Create struct {
	Method string `json:"method"`
	Path   string `json:"path"`           // as path.Match has it
	Type   string `json:"type,omitempty"` // of the body, if that tells products apart
}

// Rule is one thing that the provider looks at. It is read in one place: the
// one of Request, Header, Call, Notice, TLS and Page that is set.
type Rule struct {
	Item    string `json:"item"`
	Class   Class  `json:"class"`
	Points  int    `json:"points"`
	Source  Source `json:"source"`
	Request []Path `json:"request,omitempty"` // fields of the request, one of which is enough
	Header  string `json:"header,omitempty"`  // of the request
	// Call are things done on the connection, one of which is enough:
	// "METHOD operation", the operation as outbound.Tag has it.
	Call   []string `json:"call,omitempty"`
	Notice bool     `json:"notice,omitempty"` // a notification of the payment came and was answered
	TLS    []string `json:"tls,omitempty"`    // findings of a TLS check that must not have failed
	Page   string   `json:"page,omitempty"`   // something of the page on which the buyer paid
	Values string   `json:"values,omitempty"` // the list in values.json that Request's value must be in
	// CardOnly rules can be proven by a payment with a card only.
	CardOnly bool `json:"card_only,omitempty"`
}

// Field names where the rule is read, for people and programs: a path of the
// request, or "header NAME", "call OPERATION", "notice", "tls", "page NAME".
func (r Rule) Field() string {
	switch {
	case len(r.Request) > 0:
		return string(r.Request[0])
	case r.Header != "":
		return "header " + r.Header
	case len(r.Call) > 0:
		_, operation, _ := strings.Cut(r.Call[0], " ")
		return "call " + operation
	case r.Notice:
		return "notice"
	case len(r.TLS) > 0:
		return "tls"
	}
	return "page " + r.Page
}

// data is what the embedded files say.
type data struct {
	products []Product
	values   map[string][]string // by the list's name
	advice   map[string]string   // by the provider's word on a decline
}

var loaded = sync.OnceValue(func() data {
	var d data
	must(read("values.json", &d.values))
	must(read("advice.json", &d.advice))
	names, err := fs.Glob(files, "rules/*.json")
	must(err)
	for _, name := range names {
		var p Product
		must(read(name, &p))
		d.products = append(d.products, p)
	}
	return d
})

func read(name string, into any) error {
	raw, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("quality: %s: %w", name, err)
	}
	return nil
}

func must(err error) {
	if err != nil {
		panic(err) // the files are part of the program
	}
}

// Products lists the products that have rules.
func Products() []Product { return slices.Clone(loaded().products) }

// Values lists what a field may hold, by the list's name: "categories".
func Values(list string) []string { return loaded().values[list] }

// ProductOf finds the product that calls made a payment of, and the request
// that made it: the newest that succeeded, or the newest whose answer was lost.
// The request's body is nil if it cannot be read. ok is false where no product
// has such a request.
func ProductOf(calls []outbound.Call) (p Product, request outbound.Call, body any, ok bool) {
	best := -1
	for _, c := range calls {
		certainty := -1
		switch {
		case c.Status >= 200 && c.Status < 300:
			certainty = 1
		case c.Status == 0, c.Status >= 500:
			certainty = 0
		}
		if certainty < best || certainty < 0 {
			continue
		}
		if found, read, matches := productOf(c); matches {
			p, request, body, ok, best = found, c, read, true, certainty
		}
	}
	return p, request, body, ok
}

func productOf(c outbound.Call) (Product, any, bool) {
	where, _, _ := strings.Cut(c.URL, "?")
	if _, rest, ok := strings.Cut(where, "://"); ok {
		_, where, _ = strings.Cut(rest, "/")
		where = "/" + where
	}
	for _, p := range loaded().products {
		for _, create := range p.Creates {
			if matches, _ := path.Match(create.Path, where); !matches || create.Method != c.Method {
				continue
			}
			body := parse(c.RequestBody)
			if create.Type == "" || typeOf(body) == create.Type {
				return p, body, true
			}
		}
	}
	return Product{}, nil, false
}

func typeOf(body any) string {
	fields, _ := body.(map[string]any)
	kind, _ := fields["type"].(string)
	return kind
}
