package settlement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Service closes batches, by hand and by the hour.
type Service struct {
	Store Store
	Open  provider.Opener
	Clock posta.Clock
	Log   *slog.Logger
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
}

const (
	callLimit = 10 * time.Second // how long a person waits for the provider
	// placeWait is how long after its birth the one call for a settlement may
	// still begin; placeLimit, how long after it that call can be under way.
	placeWait  = 5 * time.Second
	placeLimit = placeWait + callLimit
)

// Input asks for a batch close.
type Input struct {
	ID         posta.SettlementID // "" makes one up; given, it makes a repeat find the first
	MerchantID posta.MerchantID
	Mode       posta.Mode // of whoever asks
	TerminalID posta.TerminalID
	NoSlip     bool   // the terminal prints no slip of it
	By         string // "user:…", "key:…" or "schedule"
}

// Create asks a terminal to close its batch: the settlement is stored, then the
// provider asked, once. It comes back pending, unknown (the answer was lost: a
// person settles it by the slip) or failed (the provider refused); Posta goes on
// asking about one that is pending, and nobody can cancel it
// (docs/providers/prisma.md §8). Errors: invalid with field terminal_id (unknown,
// not_offered); terminal_busy with Params["payment"], ["refund"] or ["settlement"].
func (s *Service) Create(ctx context.Context, in Input) (Settlement, error) {
	if in.ID != "" {
		there, err := s.Store.Settlement(ctx, in.MerchantID, in.Mode, in.ID)
		if posta.ErrorCode(err) != posta.CodeNotFound {
			return there, err
		}
	}
	t, err := s.Store.SettlementTerminal(ctx, in.MerchantID, in.Mode, in.TerminalID)
	if posta.ErrorCode(err) == posta.CodeNotFound || err == nil && t.Removed {
		return Settlement{}, posta.Invalid("terminal_id", "unknown")
	}
	if err != nil {
		return Settlement{}, err
	}
	settler, err := s.settler(ctx, t.ConnectionID)
	if err != nil {
		return Settlement{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.SettlementID](now)
	}
	st := Settlement{ID: in.ID, MerchantID: t.MerchantID, Mode: t.Mode, ConnectionID: t.ConnectionID, StoreID: t.StoreID,
		TerminalID: t.ID, TerminalCode: t.Code, Currency: t.Currency, State: Created, AskedBy: in.By,
		CreatedAt: now, UpdatedAt: now, DueAt: now.Add(placeLimit)}
	last, err := s.Store.ClosedBefore(ctx, t.MerchantID, t.ConnectionID, t.Code, now)
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return Settlement{}, err
	}
	st.FromAt = last.ToAt
	err = s.Store.InsertSettlement(ctx, st, []posta.Event{s.event(in.By, "settlement.created", st)})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Settlement(ctx, in.MerchantID, in.Mode, in.ID)
	}
	if err != nil {
		return Settlement{}, err
	}
	s.Committed()
	return s.place(ctx, settler, st, !in.NoSlip)
}

// settler opens a connection that closes batches. Errors: invalid with field
// terminal_id.
func (s *Service) settler(ctx context.Context, id posta.ConnectionID) (provider.Settler, error) {
	connector, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	settler, ok := connector.(provider.Settler)
	if !ok || !connector.Capabilities(provider.RailTerminal).Terminal.Settlement {
		return nil, posta.Invalid("terminal_id", notOffered)
	}
	return settler, nil
}

// notOffered says that a terminal's provider closes no batches.
const notOffered = "not_offered"

func closesNone(err error) bool {
	var e *posta.Error
	return errors.As(err, &e) && len(e.Fields) == 1 && e.Fields[0].Code == notOffered
}

// place makes the one call for a settlement and notes what came of it.
func (s *Service) place(ctx context.Context, settler provider.Settler, st Settlement, print bool) (Settlement, error) {
	if s.Clock.Now().After(st.CreatedAt.Add(placeWait)) {
		return st, nil // storing it took long: the sweep says what is to be done
	}
	call, cancel := s.call(ctx, st, "settle")
	defer cancel()
	fact, err := settler.Settle(call, provider.Settlement{Terminal: st.TerminalCode, Print: print, Currency: st.Currency})
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		return s.told(ctx, st, fact)
	}
	s.Log.InfoContext(ctx, "settlement not asked for", "settlement", st.ID, "error", err)
	lost := posta.ErrorCode(err) == posta.CodeProviderUnavailable || posta.ErrorCode(err) == posta.CodeInternal
	return s.change(ctx, st, "", "", func(st *Settlement) error {
		switch {
		case st.State != Created:
		case lost:
			st.State, st.Attention, st.Detail, st.DueAt = Unknown, AttentionSlip, providerCode(err), time.Time{}
		default:
			st.State, st.Detail, st.DueAt = Failed, providerCode(err), time.Time{}
		}
		return nil
	})
}

