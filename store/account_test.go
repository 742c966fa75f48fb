package store_test

import (
	"errors"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/idempotency"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

func TestMerchantsAndConnections(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		same(t, "merchant", must[account.Merchant](t)(db.Merchant(ctx, w.Merchant.ID)), w.Merchant)
		wantCode(t, db.InsertMerchant(ctx, w.Merchant), posta.CodeConflict)
		w.Merchant.Name = "Otro"
		if err := db.UpdateMerchant(ctx, w.Merchant); err != nil {
			t.Fatal(err)
		}
		same(t, "merchants", must[[]account.Merchant](t)(db.Merchants(ctx)), []account.Merchant{w.Merchant})
		wantCode(t, db.UpdateMerchant(ctx, account.Merchant{ID: "mer_none"}), posta.CodeNotFound)
		_, err := db.Merchant(ctx, "mer_none")
		wantCode(t, err, posta.CodeNotFound)

		c := w.Connection
		c.Config, c.Sealed, c.RefundLate, c.Account, c.CheckedAt, c.UpdatedAt = nil, []byte{0, 255}, true, "4465", now, now.Add(1000)
		if err := db.UpdateConnection(ctx, c); err != nil {
			t.Fatal(err)
		}
		same(t, "connection", must[account.Connection](t)(db.Connection(ctx, c.ID)), c)
		same(t, "merchant's connection", must[account.Connection](t)(db.MerchantConnection(ctx, w.Merchant.ID, c.ID)), c)
		same(t, "connections", must[[]account.Connection](t)(db.Connections(ctx, w.Merchant.ID)), []account.Connection{c})
		other := storetest.Seed(t, db)
		_, err = db.MerchantConnection(ctx, other.Merchant.ID, c.ID)
		wantCode(t, err, posta.CodeNotFound)
		stolen := c
		stolen.MerchantID = other.Merchant.ID
		wantCode(t, db.UpdateConnection(ctx, stolen), posta.CodeNotFound)
		stolen.ID, stolen.MerchantID = "con_2", "mer_none"
		wantCode(t, db.InsertConnection(ctx, stolen), posta.CodeNotFound)
	})
}

func TestUsersKeysSessions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		u := account.User{ID: posta.NewID[posta.UserID](now), MerchantID: w.Merchant.ID, Email: "ana@example.com", Name: "Ana",
			Password: "$argon2id$", Language: "es", CreatedAt: now}
		if err := db.InsertUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		twin := u
		twin.ID = posta.NewID[posta.UserID](now)
		wantCode(t, db.InsertUser(ctx, twin), posta.CodeConflict)
		u.Password = "$argon2id$2"
		if err := db.UpdateUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		same(t, "user", must[account.User](t)(db.User(ctx, u.ID)), u)
		same(t, "user by email", must[account.User](t)(db.UserByEmail(ctx, u.Email)), u)
		_, err := db.UserByEmail(ctx, "bo@example.com")
		wantCode(t, err, posta.CodeNotFound)

		k := account.Key{ID: posta.NewID[posta.KeyID](now), MerchantID: w.Merchant.ID, Mode: posta.Test, Name: "Caja", Prefix: "psk_test_ab",
			Hash: "h1", CreatedAt: now}
		if err := db.InsertKey(ctx, k); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.TouchKey(ctx, k.ID, now.Add(time.Hour)), db.RevokeKey(ctx, w.Merchant.ID, k.ID, now.Add(2*time.Hour)),
			db.RevokeKey(ctx, w.Merchant.ID, k.ID, now.Add(3*time.Hour))); err != nil {
			t.Fatal(err)
		}
		k.UsedAt, k.RevokedAt = now.Add(time.Hour), now.Add(2*time.Hour)
		same(t, "key", must[account.Key](t)(db.KeyByHash(ctx, "h1")), k)
		same(t, "keys", must[[]account.Key](t)(db.Keys(ctx, w.Merchant.ID)), []account.Key{k})
		wantCode(t, db.RevokeKey(ctx, storetest.Seed(t, db).Merchant.ID, k.ID, now), posta.CodeNotFound)
		wantCode(t, db.TouchKey(ctx, "key_none", now), posta.CodeNotFound)
		_, err = db.KeyByHash(ctx, "h2")
		wantCode(t, err, posta.CodeNotFound)

		find := func(hash string, at time.Time, want string) {
			t.Helper()
			data, ok, err := db.FindSession(ctx, hash, at)
			if err != nil || ok != (want != "") || string(data) != want {
				t.Errorf("session %q at %v: %q, %t, %v; want %q", hash, at, data, ok, err, want)
			}
		}
		if err := errors.Join(db.SaveSession(ctx, "s1", []byte("one"), now.Add(time.Hour), now), db.SaveSession(ctx, "s2", []byte("two"), now.Add(time.Minute), now),
			db.SaveSession(ctx, "s1", []byte("uno"), now.Add(2*time.Hour), now)); err != nil {
			t.Fatal(err)
		}
		find("s1", now, "uno")
		find("s1", now.Add(2*time.Hour), "")
		find("s2", now, "two")
		if err := db.SaveSession(ctx, "s3", []byte("three"), now.Add(-time.Hour), now.Add(-2*time.Hour)); err != nil { // by a clock behind the hub's
			t.Fatal(err)
		}
		if err := db.SaveSession(ctx, "s2", []byte("two"), now.Add(time.Minute), now.Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		find("s3", now.Add(-2*time.Hour), "three")
		if err := db.SaveSession(ctx, "s2", []byte("two"), now.Add(time.Minute), now); err != nil {
			t.Fatal(err)
		}
		find("s3", now.Add(-2*time.Hour), "")
		if err := errors.Join(db.DropSession(ctx, "s2"), db.DropSession(ctx, "s2")); err != nil {
			t.Fatal(err)
		}
		find("s2", now, "")
	})
}

