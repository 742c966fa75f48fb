package mercadopago

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// store is a branch of a seller (docs/providers/mercadopago.md §2.1).
type store struct {
	ID         int64
	UserID     int64
	Name       string
	ExternalID string
	Hours      map[string][]hours
	Street     string
	Number     string
	City       string
	State      string
	Reference  string
	Latitude   string // as it came
	Longitude  string
	Created    time.Time
}

type hours struct {
	Open  string `json:"open"`
	Close string `json:"close"`
}

func (b *store) key() (string, string) { return "store", text(b.ID) }
func (b *store) index(st *state)       { st.stores[b.ID] = b }

// view is the store as it is answered; searches and gets spell the date
// another way than the create does.
func (b *store) view(date string) object {
	return object{"id": text(b.ID), "name": b.Name, date: utcTime(b.Created), "business_hours": b.Hours, "external_id": b.ExternalID,
		"location": object{"address_line": b.Street + ", " + b.Number + ", " + b.City + ", " + b.State + ".",
			"latitude": number(b.Latitude), "longitude": number(b.Longitude), "reference": b.Reference}}
}

func (c *call) created() int {
	if c.sim.switches.StoreCreated200 {
		return http.StatusOK
	}
	return http.StatusCreated
}

func createStore(c *call) reply {
	if !c.own() {
		return c.forbidden()
	}
	b := &store{UserID: c.account.UserID, Created: c.now}
	if bad := c.readStore(b, true); bad != nil {
		return *bad
	}
	b.ID = c.sim.next(&c.sim.count.Store)
	c.sim.put(b)
	return reply{status: c.created(), body: b.view("date_created")}
}

func searchStores(c *call) reply {
	if !c.own() {
		return c.forbidden()
	}
	offset, limit, bad := c.paging(30, 50)
	if bad != nil {
		return *bad
	}
	external := c.query("external_id")
	if external != "" && !alphanumeric(external) {
		return c.fail(http.StatusBadRequest, "INVALID_EXTERNAL_ID", "The external_id is invalid.")
	}
	var list []object
	for _, b := range sorted(c.sim.stores) {
		if b.UserID == c.account.UserID && (external == "" || b.ExternalID == external) {
			list = append(list, b.view("date_creation"))
		}
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(list), "offset": offset, "limit": limit}, "results": window(list, offset, limit)}}
}

// ownStore finds the store of the path that belongs to the token.
func (c *call) ownStore() (*store, *reply) {
	id, err := strconv.ParseInt(c.path("store"), 10, 64)
	if err != nil {
		r := c.fail(http.StatusBadRequest, "INVALID_STORE_ID", "The store id is invalid.")
		return nil, &r
	}
	b := c.sim.stores[id]
	if b == nil || b.UserID != c.account.UserID {
		r := c.fail(http.StatusNotFound, "STORE_NOT_FOUND", "Store not found.")
		return nil, &r
	}
	return b, nil
}

func getStore(c *call) reply {
	b, bad := c.ownStore()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: b.view("date_creation")}
}

func updateStore(c *call) reply {
	if !c.own() {
		return c.forbidden()
	}
	old, bad := c.ownStore()
	if bad != nil {
		return *bad
	}
	b := *old
	if bad := c.readStore(&b, false); bad != nil {
		return *bad
	}
	c.sim.put(&b)
	return reply{status: http.StatusOK, body: b.view("date_created")}
}

func deleteStore(c *call) reply {
	if !c.own() {
		return c.forbidden()
	}
	b, bad := c.ownStore()
	if bad != nil {
		return *bad
	}
	delete(c.sim.stores, b.ID)
	c.sim.drop(b)
	for _, p := range sorted(c.sim.pos) {
		if p.StoreID == b.ID {
			p.StoreID, p.ExternalStoreID = 0, ""
			c.sim.put(p)
		}
	}
	return reply{status: http.StatusOK, body: object{"id": text(b.ID)}}
}

// paging reads offset and limit.
func (c *call) paging(usual, most int) (offset, limit int, bad *reply) {
	var err error
	if offset, err = strconv.Atoi(cmp.Or(c.query("offset"), "0")); err != nil || offset < 0 {
		r := c.fail(http.StatusBadRequest, "INVALID_OFFSET", "The offset is invalid.")
		return 0, 0, &r
	}
	if limit, err = strconv.Atoi(cmp.Or(c.query("limit"), strconv.Itoa(usual))); err != nil || limit < 0 || limit > most {
		r := c.fail(http.StatusBadRequest, "INVALID_LIMIT", "The limit is invalid.")
		return 0, 0, &r
	}
	return offset, limit, nil
}

// window cuts a page out of a list, never nil.
func window[T any](list []T, offset, limit int) []T {
	if offset >= len(list) {
		return []T{}
	}
	return list[offset:min(offset+limit, len(list))]
}

// sorted lists a map's values by key.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	list := make([]V, len(keys))
	for i, k := range keys {
		list[i] = m[k]
	}
	return list
}

func alphanumeric(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
