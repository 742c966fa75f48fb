package web

import "posta/page"

// challengePart follows a session's address: the question that a card's bank
// asks (3DS), framed.
const challengePart = "/challenge"

// challengeData is what the page of the bank's question shows.
type challengeData struct {
	*purchase
	Position int64 // where the page's events begin
}

// Address is the bank's, where Request is posted to.
func (d challengeData) Address() string { return d.Payment.Next.URL }

// Request is the creq of 3DS.
func (d challengeData) Request() string { return d.Payment.Next.Challenge }

// buyChallenge shows the bank's question while it is to be answered. What came of
// it the provider is asked: the bank's frame only says that it is done.
func (s *server) buyChallenge(p *purchase) error {
	if p.stage() != atChallenge {
		return p.redirect(p.URL())
	}
	page.ChallengePolicy(p.w.Header(), p.Payment.Next.URL)
	return p.render("buy-challenge", challengeData{p, p.livePosition()})
}
