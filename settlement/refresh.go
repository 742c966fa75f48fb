package settlement

import (
	"context"

	"posta"
	"posta/provider"
)

// Refresh asks the provider about a batch close, whatever its state, and takes
// in what it says of one that is not final: for whoever wants proof that is
// fresh. One that the provider has no name for comes back as it is. Errors:
// not_found; as of provider.Settler.Settlement.
func (s *Service) Refresh(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID) (Settlement, error) {
	st, err := s.Store.Settlement(ctx, m, mode, id)
	if err != nil || st.ProviderID == "" {
		return st, err
	}
	settler, err := s.settler(ctx, st.ConnectionID)
	if err != nil {
		return st, err
	}
	call, cancel := s.call(ctx, st, "settlement")
	defer cancel()
	fact, err := settler.Settlement(call, provider.Settlement{ID: st.ProviderID, Terminal: st.TerminalCode, Print: true, Currency: st.Currency})
	if err != nil {
		return st, err
	}
	return s.told(ctx, st, fact)
}
