package till

import (
	"context"
	"strings"

	"posta"
	"posta/provider"
)

// Input asks for a till, or for what it should become.
type Input struct {
	ID         posta.TillID // "" when creating makes one up; given, it makes a repeat go on with the first
	MerchantID posta.MerchantID
	Mode       posta.Mode    // of whoever asks
	StoreID    posta.StoreID // fixed once created
	Name       string        // ≤ 44 characters
}

func (in *Input) check() error {
	var p posta.Problems
	in.Name = strings.TrimSpace(in.Name)
	line(&p, "name", in.Name, true, maxTillName)
	return p.Err()
}

// CreateTill keeps a till and then tells the provider of it, and of its store if
// it does not know that yet. Called again with the same ID it goes on where the
// first call stopped. Errors: invalid with fields name, store_id; an error of
// the provider's comes with the stored till, whose ProviderRef is "":
// ProvisionTill tries again.
func (s *Service) CreateTill(ctx context.Context, in Input) (Till, error) {
	if err := in.check(); err != nil {
		return Till{}, err
	}
	st, err := s.inUse(ctx, in.MerchantID, in.Mode, in.StoreID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return Till{}, posta.Invalid("store_id", "unknown")
	}
	if err != nil {
		return Till{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.TillID](now)
	}
	t := Till{ID: in.ID, MerchantID: in.MerchantID, Mode: st.Mode, StoreID: st.ID, ConnectionID: st.ConnectionID,
		Name: in.Name, CreatedAt: now, UpdatedAt: now}
	err = s.Keeper.InsertTill(ctx, t)
	if posta.ErrorCode(err) == posta.CodeConflict {
		there, found := s.Keeper.Till(ctx, in.MerchantID, in.ID)
		if found != nil {
			return Till{}, err
		}
		if there.ProviderRef != "" || !there.RemovedAt.IsZero() {
			return there, nil
		}
		t, err = there, nil
	}
	if err != nil {
		return Till{}, err
	}
	return s.putTill(ctx, t)
}

