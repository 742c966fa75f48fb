package mercadopago

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"unicode"
)

var (
	weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	clock24  = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

func number(s string) json.Number { return json.Number(s) }

// readStore reads a store's body into b, strictly: an unknown field, a wrong
// kind, an unknown place or a coordinate abroad is refused with the key that
// §2.1 lists. In an update a field may be left out.
func (c *call) readStore(b *store, create bool) *reply {
	bad := func(key, message string) *reply {
		r := c.fail(http.StatusBadRequest, key, message)
		return &r
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad("BAD_REQUEST", "The body is not a JSON object.")
	}
	if list := f.unknown("name", "external_id", "business_hours", "location"); len(list) > 0 {
		return bad("UNKNOWN_FIELD", "Unknown field: "+list[0])
	}
	if create || f.has("name") {
		name, ok := f.text("name")
		if !ok || name == "" || len(name) > 120 || !textual(name) {
			return bad("INVALID_NAME", "The name must be textual, without digits or special characters.")
		}
		b.Name = name
	}
	if f.has("external_id") {
		id, ok := f.text("external_id")
		if !ok || !alphanumeric(id) || len(id) > 60 {
			return bad("INVALID_EXTERNAL_ID", "The external_id must be alphanumeric, of 60 characters at most.")
		}
		for _, other := range c.sim.stores {
			if other.UserID == b.UserID && other.ID != b.ID && other.ExternalID == id {
				return bad("VALIDATION_ERROR", "The external_id is already in use.")
			}
		}
		b.ExternalID = id
	}
	if f.has("business_hours") {
		h, ok := f.object("business_hours")
		if !ok {
			return bad("INVALID_BUSINESS_HOURS", "business_hours must be an object.")
		}
		table, key, message := readHours(h)
		if key != "" {
			return bad(key, message)
		}
		b.Hours = table
	}
	if b.Hours == nil {
		b.Hours = map[string][]hours{}
	}
	if create || f.has("location") {
		l, ok := f.object("location")
		if !ok || l == nil {
			return bad("INVALID_LOCATION", "The location is required.")
		}
		if key, message := c.readLocation(l, b); key != "" {
			return bad(key, message)
		}
	}
	return nil
}

func readHours(h fields) (table map[string][]hours, key, message string) {
	table = map[string][]hours{}
	if list := h.unknown(weekdays...); len(list) > 0 {
		return nil, "INVALID_DAY", "Unknown day: " + list[0]
	}
	for _, day := range weekdays {
		ranges, ok := h.list(day)
		if !ok || len(ranges) > 4 {
			return nil, "INVALID_BUSINESS_HOURS", "A day takes an array of up to four ranges."
		}
		for _, r := range ranges {
			m, ok := r.(map[string]any)
			if !ok {
				return nil, "INVALID_BUSINESS_HOURS", "A range is an object with open and close."
			}
			from, ok1 := fields(m).text("open")
			to, ok2 := fields(m).text("close")
			if !ok1 || !ok2 || !clock24.MatchString(from) || !clock24.MatchString(to) || from >= to {
				return nil, "INVALID_BUSINESS_HOURS", "open and close are HH:MM, and open comes first."
			}
			table[day] = append(table[day], hours{from, to})
		}
	}
	return table, "", ""
}

func (c *call) readLocation(l fields, b *store) (key, message string) {
	if list := l.unknown("street_number", "street_name", "city_name", "state_name", "latitude", "longitude", "reference"); len(list) > 0 {
		return "UNKNOWN_FIELD", "Unknown field: location." + list[0]
	}
	for _, field := range []struct {
		name, key string
		into      *string
		required  bool
	}{
		{"street_name", "INVALID_STREET_NAME", &b.Street, true}, {"street_number", "INVALID_STREET_NUMBER", &b.Number, true},
		{"state_name", "INVALID_STATE_NAME", &b.State, true}, {"city_name", "INVALID_CITY_NAME", &b.City, true},
		{"reference", "INVALID_REFERENCE", &b.Reference, false},
	} {
		v, ok := l.text(field.name)
		if !ok || (field.required && v == "") {
			return field.key, fmt.Sprintf("location.%s must be a string.", field.name)
		}
		*field.into = v
	}
	switch field, valid := place(c.account.Site, b.State, b.City); field {
	case "state_name":
		return "INVALID_STATE_NAME", "The state is not valid. Valid states: " + valid
	case "city_name":
		return "INVALID_CITY_NAME", "The city is not valid for the state. Valid cities: " + valid
	}
	lat, ok1 := l.number("latitude")
	lon, ok2 := l.number("longitude")
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lon, 64)
	if !ok1 || !ok2 || err1 != nil || err2 != nil {
		return "INVALID_LOCATION", "latitude and longitude must be numbers."
	}
	if t := c.account.site(); y < t.South || y > t.North || x < t.West || x > t.East {
		return "BAD_REQUEST", "The coordinates are outside the site."
	}
	b.Latitude, b.Longitude = lat, lon
	return "", ""
}

// textual says whether a name has letters, spaces and the marks of ordinary
// writing only.
func textual(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) && !slices.Contains([]rune{' ', '.', ',', '\'', '-'}, r) {
			return false
		}
	}
	return true
}
