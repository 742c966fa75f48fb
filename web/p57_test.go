package web_test

import (
	"net/http"
	"testing"

	"posta"
	"posta/payment"
	"posta/store/storetest"
	"posta/till"
)

// From the till's page no live charge passes a closed gate, and the page says so
// in words; a form sent again finds what it made.
func TestP57_TheTillChargesNothingThroughAClosedGate(t *testing.T) {
	t.Parallel()
	h := start(t)
	w := h.world
	w.Connection.ID, w.Connection.Mode = posta.NewID[posta.ConnectionID](storetest.Now), posta.Live
	w.Store.ID, w.Store.Mode, w.Store.ConnectionID = posta.NewID[posta.StoreID](storetest.Now), posta.Live, w.Connection.ID
	live := till.Till{ID: posta.NewID[posta.TillID](storetest.Now), MerchantID: w.Merchant.ID, Mode: posta.Live, StoreID: w.Store.ID, ConnectionID: w.Connection.ID,
		Name: "Caja 9", CreatedAt: storetest.Now, UpdatedAt: storetest.Now}
	for _, err := range []error{h.db.InsertConnection(t.Context(), w.Connection), h.db.InsertStore(t.Context(), w.Store), h.db.InsertTill(t.Context(), live)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b := h.login("ana@tienda.example")
	b.post("/mode", "mode", "live")
	at, nonce := "/till/"+string(live.ID)+"/charge", posta.NewULID(storetest.Now)
	if got := b.post(at, "nonce", nonce, "amount", "1500"); got.status != http.StatusForbidden {
		t.Fatalf("%d to %s: %.300s", got.status, got.to, got.body)
	} else {
		has(t, got.body, "Producción no está abierta")
	}
	if got := b.script(at, "nonce", nonce, "amount", "1500"); got.status != http.StatusForbidden || h.bank.charges() != 0 {
		t.Fatalf("to the script: %d, %d charges", got.status, h.bank.charges())
	}
	w.SetGate(t, h.db, payment.Gate{State: payment.GateOpen})
	if got := b.post(at, "nonce", nonce, "amount", "1500"); got.status != http.StatusSeeOther {
		t.Fatalf("with the gate open: %d", got.status)
	}
	w.SetGate(t, h.db, payment.Gate{State: payment.GateClosed})
	if got := b.post(at, "nonce", nonce, "amount", "1500"); got.status != http.StatusSeeOther || h.bank.charges() != 1 {
		t.Errorf("sent again: %d, %d charges", got.status, h.bank.charges())
	}
}
