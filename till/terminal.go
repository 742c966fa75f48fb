package till

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// TerminalInput asks for a terminal, or for what it should become.
type TerminalInput struct {
	ID           posta.TerminalID // "" when creating makes one up; given, it makes a repeat find the first
	MerchantID   posta.MerchantID
	Mode         posta.Mode         // of whoever asks
	StoreID      posta.StoreID      // fixed once created
	ConnectionID posta.ConnectionID // fixed once created; need not be the store's
	Code         string             // fixed once created: the provider's own id, ≤ 60 characters
	Name         string             // ≤ 44 characters
	Tills        []posta.TillID     // those that charge on it; none means every till of the store
}

func (in *TerminalInput) check() error {
	var p posta.Problems
	in.Name = strings.TrimSpace(in.Name)
	line(&p, "name", in.Name, true, maxTillName)
	return p.Err()
}

func (in *TerminalInput) checkCode() error {
	var p posta.Problems
	in.Code = strings.TrimSpace(in.Code)
	line(&p, "code", in.Code, true, maxTerminalCode)
	p.Add(strings.ContainsFunc(in.Code, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsControl(r) }), "code", "malformed")
	return p.Err()
}

// CreateTerminal keeps a terminal. Called again with the same ID it finds the
// first. Errors: invalid with fields name, code, store_id, connection_id
// (unknown, or not_offered where it charges on no terminals), tills;
// mode_mismatch when the connection is not of the store's mode; conflict with
// Params["terminal"] while the code is in use on the connection.
func (s *Service) CreateTerminal(ctx context.Context, in TerminalInput) (Terminal, error) {
	if err := in.check(); err != nil {
		return Terminal{}, err
	}
	if err := in.checkCode(); err != nil {
		return Terminal{}, err
	}
	st, err := s.inUse(ctx, in.MerchantID, in.Mode, in.StoreID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return Terminal{}, posta.Invalid("store_id", "unknown")
	}
	if err != nil {
		return Terminal{}, err
	}
	if err := s.takesTerminals(ctx, in, st.Mode); err != nil {
		return Terminal{}, err
	}
	if in.Tills, err = s.tillsOf(ctx, st, in.Tills); err != nil {
		return Terminal{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.TerminalID](now)
	}
	t := Terminal{ID: in.ID, MerchantID: in.MerchantID, Mode: st.Mode, StoreID: st.ID, ConnectionID: in.ConnectionID, Code: in.Code,
		Name: in.Name, Tills: in.Tills, CreatedAt: now, UpdatedAt: now}
	err = s.Keeper.InsertTerminal(ctx, t)
	if posta.ErrorCode(err) != posta.CodeConflict {
		return t, err
	}
	if there, found := s.Keeper.Terminal(ctx, in.MerchantID, in.ID); found == nil {
		return there, nil
	}
	e := &posta.Error{Code: posta.CodeConflict, Cause: err}
	used, err := s.Terminals(ctx, in.MerchantID, st.Mode)
	for _, other := range used {
		if other.ConnectionID == in.ConnectionID && other.Code == in.Code {
			e.Params = map[string]string{"terminal": string(other.ID)}
		}
	}
	if err != nil {
		return Terminal{}, err
	}
	return Terminal{}, e
}

// takesTerminals refuses a connection that does not charge on terminals, or is
// of another mode.
func (s *Service) takesTerminals(ctx context.Context, in TerminalInput, mode posta.Mode) error {
	of, err := s.ConnectionMode(ctx, in.MerchantID, in.ConnectionID)
	switch {
	case posta.ErrorCode(err) == posta.CodeNotFound:
		return posta.Invalid("connection_id", "unknown")
	case err != nil:
		return err
	case of != mode:
		return &posta.Error{Code: posta.CodeModeMismatch}
	}
	connector, err := s.Open(ctx, in.ConnectionID)
	if err != nil {
		return err
	}
	if !connector.Capabilities(provider.RailTerminal).Offered {
		return posta.Invalid("connection_id", "not_offered")
	}
	return nil
}

