package prisma_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"posta/sim/prisma"
)

// TestRulesAreDocumented holds docs/simulators.md and the tests to the same ids.
func TestRulesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/simulators.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows, tests []string
	for _, m := range regexp.MustCompile(`(?m)^\| (PR-[A-Z0-9]+-\d\d) \|`).FindAllSubmatch(doc, -1) {
		rows = append(rows, strings.ReplaceAll(string(m[1]), "-", ""))
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func Test(PR[A-Z0-9]+)_`).FindAllSubmatch(source, -1) {
			tests = append(tests, string(m[1]))
		}
	}
	slices.Sort(rows)
	slices.Sort(tests)
	if len(rows) == 0 || !slices.Equal(rows, tests) {
		for _, id := range rows {
			if !slices.Contains(tests, id) {
				t.Errorf("%s has a row and no test", id)
			}
		}
		for _, id := range tests {
			if !slices.Contains(rows, id) {
				t.Errorf("%s has a test and no row", id)
			}
		}
		t.Errorf("%d rows, %d tests", len(rows), len(tests))
	}
	if len(slices.Compact(slices.Clone(rows))) != len(rows) {
		t.Error("an id is used twice")
	}
}

// TestSwitchesAreDocumented holds every switch to a mention.
func TestSwitchesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/simulators.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range prisma.SwitchNames() {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("the switch %s is not in docs/simulators.md", name)
		}
	}
}
