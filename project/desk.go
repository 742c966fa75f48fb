package project

import (
	"time"

	"posta"
)

// Desk is how a merchant's integration desk works.
type Desk struct {
	MerchantID posta.MerchantID
	Team       Address // in copy of every message, with the project manager
	Capacity   int     // most active projects of one person
	// BusinessHours counts response time in working hours of the country only.
	BusinessHours bool
	OpensAt       string // "09:00"
	ClosesAt      string // "18:00"
	WarnPercent   int    // of a clock's time, when it warns
	SilentWeeks   int    // weekly checks without an answer that send a project back
	UpdatedAt     time.Time
}

// DefaultDesk is how a desk works before anybody changed it. That clocks run in
// plain hours is ours: the process does not say.
func DefaultDesk(m posta.MerchantID) Desk {
	return Desk{MerchantID: m, Capacity: 10, OpensAt: "09:00", ClosesAt: "18:00", WarnPercent: 75, SilentWeeks: 2}
}

// Card is a project as the board shows it.
type Card struct {
	ID         posta.ProjectID
	Name       string
	Client     string
	Product    string
	Template   Ref
	Stage      Stage
	StageAt    time.Time
	People     People
	NextAt     time.Time // kickoff, meeting, production date or weekly check, the nearest to come
	NextKind   string    // "kickoff", "meeting", "golive", "follow_up"
	LimitAt    time.Time // when the earliest open clock breaches, or did
	Questions  int       // open ones
	Silence    int
	WaitingAt  time.Time
	LastMailAt time.Time
}

// Filter chooses cards. Zero fields do not choose.
type Filter struct {
	MerchantID posta.MerchantID
	Stage      Stage
	Person     posta.UserID // in any of the roles
	Product    string
	Late       bool      // a clock has breached
	Silent     bool      // one weekly check or more unanswered
	Search     string    // name, client, tax id, contact's address, id
	Closed     bool      // handed off ones too, which the board leaves out after 30 days
	Now        time.Time // that Late and Closed go by
}

// Response is how soon the desk answered, of one phase.
type Response struct {
	Phase    Phase
	Answered int
	Breached int           // answered late, or open and late
	Open     int           // open ones
	Mean     time.Duration // of the answered ones
}
