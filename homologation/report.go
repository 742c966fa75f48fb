package homologation

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"time"

	"posta"
	"posta/project"
)

// Report says what was proven, signed by this hub. Its JSON is what the
// signature is of; the pages and the PDF show the same.
type Report struct {
	Made      time.Time       `json:"made"`
	By        string          `json:"by"`
	Project   posta.ProjectID `json:"project"`
	Name      string          `json:"name"`
	Client    string          `json:"client"`
	Product   string          `json:"product"`
	Cases     []ReportCase    `json:"cases"`
	Passed    bool            `json:"passed"`
	Reason    string          `json:"reason,omitempty"` // why it has not
	Signature string          `json:"-"`                // base64
}

// ReportCase is one case of a Report.
type ReportCase struct {
	Key        string           `json:"key"`
	Number     string           `json:"number"`
	Title      project.Words    `json:"title"`
	Optional   bool             `json:"optional,omitempty"`
	Verdict    Verdict          `json:"verdict"` // "" for one without evidence
	Evidence   posta.EvidenceID `json:"evidence,omitempty"`
	Subject    string           `json:"subject,omitempty"`
	ProviderID string           `json:"provider_id,omitempty"`
	Findings   []Finding        `json:"findings,omitempty"`
	SHA256     string           `json:"sha256,omitempty"`
	At         time.Time        `json:"at,omitzero"`
	By         string           `json:"by,omitempty"`
}

// Report makes the signed report of what stands now. Errors: not_found, forbidden.
func (s *Service) Report(ctx context.Context, actor project.Actor, id posta.ProjectID) (Report, error) {
	o, err := s.Overview(ctx, actor, id)
	if err != nil {
		return Report{}, err
	}
	p := o.Project
	r := Report{Made: s.Clock.Now(), By: actor.By(), Project: p.ID, Name: p.Name, Client: p.Client.Name, Product: p.Product,
		Passed: o.Standing.Met, Reason: o.Standing.Reason}
	for _, c := range o.Cases {
		line := ReportCase{Key: c.Case.Key, Number: c.Case.Number, Title: c.Case.Title, Optional: c.Case.Optional}
		if e := c.Evidence; e != nil {
			line.Verdict, line.Evidence, line.Subject, line.ProviderID = e.Verdict, e.ID, e.Subject(), e.ProviderID
			line.Findings, line.SHA256, line.At, line.By = e.Findings, e.SHA256, e.At, e.By
		}
		r.Cases = append(r.Cases, line)
	}
	r.Signature = base64.StdEncoding.EncodeToString(s.sign(r.JSON()))
	return r, nil
}

// JSON is the text that is signed.
func (r Report) JSON() []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // of our own types: a defect
	}
	return text
}

// sign marks a report's text with the sealing key, for nothing else than reports.
func (s *Service) sign(text []byte) []byte {
	return s.Box.Mark(append([]byte("posta homologation report\n"), text...))
}

// Verify reports whether this hub signed the text of a report so, byte for byte.
func (s *Service) Verify(text []byte, signature string) bool {
	mark, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && hmac.Equal(mark, s.sign(text))
}
