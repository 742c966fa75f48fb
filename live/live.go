// Package live gives events their positions and fans them out to open pages.
package live

import (
	"context"

	"posta"
)

// Store keeps events.
type Store interface {
	// PositionEvents gives positions to committed events that have none, in one
	// place at a time, and reports how many it gave.
	PositionEvents(ctx context.Context) (int, error)
	// EventsAfter lists events of all merchants from after a position, oldest first.
	EventsAfter(ctx context.Context, position int64, limit int) ([]posta.Event, error)
	// MerchantEvents lists a merchant's events of a mode from after a position,
	// oldest first.
	MerchantEvents(ctx context.Context, m posta.MerchantID, mode posta.Mode, position int64, limit int) ([]posta.Event, error)
	// EventsAbout lists the events whose subject is id, and those of the refunds
	// of a payment, oldest first, positioned or not.
	EventsAbout(ctx context.Context, m posta.MerchantID, id posta.PaymentID) ([]posta.Event, error)
	// LastPosition is the highest position given.
	LastPosition(ctx context.Context) (int64, error)
}
