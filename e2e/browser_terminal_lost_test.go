package e2e_test

import "testing"

// The answer to the charge is lost: the till says what to do. The terminal
// charged; a person settles it by the slip.
func lostAndChargedOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	d.control(t, "POST", "faults", map[string]any{"id": "lost", "operation": "payment_create", "action": "cut_after", "times": 1})
	till.send(0, "3100")
	till.until("the till does not know", state("unknown"))
	till.shows("No sabemos si la terminal cobró", "Terminal 1")
	device.approve(t)
	slip := device.tear()
	till.click("#slip")
	till.until("it asks what happened", `document.querySelector("#slip-form")`)
	till.shows("$ 3.100,00", "Caja Demo")
	batch, coupon, authorization := slipFact(t, slip, "LOTE"), slipFact(t, slip, "CUPON"), slipFact(t, slip, "AUTORIZACION")
	till.click(`label:has(> [name=done][value=yes])`)
	till.fill("#f-batch", batch)
	till.expect("422")
	till.click("#slip-confirm")
	till.until("what is missing is said beside the field", `document.querySelector("#slip-form .field.wrong .error")`)
	till.is("and what was typed is kept", `document.querySelector("#f-batch").value === "`+batch+`" && document.querySelector("[name=done]:checked").value === "yes"`)
	till.fill("#f-coupon", coupon)
	till.fill("#f-authorization", authorization)
	till.fill("#f-last_four", "4509")
	till.click("#slip-confirm")
	till.until("the till shows Paid", state("paid"))
	till.shows("$ 3.100,00", authorization, coupon)
	story := cashier.another(t)
	story.open(d.page("/payments/" + till.payment()))
	story.until("the story names who said so", `document.querySelector("#top .state-paid") && document.querySelector("#story").innerText.includes("Caja Demo")`)
}

// The same, and the terminal did not charge: the customer canceled there.
func lostAndNotChargedOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	d.control(t, "POST", "faults", map[string]any{"id": "lost", "operation": "payment_create", "action": "cut_after", "times": 1})
	till.send(0, "3200")
	till.until("the till does not know", state("unknown"))
	device.take("payment")
	device.screen("card")
	device.click("[data-deed=cancel]")
	device.outcome("undone")
	till.click("#slip")
	till.until("it asks what happened", `document.querySelector("#slip-form")`)
	till.click(`label:has(> [name=done][value=no])`)
	till.click("#slip-confirm")
	till.until("the till shows that nothing was charged", `document.querySelector("#state")?.dataset.open === "false" && document.querySelector("#state").dataset.moneyed === "false"`)
	till.shows("No se cobró nada")
	till.newCharge()
}
