package posta

// Page asks for a part of a list, newest first.
type Page struct {
	Limit int    // 1 to 100; 0 means 25
	After string // id of the last one already seen; "" starts at the newest
}

// Size is the limit within its bounds.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return 25
	case p.Limit > 100:
		return 100
	}
	return p.Limit
}
