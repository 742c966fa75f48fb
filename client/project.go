package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"posta"
)

// ProjectCard is a project in a list.
type ProjectCard struct {
	ID        posta.ProjectID `json:"id"`
	Name      string          `json:"name"`
	Client    string          `json:"client"`
	Product   string          `json:"product"`
	Stage     string          `json:"stage"` // backlog, design, integration, homologation, golive, handed_off
	StageAt   time.Time       `json:"stage_at"`
	NextAt    *time.Time      `json:"next_at"`
	NextKind  string          `json:"next_kind"`
	LimitAt   *time.Time      `json:"limit_at"` // when the earliest open question is late, or was
	Questions int             `json:"questions"`
	Silence   int             `json:"silence"` // weekly checks without an answer
	WaitingAt *time.Time      `json:"waiting_at"`
}

// ProjectList is a page of projects.
type ProjectList struct {
	Data []ProjectCard `json:"data"`
	Next string        `json:"next"` // pass as After for the next page; "" at the end
}

// ProjectFilter chooses projects. Zero fields do not choose.
type ProjectFilter struct {
	Stage, Product, Search string
	Late, Silent, Closed   bool
	Limit                  int
	After                  string
}

// Project is one integration of one client.
type Project struct {
	ID     posta.ProjectID `json:"id"`
	Name   string          `json:"name"`
	Client struct {
		Name    string `json:"name"`
		TaxID   string `json:"tax_id"`
		Country string `json:"country"`
	} `json:"client"`
	Product string             `json:"product"`
	Stage   string             `json:"stage"`
	StageAt time.Time          `json:"stage_at"`
	Test    posta.ConnectionID `json:"test_connection_id"`
	Live    posta.ConnectionID `json:"live_connection_id"`
	Silence int                `json:"silence"`
	Next    *struct {
		To      string   `json:"to"`
		Missing []string `json:"missing"` // keys of what blocks the next stage
	} `json:"next"`
}

// Projects lists projects, newest first.
func (c *Client) Projects(ctx context.Context, f ProjectFilter) (out ProjectList, err error) {
	flag := func(set bool) string {
		if set {
			return "true"
		}
		return ""
	}
	limit := ""
	if f.Limit > 0 {
		limit = strconv.Itoa(f.Limit)
	}
	path := query("/v1/projects", "stage", f.Stage, "product", f.Product, "search", f.Search, "late", flag(f.Late), "silent", flag(f.Silent),
		"closed", flag(f.Closed), "limit", limit, "after", f.After)
	return out, c.Do(ctx, http.MethodGet, path, "", nil, &out)
}

// Project finds one. Errors: not_found.
func (c *Client) Project(ctx context.Context, id posta.ProjectID) (out Project, err error) {
	return out, c.Do(ctx, http.MethodGet, "/v1/projects/"+string(id), "", nil, &out)
}
