package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"posta/payment"
	"posta/sim/mercadopago"
)

// TestPictures takes the pictures of docs/pictures, of a demo with two weeks of
// sales behind it, when it is told where to:
//
//	POSTA_PICTURES=docs/pictures go test ./e2e -run TestPictures -count=1
func TestPictures(t *testing.T) {
	folder := os.Getenv("POSTA_PICTURES")
	if folder == "" {
		t.Log("takes pictures only where POSTA_PICTURES names a folder")
		return
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", folder) // tests run in their own folder
	}
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	trade := &trader{t: t, demo: d}
	told := trade.fortnight()
	b := openDesk(t, d, file)
	till, phone := b.member(t), b.device(t)
	album := &album{t, folder}

	till.open(d.till(0))
	till.do("an amount", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent("1500"))
	album.take(till, "till-keypad", 1024, 768)
	till.click("#charge")
	till.until("the QR shows", state("pending")+` && document.querySelector("#qr svg")`)
	album.take(till, "till", 1024, 768)
	dark := till.another(t)
	dark.open(d.till(0))
	dark.do("dark", chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.theme = "dark"`))
	album.take(dark, "till-dark", 1024, 768)
	phone.do("a phone", chromedp.EmulateViewport(390, 844))
	phone.scan(0)
	album.take(phone, "phone", 390, 844)
	phone.pay("FUND")
	till.until("the declined try shows", `document.querySelector("#declined")`)
	album.take(till, "till-declined", 1024, 768)
	phone.scan(0)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
	album.take(till, "till-paid", 1024, 768)
	album.take(phone, "phone-paid", 390, 844)
	till.open(d.till(0) + "/ticket/" + till.payment())
	album.take(till, "ticket", 390, 700)
	till.open(d.till(0) + "/sales")
	album.take(till, "sales", 1024, 768)
	for _, one := range []struct{ name, path string }{{"story", "/payments/" + told}, {"dashboard", "/"}, {"payments", "/payments"}, {"connection", "/connections"}} {
		till.do("wide", chromedp.EmulateViewport(1280, 900))
		till.open(d.page(one.path))
		if one.name == "connection" {
			till.click("[data-rows] a")
			till.until("the connection", `document.querySelector("#hook")`)
		}
		album.take(till, one.name, 1280, 900)
	}
}

type album struct {
	t      *testing.T
	folder string
}

// take keeps what a tab shows, in the 256 colours that it shows most.
func (a *album) take(x *tab, name string, width, height int64) {
	a.t.Helper()
	x.do("size", chromedp.EmulateViewport(width, height), chromedp.Evaluate[chromedp.Void](`document.documentElement.style.scrollbarGutter = "auto"`))
	x.until("it is drawn", `document.readyState === "complete" && !document.querySelector(".toast") && !document.getAnimations().some((a) => a.playState === "running" && a.effect.getTiming().iterations !== Infinity)`)
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		a.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		a.t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColours(picture)); err != nil {
		a.t.Fatal(err)
	}
	if small.Len() > 200<<10 {
		a.t.Errorf("%s.png has %d KB, want at most 200", name, small.Len()>>10)
	}
	if err := os.WriteFile(filepath.Join(a.folder, name+".png"), small.Bytes(), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.t.Logf("%-14s %4d × %d, %d KB", name, width, height, small.Len()>>10)
}

// fewColours draws a picture in its 256 most frequent colours: a page has few,
// but for the edges of its letters.
func fewColours(picture image.Image) image.Image {
	count := map[color.Color]int{}
	area := picture.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			count[picture.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	few := image.NewPaletted(area, color.Palette(colours[:min(256, len(colours))]))
	near := map[color.Color]uint8{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			c := picture.At(x, y)
			index, known := near[c]
			if !known {
				index = uint8(few.Palette.Index(c))
				near[c] = index
			}
			few.SetColorIndex(x, y, index)
		}
	}
	return few
}

// trader sells through the API, with the simulator's buyers.
type trader struct {
	t    *testing.T
	demo *demo
	keys int
}

func (r *trader) must(status int, err error) {
	r.t.Helper()
	if err != nil || status >= 300 {
		r.t.Fatalf("%d %v", status, err)
	}
}

func (r *trader) hub(path string, in, out any) {
	r.t.Helper()
	r.keys++
	r.must(call("POST", r.demo.page(path), r.demo.seed.Key, "picture-"+strconv.Itoa(r.keys), in, out))
}

// pay lets a buyer pay with each card in turn.
func (r *trader) pay(till int, cards ...mercadopago.Card) {
	r.t.Helper()
	for _, card := range cards {
		r.must(call("POST", "http://"+r.demo.phone+"/sim/api/pay", "", "", mercadopago.PayRequest{
			ScanRequest: mercadopago.ScanRequest{ExternalPOS: r.demo.pos(till)}, Parts: []mercadopago.Part{{Card: card}}}, nil))
	}
}

// until waits until the hub knows a payment's state.
func (r *trader) until(id string, state payment.State) {
	r.t.Helper()
	eventually(r.t, patience, func() string {
		var p payment.View
		if _, err := call("GET", r.demo.page("/v1/payments/"+id), r.demo.seed.Key, "", nil, &p); err != nil || p.State != state {
			return fmt.Sprintf("%s is %s, want %s (%v)", id, p.State, state, err)
		}
		return ""
	})
}

// at moves the demo's clock on to an hour of a day, days from the first.
func (r *trader) at(first time.Time, day, hour, minute int) {
	r.t.Helper()
	now := r.now()
	then := time.Date(first.Year(), first.Month(), first.Day()+day, hour, minute, (day*17+minute*7)%60, 0, first.Location())
	if then.After(now) {
		r.must(call("POST", "http://"+r.demo.phone+"/sim/api/clock", "", "", map[string]string{"forward": then.Sub(now).String()}, nil))
	}
}

func (r *trader) now() time.Time {
	var clock struct {
		Now time.Time `json:"now"`
	}
	r.must(call(http.MethodGet, "http://"+r.demo.phone+"/sim/api/clock", "", "", nil, &clock))
	return clock.Now
}

var wallet = []mercadopago.Card{{Brand: "visa"}, {Brand: "master", Type: "debit_card"}, {Brand: "account_money"}, {Brand: "visa", Type: "debit_card"},
	{Brand: "master", Installments: 3}, {Brand: "amex"}, {Brand: "account_money"}}

// fortnight is two weeks of a grocer's sales, the last day in full: declined
// tries, a cancel, refunds. It gives the payment whose story is worth telling.
func (r *trader) fortnight() (told string) {
	zone, err := time.LoadLocation("America/Argentina/Buenos_Aires")
	if err != nil {
		r.t.Fatal(err)
	}
	first := r.now().In(zone).AddDate(0, 0, 1)
	const days = 12
	reference := 4180
	sell := func(till int, minor int64, cards ...mercadopago.Card) string {
		var p payment.View
		reference++
		r.hub("/v1/payments", map[string]any{"till_id": r.demo.seed.Tills[till], "amount": minor, "reference": fmt.Sprintf("Mesa %d", reference%14+1)}, &p)
		r.pay(till, cards...)
		r.until(string(p.ID), payment.Paid)
		return string(p.ID)
	}
	for day := range days {
		if first.AddDate(0, 0, day).Weekday() == time.Sunday {
			continue
		}
		for n := range 2 + day*5%3 {
			r.at(first, day, 10+n*3, 12*n+day)
			sell((day+n)%3, int64(1850+(day*7919+n*4241)%9300)*500, wallet[(day+n)%len(wallet)])
		}
	}
	today := days
	for n, minor := range []int64{385000, 1240000, 92000, 2175000, 640050, 450000, 1899000, 158000} {
		r.at(first, today, 9+n, (n*23)%60)
		id := sell(n%3, minor, wallet[n%len(wallet)])
		if n == 3 {
			r.hub("/v1/payments/"+id+"/refunds", map[string]any{"amount": minor, "reason": "Compra devuelta"}, nil)
			r.until(id, payment.Refunded)
		}
	}
	r.at(first, today, 17, 4)
	var gone payment.View
	r.hub("/v1/payments", map[string]any{"till_id": r.demo.seed.Tills[1], "amount": 275000}, &gone)
	r.at(first, today, 17, 6)
	r.hub("/v1/payments/"+string(gone.ID)+"/cancel", map[string]any{}, nil)
	r.until(string(gone.ID), payment.Canceled)
	r.at(first, today, 17, 31)
	told = sell(0, 482000, mercadopago.Card{Holder: "FUND"}, mercadopago.Card{Brand: "master", Type: "debit_card"})
	r.at(first, today, 17, 42)
	r.hub("/v1/payments/"+told+"/refunds", map[string]any{"amount": 90000, "reason": "Un artículo de más"}, nil)
	r.until(told, payment.PartiallyRefunded)
	r.at(first, today, 18, 20)
	return told
}
