package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"posta"
	"posta/project"
)

// A desk with 500 projects, as its people and its clients' people use it.
func TestP59_BrowserDeskOf500Projects(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	if j == nil {
		return
	}
	j.create("prisma_ecr", "Almacén del Puerto", "30-00000000-7")
	j.integrator.at(j.id, "")
	j.integrator.submit("/move", nil)
	many := j.fillBoard(500)
	j.walk([]leg{
		{"the board is quick and light", j.quickBoard},
		{"on a phone", func() { j.onPhone(many[1]) }},
		{"by keyboard", j.byKeyboard},
		{"in Portuguese, in the dark", j.inPortuguese},
		{"a contact sees one project", func() { j.oneProject(many[0]) }},
	})
}

// fillBoard puts projects like the journey's into all stages.
func (j *journey) fillBoard(n int) (ids []posta.ProjectID) {
	j.t.Helper()
	for i := range n {
		p := j.project(j.id)
		p.ID, p.Name, p.ReplyToken = posta.NewID[posta.ProjectID](j.now()), fmt.Sprintf("Sucursal %d", i), fmt.Sprintf("token%d", i)
		p.Client.Name, p.Stage, p.Silence = fmt.Sprintf("Cliente ficticio %d", i), project.Stages[i%len(project.Stages)], i%3
		j.must(j.Store.InsertProject(context.Background(), p, nil))
		ids = append(ids, p.ID)
	}
	return ids
}

// quickBoard holds that the server takes less than 200 ms, and what a browser
// loads at first.
func (j *journey) quickBoard() {
	jar, err := cookiejar.New(nil)
	j.must(err)
	person := &http.Client{Jar: jar}
	answer, err := person.PostForm(j.URL()+"/login", url.Values{"email": {"integra@posta.example"}, "password": {staffPassword}})
	j.must(err)
	answer.Body.Close()
	var took []time.Duration
	for range 20 {
		began := time.Now()
		answer, err := person.Get(j.URL() + "/projects")
		j.must(err)
		_, err = io.Copy(io.Discard, answer.Body)
		j.must(err)
		answer.Body.Close()
		took = append(took, time.Since(began))
		if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != "/projects" {
			j.t.Fatalf("the board: %s %s", answer.Status, answer.Request.URL)
		}
	}
	slices.Sort(took)
	j.t.Logf("500 projects: median %v, slowest %v", took[10], took[19])
	if took[10] > 200*time.Millisecond {
		j.t.Errorf("the board takes %v, want 200 ms at most", took[10])
	}
	x := j.integrator.another(j.t)
	x.do("nothing is cached", noCache())
	x.open(x.demo.page("/projects"))
	x.mu.Lock()
	weight := x.bytes
	x.mu.Unlock()
	j.t.Logf("the board weighs %.1f KB over the wire", weight/1024)
	if weight < 1000 || weight > maxWeight {
		j.t.Errorf("the board weighs %.0f bytes, want at most %d", weight, maxWeight)
	}
	x.do("a desk's screen", chromedp.EmulateViewport(1280, 900))
	if spilled := read[string](x, `[...document.querySelectorAll(".tile")].flatMap((tile) => [...tile.querySelectorAll("*:not(.sr)")].filter((e) => e.getBoundingClientRect().right > tile.getBoundingClientRect().right + 1)).slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" ")`); spilled != "" {
		j.t.Errorf("cards do not keep to their column: %s", spilled)
	}
	x.shot("90-board-500")
	x.submitBy("form.toolbar", fields{"q": "Sucursal 77"})
	x.is("the search finds it among few", `[...document.querySelectorAll(".tile-name")].some((e) => e.innerText === "Sucursal 77") && document.querySelectorAll(".tile").length < 30`)
	x.cancel()
}

// onPhone holds that the desk's pages fit a phone and that all controls have names.
func (j *journey) onPhone(id posta.ProjectID) {
	own, other := "/projects/"+string(j.id), "/projects/"+string(id)
	x := j.manager.another(j.t)
	x.do("a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	for i, path := range []string{"/projects", "/projects/new", own, own + "/thread", own + "/meetings", own + "/terminals", own + "/homologation",
		own + "/golive", own + "/documents", own + "/history", other, "/desk", "/desk/people", "/desk/templates", "/desk/settings", "/quality", "/approval"} {
		x.open(x.demo.page(path))
		x.is("there is a page at "+path, `document.querySelector("main") && !document.querySelector(".error-page")`)
		if tall := read[int](x, `document.documentElement.scrollHeight`); tall > 12000 {
			j.t.Errorf("%s is %d pixels tall on a phone", path, tall)
		}
		if wide := read[int](x, `document.documentElement.scrollWidth`); wide > 390 {
			j.t.Errorf("%s is %d pixels wide on a phone: %s", path, wide, read[string](x, overflowing))
		}
		if nameless := read[string](x, `[...document.querySelectorAll("main input:not([type=hidden]), main button, main select, main textarea")].filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title)).map((e) => e.outerHTML.slice(0, 80)).join(" ")`); nameless != "" {
			j.t.Errorf("%s has controls without a name: %s", path, nameless)
		}
		x.mu.Lock()
		j.t.Logf("%-40.40s %5.1f KB", path, x.bytes/1024)
		x.mu.Unlock()
		x.shot(fmt.Sprintf("91-phone-%02d", i))
	}
	x.cancel()
}

