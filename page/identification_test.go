package page_test

import (
	gocontext "context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"posta"
	"posta/page"
)

type identificationCase struct {
	Country string                   `json:"-"`
	Type    posta.IdentificationType `json:"-"`
	Key     string                   `json:"key"` // country and type
	Text    string                   `json:"text"`
}

// TestIdentificationInTheBrowser lets the page's script and the server judge the
// same numbers, right, mistyped and strange, of every type, and types one.
func TestIdentificationInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := os.Getenv("POSTA_TEST_CHROMIUM")
	if found, err := exec.LookPath("chromium"); browser == "" && err == nil {
		browser = found
	}
	if browser == "" {
		if os.Getenv("POSTA_TEST_NO_SKIP") != "" {
			t.Fatal("no chromium")
		}
		t.Log("left out: no chromium; POSTA_TEST_CHROMIUM names one")
		return
	}
	types := map[string]posta.IdentificationType{}
	for _, c := range posta.Countries {
		for _, one := range posta.IdentificationTypes(c.Code) {
			types[c.Code+" "+one.ID] = one
		}
	}
	cases := identificationCases()
	brazil, colombia := posta.IdentificationTypes("BR")[:1], posta.IdentificationTypes("CO")
	words := `data-required="Falta" data-malformed="Forma" data-length="Largo" data-check_digit="Dígito"`
	pages := page.Must(page.New(files("a.html", `{{define "title"}}x{{end}}{{define "main"}}<form action="/paid">
<div id="br" data-identification="{{json .One}}" `+words+`>{{template "field" (dict "name" "cpf" "label" "CPF" "required" true)}}</div>
<div id="co" data-identification="{{json .Many}}" `+words+`><select name="type">{{range .Many}}<option>{{.ID}}</option>{{end}}</select><input id="number" name="number"></div>
<button>o</button></form>{{end}}`)))
	mux := http.NewServeMux()
	mux.Handle("/static/", pages.Static())
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		if err := pages.Render(w, 200, "a", context("es"), map[string]any{"One": brazil, "Many": colombia}); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(page.Secure(mux))
	t.Cleanup(server.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = gocontext.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	until := func(expression string) chromedp.Action[chromedp.Void] {
		return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(15*time.Second))
	}
	run := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	run("open", chromedp.Navigate(server.URL), until(`!!window.posta?.identification`))

	t.Run("the script and the server agree", func(t *testing.T) {
		rules, _ := json.Marshal(types)
		asked, _ := json.Marshal(cases)
		judged, err := chromedp.Run(ctx, chromedp.Evaluate[[][2]string](`((types, cases) => cases.map((c) => {
			const number = posta.identification.clean(c.text), problem = posta.identification.problem(types[c.key], number);
			return [problem ? "" : number, problem];
		}))(`+string(rules)+`, `+string(asked)+`)`))
		if err != nil || len(judged) != len(cases) {
			t.Fatal(len(judged), err)
		}
		seen := map[string]map[string]int{}
		for i, c := range cases {
			number, problem := posta.CheckIdentification(c.Country, c.Type.ID, c.Text)
			if c.Country == "MX" && judged[i][1] == "required" {
				judged[i][1] = "" // a page without data-required says nothing of it
			}
			if judged[i] != [2]string{number, problem} {
				t.Errorf("%s %q: the script says %q, the server %q %q", c.Key, c.Text, judged[i], number, problem)
			}
			if seen[c.Key] == nil {
				seen[c.Key] = map[string]int{}
			}
			seen[c.Key][problem]++
		}
		for key, one := range types {
			for _, problem := range []string{"", "malformed", "length", "check_digit"} {
				if seen[key][problem] < 20 && (problem != "check_digit" || one.Rule != nil) {
					t.Errorf("%s: only %d numbers were %q", key, seen[key][problem], problem)
				}
			}
		}
	})

	run("a number that is not complete is not called wrong", chromedp.SendKeys("#f-cpf", "123.456.789"), until(`!document.querySelector("#br .error").textContent`))
	run("a wrong digit is, at once", chromedp.SendKeys("#f-cpf", "-08"), until(`document.querySelector("#br .error").textContent === "Dígito" && !document.getElementById("f-cpf").checkValidity()`))
	run("the right one is not", chromedp.KeyEvent("\b"), chromedp.KeyEvent("9"), until(`document.querySelector("#br .error").textContent === "" && document.getElementById("f-cpf").checkValidity()`))
	run("a letter is, early", chromedp.SendKeys("#number", "1x"), until(`document.querySelector("#co .error").textContent === "Forma"`))
	run("who leaves it too short hears of it", chromedp.KeyEvent("\b"), chromedp.KeyEvent("\t"), until(`document.querySelector("#co .error").textContent === "Largo"`))
	run("another type has another rule", chromedp.Evaluate[chromedp.Void](`(() => { const s = document.querySelector("#co select"); s.value = "Otro"; document.getElementById("number").value = "ab1234"; s.dispatchEvent(new Event("change", { bubbles: true })); })()`),
		until(`document.querySelector("#co .error").textContent === "" && document.getElementById("number").inputMode === "text" && document.getElementById("number").placeholder === "AB123456"`))
}

// identificationCases are some thousand numbers: of every type its example with
// characters changed, taken out and put in, with marks, blanks and small letters.
func identificationCases() (cases []identificationCase) {
	random := rand.New(rand.NewPCG(3, 4))
	strange := []rune("0123456789KAZñÑ& .-/\u00a0\u2013xk\u0303_é,")
	for _, c := range posta.Countries {
		for _, one := range posta.IdentificationTypes(c.Code) {
			key := c.Code + " " + one.ID
			add := func(text string) { cases = append(cases, identificationCase{c.Code, one, key, text}) }
			for range 260 {
				text := []rune(one.Example)
				for range random.IntN(3) {
					text[random.IntN(len(text))] = '0' + random.Int32N(10)
				}
				add(string(text))
				if at := len(text) - 1; one.Rule != nil { // one of these is right
					for digit := '0'; digit <= '9'; digit++ {
						text[at] = digit
						add(string(text))
					}
				}
				at := random.IntN(len(text))
				add(string(text[:at]) + string(strange[random.IntN(len(strange))]) + string(text[at:]))
				add(strings.ToLower(string(text[:at]) + string(text[at+1:])))
				add(strings.Repeat(string(text[at]), one.Min+random.IntN(one.Max-one.Min+2)))
				add(string(text) + string(text))
				add(string(text[:at]))
			}
			for _, text := range []string{"n\u0303and-010101-040", "ñand010101040", "A&B010101059", "abc01010105a", "ÑAND 010101 13A"} {
				add(text)
			}
		}
	}
	return cases
}
