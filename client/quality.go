package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"posta"
)

// Measurement is the quality of an integration, read off one payment.
type Measurement struct {
	ID         string             `json:"id"`
	Connection posta.ConnectionID `json:"connection_id"`
	Kind       string             `json:"kind"`   // manual, automatic, preview
	Result     string             `json:"result"` // measured, not_measurable
	Reason     string             `json:"reason"` // why it is not measurable
	Payment    posta.PaymentID    `json:"payment_id"`
	Score      *int               `json:"score"` // nil unless measured
	Threshold  int                `json:"threshold"`
	Findings   []struct {
		Item   string `json:"item"`
		Class  string `json:"class"`
		Points int    `json:"points"`
		Met    bool   `json:"met"`
		Field  string `json:"field"`
	} `json:"findings"`
	CreatedAt time.Time `json:"created_at"`
}

// MeasurementList is a page of measurements.
type MeasurementList struct {
	Data []Measurement `json:"data"`
	Next string        `json:"next"`
}

// Measure measures one payment of a connection, by our id or the provider's.
func (c *Client) Measure(ctx context.Context, key string, connection posta.ConnectionID, payment string) (out Measurement, err error) {
	in := struct {
		Connection posta.ConnectionID `json:"connection_id"`
		Payment    string             `json:"payment"`
	}{connection, payment}
	return out, c.Do(ctx, http.MethodPost, "/v1/quality/measurements", key, in, &out)
}

// Measurements lists a connection's measurements, newest first.
func (c *Client) Measurements(ctx context.Context, connection posta.ConnectionID, limit int, after string) (out MeasurementList, err error) {
	return out, c.Do(ctx, http.MethodGet, query("/v1/quality/measurements", "connection_id", string(connection), "limit", strconv.Itoa(limit), "after", after), "", nil, &out)
}
