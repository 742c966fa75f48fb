package mercadopago

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
)

// Evidence may have ten megabytes in all (§2.9).
const (
	evidenceLimit = 10 << 20
	uploadLimit   = evidenceLimit + bodyLimit
)

func (c *call) ownChargeback() (*chargeback, *reply) {
	k := c.sim.chargebacks[c.path("id")]
	if k == nil || k.UserID != c.account.UserID {
		r := c.fail(http.StatusNotFound, "not_found", "Chargeback not found")
		return nil, &r
	}
	return k, nil
}

// getChargeback is GET /v1/chargebacks/{id}.
func getChargeback(c *call) reply {
	k, bad := c.ownChargeback()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: k.view(c.sim)}
}

// searchChargebacks is GET /v1/chargebacks/search, the newest first.
func searchChargebacks(c *call) reply {
	offset, limit, bad := c.paging(30, 100)
	if bad != nil {
		return *bad
	}
	list := sorted(c.sim.chargebacks)
	slices.Reverse(list)
	found := []object{}
	for _, k := range list {
		in, err := within(c, k.Created, "begin_date", "end_date")
		if err != nil {
			return c.cause(http.StatusBadRequest, 1001, "Invalid date format")
		}
		if k.UserID == c.account.UserID && in && matches(c, map[string]string{"payment_id": text(k.PaymentID), "status": k.Status, "id": k.ID}) {
			found = append(found, k.view(c.sim))
		}
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(found), "limit": limit, "offset": offset}, "results": window(found, offset, limit)}}
}

// addEvidence is POST /v1/chargebacks/{id}/documentation: pictures and PDF, ten
// megabytes in all, within ten days.
func addEvidence(c *call) reply {
	k, missing := c.ownChargeback()
	if missing != nil {
		return *missing
	}
	switch {
	case !k.Eligible:
		return c.fail(http.StatusBadRequest, "bad_request", "The chargeback is not eligible for coverage")
	case k.Status != "in_review" || !c.now.Before(k.Deadline):
		return c.fail(http.StatusBadRequest, "bad_request", "The deadline for the documentation is over")
	}
	list, err := readEvidence(c.request.Header.Get("Content-Type"), c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "bad_request", err.Error())
	}
	size := 0
	for _, d := range slices.Concat(k.Documents, list) {
		size += len(d.File)
	}
	if size > evidenceLimit {
		return c.fail(http.StatusBadRequest, "bad_request", "The files may have 10 MB in all, not "+strconv.Itoa(size)+" bytes")
	}
	k.Documents, k.Papers = append(k.Documents, list...), "review_pending"
	c.sim.moveChargeback(k, c.now)
	return reply{status: http.StatusOK, body: k.view(c.sim)}
}

// getEvidence gives a file back to who sent it.
func getEvidence(c *call) reply {
	k, bad := c.ownChargeback()
	if bad != nil {
		return *bad
	}
	n, err := strconv.Atoi(c.path("n"))
	if err != nil || n < 0 || n >= len(k.Documents) {
		return c.fail(http.StatusNotFound, "not_found", "Document not found")
	}
	return reply{status: http.StatusOK, body: k.Documents[n].File, mime: k.Documents[n].Type}
}

// readEvidence takes the files of a form. What they are is told by their first
// bytes, not by their names.
func readEvidence(contentType string, body []byte) ([]evidence, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return nil, errors.New("the body must be multipart/form-data")
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var list []evidence
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("the form is broken")
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			return nil, errors.New("the form is broken")
		}
		if part.FormName() != "files[]" || part.FileName() == "" {
			continue
		}
		is := http.DetectContentType(raw)
		if !slices.Contains([]string{"image/jpeg", "image/png", "application/pdf"}, is) {
			return nil, errors.New("only jpg, png and pdf are taken")
		}
		list = append(list, evidence{part.FileName(), is, raw})
	}
	if len(list) == 0 {
		return nil, errors.New("files[] is required")
	}
	return list, nil
}
