package till

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"posta"
	"posta/provider"
)

// StoreInput asks for a store, or for what it should become.
type StoreInput struct {
	ID           posta.StoreID // "" when creating makes one up; given, it makes a repeat go on with the first
	MerchantID   posta.MerchantID
	Mode         posta.Mode         // of whoever asks
	ConnectionID posta.ConnectionID // fixed once created
	Name         string             // letters and spaces, ≤ 100 characters
	Address      Address
	CloseAt      string // hour at which its terminals close their batches, "23:30"; "" for never
}

func (in *StoreInput) check() error {
	var p posta.Problems
	a := &in.Address
	for _, text := range []*string{&in.CloseAt, &in.Name, &a.Street, &a.Number, &a.City, &a.State, &a.Latitude, &a.Longitude, &a.Reference} {
		*text = strings.TrimSpace(*text)
	}
	line(&p, "name", in.Name, true, maxStoreName)
	p.Add(strings.ContainsFunc(in.Name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != ' ' && !unicode.IsControl(r)
	}), "name", "textual")
	line(&p, "address.street", a.Street, true, maxText)
	line(&p, "address.number", a.Number, true, 20)
	line(&p, "address.city", a.City, true, maxText)
	line(&p, "address.state", a.State, true, maxText)
	line(&p, "address.reference", a.Reference, false, maxText)
	p.Add(a.Latitude == "", "address.latitude", "required")
	p.Add(a.Latitude != "" && !degrees(a.Latitude, 90), "address.latitude", "degrees")
	p.Add(a.Longitude == "", "address.longitude", "required")
	p.Add(a.Longitude != "" && !degrees(a.Longitude, 180), "address.longitude", "degrees")
	p.Add(in.CloseAt != "" && !posta.ValidHour(in.CloseAt), "close_at", "malformed")
	return p.Err()
}

// nextClose is when a store that closes at the hour does so next; zero for never.
func (s *Service) nextClose(ctx context.Context, m posta.MerchantID, hour string) (time.Time, error) {
	if hour == "" {
		return time.Time{}, nil
	}
	loc, err := s.Location(ctx, m)
	if err != nil {
		return time.Time{}, err
	}
	return posta.NextHour(hour, loc, s.Clock.Now()), nil
}

// CreateStore keeps a store and then tells the provider of it. Called again with
// the same ID it goes on where the first call stopped. Errors: invalid with
// fields name (required, textual…), connection_id, close_at, address.street and so on;
// mode_mismatch when the connection is of the other mode. An error of the
// provider's comes with the stored store, whose ProviderRef is "":
// ProvisionStore tries again.
func (s *Service) CreateStore(ctx context.Context, in StoreInput) (Store, error) {
	if err := in.check(); err != nil {
		return Store{}, err
	}
	mode, err := s.ConnectionMode(ctx, in.MerchantID, in.ConnectionID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return Store{}, posta.Invalid("connection_id", "unknown")
	}
	if err != nil {
		return Store{}, err
	}
	if in.Mode != "" && in.Mode != mode {
		return Store{}, &posta.Error{Code: posta.CodeModeMismatch}
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.StoreID](now)
	}
	st := Store{ID: in.ID, MerchantID: in.MerchantID, Mode: mode, ConnectionID: in.ConnectionID, Name: in.Name,
		Address: in.Address, CloseAt: in.CloseAt, CreatedAt: now, UpdatedAt: now}
	if st.CloseDueAt, err = s.nextClose(ctx, in.MerchantID, in.CloseAt); err != nil {
		return Store{}, err
	}
	err = s.Keeper.InsertStore(ctx, st)
	if posta.ErrorCode(err) == posta.CodeConflict {
		there, found := s.Keeper.Store(ctx, in.MerchantID, in.ID)
		if found != nil {
			return Store{}, err
		}
		if there.ProviderRef != "" || !there.RemovedAt.IsZero() {
			return there, nil
		}
		st, err = there, nil
	}
	if err != nil {
		return Store{}, err
	}
	return s.putStore(ctx, st)
}