// byKeyboard walks the board and a thread without a mouse.
func (j *journey) byKeyboard() {
	x := j.integrator
	x.open(x.demo.page("/projects?q=Sucursal+7"))
	x.keys("j")
	x.until("a card is marked", `document.querySelector("[data-rows] > .marked a[href^='/projects/']")`)
	first := read[string](x, `document.querySelector("[data-rows] > .marked a").getAttribute("href")`)
	x.keys("j")
	x.until("the next card is marked", fmt.Sprintf(`document.querySelector("[data-rows] > .marked a").getAttribute("href") !== %q`, first))
	x.keys("k")
	x.keys(kb.Enter)
	x.until("the project opens", fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, first))
	x.open(x.demo.page("/projects"))
	x.keys("/")
	x.until("the search has the focus", `document.activeElement?.matches("[type=search], [name=q]")`)

	x.at(j.id, "thread")
	x.do("the message", chromedp.Focus(chromedp.CSS("#write [name=text]")), chromedp.Evaluate[chromedp.Void](`document.querySelector("#write [name=text]").select(); window.old = true`), chromedp.KeyEvent("Escrito sin ratón"))
	for range 20 {
		x.keys(kb.Tab)
		if read[bool](x, `document.activeElement.matches("#write form .primary")`) {
			break
		}
	}
	x.is("a ring shows where one is", `getComputedStyle(document.activeElement).outlineStyle !== "none"`)
	x.keys(kb.Enter)
	x.until("the message is there", `!window.old && document.querySelector("#thread")?.innerText.includes("Escrito sin ratón")`)
	j.mailed("clara@puerto.example", "Escrito sin ratón")
}

// inPortuguese holds that no word is missing, and takes pictures in the dark.
func (j *journey) inPortuguese() {
	x := j.manager.another(j.t)
	x.open(x.demo.page("/projects"))
	for _, language := range []string{"pt", "es"} {
		x.do(language, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.querySelector("[data-switch=lang]"); s.value = %q; s.dispatchEvent(new Event("change", { bubbles: true })); })()`, language)))
		x.until("it speaks "+language, fmt.Sprintf(`document.readyState === "complete" && document.documentElement.lang === %q`, language))
		if language == "pt" {
			x.sees("Projetos")
		}
		for _, page := range []string{"/projects", "/projects/" + string(j.id), "/projects/" + string(j.id) + "/thread", "/projects/" + string(j.id) + "/homologation", "/projects/" + string(j.id) + "/golive", "/desk"} {
			x.open(x.demo.page(page))
			if keys := read[string](x, `(document.querySelector("main").innerText.match(/\b(?:desk|team|project|thread|cases|gate|golive|homologation|score|quality|check|client|swap)\.[a-z_]+(?:\.[a-z_]+)+\b/g) || []).join(" ")`); keys != "" {
				j.t.Errorf("%s in %s shows keys: %s", page, language, keys)
			}
		}
	}
	x.do("dark", chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.theme = "dark"`))
	x.shot("92-desk-dark")
	x.at(j.id, "")
	x.do("dark", chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.theme = "dark"`))
	x.shot("93-project-dark")
	x.cancel()
}

// oneProject holds that a contact sees the own project and nothing beside it.
func (j *journey) oneProject(other posta.ProjectID) {
	j.integrator.at(j.id, "documents")
	j.integrator.submit("documents/add", fields{"file": upload{"interno.txt", []byte("solo para el equipo")}, "internal": true})
	j.integrator.at(j.id, "thread")
	j.integrator.submit("thread/note", fields{"text": "Nota que la clienta no ve"})
	j.invite("clara@puerto.example")
	c := j.contact
	c.do("a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	c.open(c.demo.page("/client"))
	c.sees("Almacén del Puerto")
	c.is("no notes, no internal files", `!/Nota que la clienta|interno\.txt/.test(document.body.innerText)`)
	if wide := read[int](c, `document.documentElement.scrollWidth`); wide > 390 {
		j.t.Errorf("the client's page is %d pixels wide on a phone: %s", wide, read[string](c, overflowing))
	}
	c.shot("94-client-phone")
	files, err := j.Store.Attachments(context.Background(), j.Seed.Merchant, j.id)
	j.must(err)
	paths := []string{"/projects", "/desk", "/projects/" + string(other), "/projects/" + string(j.id), "/projects/" + string(j.id) + "/thread", "/payments", "/connections", "/"}
	for _, f := range files {
		if f.Internal {
			paths = append(paths, "/client/files/"+string(f.ID), "/projects/"+string(j.id)+"/files/"+string(f.ID))
		}
	}
	for _, path := range paths {
		c.open(c.demo.page(path))
		c.is("nothing for a contact at "+path, `location.pathname === "/login" || location.pathname === "/client" || document.querySelector(".error-page, .client-page, .client-gone") || /No encontramos/.test(document.body.innerText)`)
		c.is("nothing of the desk's at "+path, fmt.Sprintf(`!/Cliente ficticio|Sucursal \d|Nota que la clienta|solo para el equipo/.test(document.body.innerText) && location.pathname !== %q`, "/projects"))
	}
	if got := c.post("/projects/" + string(j.id) + "/move"); got < 300 && got != 200 {
		j.t.Errorf("a contact moves the project: %d", got)
	}
	j.stage(project.Design)
}
