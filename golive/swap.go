package golive

import (
	"context"
	"time"

	"posta"
	"posta/account"
	"posta/project"
)

// BeginSwap puts new production credentials in the place of a live connection's:
// account.Service.BeginSwap, decided by a person and logged. Errors: forbidden,
// and as there.
func (s *Service) BeginSwap(ctx context.Context, a project.Actor, c posta.ConnectionID, fields map[string]string, until time.Time) (account.Connection, error) {
	return s.swap(ctx, a, c, "swap_begun", func(m posta.MerchantID) (account.Connection, error) {
		return s.Accounts.BeginSwap(ctx, m, c, fields, until, a.By())
	})
}

// UndoSwap returns to the earlier credentials while a swap runs. Errors:
// forbidden, and as account.Service.UndoSwap.
func (s *Service) UndoSwap(ctx context.Context, a project.Actor, c posta.ConnectionID) (account.Connection, error) {
	return s.swap(ctx, a, c, "swap_undone", func(m posta.MerchantID) (account.Connection, error) { return s.Accounts.UndoSwap(ctx, m, c) })
}

// EndSwap erases the earlier credentials before the swap's time. Errors:
// forbidden, and as account.Service.EndSwap.
func (s *Service) EndSwap(ctx context.Context, a project.Actor, c posta.ConnectionID) (account.Connection, error) {
	return s.swap(ctx, a, c, "swap_ended", func(m posta.MerchantID) (account.Connection, error) { return s.Accounts.EndSwap(ctx, m, c) })
}

func (s *Service) swap(ctx context.Context, a project.Actor, c posta.ConnectionID, kind string, do func(posta.MerchantID) (account.Connection, error)) (account.Connection, error) {
	v, err := s.decide(ctx, a, c)
	if err != nil {
		return account.Connection{}, err
	}
	made, err := do(v.Gate.MerchantID)
	if err != nil {
		return account.Connection{}, err
	}
	_, err = s.change(ctx, a, v, func(*Gate) (string, told, error) {
		data := told{}
		if !made.Swap.To.IsZero() {
			data["until"] = made.Swap.To
		}
		return kind, data, nil
	})
	return made, err
}
