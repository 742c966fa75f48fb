package client

import (
	"context"
	"io"
	"net/http"
	"time"

	"posta"
)

// Homologation is how far a project's cases are proven.
type Homologation struct {
	Project  posta.ProjectID `json:"project_id"`
	Standing struct {
		Met    bool   `json:"met"`
		Reason string `json:"reason"`
	} `json:"standing"`
	Passed  int                `json:"passed"`
	Failed  int                `json:"failed"`
	Open    int                `json:"open"`
	Missing []string           `json:"missing"` // cases that must pass and do not
	Cases   []HomologationCase `json:"cases"`
	Sheet   *struct {
		Name    string `json:"name"`
		Rows    int    `json:"rows"`
		Known   int    `json:"known"`
		Unknown []struct {
			Worksheet string `json:"worksheet"`
			Row       int    `json:"row"`
			Title     string `json:"title"`
		} `json:"unknown"`
	} `json:"sheet"`
	Run *HomologationRun `json:"run"`
}

// HomologationCase is a case with what was found about it.
type HomologationCase struct {
	Key      string            `json:"key"`
	Number   string            `json:"number"`
	Title    map[string]string `json:"title"` // by language
	Optional bool              `json:"optional"`
	Driven   bool              `json:"driven"` // a simulator can bring it about
	Evidence *struct {
		ID         posta.EvidenceID `json:"id"`
		Subject    string           `json:"subject"`
		ProviderID string           `json:"provider_id"`
		Verdict    string           `json:"verdict"` // pass, fail, unprovable
		Findings   []struct {
			Field   string `json:"field"`
			Want    string `json:"want"`
			Got     string `json:"got"`
			Verdict string `json:"verdict"`
		} `json:"findings"`
	} `json:"evidence"`
}

// HomologationRun is one go through the cases against a simulator.
type HomologationRun struct {
	State   string            `json:"state"` // running, ended, stopped
	Cases   []string          `json:"cases"`
	Done    int               `json:"done"`
	Doing   string            `json:"doing"`
	Trouble map[string]string `json:"trouble"` // cases that could not be brought about, and the code of why
	Started time.Time         `json:"started_at"`
	Error   string            `json:"error"`
}

func homologationPath(id posta.ProjectID, rest string) string {
	return "/v1/projects/" + string(id) + "/homologation" + rest
}

// Homologation gives a project's. Errors: not_found.
func (c *Client) Homologation(ctx context.Context, id posta.ProjectID) (out Homologation, err error) {
	return out, c.Do(ctx, http.MethodGet, homologationPath(id, ""), "", nil, &out)
}

// ImportSheet takes the provider's workbook in. Errors: invalid with field sheet.
func (c *Client) ImportSheet(ctx context.Context, key string, id posta.ProjectID, name string, data []byte) (out Homologation, err error) {
	in := struct {
		Name string `json:"name"`
		Data []byte `json:"data"`
	}{name, data}
	return out, c.Do(ctx, http.MethodPost, homologationPath(id, "/sheet"), key, in, &out)
}

// ExportSheet gives the provider's workbook, filled in. Errors:
// not_allowed_in_state before one was imported.
func (c *Client) ExportSheet(ctx context.Context, id posta.ProjectID) ([]byte, error) {
	r, err := c.request(ctx, http.MethodGet, homologationPath(id, "/sheet"), nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxFile))
	if err != nil {
		return nil, &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	if answer.StatusCode >= 400 {
		return nil, problem(answer, data)
	}
	return data, nil
}

// maxFile is the longest file that is taken, in bytes.
const maxFile = 32 << 20

// RunHomologation has cases driven against the simulator, all that can be where
// none are named. Errors: not_allowed_in_state where the provider is a real one,
// or a run is under way.
func (c *Client) RunHomologation(ctx context.Context, key string, id posta.ProjectID, cases []string) (out Homologation, err error) {
	in := struct {
		Cases []string `json:"cases,omitempty"`
	}{cases}
	return out, c.Do(ctx, http.MethodPost, homologationPath(id, "/run"), key, in, &out)
}
