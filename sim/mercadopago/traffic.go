package mercadopago

import (
	"regexp"

	"posta/sim/journal"
)

// Exchange is a call, a notice or a buyer's deed, as the control panel lists
// it, secrets masked.
type Exchange = journal.Exchange

var secretish = regexp.MustCompile(`(?i)((?:access_token|refresh_token|client_secret|code_verifier)=|"(?:access_token|refresh_token|client_secret|code_verifier|secret|webhook_secret|card_number|security_code)"\s*:\s*"?|APP_USR-|TEST-|TG-)[^&",}\s]+`)

func mask(text string) string { return secretish.ReplaceAllString(text, "$1•••") }

// Traffic lists the latest exchanges after the given id, oldest first.
func (s *Simulator) Traffic(after int64) []Exchange { return s.traffic.Since(after) }
