package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"posta"
	"posta/checkout"
	"posta/golive"
	"posta/homologation"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/quality"
	"posta/settlement"
	"posta/subscription"
)

func config(version string) huma.Config {
	c := huma.DefaultConfig("Posta", version)
	c.CreateHooks = nil // no $schema in bodies
	c.DocsPath, c.SchemasPath = "", ""
	c.RejectUnknownQueryParameters = true
	c.Info.Description = introduction
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: "/"}}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer",
		Description: "An API key: psk_test_… or psk_live_…. It sees and touches its merchant's objects of its mode and nothing else."}}
	c.Security = []map[string][]string{{"key": {}}}
	return c
}

const introduction = `One API for in-store and online payments, whatever provider stands behind.

- Amounts are whole numbers of the currency's minor unit (centavos): 150000 is $ 1.500,00.
- Times are RFC 3339 in UTC.
- Every POST needs an Idempotency-Key. The same request with the same key gets the same answer for 24 hours and has one effect; answers given again bear Idempotent-Replayed: true.
- Lists are newest first; pass next as after to go on.
- Errors are application/problem+json (RFC 9457): decide by code; title and detail are in the reader's language (Accept-Language: es, pt, en).
- Card numbers are refused.`

// names are what schemas are called where the Go type's name would not do.
var names = map[reflect.Type]string{
	reflect.TypeFor[payment.View]():              "Payment",
	reflect.TypeFor[payment.RefundView]():        "Refund",
	reflect.TypeFor[payment.AttemptView]():       "Attempt",
	reflect.TypeFor[provider.Item]():             "Item",
	reflect.TypeFor[provider.Address]():          "BuyerAddress",
	reflect.TypeFor[provider.Next]():             "NextStep",
	reflect.TypeFor[checkout.ProductView]():      "Product",
	reflect.TypeFor[checkout.LinkView]():         "PaymentLink",
	reflect.TypeFor[checkout.SessionView]():      "CheckoutSession",
	reflect.TypeFor[checkout.BuyerView]():        "CheckoutBuyer",
	reflect.TypeFor[posta.Event]():               "Event",
	reflect.TypeFor[PlanShown]():                 "Plan",
	reflect.TypeFor[SubscriptionShown]():         "Subscription",
	reflect.TypeFor[subscription.InvoiceView]():  "Invoice",
	reflect.TypeFor[subscription.MessageView]():  "SubscriptionMessage",
	reflect.TypeFor[subscription.Attempt]():      "InvoiceAttempt",
	reflect.TypeFor[subscription.Attempts]():     "PlanAttempts",
	reflect.TypeFor[subscription.Change]():       "PendingChange",
	reflect.TypeFor[settlement.View]():           "Settlement",
	reflect.TypeFor[settlement.Totals]():         "SettlementTotals",
	reflect.TypeFor[project.Address]():           "MailAddress",
	reflect.TypeFor[project.Ref]():               "TemplateRef",
	reflect.TypeFor[homologation.Run]():          "HomologationRun",
	reflect.TypeFor[homologation.Finding]():      "HomologationFinding",
	reflect.TypeFor[homologation.SheetWarning](): "HomologationSheetWarning",
	reflect.TypeFor[golive.Waiver]():             "GateWaiver",
	reflect.TypeFor[quality.Measurement]():       "Measurement",
	reflect.TypeFor[quality.Finding]():           "MeasurementFinding",
	reflect.TypeFor[quality.Report]():            "Approval",
	reflect.TypeFor[quality.Group]():             "ApprovalGroup",
	reflect.TypeFor[quality.Rate]():              "ApprovalRate",
	reflect.TypeFor[quality.Decline]():           "ApprovalDecline",
}

