package till

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"posta"
)

// ShiftInput asks to open a shift.
type ShiftInput struct {
	ID         posta.ShiftID // "" makes one up; given, it makes a repeat find the first
	MerchantID posta.MerchantID
	Mode       posta.Mode // of whoever asks
	TillID     posta.TillID
	By         string // the person's name, ≤ 100 characters
}

// OpenShift opens a shift at a till. With an ID that is there already it gives
// that one. Errors: invalid with field opened_by, not_found (no such till),
// conflict with Params["shift"] while another one is open there.
func (s *Service) OpenShift(ctx context.Context, in ShiftInput) (Shift, error) {
	by, err := person("opened_by", in.By)
	if err != nil {
		return Shift{}, err
	}
	t, err := s.tillInUse(ctx, in.MerchantID, in.Mode, in.TillID)
	if err != nil {
		return Shift{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.ShiftID](now)
	}
	sh := Shift{ID: in.ID, MerchantID: t.MerchantID, TillID: t.ID, OpenedBy: by, OpenedAt: now}
	err = s.Keeper.InsertShift(ctx, sh)
	if posta.ErrorCode(err) != posta.CodeConflict {
		return sh, err
	}
	if there, found := s.Keeper.Shift(ctx, in.MerchantID, in.ID); found == nil {
		return there, nil
	}
	if open, found := s.Keeper.OpenShift(ctx, in.MerchantID, in.TillID); found == nil {
		return Shift{}, &posta.Error{Code: posta.CodeShiftOpen, Params: map[string]string{"shift": string(open.ID)}, Cause: err}
	}
	return Shift{}, err
}

// CloseShift ends a shift and sums it up, from its opening until before now. One
// that is closed already stays as it is. Errors: invalid with field closed_by,
// not_found.
func (s *Service) CloseShift(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ShiftID, by string) (Shift, error) {
	by, err := person("closed_by", by)
	if err != nil {
		return Shift{}, err
	}
	sh, err := s.Shift(ctx, m, mode, id)
	if err != nil || !sh.ClosedAt.IsZero() {
		return sh, err
	}
	now := s.Clock.Now()
	sh.Report, err = s.report(ctx, m, sh.TillID, sh.OpenedAt, now)
	if err != nil {
		return Shift{}, err
	}
	sh.ClosedBy, sh.ClosedAt = by, now
	return sh, s.Keeper.UpdateShift(ctx, sh)
}

// Shift finds one. Errors: not_found.
func (s *Service) Shift(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ShiftID) (Shift, error) {
	sh, err := s.Keeper.Shift(ctx, m, id)
	if err != nil {
		return Shift{}, err
	}
	_, err = s.Till(ctx, m, mode, sh.TillID)
	return sh, err
}

// CurrentShift is the till's open shift. Errors: not_found if it has none.
func (s *Service) CurrentShift(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (Shift, error) {
	if _, err := s.Till(ctx, m, mode, id); err != nil {
		return Shift{}, err
	}
	return s.Keeper.OpenShift(ctx, m, id)
}

// Shifts lists the till's shifts, newest first. Errors: not_found.
func (s *Service) Shifts(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID, limit int) ([]Shift, error) {
	if _, err := s.Till(ctx, m, mode, id); err != nil {
		return nil, err
	}
	return s.Keeper.Shifts(ctx, m, id, limit)
}

// Report sums up what a till took from from until before to. Errors: not_found,
// invalid with field to when it is before from.
func (s *Service) Report(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID, from, to time.Time) (Report, error) {
	if _, err := s.Till(ctx, m, mode, id); err != nil {
		return Report{}, err
	}
	if to.Before(from) {
		return Report{}, posta.Invalid("to", "before_from")
	}
	return s.report(ctx, m, id, from.UTC(), to.UTC())
}

// Today sums up the till's day of loc that now is in, midnight to midnight.
// Errors: not_found.
func (s *Service) Today(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID, loc *time.Location) (Report, error) {
	now := s.Clock.Now().In(loc)
	return s.Report(ctx, m, mode, id, midnight(now, 0), midnight(now, 1))
}

// midnight is the first moment of the day that is days after t's. Where clocks
// go forward at midnight that is an hour later.
func midnight(t time.Time, days int) time.Time {
	noon := time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location())
	start := time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, t.Location())
	for start.Day() != noon.Day() {
		start = start.Add(time.Hour)
	}
	return start
}

func (s *Service) report(ctx context.Context, m posta.MerchantID, id posta.TillID, from, to time.Time) (Report, error) {
	currency, err := s.Currency(ctx, m)
	if err != nil {
		return Report{}, err
	}
	sales, err := s.Keeper.Sales(ctx, m, id, from, to)
	if err != nil {
		return Report{}, err
	}
	returns, err := s.Keeper.Returns(ctx, m, id, from, to)
	if err != nil {
		return Report{}, err
	}
	r := Sum(sales, returns)
	r.From, r.To, r.Currency = from, to, currency
	return r, nil
}

// Sum adds up sales and returns. Methods come with the largest sum first.
func Sum(sales []Sale, returns []Returned) Report {
	r := Report{Methods: []MethodSum{}}
	type way struct{ rail, method, brand string }
	index := map[way]int{}
	rails := map[string]*RailSum{}
	rail := func(name string) *RailSum {
		if rails[name] == nil {
			rails[name] = &RailSum{Rail: name}
		}
		return rails[name]
	}
	for _, sale := range sales {
		r.Declined += sale.Declined
		if sale.Captured <= 0 {
			switch sale.State {
			case "canceled", "expired", "failed":
				r.Canceled++
			}
			continue
		}
		by := rail(sale.Rail)
		by.Sales++
		by.Captured += sale.Captured
		r.Sales++
		r.Captured += sale.Captured
		for _, by := range sale.Methods {
			key := way{by.Rail, by.Method, by.Brand}
			at, ok := index[key]
			if !ok {
				at = len(r.Methods)
				index[key] = at
				r.Methods = append(r.Methods, MethodSum{Rail: by.Rail, Method: by.Method, Brand: by.Brand})
			}
			r.Methods[at].Count += by.Count
			r.Methods[at].Captured += by.Captured
		}
	}
	for _, back := range returns {
		by := rail(back.Rail)
		by.Refunds++
		by.Refunded += back.Amount
		r.Refunds++
		r.Refunded += back.Amount
	}
	slices.SortFunc(r.Methods, func(a, b MethodSum) int {
		return cmp.Or(cmp.Compare(b.Captured, a.Captured), cmp.Compare(a.Rail, b.Rail), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Brand, b.Brand))
	})
	for _, name := range slices.Sorted(maps.Keys(rails)) {
		r.Rails = append(r.Rails, *rails[name])
	}
	return r
}

// person checks the name of who does something.
func person(field, name string) (string, error) {
	var p posta.Problems
	name = strings.TrimSpace(name)
	line(&p, field, name, true, maxText)
	return name, p.Err()
}
