package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"

	"posta"
)

// What people do at the desk: they sign in, fill forms, read what is shown.

// login signs one of the desk's people in on a new device.
func (b *bureau) login(browser *desk, who string) *tab {
	b.t.Helper()
	x := browser.device(b.t)
	x.do("a large screen", chromedp.EmulateViewport(1280, 900))
	x.open(x.demo.page("/login"))
	x.fill("#f-email", who+"@posta.example")
	x.fill("#f-password", staffPassword)
	x.click(".login form .primary")
	x.until("logged in", `location.pathname === "/"`)
	return x
}

// at opens a page of a project; "" is its own.
func (x *tab) at(id posta.ProjectID, page string) {
	x.t.Helper()
	x.open(strings.TrimSuffix(x.demo.page("/projects/"+string(id)+"/"+page), "/"))
}

// fields are what is typed into a form: a text, the texts of fields of one name
// in their order, true for a box; for boxes and choices the values that are on.
type fields map[string]any

// upload is a file that is put into a form.
type upload struct {
	Name string
	Data []byte
}

// submit fills the form whose address ends so, presses its button, and waits for
// the page that answers.
func (x *tab) submit(action string, what fields) {
	x.t.Helper()
	x.submitBy(fmt.Sprintf(`form[action$=%q]`, "/"+strings.TrimPrefix(action, "/")), what)
}

// submitBy does so with the first form that a selector finds.
func (x *tab) submitBy(selector string, what fields) {
	x.t.Helper()
	x.fillIn(selector, what)
	x.do("the document is marked", chromedp.Evaluate[chromedp.Void](`window.old = true`))
	x.click("[data-e2e=press]")
	x.until("an answer to "+selector, `!window.old && document.readyState === "complete"`)
}

// drop puts a file onto a form that takes it at once.
func (x *tab) drop(action, field string, file upload) {
	x.t.Helper()
	selector := fmt.Sprintf(`form[action$=%q]`, "/"+action)
	x.do("the document is marked", chromedp.Evaluate[chromedp.Void](`window.old = true`))
	x.fillIn(selector, fields{field: file})
	x.until("an answer to "+selector, `!window.old && document.readyState === "complete"`)
}

// fillIn opens what a form is folded into and fills it, and marks its button.
func (x *tab) fillIn(selector string, what fields) {
	x.t.Helper()
	values := map[string]any{}
	for name, value := range what {
		switch v := value.(type) {
		case upload:
			value = map[string]string{"name": v.Name, "data": base64.StdEncoding.EncodeToString(v.Data)}
		case string:
			value = []string{v}
		}
		values[name] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		x.t.Fatal(err)
	}
	x.until("the form "+selector, fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q)`, selector))
	if wrong := read[string](x, fmt.Sprintf(filling, selector, text)); wrong != "" {
		x.fail("the form %s: %s", selector, wrong)
	}
}

// filling fills a form, with the events that a person's hands make.
const filling = `((selector, values) => {
  const form = document.querySelector(selector), tell = (e) => ["input", "change"].forEach((kind) => e.dispatchEvent(new Event(kind, { bubbles: true })));
  for (let e = form; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  form.querySelectorAll("details").forEach((d) => d.open = true);
  for (const [name, value] of Object.entries(values)) {
    const all = [...form.elements].filter((e) => e.name === name);
    if (!all.length) return "no field " + name;
    if (all[0].type === "file") {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(value.data), (c) => c.charCodeAt(0))], value.name));
      all[0].files = files.files;
      tell(all[0]);
      continue;
    }
    if (/checkbox|radio/.test(all[0].type)) {
      for (const e of all) {
        const on = value === true || Array.isArray(value) && value.includes(e.value);
        if (e.checked !== on) { e.checked = on; tell(e); }
      }
      continue;
    }
    for (const [i, text] of value.entries()) {
      if (!all[i]) return "no field " + name + " " + i;
      all[i].value = text;
      if (all[i].value.trim() !== text.trim() && all[i].tagName !== "TEXTAREA") return "field " + name + " does not take " + text;
      tell(all[i]);
    }
  }
  document.querySelectorAll("[data-e2e]").forEach((e) => e.removeAttribute("data-e2e"));
  const button = form.querySelector("button:not([type=button])");
  if (!button) return "no button";
  button.dataset.e2e = "press";
  return "";
})(%q, %s)`

// sees holds that texts are on the page; blanks are as good as each other.
func (x *tab) sees(parts ...string) {
	x.t.Helper()
	shown := strings.Join(strings.Fields(read[string](x, `(document.querySelector("main") || document.body).innerText`)), " ")
	for _, part := range parts {
		if !strings.Contains(shown, part) {
			x.fail("the page does not say %q", part)
		}
	}
}

// post posts an empty form as a person could who knows the address, and gives
// the status of the answer.
func (x *tab) post(path string) int {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	status, err := chromedp.Run(ctx, chromedp.Evaluate[int](fmt.Sprintf(`fetch(%q, { method: "POST" }).then((r) => r.status)`, path), chromedp.EvalAwaitPromise))
	if err != nil {
		x.fail("post %s: %v", path, err)
	}
	return status
}

// wrong is what stands beside a field of the page that was refused.
func (x *tab) wrong(name string) string {
	x.t.Helper()
	return read[string](x, fmt.Sprintf(`[...document.querySelectorAll('.wrong [name=%[1]q], .field:has(.error) [name=%[1]q]')].map((e) => e.closest(".field, .grid-row, fieldset").innerText).join(" ")`, name))
}

// shot keeps a picture of the page for people to look at, where POSTA_DESK_PICTURES
// names a folder.
func (x *tab) shot(name string) {
	x.t.Helper()
	folder := os.Getenv("POSTA_DESK_PICTURES")
	if folder == "" {
		return
	}
	x.do("a picture", func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		picture, err := chromedp.FullScreenshot(90)(ctx, t)
		if err != nil {
			return none, err
		}
		return none, os.WriteFile(filepath.Join(folder, name+".jpg"), picture, 0o600)
	})
}
