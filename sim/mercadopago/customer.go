package mercadopago

import "time"

// customer is who a seller keeps cards for (docs/providers/mercadopago-online.md §2.6).
type customer struct {
	ID             string
	UserID         int64
	Email          string
	FirstName      string
	LastName       string
	Description    string
	Phone          object
	Address        object
	Identification identification
	Metadata       object
	DefaultCard    string
	DefaultAddress string
	Registered     string
	Test           bool
	Created        time.Time
	Updated        time.Time
}

func (k *customer) key() (string, string) { return "customer", k.ID }
func (k *customer) index(st *state)       { st.customers[k.ID] = k }
