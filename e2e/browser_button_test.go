package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
)

// A shop's own page with the strictest policy that lets the hub's script in: the
// button stands there, is a link, and leads to what is sold. Red under: the
// button's style set as a style element.
func TestP43_TheButtonWorksUnderAStrictPolicy(t *testing.T) {
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	link := d.cardLink(t, 150000)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src http://"+d.hub+"; base-uri 'none'; form-action 'none'")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="pt"><link rel="icon" href="data:,"><title>Loja</title><main><p id="place"></p>
			<script src="http://%[1]s/button.js" data-link="%[2]s" data-text="Comprar agora"></script>
			<script src="http://%[1]s/button.js" data-link="%[2]s" data-into="#place" data-window="new" defer></script></main>`, d.hub, path.Base(link))
	}))
	t.Cleanup(shop.Close)
	seen := *d
	seen.prisma = strings.TrimPrefix(shop.URL, "http://") // a page may ask this host too
	x := newTab(t, &seen, openDesk(t, d, file).ctx)
	x.expect("data:,")
	x.open(shop.URL)
	x.until("two buttons stand there", `document.querySelectorAll("posta-button").length === 2`)
	x.is("the first has the shop's words and our look, beside its script", `(() => {
		const button = document.querySelector("script + posta-button").shadowRoot.querySelector("a"), look = getComputedStyle(button);
		return button.textContent === "Comprar agora" && button.target === "" && look.backgroundColor === "rgb(122, 38, 72)" && look.display.includes("flex") && button.getBoundingClientRect().height >= 44;
	})()`)
	x.is("the second speaks the page's language and opens a tab of its own", `(() => {
		const button = document.querySelector("#place posta-button").shadowRoot.querySelector("a");
		return button.textContent === "Pagar" && button.target === "_blank" && button.rel === "noopener";
	})()`)
	x.keys("\t\t")
	x.is("the keyboard reaches it", `document.activeElement === document.querySelector("script + posta-button")`)
	x.keys("\r")
	x.until("it leads to what is sold", `location.host === "`+d.hub+`" && document.querySelector("main").innerText.includes("Mate de calabaza")`)
}