func (s *Service) call(ctx context.Context, st Settlement, operation string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	return outbound.WithTag(ctx, outbound.Tag{ConnectionID: st.ConnectionID, Operation: operation}), cancel
}

// AllInput asks for a batch close of every terminal of a store.
type AllInput struct {
	Key        string // a ULID; a repeat with the same finds the first ones; "" makes one up
	MerchantID posta.MerchantID
	Mode       posta.Mode
	StoreID    posta.StoreID
	By         string
}

// Outcome is what became of one terminal of several.
type Outcome struct {
	Terminal   Terminal
	Settlement Settlement // none with an error
	Err        error      // as Create's
}

// CreateAll asks every terminal in use of a store whose provider closes batches
// to do so, all at the same time. Errors: not_found (no such store in use).
func (s *Service) CreateAll(ctx context.Context, in AllInput) ([]Outcome, error) {
	return s.createAll(ctx, in, func(Terminal, posta.SettlementID) (bool, error) { return true, nil })
}

func (s *Service) createAll(ctx context.Context, in AllInput, wanted func(Terminal, posta.SettlementID) (bool, error)) ([]Outcome, error) {
	terminals, err := s.Store.StoreTerminals(ctx, in.MerchantID, in.Mode, in.StoreID)
	if err != nil {
		return nil, err
	}
	if in.Key == "" {
		in.Key = posta.NewULID(s.Clock.Now())
	}
	key, err := ulid.ParseStrict(in.Key)
	if err != nil {
		return nil, posta.Invalid("key", "malformed")
	}
	outcomes := make([]Outcome, len(terminals))
	var all sync.WaitGroup
	for i, t := range terminals {
		all.Go(func() {
			out := &outcomes[i]
			id := derive(ulid.Time(key.Time()), in.Key+string(t.ID))
			if _, out.Err = s.settler(ctx, t.ConnectionID); closesNone(out.Err) {
				return
			}
			out.Terminal = t
			want := false
			if out.Err == nil {
				want, out.Err = wanted(t, id)
			}
			switch {
			case out.Err != nil:
			case !want:
				out.Terminal = Terminal{}
			default:
				out.Settlement, out.Err = s.Create(ctx, Input{ID: id, MerchantID: in.MerchantID, Mode: t.Mode, TerminalID: t.ID, By: in.By})
			}
		})
	}
	all.Wait()
	return slices.DeleteFunc(outcomes, func(o Outcome) bool { return o.Terminal.ID == "" }), nil
}

// derive makes the identifier that a moment and a text always give.
func derive(at time.Time, text string) posta.SettlementID {
	sum := sha256.Sum256([]byte(text))
	return posta.IDFrom[posta.SettlementID](ulid.MustNew(ulid.Timestamp(at), bytes.NewReader(sum[:])).String())
}

// Get finds a settlement. Errors: not_found.
func (s *Service) Get(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID) (Settlement, error) {
	return s.Store.Settlement(ctx, m, mode, id)
}

// List lists settlements, newest first. Errors: invalid with fields state,
// store_id, terminal_id.
func (s *Service) List(ctx context.Context, f Filter) ([]Settlement, error) {
	var p posta.Problems
	p.Add(f.State != "" && !slices.Contains(States, f.State), "state", "unknown")
	_, store := posta.ParseID[posta.StoreID](string(f.StoreID))
	p.Add(f.StoreID != "" && store != nil, "store_id", "malformed")
	_, terminal := posta.ParseID[posta.TerminalID](string(f.TerminalID))
	p.Add(f.TerminalID != "" && terminal != nil, "terminal_id", "malformed")
	if err := p.Err(); err != nil {
		return nil, err
	}
	return s.Store.ListSettlements(ctx, f)
}
