package posta_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Promise 50: every published figure stands in a file that its command writes,
// and the page says which. Sabotage that turns it red: a figure changed in
// docs/benches.md or in its file alone; a bench that is not there.
func TestP50_PublishedFiguresComeWithTheCommandThatMakesThem(t *testing.T) {
	page, err := os.ReadFile("docs/benches.md")
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		name, _, _ := strings.Cut(section, "\n")
		file := "docs/figures/" + name + ".json"
		if !strings.Contains(section, "go run ./bench/"+name+" --json "+file) {
			t.Errorf("section %s does not say the command that writes %s", name, file)
		}
		source, err := os.ReadFile(filepath.Join("bench", name, "main.go"))
		if err != nil || !strings.Contains(string(source), "go run ./bench/"+name) {
			t.Errorf("bench %s is not there or does not say how to run it: %v", name, err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var measured map[string]any
		if err := json.Unmarshal(raw, &measured); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var sides []string
		for line := range strings.SplitSeq(section, "\n") {
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			switch {
			case !strings.HasPrefix(line, "| "):
			case cells[0] == name+".json":
				sides = nil
				for _, title := range cells[1:] {
					if side := map[string]string{"SQLite": "sqlite", "PostgreSQL": "postgres"}[title]; side != "" {
						sides = append(sides, side)
					}
				}
			default:
				for i, side := range sides {
					published, err := strconv.ParseFloat(cells[1+i], 64)
					figures, _ := measured[side].(map[string]any)
					if err != nil || figures[cells[0]] != published {
						t.Errorf("%s: the page says %s of %s is %s, the file %v", name, cells[0], side, cells[1+i], figures[cells[0]])
					}
					held++
				}
			}
		}
	}
	if held < 20 {
		t.Errorf("only %d figures are held", held)
	}
}
