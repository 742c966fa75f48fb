package homologation_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"posta/homologation"
	"posta/store"
	"posta/text"
)

// unprovableOn names cases that a rail leaves no trace of: they are optional.
var unprovableOn = map[string][]string{onOrdersQR: {"canceled_scanned", "paid_late", "in_process_approved", "in_process_rejected"}}

// planted are the twins, testdata/twins.json: scripts by product, and for each
// case of a rail the scripts, or other cases, on which it must fail.
type planted struct {
	Scripts map[string]map[string]string   `json:"scripts"`
	Twins   map[string]map[string][]string `json:"twins"`
}

func readTwins(t *testing.T) (p planted) {
	t.Helper()
	data, err := os.ReadFile("testdata/twins.json")
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestP55_EveryCasePassesAndItsTwinsFail drives every case for real, and the
// planted twins: the right one passes, and every assertion comes out red on one of
// the case's twins, naming the field. An assertion that no twin turns red fails
// the test. Sabotage that turns it red: any reader of facts.go gives a constant;
// judge ignores a finding.
func TestP55_EveryCasePassesAndItsTwinsFail(t *testing.T) {
	twins := readTwins(t)
	both(t, func(t *testing.T, kind store.Dialect) {
		for _, rail := range rails {
			t.Run(rail, func(t *testing.T) {
				t.Parallel()
				w, cases := newWorld(t, kind, rail), homologation.Set(product(rail))
				ids := map[string]string{}
				bring := func(name, script string) {
					if _, done := ids[name]; done {
						return
					}
					what, err := w.drive(script)
					if what.ID() == "" {
						t.Fatalf("%s was not brought about: %v", name, err)
					}
					ids[name] = what.ID()
				}
				for _, c := range cases {
					if slices.Contains(unprovableOn[rail], c.Key) {
						continue
					}
					bring(c.Key, c.Script)
					if e, err := w.evaluate(c.Key, ids[c.Key]); err != nil || e.Verdict != homologation.Pass {
						t.Errorf("%s: %s %+v, %v", c.Key, e.Verdict, homologation.Wrong(e.Findings), err)
					}
				}
				for _, c := range cases {
					if slices.Contains(unprovableOn[rail], c.Key) {
						if !c.Optional {
							t.Errorf("%s must pass and cannot", c.Key)
						}
						continue
					}
					w.must(w.service.Drop(t.Context(), w.owner, w.project.ID, c.Key)) // its twins may be what proves others
				}
				for _, c := range cases {
					if slices.Contains(unprovableOn[rail], c.Key) {
						continue
					}
					red := map[string]bool{}
					for _, name := range twins.Twins[rail][c.Key] {
						if script := twins.Scripts[product(rail)][name]; script != "" {
							bring(name, script)
						}
						e, err := w.evaluate(c.Key, ids[name])
						if err != nil || e.Verdict != homologation.Fail {
							t.Errorf("%s on its twin %s: %s, %v; want fail", c.Key, name, e.Verdict, err)
						}
						for _, f := range e.Findings {
							red[f.Field] = red[f.Field] || f.Verdict == homologation.Fail
						}
					}
					for _, a := range c.Asserts {
						if !red[a.Field] {
							t.Errorf("%s: nothing planted turns %s red: an assertion without a twin", c.Key, a.Field)
						}
					}
				}
			})
		}
	})
}

// The case sets hold together: keys, words in three languages, fields that exist
// and have a name, scripts whose deeds have words, a source.
func TestTheCaseSetsHoldTogether(t *testing.T) {
	t.Parallel()
	words := text.Must()
	for _, product := range homologation.Products {
		seen := map[string]bool{}
		for _, c := range homologation.Set(product) {
			if seen[c.Key] || c.Key == "" {
				t.Errorf("%s: the key %q is there twice", product, c.Key)
			}
			seen[c.Key] = true
			for _, lang := range text.Languages {
				for _, w := range []string{c.Title[lang], c.Do[lang], c.Must[lang]} {
					if strings.TrimSpace(w) == "" {
						t.Errorf("%s lacks words in %s", c.Key, lang)
					}
				}
				for _, a := range c.Asserts {
					if key, _ := homologation.FieldWords(a.Field); !words.Localizer(lang).Has(key) {
						t.Errorf("%s: the field %s has no name in %s", c.Key, a.Field, lang)
					}
				}
				for _, line := range homologation.ParseScript(c.Script) {
					if !slices.Contains([]string{"wait", "ask", "only"}, line.Deed) && !words.Localizer(lang).Has("homologation.step."+line.Deed) {
						t.Errorf("%s: the deed %s has no words in %s", c.Key, line.Deed, lang)
					}
				}
			}
			if len(c.Asserts) == 0 || c.Script == "" || c.Source == "" || len(c.Aliases) == 0 || !strings.Contains(c.Source, "inferred") {
				t.Errorf("%s lacks something: %+v", c.Key, c)
			}
			for _, a := range c.Asserts {
				kind, _, call := strings.Cut(a.Field, ".")
				if !slices.Contains(homologation.Fields(), a.Field) && !(call && slices.Contains([]string{"http", "lost", "sent", "answered", "query"}, kind)) {
					t.Errorf("%s asserts %s, which nothing reads", c.Key, a.Field)
				}
			}
		}
	}
	if groups := map[string]bool{}; true { // the whole candidate list of docs/providers/prisma.md §14
		for _, c := range homologation.Set("prisma_ecr") {
			group, _, _ := strings.Cut(c.Number, ".")
			groups[group] = true
		}
		if len(groups) != 22 {
			t.Errorf("%d groups of candidates, want 22", len(groups))
		}
	}
}

// What the facts do not tell is not provable, never passed and never failed.
func TestWhatIsNotToldIsNotProvable(t *testing.T) {
	t.Parallel()
	c := homologation.Case{Asserts: []homologation.Assertion{{Field: "attempt.entry", Is: []string{"chip"}}, {Field: "http.create", Is: []string{"200"}}}}
	verdict, findings := homologation.Judge(c, homologation.Facts{})
	if verdict != homologation.Unprovable || findings[0].Field != "attempt.entry" || findings[0].Verdict != homologation.Unprovable || findings[1].Verdict != homologation.Unprovable {
		t.Errorf("%s %+v", verdict, findings)
	}
	call := func(status int) homologation.Facts {
		return homologation.Facts{Calls: []homologation.Call{{Operation: "create", Status: status}}}
	}
	c.Asserts = c.Asserts[1:]
	if verdict, _ = homologation.Judge(c, call(200)); verdict != homologation.Pass {
		t.Error(verdict)
	}
	if verdict, findings = homologation.Judge(c, call(500)); verdict != homologation.Fail || findings[0].Got != "500" || findings[0].Want != "200" {
		t.Errorf("%s %+v", verdict, findings)
	}
	c.Asserts = append(c.Asserts, homologation.Assertion{Field: "attempt.entry", Is: []string{"chip"}})
	if verdict, _ = homologation.Judge(c, call(500)); verdict != homologation.Fail {
		t.Errorf("%s: a failure is not hidden by what cannot be proven", verdict)
	}
}