// tillsOf refuses tills that are not in use in the store, and gives each once.
func (s *Service) tillsOf(ctx context.Context, st Store, ids []posta.TillID) ([]posta.TillID, error) {
	var out []posta.TillID
	for _, id := range ids {
		t, err := s.tillInUse(ctx, st.MerchantID, st.Mode, id)
		if posta.ErrorCode(err) == posta.CodeNotFound || err == nil && t.StoreID != st.ID {
			return nil, posta.Invalid("tills", "unknown")
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// UpdateTerminal changes the name and the tills. Errors: invalid with fields
// name, tills; not_found.
func (s *Service) UpdateTerminal(ctx context.Context, in TerminalInput) (Terminal, error) {
	t, err := s.terminalInUse(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil {
		return Terminal{}, err
	}
	if err := in.check(); err != nil {
		return Terminal{}, err
	}
	if t.Tills, err = s.tillsOf(ctx, Store{ID: t.StoreID, MerchantID: t.MerchantID, Mode: t.Mode}, in.Tills); err != nil {
		return Terminal{}, err
	}
	t.Name, t.UpdatedAt = in.Name, s.Clock.Now()
	return t, s.Keeper.UpdateTerminal(ctx, t)
}

// RemoveTerminal takes a terminal out of use; one that is stays so. Errors:
// not_found; terminal_busy with Params["payment"], ["refund"] or ["settlement"]
// while one is under way there.
func (s *Service) RemoveTerminal(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (Terminal, error) {
	t, err := s.Terminal(ctx, m, mode, id)
	if err != nil || !t.RemovedAt.IsZero() {
		return t, err
	}
	if err := s.idle(ctx, t); err != nil {
		return t, err
	}
	was := t
	t.RemovedAt = s.Clock.Now()
	t.UpdatedAt = t.RemovedAt
	if err := s.Keeper.UpdateTerminal(ctx, t); err != nil {
		return was, err
	}
	// Something may have slipped in between; nothing new can start now.
	if err := s.idle(ctx, t); err != nil {
		if back := s.Keeper.UpdateTerminal(context.WithoutCancel(ctx), was); back != nil {
			return t, back
		}
		return was, err
	}
	return t, nil
}

func (s *Service) idle(ctx context.Context, t Terminal) error {
	use, err := s.TerminalUse(ctx, t.MerchantID, t.ID)
	if err == nil && len(use) > 0 {
		err = &posta.Error{Code: posta.CodeTerminalBusy, Params: use}
	}
	return err
}

// Terminal finds one, in use or not. Errors: not_found.
func (s *Service) Terminal(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (Terminal, error) {
	t, err := s.Keeper.Terminal(ctx, m, id)
	if err == nil && mode != "" && t.Mode != mode {
		return Terminal{}, notFound()
	}
	return t, err
}

// Terminals lists those in use.
func (s *Service) Terminals(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Terminal, error) {
	all, err := s.Keeper.Terminals(ctx, m, mode)
	return slices.DeleteFunc(all, func(t Terminal) bool { return !t.RemovedAt.IsZero() }), err
}

// TerminalsOf lists those in use on which a till charges. Errors: not_found.
func (s *Service) TerminalsOf(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) ([]Terminal, error) {
	at, err := s.Till(ctx, m, mode, id)
	if err != nil {
		return nil, err
	}
	used, err := s.Terminals(ctx, m, at.Mode)
	return slices.DeleteFunc(used, func(t Terminal) bool { return t.StoreID != at.StoreID || !t.Serves(id) }), err
}

func (s *Service) terminalInUse(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (Terminal, error) {
	t, err := s.Terminal(ctx, m, mode, id)
	if err == nil && !t.RemovedAt.IsZero() {
		return Terminal{}, notFound()
	}
	return t, err
}

// Device is a terminal as the provider knows it, and which of ours it is.
type Device struct {
	provider.Device
	Terminal posta.TerminalID // in use with its id; "" if none
}

// Devices asks the provider which terminals it knows. Errors: not_found, invalid
// with field connection_id (not_offered) where it keeps no list; the connector's.
func (s *Service) Devices(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ConnectionID) ([]Device, error) {
	lister, ctx, cancel, err := s.devices(ctx, m, mode, id)
	if err != nil {
		return nil, err
	}
	defer cancel()
	known, err := lister.Devices(ctx)
	if err != nil {
		return nil, err
	}
	of, err := s.ConnectionMode(ctx, m, id)
	if err != nil {
		return nil, err
	}
	used, err := s.Terminals(ctx, m, of)
	var out []Device
	for _, d := range known {
		device := Device{Device: d}
		for _, t := range used {
			if t.ConnectionID == id && t.Code == d.ID {
				device.Terminal = t.ID
			}
		}
		out = append(out, device)
	}
	return out, err
}

// SetIntegrated has the provider's terminal take its charges from us, or work
// alone. Errors: as Devices.
func (s *Service) SetIntegrated(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ConnectionID, device string, integrated bool) error {
	lister, ctx, cancel, err := s.devices(ctx, m, mode, id)
	if err != nil {
		return err
	}
	defer cancel()
	return lister.SetIntegrated(ctx, device, integrated)
}

func (s *Service) devices(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ConnectionID) (provider.TerminalLister, context.Context, context.CancelFunc, error) {
	of, err := s.ConnectionMode(ctx, m, id)
	if err == nil && mode != "" && of != mode {
		err = notFound()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	connector, err := s.Open(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	lister, ok := connector.(provider.TerminalLister)
	if !ok || !connector.Capabilities(provider.RailTerminal).Terminal.Devices {
		return nil, nil, nil, posta.Invalid("connection_id", "not_offered")
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	return lister, outbound.WithTag(ctx, outbound.Tag{ConnectionID: id, Operation: "devices"}), cancel, nil
}
