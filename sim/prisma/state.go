package prisma

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"posta/sim/journal"
)

// state is everything the simulator knows, guarded by Simulator.mu. Each
// document is put (marked for the file) after it was changed.
type state struct {
	switches Switches
	count    counters

	accounts map[string]*Account // by public key
	tokens   map[string]*token
	devices  map[string]*device // by terminal id
	intents  map[string]*intent
	auths    map[int64]*Authorization
	refunds  map[int64]*RefundEntry
	batches  map[string]*Batch

	// What is looked up or due, derived from the above.
	open       map[string]*intent // not at their end
	reversalOf map[string]*intent // newest by payment id
	authOf     map[string]*Authorization
	authsOn    map[string][]*Authorization // by terminal
	refundsOn  map[string][]*RefundEntry
}

// counters are the last numbers given.
type counters struct {
	Intent, Authorization, Refund, Draw int64
}

func newState(w Switches) state {
	return state{
		switches: w,
		accounts: map[string]*Account{}, tokens: map[string]*token{}, devices: map[string]*device{}, intents: map[string]*intent{},
		auths: map[int64]*Authorization{}, refunds: map[int64]*RefundEntry{}, batches: map[string]*Batch{},
		open: map[string]*intent{}, reversalOf: map[string]*intent{}, authOf: map[string]*Authorization{},
		authsOn: map[string][]*Authorization{}, refundsOn: map[string][]*RefundEntry{},
	}
}

// document is what can be put: it names itself and files itself under the
// indexes that it belongs to.
type document interface {
	key() (kind, id string)
	index(st *state)
}

func (w Switches) key() (string, string) { return "meta", "switches" }
func (w Switches) index(st *state)       { st.switches = w }
func (c counters) key() (string, string) { return "meta", "counters" }
func (c counters) index(st *state)       { st.count = c }

// put marks a document for the file. It must be called under the lock.
func (s *Simulator) put(d document) {
	kind, id := d.key()
	doc, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("sim/prisma: %s %s does not marshal: %v", kind, id, err))
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

// load reads the file.
func (s *Simulator) load() error {
	return s.file.Each(func(kind, id string, doc []byte) error {
		d, err := read(kind, id, doc)
		if err != nil {
			return fmt.Errorf("sim/prisma: %s %s in the file: %w", kind, id, err)
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
	case "token":
		return pointer[token](doc)
	case "device":
		return pointer[device](doc)
	case "intent":
		return pointer[intent](doc)
	case "authorization":
		return pointer[Authorization](doc)
	case "refund":
		return pointer[RefundEntry](doc)
	case "batch":
		return pointer[Batch](doc)
	}
	return nil, fmt.Errorf("unknown kind")
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

// sorted gives the values of a map in the order of its keys.
func sorted[K interface{ ~string | ~int64 }, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}

// once appends v unless it is there.
func once[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// buenosAires is where the terminals stand.
var buenosAires = time.FixedZone("-03:00", -3*3600)

// date writes a time as answers do: the sample's form without a zone, in
// Argentine time (docs/providers/prisma.md §15, inferred).
func (s *Simulator) date(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case s.switches.DatesWithZone:
		return t.In(buenosAires).Format("2006-01-02T15:04:05.000-07:00")
	}
	return t.In(buenosAires).Format("2006-01-02T15:04:05")
}
