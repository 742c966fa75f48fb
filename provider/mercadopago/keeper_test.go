package mercadopago_test

import (
	"bytes"
	"testing"

	"posta"
	"posta/provider"
	sim "posta/sim/mercadopago"
)

// Stores and tills, by both versions of the interface: put again they are
// updated, deleted twice they are gone.
func TestStoresAndTills(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		t.Run(version, func(t *testing.T) {
			c := newCounter(t, sim.Account{}, sim.Switches{})
			keeper := c.open(t, provider.Config{"pos_api": version}).(provider.Provisioner)
			ref, err := keeper.PutStore(t.Context(), c.store)
			if err != nil || ref == "" {
				t.Fatalf("%q, %v", ref, err)
			}
			c.store.Name = "Sucursal Norte"
			again, err := keeper.PutStore(t.Context(), c.store) // found by its code
			if err != nil || again != ref {
				t.Fatalf("%q, %v, want %q", again, err, ref)
			}
			c.store.Ref = ref
			if again, err = keeper.PutStore(t.Context(), c.store); err != nil || again != ref {
				t.Fatalf("%q, %v, want %q", again, err, ref)
			}
			c.till.StoreRef, c.till.StoreCode = ref, c.store.Code
			place, err := keeper.PutTill(t.Context(), c.till)
			if err != nil || place.Ref == "" || place.QR == "" {
				t.Fatalf("%+v, %v", place, err)
			}
			c.till.Name = "Caja rápida"
			other, err := keeper.PutTill(t.Context(), c.till)
			if err != nil || other != place {
				t.Errorf("%+v, %v, want %+v", other, err, place)
			}
			c.till.Ref = place.Ref
			if other, err = keeper.PutTill(t.Context(), c.till); err != nil || other != place {
				t.Errorf("%+v, %v, want %+v", other, err, place)
			}
			if tills := c.Tills(); len(tills) != 1 || tills[0].QR != place.QR {
				t.Errorf("%+v", tills)
			}
			if version == "v1" {
				kind, poster, err := keeper.Poster(t.Context(), c.till)
				if err != nil || kind != "application/pdf" || !bytes.HasPrefix(poster, []byte("%PDF")) {
					t.Errorf("poster: %q, %.20q, %v", kind, poster, err)
				}
			}
			for range 2 {
				if err := keeper.DeleteTill(t.Context(), c.till); err != nil {
					t.Fatal(err)
				}
				if err := keeper.DeleteStore(t.Context(), c.store); err != nil {
					t.Fatal(err)
				}
				c.till.Ref, c.store.Ref = "", ""
			}
			if len(c.Tills()) > 0 {
				t.Error("the till is still there")
			}
			if _, _, err := keeper.Poster(t.Context(), c.till); posta.ErrorCode(err) != posta.CodeNotFound {
				t.Errorf("poster of no till: %v", err)
			}
		})
	}
}

// What was deleted in the provider's own panel is made again.
func TestStoreAndTillMadeAgain(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	keeper := connector.(provider.Provisioner)
	before := c.till.Ref
	if err := keeper.DeleteTill(t.Context(), c.till); err != nil {
		t.Fatal(err)
	}
	place, err := keeper.PutTill(t.Context(), c.till)
	if err != nil || place.Ref == "" || place.Ref == before {
		t.Errorf("%+v, %v", place, err)
	}
}

func TestStoreRefused(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{})
	keeper := c.open(t, nil).(provider.Provisioner)
	bad := c.store
	bad.Latitude = "south"
	if _, err := keeper.PutStore(t.Context(), bad); posta.ErrorCode(err) != posta.CodeInvalid {
		t.Error(err)
	}
	bad = c.store
	bad.City = "Atlantis"
	if _, err := keeper.PutStore(t.Context(), bad); posta.ErrorCode(err) != posta.CodeProviderRejected {
		t.Error(err)
	}
}

// The poster is fetched without the token, and from https or from where the
// provider itself answers only.
func TestPosterAddress(t *testing.T) {
	connector, asked := answering(t, nil, says(200, `{"id":1,"qr":{"template_document":"http://169.254.169.254/latest"}}`))
	_, _, err := connector.(provider.Provisioner).Poster(t.Context(), provider.Till{Ref: "1"})
	if posta.ErrorCode(err) != posta.CodeProviderUnavailable || len(*asked) != 1 {
		t.Errorf("%v, %d calls", err, len(*asked))
	}
}
