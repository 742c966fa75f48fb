package payment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// Evidence is a file that was handed in, by whom, and whether the provider is
// known to have it. The file itself is the provider's.
type Evidence struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"` // bytes
	SHA256   string    `json:"sha256"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Received bool      `json:"received"` // false while the answer to our call is not known
}

// What can be evidence, docs/providers/mercadopago-online.md §2.9.
const (
	MaxEvidence     = 10 << 20 // bytes in all
	maxEvidenceFile = 20       // files in all
)

// checkEvidence holds files to what the provider takes; what a file is, its bytes tell.
func checkEvidence(files []provider.File, before []Evidence) error {
	var p posta.Problems
	p.Add(len(files) == 0, "files", "required")
	p.Add(len(files)+len(before) > maxEvidenceFile, "files", "too_many")
	size := 0
	for _, e := range before {
		size += int(e.Size)
	}
	for i := range files {
		size += len(files[i].Body)
		files[i].Name = strings.TrimSpace(files[i].Name)
		p.Add(files[i].Name == "" || utf8.RuneCountInString(files[i].Name) > 150 || strings.ContainsAny(files[i].Name, "/\\\"\r\n\x00"), "files", "name")
		p.Add(len(files[i].Body) == 0, "files", "empty")
		files[i].Type = http.DetectContentType(files[i].Body)
		switch files[i].Type {
		case "image/jpeg", "image/png", "application/pdf":
		default:
			p.Add(true, "files", "type")
		}
	}
	p.Add(size > MaxEvidence, "files", "too_large")
	return p.Err()
}

// SendEvidence hands files in against a chargeback: what is sent by whom is
// stored, then the provider asked. Where its answer is lost the files stay not
// known to be received, and nothing is sent again by itself. Errors: not_found,
// invalid with the field files (required, too_many, name, empty, type, too_large),
// not_allowed_in_state with Params["state"] (decided) or Params["reason"]
// "deadline"; the provider's.
func (s *Service) SendEvidence(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ChargebackID, files []provider.File, by string) (Chargeback, error) {
	c, err := s.Store.Chargeback(ctx, m, mode, id)
	if err != nil {
		return Chargeback{}, err
	}
	now := s.Clock.Now()
	record, err := s.Store.ChangePayment(ctx, c.PaymentID, func(r *Record) error {
		mine := r.findChargeback(id)
		switch {
		case mine == nil:
			return &posta.Error{Code: posta.CodeNotFound}
		case mine.State.Ended():
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(mine.State)}}
		case !mine.DeadlineAt.IsZero() && now.After(mine.DeadlineAt):
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(mine.State), "reason": "deadline"}}
		}
		if err := checkEvidence(files, mine.Evidence); err != nil {
			return err
		}
		for _, f := range files {
			sum := sha256.Sum256(f.Body)
			mine.Evidence = append(mine.Evidence, Evidence{Name: f.Name, Type: f.Type, Size: int64(len(f.Body)), SHA256: hex.EncodeToString(sum[:]), By: by, At: now})
		}
		mine.UpdatedAt = now
		return nil
	})
	if err != nil {
		return Chargeback{}, err
	}
	sent, err := s.handIn(ctx, record.Payment, c, files, by, now)
	if found, missing := s.Store.Chargeback(context.WithoutCancel(ctx), m, mode, id); missing == nil {
		sent = found
	}
	return sent, err
}

// handIn gives files to the provider and notes what it says.
func (s *Service) handIn(ctx context.Context, p Payment, c Chargeback, files []provider.File, by string, at time.Time) (Chargeback, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		return c, err
	}
	disputer, ok := connector.(provider.Disputer)
	if !ok {
		return c, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(c.State), "reason": "not_offered"}}
	}
	seen, err := disputer.SendEvidence(tag(ctx, p, "chargeback"), charge, c.ProviderID, files)
	refused := err != nil && !posta.Temporary(err) && posta.ErrorCode(err) != posta.CodeInternal
	_, changed := s.Store.ChangePayment(context.WithoutCancel(ctx), p.ID, func(r *Record) error {
		mine := r.findChargeback(c.ID)
		if mine == nil {
			return nil
		}
		kept := mine.Evidence[:0:0]
		for _, e := range mine.Evidence {
			ours := e.At.Equal(at.UTC().Truncate(time.Microsecond)) || e.At.Equal(at)
			if ours && refused {
				continue // the provider did not take it
			}
			e.Received = e.Received || ours && err == nil
			kept = append(kept, e)
		}
		mine.Evidence = kept
		if err == nil && mine.SentAt.IsZero() {
			mine.SentAt, mine.SentBy = s.Clock.Now(), by
		}
		if err == nil && mine.State == ChargebackOpen {
			mine.State = ChargebackSent
			mine.UpdatedAt, mine.DueAt = s.Clock.Now(), mine.next(s.Clock.Now())
			s.tellChargeback(r, "chargeback.evidence_sent", by, *mine)
		}
		if len(seen.Facts) > 0 {
			seen.ExternalReference = string(p.ID)
			s.apply(r, News{Source: FromChargeback, Observation: seen})
		}
		return nil
	})
	if changed == nil {
		s.Committed()
	}
	return c, firstOf(err, changed)
}

// FromChargeback is the answer to evidence.
const FromChargeback Source = "chargeback"

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
