package mercadopago

import "errors"

// subscriptionState is what the simulator knows of plans, subscriptions and
// their invoices.
type subscriptionState struct {
	plans         map[string]*plan
	subscriptions map[string]*subscription
	invoices      map[int64]*invoice

	// Derived from the above.
	subscribers map[string][]*subscription // by plan
	invoicesOf  map[string][]*invoice      // by subscription
	invoiceOf   map[int64]*invoice         // by its latest payment
	dues        dues
}

func newSubscriptionState() subscriptionState {
	return subscriptionState{plans: map[string]*plan{}, subscriptions: map[string]*subscription{}, invoices: map[int64]*invoice{},
		subscribers: map[string][]*subscription{}, invoicesOf: map[string][]*invoice{}, invoiceOf: map[int64]*invoice{}}
}

func readSubscription(kind string, doc []byte) (document, error) {
	switch kind {
	case "plan":
		return pointer[plan](doc)
	case "subscription":
		return pointer[subscription](doc)
	case "invoice":
		return pointer[invoice](doc)
	}
	return nil, errors.New("unknown kind")
}
