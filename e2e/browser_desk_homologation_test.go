package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"posta"
	"posta/homologation"
	"posta/mail"
	"posta/payment"
	"posta/provider"
)

// fetch gives what a link of the page leads to, as the browser's person gets it.
func (x *tab) fetch(path string) []byte {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`fetch(%q).then((r) => { if (!r.ok) throw new Error(r.status); return r.arrayBuffer(); }).then((b) => btoa([...new Uint8Array(b)].map((c) => String.fromCharCode(c)).join("")))`, path), chromedp.EvalAwaitPromise))
	if err != nil {
		x.fail("fetch %s: %v", path, err)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		x.t.Fatal(err)
	}
	return data
}

// device has the person at a card terminal do something.
func (b *bureau) device(deed, terminal string, order map[string]any) {
	b.t.Helper()
	all := map[string]any{"terminal": terminal}
	for name, value := range order {
		all[name] = value
	}
	var said any
	if _, err := call("POST", "http://"+b.host.prisma+"/sim/api/"+deed, "", "", all, &said); err != nil {
		b.t.Fatalf("%s: %v %v", deed, err, said)
	}
}

// swipe charges at a card terminal and presents a card, until it is paid.
func (b *bureau) swipe(in payment.Input, code, brand, kind string) payment.Payment {
	b.t.Helper()
	in.Rail = provider.RailTerminal
	p, err := b.Payments.Create(context.Background(), in)
	b.must(err)
	b.device("take", code, map[string]any{"intent": p.Order})
	b.device("present", code, map[string]any{"card": map[string]any{"brand": brand, "kind": kind}})
	b.move(5 * time.Second) // the acquirer takes its time
	b.eventually("the payment is paid", func() bool {
		p, err = b.Payments.Refresh(context.Background(), b.Seed.Merchant, in.Mode, p.ID)
		return err == nil && p.State == payment.Paid
	})
	return p
}

// overview is how the homologation stands.
func (j *journey) overview() homologation.Overview {
	j.t.Helper()
	o, err := j.Homologation.Overview(context.Background(), j.actor("integra"), j.id)
	j.must(err)
	return o
}

// homologate takes the provider's sheet in, shows a red case with its field, has
// all cases run, and sends the filled sheet until the reviewer accepts it.
func (j *journey) homologate() {
	x := j.integrator
	sheet := providerSheet(j.t, "prisma_ecr")
	x.at(j.id, "homologation")
	x.drop("homologation/sheet", "sheet", upload{"planilla.xlsx", []byte("esto no es una planilla")})
	x.is("what is no sheet is refused", `document.querySelector("#sheet-error")`)
	x.drop("homologation/sheet", "sheet", upload{"Homologación Puerto.xlsx", sheet})
	x.shot("50-sheet-taken")
	for _, c := range j.overview().Cases {
		want := false
		for _, list := range sheetCases {
			for _, key := range list {
				want = want || key == c.Case.Key
			}
		}
		if (len(c.Rows) == 1) != want {
			j.t.Errorf("rows of case %s: %v", c.Case.Key, c.Rows)
		}
	}
	debit := j.swipe(payment.Input{ID: posta.NewID[posta.PaymentID](j.now()), MerchantID: j.Seed.Merchant, Mode: posta.Test, TillID: j.Seed.Tills[0],
		Terminals: j.Seed.Terminals[:1], Amount: posta.Money{Amount: 123400, Currency: "ARS"}, By: "user:test"}, "10000001", "EL", "DEBIT")
	x.at(j.id, "homologation/cases/credit_1")
	x.submit("cases/credit_1/evaluate", fields{"payment_id": string(debit.ID)})
	x.is("red, with the field", `document.querySelector("#evidence tr.case-rejected code")`)
	x.shot("51-case-red")
	x.at(j.id, "homologation")
	x.is("red in the list, with the field", `document.querySelector("#case-credit_1.case-rejected .wrong-field")`)
	x.shot("52-cases-red")
	x.at(j.id, "homologation/cases/credit_1")
	x.submit("cases/credit_1/drop", nil)
	x.at(j.id, "homologation")
	x.submit("homologation/find", nil)
	x.is("found, and green", `document.querySelector(".case-paid")`)
	x.at(j.id, "homologation")
	x.submit("homologation/run", nil)
	x.shot("53-run")
	began := time.Now()
	x.untilWithin(3*time.Minute, "the run ends, and the page shows it by itself", fmt.Sprintf(`document.querySelectorAll(".case-paid").length === %d && !document.querySelector("#run progress, #run [role=progressbar]")`, len(homologation.Set("prisma_ecr"))))
	j.t.Logf("run of %d cases: %.1f s", len(homologation.Set("prisma_ecr")), time.Since(began).Seconds())
	x.shot("54-all-green")
	j.submissions(sheet)
}

// submissions sends the sheet: refused, returned, accepted.
func (j *journey) submissions(sheet []byte) {
	x := j.integrator
	proven := map[string]homologation.Evidence{}
	for _, c := range j.overview().Cases {
		if c.Evidence != nil {
			proven[c.Case.Key] = *c.Evidence
		}
	}
	filled := x.fetch(read[string](x, `document.querySelector("a[href$='/filled.xlsx']").getAttribute("href")`))
	compareSheets(j.t, sheet, filled, proven)
	for round, answer := range []string{"returned", "accepted"} {
		text := fmt.Sprintf("Va la planilla, envío %d.", round+1)
		x.at(j.id, "homologation")
		x.submit("homologation/submit", fields{"text": text})
		letter := j.mailed("clara@puerto.example", text)
		raw, err := j.Mailbox.Raw(letter.ID)
		j.must(err)
		in, err := mail.Parse(raw)
		j.must(err)
		if len(in.Attachments) != 1 || in.Attachments[0].Name != "Homologación Puerto.xlsx" || !bytes.Equal(in.Attachments[0].Data, filled) {
			j.t.Errorf("the mail's attachments: %+v", letter.Attachments)
		}
		x.at(j.id, "homologation")
		form := `#submissions form`
		if answer == "returned" {
			x.submitBy(form, fields{"state": []string{answer}})
			x.is("a return needs a note", `document.querySelector("#submissions form .error")`)
		}
		x.submitBy(form, fields{"state": []string{answer}, "note": "Falta la foto del ticket"})
		x.shot("55-submission-" + answer)
		x.at(j.id, "")
		x.is("passed only once it is accepted", fmt.Sprintf(`[...document.querySelectorAll("form[action$='/move'] .primary")].every((b) => b.disabled === %t)`, answer == "returned"))
	}
	page := string(x.fetch("/projects/" + string(j.id) + "/homologation/report"))
	if !strings.Contains(page, "signature") {
		j.t.Error("the report is not signed")
	}
}