// UpdateStore changes name, address and the hour of the scheduled close, here
// and then at the provider. Errors:
// as CreateStore, not_found. After an error of the provider's it has the old
// ones: ProvisionStore tries again.
func (s *Service) UpdateStore(ctx context.Context, in StoreInput) (Store, error) {
	st, err := s.inUse(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil {
		return Store{}, err
	}
	if err := in.check(); err != nil {
		return Store{}, err
	}
	if st.CloseAt != in.CloseAt {
		if st.CloseDueAt, err = s.nextClose(ctx, st.MerchantID, in.CloseAt); err != nil {
			return Store{}, err
		}
	}
	st.Name, st.Address, st.CloseAt, st.UpdatedAt = in.Name, in.Address, in.CloseAt, s.Clock.Now()
	if err := s.Keeper.UpdateStore(ctx, st); err != nil {
		return Store{}, err
	}
	return s.putStore(ctx, st)
}

// ProvisionStore tells the provider of a store as it stands; it may be repeated.
// Errors: not_found, the connector's.
func (s *Service) ProvisionStore(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) (Store, error) {
	st, err := s.inUse(ctx, m, mode, id)
	if err != nil {
		return Store{}, err
	}
	return s.putStore(ctx, st)
}

// RemoveStore takes a store out of use, here and then at the provider. Errors:
// not_found; store_in_use with Params["tills"] and ["terminals"] while it has some; the
// connector's, after which removing again goes on.
func (s *Service) RemoveStore(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) (Store, error) {
	st, err := s.Store(ctx, m, mode, id)
	if err != nil {
		return Store{}, err
	}
	if st.RemovedAt.IsZero() {
		tills, err := s.Tills(ctx, m, st.Mode)
		if err != nil {
			return Store{}, err
		}
		var used int
		for _, t := range tills {
			if t.StoreID == id {
				used++
			}
		}
		terminals, err := s.Terminals(ctx, m, st.Mode)
		if err != nil {
			return Store{}, err
		}
		terminals = slices.DeleteFunc(terminals, func(t Terminal) bool { return t.StoreID != id })
		if used+len(terminals) > 0 {
			return Store{}, &posta.Error{Code: posta.CodeStoreInUse,
				Params: map[string]string{"tills": strconv.Itoa(used), "terminals": strconv.Itoa(len(terminals))}}
		}
		st.RemovedAt, st.CloseDueAt = s.Clock.Now(), time.Time{}
		st.UpdatedAt = st.RemovedAt
		if err := s.Keeper.UpdateStore(ctx, st); err != nil {
			return Store{}, err
		}
	}
	if st.ProviderRef == "" {
		return st, nil
	}
	p, ctx, cancel, err := s.reach(ctx, st.ConnectionID)
	if err != nil {
		return st, err
	}
	defer cancel()
	if p != nil {
		if err := p.DeleteStore(ctx, atProvider(st)); err != nil {
			return st, err
		}
	}
	st.ProviderRef, st.UpdatedAt = "", s.Clock.Now()
	return st, s.Keeper.UpdateStore(context.WithoutCancel(ctx), st)
}

// Store finds one, in use or not. Errors: not_found.
func (s *Service) Store(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) (Store, error) {
	st, err := s.Keeper.Store(ctx, m, id)
	if err == nil && mode != "" && st.Mode != mode {
		return Store{}, notFound()
	}
	return st, err
}

// Stores lists those in use.
func (s *Service) Stores(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Store, error) {
	all, err := s.Keeper.Stores(ctx, m, mode)
	var used []Store
	for _, st := range all {
		if st.RemovedAt.IsZero() {
			used = append(used, st)
		}
	}
	return used, err
}

func (s *Service) inUse(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) (Store, error) {
	st, err := s.Store(ctx, m, mode, id)
	if err == nil && !st.RemovedAt.IsZero() {
		return Store{}, notFound()
	}
	return st, err
}

// putStore tells the provider of the store and notes its id there.
func (s *Service) putStore(ctx context.Context, st Store) (Store, error) {
	p, ctx, cancel, err := s.reach(ctx, st.ConnectionID)
	if err != nil {
		return st, err
	}
	defer cancel()
	if p == nil {
		return st, nil
	}
	ref, err := p.PutStore(ctx, atProvider(st))
	if err != nil || ref == st.ProviderRef {
		return st, err
	}
	// Somebody may have changed the rest meanwhile.
	ctx = context.WithoutCancel(ctx)
	st, err = s.Keeper.Store(ctx, st.MerchantID, st.ID)
	if err != nil {
		return st, err
	}
	st.ProviderRef, st.UpdatedAt = ref, s.Clock.Now()
	return st, s.Keeper.UpdateStore(ctx, st)
}

func atProvider(st Store) provider.Store {
	a := st.Address
	return provider.Store{Ref: st.ProviderRef, Code: posta.Alphanumeric(st.ID), Name: st.Name, Street: a.Street,
		Number: a.Number, City: a.City, State: a.State, Latitude: a.Latitude, Longitude: a.Longitude, Reference: a.Reference}
}
