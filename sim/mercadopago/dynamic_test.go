package mercadopago_test

import (
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

func TestMPDYN01_PostMakesAOneOffQR(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("POST", dynamicURL, legacyBody("pay1", "10")), 200)
	uuid := text(a.object["in_store_order_id"])
	qr := text(a.object["qr_data"])
	if !strings.HasPrefix(qr, "00020101021243650016com.mercadolibre0201306"+"36"+uuid) {
		t.Fatal(qr)
	}
	b.want(b.call("GET", dynamicURL, ""), 404) // it does not sit on the POS
	b.wantError(b.call("DELETE", dynamicURL, ""), 500, "in_store_order_creation_error")
	p, err := b.sim.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{QR: qr}})
	if err != nil || p.Status != "closed" {
		t.Fatal(p, err)
	}
	if _, err := b.sim.Scan(mercadopago.ScanRequest{QR: qr}); err == nil {
		t.Fatal("a paid QR can be scanned")
	}
}

func TestMPDYN02_PutTiesItToThePOSToo(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("PUT", dynamicURL, legacyBody("pay1", "10")), 201)
	b.equal(b.want(b.call("GET", dynamicURL, ""), 200), "pay1", "external_reference")
	if s := b.scan(); s.ExternalReference != "pay1" {
		t.Fatal(s)
	}
	if s, err := b.sim.Scan(mercadopago.ScanRequest{QR: text(a.object["qr_data"])}); err != nil || s.ExternalReference != "pay1" {
		t.Fatal(s, err)
	}
	b.want(b.call("DELETE", dynamicURL, ""), 204)
	b.want(b.call("GET", dynamicURL, ""), 404)
}

func TestMPDYN03_PutAnswersEmptyBySwitch(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches.HybridEmptyBody = true })
	b.till()
	if a := b.want(b.call("PUT", dynamicURL, legacyBody("pay1", "10")), 201); a.raw != "" {
		t.Fatal(a.raw)
	}
}

func TestMPDYN04_ExpirationDateEndsIt(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("POST", dynamicURL, with(legacyBody("pay1", "10"), "expiration_date", `"2026-11-20T11:01:00.000-04:00"`)), 200)
	b.move(time.Minute)
	if _, err := b.sim.Scan(mercadopago.ScanRequest{QR: text(a.object["qr_data"])}); err == nil {
		t.Fatal("an expired QR can be scanned")
	}
}

func TestMPEMV01_ChecksumIsCRC16CCITTFalse(t *testing.T) {
	b := newStand(t)
	// The sample of the documents, whose checksum holds: it reads, and is nobody's.
	sample := "00020101021243650016com.mercadolibre020130636261ba79b-e543-41c7-b71a-cec05c18e72b50120008326594305204970053030325802AR5904Test6004CABA6304"
	if _, err := b.sim.Scan(mercadopago.ScanRequest{QR: sample + "1094"}); err == nil || !strings.Contains(err.Error(), "nothing waits") {
		t.Fatal(err)
	}
	if _, err := b.sim.Scan(mercadopago.ScanRequest{QR: sample + "1095"}); err == nil || !strings.Contains(err.Error(), "check sum") {
		t.Fatal(err)
	}
}

func TestMPEMV02_StaticQRNamesThePOSAndNoAmount(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	a := b.call("GET", "/pos?external_id=SUC001POS001", "")
	got := b.call("GET", "/pos/"+text(at(a.object, "results", 0, "id")), "")
	qr := text(got.object["qr_code"])
	if !strings.HasPrefix(qr, "000201010211") || strings.Contains(qr, "5405") {
		t.Fatal(qr)
	}
	if s, err := b.sim.Scan(mercadopago.ScanRequest{QR: qr}); err != nil || s.ExternalReference != "pay1" {
		t.Fatal(s, err)
	}
}

func TestMPEMV03_OrdersAnswerQRDataButForStatic(t *testing.T) {
	b := newStand(t)
	b.till()
	for mode, there := range map[string]bool{"static": false, "dynamic": true, "hybrid": true} {
		b.move(16 * time.Minute)
		a := b.want(b.order("k"+mode, with(orderBody, "config.qr.mode", `"`+mode+`"`)), 201)
		qr, ok := at(a.object, "type_response", "qr_data").(string)
		if ok != there {
			t.Fatal(mode, a.raw)
		}
		if !there {
			continue
		}
		if s, err := b.sim.Scan(mercadopago.ScanRequest{QR: qr}); err != nil || s.OrderID != id(a) {
			t.Fatal(s, err)
		}
	}
}
