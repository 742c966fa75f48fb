package mercadopago

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"posta/sim/journal"
)

// state is everything the simulator knows, guarded by Simulator.mu. Each
// document is put (marked for the file) after it was changed.
type state struct {
	switches Switches
	count    counters

	accounts  map[int64]*Account
	tokens    map[string]*Account
	stores    map[int64]*store
	pos       map[int64]*pos
	legacy    map[string]*legacyOrder // pending ones only, by key
	merchant  map[int64]*merchantOrder
	payments  map[int64]*payment
	orders    map[string]*order
	saved     map[string]*saved
	notices   map[int64]*notice
	terminals map[string]*terminal // by user and id

	cardTokens      map[string]*cardToken
	customers       map[string]*customer
	customerCards   map[string]*customerCard
	awaiting        map[int64]*payment // online ones that time ends
	publicKeys      map[string]credential
	grants          map[string]*grant
	authCodes       map[string]*authCode
	chargebacks     map[string]*chargeback
	openChargebacks map[string]*chargeback // that wait for evidence

	preferences  map[string]*preference
	applications map[string]*Application // by user and id

	subscriptionState

	// What is looked up or due, derived from the above.
	merchantByRef   map[string][]*merchantOrder
	paymentByRef    map[string][]*payment
	orderByRef      map[string][]*order
	preferenceByRef map[string][]*preference
	openMerchant    map[int64]*merchantOrder
	openOrder       map[string]*order
	openPoint       map[string]*order // of type point, and those with an event to come
	late            map[int64]*payment
	refunding       map[int64]*payment
	pending         map[int64]*notice
}

// counters are the last ids given.
type counters struct {
	Store, POS, Merchant, Payment, Refund, Notice, Event, Application int64
	Subscription, SubscriptionCard, Invoice                           int64
}

func newState(sw Switches) state {
	return state{
		switches: sw,
		count: counters{Store: 1_234_566, POS: 2_711_381, Merchant: 36_678_944_359, Payment: 138_472_432_030,
			Refund: 1_622_029_221, Event: 118_000_000_000, Invoice: 7_010_000_000},
		subscriptionState: newSubscriptionState(),
		accounts:          map[int64]*Account{}, tokens: map[string]*Account{}, stores: map[int64]*store{}, pos: map[int64]*pos{},
		cardTokens: map[string]*cardToken{}, customers: map[string]*customer{}, customerCards: map[string]*customerCard{}, awaiting: map[int64]*payment{}, publicKeys: map[string]credential{}, grants: map[string]*grant{}, authCodes: map[string]*authCode{}, chargebacks: map[string]*chargeback{}, openChargebacks: map[string]*chargeback{},
		legacy: map[string]*legacyOrder{}, merchant: map[int64]*merchantOrder{}, payments: map[int64]*payment{},
		orders: map[string]*order{}, saved: map[string]*saved{}, notices: map[int64]*notice{}, terminals: map[string]*terminal{},
		preferences: map[string]*preference{}, applications: map[string]*Application{}, preferenceByRef: map[string][]*preference{},
		merchantByRef: map[string][]*merchantOrder{}, paymentByRef: map[string][]*payment{}, orderByRef: map[string][]*order{},
		openMerchant: map[int64]*merchantOrder{}, openOrder: map[string]*order{}, openPoint: map[string]*order{}, late: map[int64]*payment{}, refunding: map[int64]*payment{}, pending: map[int64]*notice{},
	}
}

// document is what can be put: it names itself and files itself under the
// indexes that it belongs to.
type document interface {
	key() (kind, id string)
	index(st *state)
}

// put marks a document for the file. It must be called under the lock.
func (s *Simulator) put(d document) {
	kind, id := d.key()
	doc, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("sim/mercadopago: %s %s does not marshal: %v", kind, id, err))
	}
	d.index(&s.state)
	s.dirty = append(s.dirty, journal.Record{Kind: kind, ID: id, Doc: doc})
}

// drop takes a document out of the file; the caller took it out of the maps.
func (s *Simulator) drop(d document) {
	kind, id := d.key()
	s.dirty = append(s.dirty, journal.Record{Kind: kind, ID: id})
}

func (s *Simulator) next(c *int64) int64 {
	*c++
	s.put(s.count)
	return *c
}

func (c counters) key() (string, string) { return "meta", "counters" }
func (c counters) index(st *state)       { st.count = c }

func (w Switches) key() (string, string) { return "meta", "switches" }
func (w Switches) index(st *state)       { st.switches = w }

func (s *Simulator) load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Each(func(kind, id string, doc []byte) error {
		d, err := read(kind, id, doc)
		if err != nil {
			return fmt.Errorf("sim/mercadopago: %s %s: %w", kind, id, err)
		}
		d.index(&s.state)
		return nil
	})
}

func read(kind, id string, doc []byte) (document, error) {
	switch kind {
	case "meta":
		if id == "counters" {
			return value[counters](doc)
		}
		return value[Switches](doc)
	case "account":
		return pointer[Account](doc)
	case "store":
		return pointer[store](doc)
	case "pos":
		return pointer[pos](doc)
	case "legacy":
		return pointer[legacyOrder](doc)
	case "merchant_order":
		return pointer[merchantOrder](doc)
	case "payment":
		return pointer[payment](doc)
	case "order":
		return pointer[order](doc)
	case "terminal":
		return pointer[terminal](doc)
	case "application":
		return pointer[Application](doc)
	case "preference":
		return pointer[preference](doc)
	case "saved":
		return pointer[saved](doc)
	case "chargeback":
		return pointer[chargeback](doc)
	case "auth_code":
		return pointer[authCode](doc)
	case "grant":
		return pointer[grant](doc)
	case "card_token":
		return pointer[cardToken](doc)
	case "customer":
		return pointer[customer](doc)
	case "customer_card":
		return pointer[customerCard](doc)
	case "notice":
		return pointer[notice](doc)
	}
	return readSubscription(kind, doc)
}

func value[T document](doc []byte) (document, error) {
	var v T
	err := json.Unmarshal(doc, &v)
	return v, err
}

func pointer[T any, P interface {
	*T
	document
}](doc []byte) (document, error) {
	p := P(new(T))
	err := json.Unmarshal(doc, p)
	return p, err
}

// file under an external reference, newest last, once.
func under[T comparable](m map[string][]T, ref string, v T) {
	for _, old := range m[ref] {
		if old == v {
			return
		}
	}
	m[ref] = append(m[ref], v)
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

var zone = time.FixedZone("-04:00", -4*3600)

// classicTime is how the classic APIs write a time (docs/providers/mercadopago.md §1).
func classicTime(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04:05.000-07:00") }

// utcTime is how stores, POS and orders write one.
func utcTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
