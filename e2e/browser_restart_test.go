package e2e_test

import "testing"

// TestBrowserRestart kills the program in the middle of a sale: the till says
// that the line is lost and keeps what it shows, and when the program is back
// it catches up by itself.
func TestBrowserRestart(t *testing.T) {
	t.Parallel()
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	b := openDesk(t, d, file)
	till := b.member(t)
	till.open(d.till(0))
	till.charge("1234,56")
	payment := till.payment()
	till.watch("paid")
	story := till.another(t)
	story.open(d.page("/payments/" + payment))

	for _, x := range []*tab{till, story} {
		x.expect("ERR_") // there is nobody there for a while
	}
	d.run.kill()
	for _, x := range []*tab{till, story} {
		x.until("the page says that the line is lost", `!document.querySelector("#lost").hidden && document.querySelector("#lost").checkVisibility()`)
	}
	till.is("and keeps what it knows", state("pending")+` && document.querySelector("#qr svg")`)
	d.start(t)
	phone := b.device(t)
	phone.scan(0) // before the pages are back
	phone.pay("APRO")
	for _, x := range []*tab{till, story} {
		x.until("the line is back by itself", `document.querySelector("#lost").hidden`)
	}
	till.until("the till shows Paid", state("paid"))
	till.is("without a reload", `window.sameDocument && document.querySelector("#state").dataset.payment === "`+payment+`"`)
	till.until("and prints", `(sessionStorage.printed || "").includes("`+payment+`")`)
	story.until("the story, too", `document.querySelector("#top .state-paid")`)

	till.newCharge()
	till.charge("20")
	phone.scan(0)
	phone.pay("APRO")
	till.until("the next sale goes as ever", state("paid"))
}
