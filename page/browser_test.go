package page_test

import (
	gocontext "context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"posta/page"
)

// TestInTheBrowser drives the kit's scripts under its own security policy: a
// live line that breaks, is refused once, and comes back; keys; dialogs.
func TestInTheBrowser(t *testing.T) {
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
	pages := page.Must(page.New(files("a.html", `{{define "title"}}x{{end}}{{define "body"}} data-live="/events"{{end}}{{define "main"}}
<p id="n" data-refresh="payment.paid">{{.}}</p>{{template "terminal" (dict "step" "offered" "title" "Pedido" "amount" "$ 15")}}<input id="q" data-search><button id="open" data-dialog="d">o</button>
{{template "confirm" (dict "id" "d" "title" "t" "text" "t" "action" "/x" "button" "b")}}
<table><tbody data-rows><tr id="one"><td><a href="#1">1</a></td></tr><tr id="two"><td><a href="#2">2</a></td></tr></tbody></table>{{end}}`)))
	var shown, streams atomic.Int64
	breakLine, after := make(chan struct{}), make(chan string, 8)
	mux := http.NewServeMux()
	mux.Handle("/static/", pages.Static())
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		if err := pages.Render(w, 200, "a", context("es"), fmt.Sprint("shown ", shown.Add(1))); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		n := streams.Add(1)
		if n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		after <- r.URL.Query().Get("after")
		fmt.Fprintf(w, "retry: 50\n\nid: evt_%d\nevent: payment.paid\ndata: {}\n\n", n)
		w.(http.Flusher).Flush()
		if n == 1 {
			<-breakLine
			return
		}
		<-r.Context().Done()
	})
	server := httptest.NewServer(page.Secure(mux))
	t.Cleanup(server.Close)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = gocontext.WithTimeout(ctx, 40*time.Second)
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
	run("open", chromedp.Navigate(server.URL), until(`document.getElementById("n").textContent === "shown 2"`))
	close(breakLine)
	run("the banner says that the line is lost", until(`!document.getElementById("lost").hidden`))
	run("it catches up by itself", until(`document.getElementById("lost").hidden && document.getElementById("n").textContent !== "shown 2"`))
	if first, second := <-after, <-after; first != "" || second != "evt_1" {
		t.Errorf("the stream was opened after %q, then after %q", first, second)
	}
	run("j and k", chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), until(`document.querySelector(".marked").id === "two"`),
		chromedp.KeyEvent("k"), until(`document.querySelector(".marked").id === "one"`))
	run("/ goes to the search", chromedp.KeyEvent("/"), until(`document.activeElement.id === "q"`), chromedp.KeyEvent("\u001b"))
	run("? helps", chromedp.KeyEvent("?"), until(`document.getElementById("keys-help").open`), chromedp.Click("#keys-help [data-close]"), until(`!document.getElementById("keys-help").open`))
	run("a terminal is drawn in its place", until(`(() => { const box = document.querySelector(".device svg").getBoundingClientRect(); return box.width > 40 && box.height > box.width; })()`))
	run("a dialog opens", chromedp.Click("#open"), until(`document.getElementById("d").open`))
}