func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name := names[t]; name != "" {
		return name
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// about documents an operation.
type about struct {
	id      string
	tag     string
	summary string
	text    string
	status  int          // of success; 0 means 200
	codes   []posta.Code // beyond those that every operation has
	request any          // example
	answer  any          // example
	media   string       // of the answer, where it is not JSON
	body    int64        // longest one, in bytes; 0 means maxBody
}

// add registers an operation: its handler, its documents, its examples.
func add[I, O any](a *server, method, path string, about about, handler func(context.Context, *I) (*O, error)) {
	codes := append([]posta.Code{posta.CodeUnauthorized, posta.CodeInvalid, posta.CodeCardNumber, posta.CodeUnavailable, posta.CodeInternal}, about.codes...)
	if strings.Contains(path, "{") {
		codes = append(codes, posta.CodeNotFound)
	}
	if method == http.MethodPost {
		codes = append(codes, posta.CodeIdempotencyReused, posta.CodeInFlight)
	}
	if method != http.MethodGet && method != http.MethodDelete {
		codes = append(codes, posta.CodeTooLarge, posta.CodeUnsupportedMedia)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	op := huma.Operation{Method: method, Path: path, OperationID: about.id, Tags: []string{about.tag},
		Summary: about.summary, Description: about.text, DefaultStatus: max(about.status, http.StatusOK),
		MaxBodyBytes: cmp.Or(about.body, maxBody), BodyReadTimeout: -1, Extensions: map[string]any{"x-error-codes": codes}}
	if about.body > 0 {
		a.bodies[method+" "+path] = about.body
	}
	byStatus := map[int][]string{}
	for _, code := range codes {
		byStatus[statuses[code]] = append(byStatus[statuses[code]], string(code))
		if code == posta.CodeInvalid {
			byStatus[http.StatusBadRequest] = append(byStatus[http.StatusBadRequest], string(code))
		}
	}
	for status := range byStatus {
		op.Errors = append(op.Errors, status)
	}
	slices.Sort(op.Errors)
	if method == http.MethodPost {
		op.Parameters = append(op.Parameters, &huma.Param{Name: headerKey, In: "header", Required: true,
			Description: "Names this write: the same request with the same key has one effect and one answer for 24 hours.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: new(255), MinLength: new(1)}, Example: "order-1042"})
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		call := callOf(ctx)
		call.begun = true
		out, err := handler(ctx, in)
		if err != nil {
			return nil, call.failed(err)
		}
		return out, nil
	})
	a.illustrate(method, path, about, byStatus)
}

// failed is err as huma writes it, headers included.
func (c *call) failed(err error) error {
	p := c.problem(err)
	return huma.ErrorWithHeaders(p, p.GetHeaders())
}

// illustrate puts examples and error codes into the document.
func (a *server) illustrate(method, path string, about about, byStatus map[int][]string) {
	item := a.huma.OpenAPI().Paths[path]
	op := map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch,
		http.MethodPut: item.Put, http.MethodDelete: item.Delete}[method]
	a.operations = append(a.operations, op)
	if op.RequestBody != nil {
		for _, content := range op.RequestBody.Content {
			content.Example = plain(about.request)
		}
	}
	answer := op.Responses[strconv.Itoa(max(about.status, http.StatusOK))]
	if about.media != "" {
		answer.Content = map[string]*huma.MediaType{about.media: {Schema: &huma.Schema{Type: huma.TypeString, Description: "as it is, not JSON"}}}
	}
	if about.answer != nil {
		for _, content := range answer.Content {
			content.Example = plain(about.answer)
		}
	}
	for status, codes := range byStatus {
		answer := op.Responses[strconv.Itoa(status)]
		answer.Description = http.StatusText(status) + ": " + strings.Join(codes, ", ")
		for _, content := range answer.Content {
			content.Example = map[string]any{"type": "https://posta.example/docs/api#" + codes[0], "title": "…", "status": status,
				"detail": "…", "code": codes[0], "request_id": "01JD9S3F2K8Q4ZV6W1X7Y5T0RB"}
		}
	}
}

// plain is a value as JSON shows it, its fields in the order of their type.
func plain(v any) any {
	if v == nil {
		return nil
	}
	return json.RawMessage(bytes.TrimSpace(encode(v)))
}

// none is the input or output of an operation that has none.
type none struct{}

// found reads an id out of a path or a field.
func found[T posta.ID](text string) (T, error) { return posta.ParseID[T](text) }