func TestStoresTillsShifts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		other := storetest.Seed(t, db)
		w.Store.Name, w.Store.RemovedAt = "Norte", now
		w.Till.Name, w.Till.QR, w.Till.Image = "Caja 2", "0002", "https://x"
		if err := errors.Join(db.UpdateStore(ctx, w.Store), db.UpdateTill(ctx, w.Till)); err != nil {
			t.Fatal(err)
		}
		same(t, "store", must[till.Store](t)(db.Store(ctx, w.Merchant.ID, w.Store.ID)), w.Store)
		same(t, "stores", must[[]till.Store](t)(db.Stores(ctx, w.Merchant.ID, posta.Test)), []till.Store{w.Store})
		same(t, "till", must[till.Till](t)(db.Till(ctx, w.Merchant.ID, w.Till.ID)), w.Till)
		same(t, "tills", must[[]till.Till](t)(db.Tills(ctx, w.Merchant.ID, posta.Test)), []till.Till{w.Till})
		if live := must[[]till.Till](t)(db.Tills(ctx, w.Merchant.ID, posta.Live)); len(live) != 0 {
			t.Errorf("live tills %v", live)
		}
		_, err := db.Store(ctx, other.Merchant.ID, w.Store.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = db.Till(ctx, other.Merchant.ID, w.Till.ID)
		wantCode(t, err, posta.CodeNotFound)
		wantCode(t, db.InsertTill(ctx, w.Till), posta.CodeConflict)
		wantCode(t, db.InsertStore(ctx, w.Store), posta.CodeConflict)
		orphan := w.Till
		orphan.ID, orphan.StoreID = "til_2", "sto_none"
		wantCode(t, db.InsertTill(ctx, orphan), posta.CodeNotFound)

		_, err = db.OpenShift(ctx, w.Merchant.ID, w.Till.ID)
		wantCode(t, err, posta.CodeNotFound)
		s := till.Shift{ID: posta.NewID[posta.ShiftID](now), MerchantID: w.Merchant.ID, TillID: w.Till.ID, OpenedBy: "Ana", OpenedAt: now}
		errs := parallel(8, func(i int) error {
			try := s
			try.ID = posta.NewID[posta.ShiftID](now)
			return db.InsertShift(ctx, try)
		})
		opened := 0
		for _, err := range errs {
			if err == nil {
				opened++
			} else {
				wantCode(t, err, posta.CodeConflict)
			}
		}
		if opened != 1 {
			t.Errorf("%d shifts opened at one till", opened)
		}
		s = must[till.Shift](t)(db.OpenShift(ctx, w.Merchant.ID, w.Till.ID))
		s.ClosedBy, s.ClosedAt = "Bo", now.Add(time.Hour)
		s.Report = till.Report{From: now, To: s.ClosedAt, Currency: "ARS", Sales: 2, Captured: 300, Methods: []till.MethodSum{{Method: "debit_card", Count: 2, Captured: 300}}}
		if err := db.UpdateShift(ctx, s); err != nil {
			t.Fatal(err)
		}
		next := till.Shift{ID: posta.NewID[posta.ShiftID](now.Add(2 * time.Hour)), MerchantID: w.Merchant.ID, TillID: w.Till.ID, OpenedBy: "Ana", OpenedAt: now.Add(2 * time.Hour)}
		if err := db.InsertShift(ctx, next); err != nil {
			t.Fatal(err)
		}
		same(t, "shift", must[till.Shift](t)(db.Shift(ctx, w.Merchant.ID, s.ID)), s)
		same(t, "open shift", must[till.Shift](t)(db.OpenShift(ctx, w.Merchant.ID, w.Till.ID)), next)
		same(t, "shifts", must[[]till.Shift](t)(db.Shifts(ctx, w.Merchant.ID, w.Till.ID, 10)), []till.Shift{next, s})
		same(t, "last shift", must[[]till.Shift](t)(db.Shifts(ctx, w.Merchant.ID, w.Till.ID, 1)), []till.Shift{next})
		wantCode(t, db.UpdateShift(ctx, till.Shift{ID: "shf_none", MerchantID: w.Merchant.ID, TillID: w.Till.ID}), posta.CodeNotFound)
	})
}

func TestClaimKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		r := idempotency.Request{MerchantID: w.Merchant.ID, Mode: posta.Test, Key: "k", Fingerprint: "f"}
		claim := func(r idempotency.Request, ulid string, at time.Time) idempotency.Claim {
			t.Helper()
			return must[idempotency.Claim](t)(db.ClaimKey(ctx, r, ulid, at))
		}
		first := claim(r, "U1", now)
		held := idempotency.Claim{Request: r, ULID: "U1", LeaseTo: now.Add(idempotency.Lease), CreatedAt: now}
		taken := held
		taken.Taken = true
		same(t, "first", first, taken)
		same(t, "while it runs", claim(r, "U2", first.LeaseTo), held)
		live := r
		live.Mode = posta.Live
		if c := claim(live, "U3", now); !c.Taken || c.ULID != "U3" {
			t.Errorf("the same key in the other mode: %+v", c)
		}
		reused := r
		reused.Fingerprint = "other"
		later := first.LeaseTo.Add(time.Microsecond)
		if c := claim(reused, "U4", later); c.Taken || c.Fingerprint != "f" {
			t.Errorf("another request: %+v", c)
		}
		second := claim(r, "U5", later)
		taken.LeaseTo = later.Add(idempotency.Lease)
		same(t, "taken over", second, taken)

		first.Status, first.Answer = 500, []byte("late")
		wantCode(t, db.SaveAnswer(ctx, first), posta.CodeConflict)
		second.Status, second.Answer = 201, []byte{1, 0, 2}
		if err := db.SaveAnswer(ctx, second); err != nil {
			t.Fatal(err)
		}
		second.Taken = false
		same(t, "replayed", claim(r, "U6", now.Add(idempotency.Lifetime)), second)
		if err := db.ReleaseKey(ctx, r); err != nil {
			t.Fatal(err)
		}
		same(t, "an answer is not released", claim(r, "U6", now.Add(idempotency.Lifetime)), second)
		if c := claim(reused, "U7", now.Add(idempotency.Lifetime+1000)); !c.Taken || c.ULID != "U7" || c.Fingerprint != "other" || c.Status != 0 || c.Answer != nil {
			t.Errorf("after its lifetime: %+v", c)
		}
		if err := db.ReleaseKey(ctx, reused); err != nil {
			t.Fatal(err)
		}
		if c := claim(r, "U8", now); !c.Taken || c.ULID != "U8" {
			t.Errorf("released: %+v", c)
		}
		if err := db.DropAnswers(ctx, now.Add(time.Microsecond)); err != nil {
			t.Fatal(err)
		}
		if c := claim(r, "U9", now); !c.Taken || c.ULID != "U9" {
			t.Errorf("dropped: %+v", c)
		}
	})
}

// Of equal writes at once one holds the key, also one that is taken over.
// Sabotage seen red: without FOR UPDATE several take it over on PostgreSQL.
func TestP6_OneHoldsTheKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		r := idempotency.Request{MerchantID: w.Merchant.ID, Mode: posta.Test, Key: "k", Fingerprint: "f"}
		ulids := map[string]bool{}
		for _, at := range []time.Time{now, now.Add(time.Minute), now.Add(2 * idempotency.Lifetime)} {
			holders := make([]idempotency.Claim, 24)
			if err := errors.Join(parallel(len(holders), func(i int) (err error) {
				holders[i], err = db.ClaimKey(ctx, r, posta.NewULID(at), at)
				return err
			})...); err != nil {
				t.Fatal(err)
			}
			taken := 0
			for _, c := range holders {
				if c.Taken {
					taken++
				}
				if c.ULID != holders[0].ULID {
					t.Errorf("told of %s and %s", c.ULID, holders[0].ULID)
				}
			}
			if taken != 1 {
				t.Errorf("%d hold the key at %v", taken, at)
			}
			ulids[holders[0].ULID] = true
		}
		if len(ulids) != 2 {
			t.Errorf("%d names for what is made, want one until its lifetime ended", len(ulids))
		}
	})
}
