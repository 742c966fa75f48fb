package mercadopago

import (
	"encoding/base64"
	"fmt"
	"time"
)

// challenge is a 3DS question of the card's bank
// (docs/providers/mercadopago-online.md §2.3).
type challenge struct {
	ID      string
	Request string // creq
}

// Challenge3DS are the first six and last four digits of the cards for which
// the bank asks where 3DS is optional; it never believes the second one.
var Challenge3DS = [2][2]string{{"548392", "4623"}, {"536195", "7557"}}

// challenged says whether the bank asks the buyer: always where 3DS is
// mandatory, for two cards where it is optional.
func (r *paymentRequest) challenged(d *heldCard) bool {
	if r.ThreeDS == "optional" {
		for _, face := range Challenge3DS {
			if d.First == face[0] && d.Last == face[1] {
				return true
			}
		}
	}
	return r.ThreeDS == "mandatory"
}

func (s *Simulator) openChallenge(p *payment, now time.Time) {
	id := newUUID()
	p.Status, p.Detail = pending, "pending_challenge"
	p.Online.Expires = now.Add(challengeLife)
	p.Online.Challenge = &challenge{ID: id, Request: base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil,
		`{"threeDSServerTransID":%q,"acsTransID":%q,"messageVersion":"2.2.0","messageType":"CReq","challengeWindowSize":"03"}`, id, newUUID()))}
}

// answerChallenge ends the question: the money is taken, or the card declined.
func (s *Simulator) answerChallenge(p *payment, passed bool, now time.Time) {
	d := p.Online.Card
	if passed && (d.First != Challenge3DS[1][0] || d.Last != Challenge3DS[1][1]) {
		s.grant(p, now)
	} else {
		p.Online.Expires = time.Time{}
		p.Status, p.Detail = rejected, "cc_rejected_3ds_challenge"
	}
	s.move(p, now)
}

func (s *Simulator) challengeAddress(p *payment) string {
	return s.cfg.PublicURL + "/3ds/" + p.Online.Challenge.ID
}