// UpdateTill changes the name, here and then at the provider. Errors: invalid
// with field name, not_found, the connector's.
func (s *Service) UpdateTill(ctx context.Context, in Input) (Till, error) {
	t, err := s.tillInUse(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil {
		return Till{}, err
	}
	if err := in.check(); err != nil {
		return Till{}, err
	}
	t.Name, t.UpdatedAt = in.Name, s.Clock.Now()
	if err := s.Keeper.UpdateTill(ctx, t); err != nil {
		return Till{}, err
	}
	return s.putTill(ctx, t)
}

// ProvisionTill tells the provider of a till as it stands; it may be repeated.
// Errors: not_found, the connector's.
func (s *Service) ProvisionTill(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (Till, error) {
	t, err := s.tillInUse(ctx, m, mode, id)
	if err != nil {
		return Till{}, err
	}
	return s.putTill(ctx, t)
}

// RemoveTill takes a till out of use, here and then at the provider. Errors:
// not_found; till_busy while a payment is open there; the connector's, after
// which removing again goes on.
func (s *Service) RemoveTill(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (Till, error) {
	t, err := s.Till(ctx, m, mode, id)
	if err != nil {
		return Till{}, err
	}
	if t.RemovedAt.IsZero() {
		if t, err = s.retire(ctx, t); err != nil {
			return Till{}, err
		}
	}
	if t.ProviderRef == "" {
		return t, nil
	}
	p, ctx, cancel, err := s.reach(ctx, t.ConnectionID)
	if err != nil {
		return t, err
	}
	defer cancel()
	if p != nil {
		there, err := s.atProvider(ctx, t)
		if err != nil {
			return t, err
		}
		if err := p.DeleteTill(ctx, there); err != nil {
			return t, err
		}
	}
	t.ProviderRef, t.QR, t.Image, t.UpdatedAt = "", "", "", s.Clock.Now()
	return t, s.Keeper.UpdateTill(context.WithoutCancel(ctx), t)
}

// retire marks the till removed, unless a payment is open there. It looks again
// once no new payment can start: one may have slipped in between.
func (s *Service) retire(ctx context.Context, t Till) (Till, error) {
	busy := func() error {
		open, err := s.Busy(ctx, t.MerchantID, t.ID)
		if err == nil && open {
			err = &posta.Error{Code: posta.CodeTillBusy}
		}
		return err
	}
	if err := busy(); err != nil {
		return t, err
	}
	was := t
	t.RemovedAt = s.Clock.Now()
	t.UpdatedAt = t.RemovedAt
	if err := s.Keeper.UpdateTill(ctx, t); err != nil {
		return t, err
	}
	if err := busy(); err != nil {
		if back := s.Keeper.UpdateTill(context.WithoutCancel(ctx), was); back != nil {
			return t, back
		}
		return was, err
	}
	return t, nil
}

// Till finds one, in use or not. Errors: not_found.
func (s *Service) Till(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (Till, error) {
	t, err := s.Keeper.Till(ctx, m, id)
	if err == nil && mode != "" && t.Mode != mode {
		return Till{}, notFound()
	}
	return t, err
}

// Tills lists those in use.
func (s *Service) Tills(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Till, error) {
	all, err := s.Keeper.Tills(ctx, m, mode)
	var used []Till
	for _, t := range all {
		if t.RemovedAt.IsZero() {
			used = append(used, t)
		}
	}
	return used, err
}

// Poster downloads the provider's own printable poster of the till's QR.
// Errors: not_found (also when the provider has none), not_allowed_in_state
// while the provider does not know the till, the connector's.
func (s *Service) Poster(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (contentType string, body []byte, err error) {
	t, err := s.tillInUse(ctx, m, mode, id)
	if err != nil {
		return "", nil, err
	}
	p, ctx, cancel, err := s.reach(ctx, t.ConnectionID)
	if err != nil {
		return "", nil, err
	}
	defer cancel()
	if p == nil {
		return "", nil, notFound()
	}
	if t.ProviderRef == "" {
		return "", nil, &posta.Error{Code: posta.CodeState}
	}
	there, err := s.atProvider(ctx, t)
	if err != nil {
		return "", nil, err
	}
	return p.Poster(ctx, there)
}

func (s *Service) tillInUse(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (Till, error) {
	t, err := s.Till(ctx, m, mode, id)
	if err == nil && !t.RemovedAt.IsZero() {
		return Till{}, notFound()
	}
	return t, err
}

// putTill tells the provider of the till, of its store first if need be, and
// notes what it answered.
func (s *Service) putTill(ctx context.Context, t Till) (Till, error) {
	p, call, cancel, err := s.reach(ctx, t.ConnectionID)
	if err != nil {
		return t, err
	}
	defer cancel()
	if p == nil {
		return t, nil
	}
	there, err := s.atProvider(ctx, t)
	if err == nil && there.StoreRef == "" {
		if _, err = s.ProvisionStore(ctx, t.MerchantID, t.Mode, t.StoreID); err == nil {
			there, err = s.atProvider(ctx, t)
		}
	}
	if err != nil {
		return t, err
	}
	place, err := p.PutTill(call, there)
	if err != nil {
		return t, err
	}
	// Somebody may have changed the rest meanwhile.
	call = context.WithoutCancel(call)
	t, err = s.Keeper.Till(call, t.MerchantID, t.ID)
	if err != nil {
		return t, err
	}
	if place.Ref == t.ProviderRef && place.QR == t.QR && place.Image == t.Image {
		return t, nil
	}
	t.ProviderRef, t.QR, t.Image, t.UpdatedAt = place.Ref, place.QR, place.Image, s.Clock.Now()
	return t, s.Keeper.UpdateTill(call, t)
}

func (s *Service) atProvider(ctx context.Context, t Till) (provider.Till, error) {
	st, err := s.Keeper.Store(ctx, t.MerchantID, t.StoreID)
	return provider.Till{Ref: t.ProviderRef, Code: posta.Alphanumeric(t.ID), StoreRef: st.ProviderRef,
		StoreCode: posta.Alphanumeric(t.StoreID), Name: t.Name}, err
}
