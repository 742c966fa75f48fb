package page_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"posta/page"
	"posta/text"
)

func TestKitSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, lang := range text.Languages {
		missing, err := page.Missing(text.Must().Localizer(lang).Has, fstest.MapFS{})
		if err != nil || len(missing) != 0 {
			t.Errorf("%s: no words for %q %v", lang, missing, err)
		}
	}
}

// TestContrast holds WCAG 2.2 AA: 4.5 for words, 3 for edges and focus, in
// both themes.
func TestContrast(t *testing.T) {
	t.Parallel()
	css := get(page.Static(), page.Asset("posta.css"), "").Body.String()
	light, dark, found := strings.Cut(css, `:root[data-theme="dark"]`)
	if !found {
		t.Fatal("no dark theme")
	}
	dark, system, _ := strings.Cut(dark, "@media (prefers-color-scheme: dark)")
	token := regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`)
	read := func(block string) map[string]string {
		tokens := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(block, -1) {
			tokens[m[1]] = m[2]
		}
		return tokens
	}
	themes := map[string]map[string]string{"light": read(light), "dark": read(dark)}
	system, _, _ = strings.Cut(system, "}")
	for name, colour := range read(system) {
		if themes["dark"][name] != colour {
			t.Errorf("--%s differs between the system's dark and the chosen dark", name)
		}
	}
	states := strings.Fields("blue green amber red grey violet teal orange")
	for name, tokens := range themes {
		pairs := [][3]string{{"on-accent", "accent", "4.5"}, {"accent", "accent-soft", "4.5"}, {"sheet", "red", "4.5"}, {"paper", "ink", "4.5"}}
		for _, ground := range []string{"paper", "sheet", "sunk"} {
			for _, words := range append([]string{"ink", "ink-2", "accent"}, states...) {
				pairs = append(pairs, [3]string{words, ground, "4.5"})
			}
			pairs = append(pairs, [3]string{"line-2", ground, "3"}, [3]string{"focus", ground, "3"})
		}
		for _, state := range states {
			pairs = append(pairs, [3]string{state, state + "-soft", "4.5"}, [3]string{"ink", state + "-soft", "4.5"}, [3]string{"ink-2", state + "-soft", "4.5"})
		}
		for _, pair := range pairs {
			least, _ := strconv.ParseFloat(pair[2], 64)
			if got := contrast(t, tokens[pair[0]], tokens[pair[1]]); got < least {
				t.Errorf("%s: --%s on --%s is %.2f, below %v", name, pair[0], pair[1], got, least)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + .05) / (min(la, lb) + .05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
