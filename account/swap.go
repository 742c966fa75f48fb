package account

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Swap is the change from one set of credentials to another. Until To calls are
// made with the new ones and notices signed with either are accepted; then the
// earlier ones are erased.
type Swap struct {
	From, To time.Time
	By       string // "user:…"
	Sealed   []byte // the earlier credentials
}

// Running reports whether both sets are accepted at now.
func (w Swap) Running(now time.Time) bool { return now.Before(w.To) }

// The bounds of how long a swap lasts.
const (
	MinSwap = time.Hour
	MaxSwap = 30 * 24 * time.Hour
)

// replaced are credentials that a swap replaced, as they are sealed.
type replaced struct {
	Config      map[string]string `json:"config"`
	Secrets     map[string]string `json:"secrets"`
	Application string            `json:"application"`
	CheckedAt   time.Time         `json:"checked_at"`
	Grant       Grant             `json:"grant,omitzero"`
}

// previousName is what a connection's earlier credentials are sealed for.
func previousName(c Connection) string { return string(c.ID) + " previous" }

func (s *Service) unsealPrevious(c Connection) (out replaced, err error) {
	if len(c.Swap.Sealed) == 0 {
		return out, nil
	}
	plain, err := s.Box.Unseal(c.Swap.Sealed, previousName(c))
	if err != nil {
		return out, err
	}
	if json.Unmarshal(plain, &out) != nil {
		return out, fmt.Errorf("earlier secrets of %s are not readable", c.ID) // json's words would quote them
	}
	return out, nil
}

// BeginSwap asks the provider who new credentials belong to and, when they are
// the same account's, puts them in place of the connection's: calls are made
// with them at once, notices signed with either are accepted until the time
// given, 1 h to 30 days from now. fields are as in UpdateConnection; at least one
// secret must be new. Errors: invalid with fields until (out_of_range),
// config.NAME, config (unchanged); not_allowed_in_state while another swap runs;
// what Check says of the new credentials, conflict also with
// Params["application"] when they are of another application than the earlier ones.
func (s *Service) BeginSwap(ctx context.Context, m posta.MerchantID, id posta.ConnectionID, fields map[string]string, until time.Time, by string) (Connection, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	if err != nil {
		return Connection{}, err
	}
	merchant, err := s.Store.Merchant(ctx, m)
	if err != nil {
		return Connection{}, err
	}
	now := s.Clock.Now()
	if until.Before(now.Add(MinSwap)) || until.After(now.Add(MaxSwap)) {
		return Connection{}, posta.Invalid("until", "out_of_range")
	}
	if c.Swap.Running(now) {
		return Connection{}, &posta.Error{Code: posta.CodeState, Params: map[string]string{"until": c.Swap.To.Format(time.RFC3339)}}
	}
	secrets, err := s.unseal(c)
	if err != nil {
		return Connection{}, err
	}
	earlier, err := json.Marshal(replaced{Config: maps.Clone(c.Config), Secrets: maps.Clone(secrets), Application: c.Application, CheckedAt: c.CheckedAt, Grant: c.Grant})
	if err != nil {
		return Connection{}, err
	}
	next, before := c, maps.Clone(secrets)
	if err := s.fill(&next, ConnectionInput{Name: c.Name, RefundLate: c.RefundLate, Fields: fields}, secrets); err != nil {
		return Connection{}, err
	}
	if maps.Equal(before, secrets) {
		return Connection{}, posta.Invalid("config", "unchanged")
	}
	if retyped(before, secrets) {
		if err := s.typed(&next, secrets); err != nil {
			return Connection{}, err
		}
	}
	who, err := s.ask(ctx, next, secrets)
	if err == nil {
		err = fits(next, merchant, who)
	}
	if err == nil && c.Application != "" && who.Application != "" && c.Application != who.Application {
		err = &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"application": c.Application}}
	}
	if err != nil {
		return Connection{}, err
	}
	next.Account, next.Application, next.CheckedAt = who.ID, who.Application, s.Clock.Now()
	next.Swap = Swap{From: now, To: until.UTC().Truncate(time.Microsecond), By: by}
	if next.Swap.Sealed, err = s.Box.Seal(earlier, previousName(c)); err != nil {
		return Connection{}, err
	}
	return s.swapped(ctx, c, next)
}

// ask is Check for credentials that are not stored yet.
func (s *Service) ask(ctx context.Context, c Connection, secrets map[string]string) (provider.Account, error) {
	d, err := s.Provider(c.Provider)
	if err != nil {
		return provider.Account{}, err
	}
	connector, err := d.Open(s.config(d, c, secrets), s.client(c.ID), s.Clock)
	if err != nil {
		return provider.Account{}, underConfig(err)
	}
	ctx, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: c.ID, Operation: "check"}), checkLimit)
	defer cancel()
	who, err := connector.Check(ctx)
	return who, c.judged(err)
}

// UndoSwap returns to the earlier credentials while a swap runs; the new ones
// are erased. Errors: not_found; not_allowed_in_state when none runs.
func (s *Service) UndoSwap(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (Connection, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	if err != nil {
		return Connection{}, err
	}
	if !c.Swap.Running(s.Clock.Now()) {
		return Connection{}, &posta.Error{Code: posta.CodeState}
	}
	earlier, err := s.unsealPrevious(c)
	if err != nil {
		return Connection{}, err
	}
	next := c
	next.Config, next.Application, next.CheckedAt, next.Swap = earlier.Config, earlier.Application, earlier.CheckedAt, Swap{}
	next.Grant, next.LostAt, next.DueAt = earlier.Grant, time.Time{}, earlier.Grant.renewAt()
	if err := s.seal(&next, earlier.Secrets); err != nil {
		return Connection{}, err
	}
	return s.swapped(ctx, c, next)
}

// EndSwap erases the earlier credentials, also before the swap's time. Errors:
// not_found; not_allowed_in_state when there is no swap.
func (s *Service) EndSwap(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (Connection, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	if err != nil {
		return Connection{}, err
	}
	if c.Swap.To.IsZero() {
		return Connection{}, &posta.Error{Code: posta.CodeState}
	}
	next := c
	next.Swap = Swap{}
	return s.swapped(ctx, c, next)
}

// SweepSwaps erases earlier credentials whose swap has ended, and gives how
// many it erased. Errors: of the store; one connection's does not hold up the others.
func (s *Service) SweepSwaps(ctx context.Context) (int, error) {
	due, err := s.Store.ConnectionsSwapped(ctx, s.Clock.Now())
	ended := 0
	for _, c := range due {
		switch _, failed := s.EndSwap(ctx, c.MerchantID, c.ID); posta.ErrorCode(failed) {
		case "":
			ended++
		case posta.CodeConflict, posta.CodeState: // somebody else was there first
		default:
			err = failed
		}
	}
	return ended, err
}

// swapped saves what a swap made of a connection, unless it was changed since.
func (s *Service) swapped(ctx context.Context, was, next Connection) (Connection, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.replace(ctx, was, next)
}

// PreviousView shows which secrets a running swap replaced, by field name and
// without a secret: the end of each, as Hint has it.
func (s *Service) PreviousView(c Connection) (map[string]string, error) {
	earlier, err := s.unsealPrevious(c)
	if err != nil || !c.Swap.Running(s.Clock.Now()) {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(earlier.Secrets)) {
		if strings.TrimSpace(earlier.Secrets[name]) != "" {
			out[name] = Hint(earlier.Secrets[name])
		}
	}
	return out, nil
}
