package subscription

// What tests of the calendar look at.
var (
	StartOf  = Plan.start
	PeriodOf = Plan.period
	PriceOf  = Plan.price
)
