// Package web is what people look at: the till at the counter and the office
// behind it. Pages are made on the server; rules live in the domain services,
// the same that the API calls.
//
// A page is one file and one template: NOUN.go registers its routes in a
// method NOUNRoutes and renders html/NAME.html.
package web

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/alexedwards/scs/v2"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/golive"
	"posta/homologation"
	"posta/inbox"
	"posta/live"
	"posta/outbound"
	"posta/page"
	"posta/payment"
	"posta/project"
	"posta/quality"
	"posta/settlement"
	"posta/subscription"
	"posta/text"
	"posta/till"
	"posta/webhook"
)

//go:embed html/*.html
var htmlFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Services are what the pages stand on.
type Services struct {
	Accounts      *account.Service
	Tills         *till.Service
	Payments      *payment.Service
	Settlements   *settlement.Service
	Projects      *project.Service
	Quality       *quality.Service
	Homologation  *homologation.Service
	GoLive        *golive.Service
	Inbox         *inbox.Service
	Webhooks      *webhook.Service
	Checkout      *checkout.Service
	Subscriptions *subscription.Service
	Hub           *live.Hub
	Events        Events
	Calls         outbound.Store
	Catalog       *text.Catalog
	Clock         posta.Clock
	Log           *slog.Logger
	PublicURL     func() string
	Demo          *Demo // nil outside posta demo
	Version       string
}

// Events keeps what happened.
type Events interface {
	live.Store
	// SettlementEvents lists the events of a settlement, oldest first.
	SettlementEvents(ctx context.Context, m posta.MerchantID, id posta.SettlementID) ([]posta.Event, error)
}

// Demo is what only posta demo has to show.
type Demo struct {
	PhoneURL string // the simulators' address: /sim/phone is the buyer's phone, /sim/control the control panel
	// TerminalsURL is the address of the simulated card terminals: /sim/terminals
	// lists them, /sim/terminal/{number} is one, /sim/phone the wallet for their QR.
	TerminalsURL string
	MailURL      string // the inboxes that the demo's mail arrives in
	Email        string // who can log in, shown at the log-in page
	Password     string
}

// server holds what handlers need.
type server struct {
	Services
	pages    *page.Templates
	sessions *scs.SessionManager
}

// New makes the handler of all pages. It panics when a template is broken, so
// that it shows at the start and not before a reader.
func New(services Services) http.Handler {
	s := &server{Services: services}
	assets, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err)
	}
	s.pages = page.Must(page.NewWith(htmlFiles, []string{"html/*.html"}, page.WithAssets(assets), page.WithFuncs(templateFuncs)))
	s.sessions = newSessions(services.Accounts)
	mux := http.NewServeMux()
	s.routes(mux)
	return s.wrap(mux)
}

// routes is the table of all pages, one line for each noun's own list.
func (s *server) routes(mux *http.ServeMux) {
	mux.Handle("/static/", s.pages.Static())
	s.homeRoutes(mux)         // /  /mode
	s.loginRoutes(mux)        // /login  /logout
	s.tillRoutes(mux)         // /till  /till/{till}
	s.chargeRoutes(mux)       // /till/{till}/charge  /till/{till}/payments/{payment}/cancel
	s.eventRoutes(mux)        // /till/{till}/events
	s.saleRoutes(mux)         // /till/{till}/sales  /till/{till}/sales/{payment}  …/refund
	s.slipRoutes(mux)         // …/payments/{payment}/slip  …/refunds/{refund}/slip
	s.ticketRoutes(mux)       // /till/{till}/ticket/{payment}
	s.shiftRoutes(mux)        // /till/{till}/shift  …/open  …/close  /till/{till}/shift/{shift}
	s.posterRoutes(mux)       // /tills/{till}/poster  …/poster/provider
	s.closingRoutes(mux)      // /till/{till}/close  /stores/{store}/close
	s.paymentRoutes(mux)      // /payments
	s.chargebackRoutes(mux)   // /chargebacks  /chargebacks/{chargeback}
	s.settlementRoutes(mux)   // /settlements  /settlements/{settlement}
	s.storyRoutes(mux)        // /payments/{payment}
	s.notificationRoutes(mux) // /notifications
	s.placeRoutes(mux)        // /stores  /tills
	s.terminalRoutes(mux)     // /terminals  /connections/{connection}/devices
	s.connectionRoutes(mux)   // /connections
	s.connectRoutes(mux)      // /connections/oauth  /connections/{connection}/webhook
	s.homologationRoutes(mux) // /projects/{project}/homologation
	s.goliveRoutes(mux)       // /projects/{project}/golive  /connections/{connection}/gate
	s.swapRoutes(mux)         // /connections/{connection}/swap
	s.qualityRoutes(mux)      // /quality
	s.approvalRoutes(mux)     // /approval
	s.keyRoutes(mux)          // /keys
	s.endpointRoutes(mux)     // /endpoints  /deliveries/{delivery}
	s.settingRoutes(mux)      // /settings
	s.boardRoutes(mux)        // /projects  /projects/events
	s.newProjectRoutes(mux)   // /projects/new
	s.projectRoutes(mux)      // /projects/{project}  …/move  …/tick/{item}  …/date
	s.contactRoutes(mux)      // /projects/{project}/contacts
	s.threadRoutes(mux)       // /projects/{project}/thread  …/files/{file}
	s.meetingRoutes(mux)      // /projects/{project}/meetings  …/kickoff
	s.ecrRoutes(mux)          // /projects/{project}/terminals
	s.documentRoutes(mux)     // /projects/{project}/documents
	s.historyRoutes(mux)      // /projects/{project}/history
	s.deskRoutes(mux)         // /desk  /desk/settings
	s.peopleRoutes(mux)       // /desk/people
	s.templateRoutes(mux)     // /desk/templates  /projects/{project}/upgrade
	s.clientRoutes(mux)       // /c/{token}  /client
	s.subscriptionRoutes(mux) // /subscriptions
	s.planRoutes(mux)         // /plans
	s.invoiceRoutes(mux)      // /invoices
	s.signUpRoutes(mux)       // /subscribe/{plan}  /subscription/{subscription}
	s.productRoutes(mux)      // /products
	s.linkRoutes(mux)         // /links
	s.captureRoutes(mux)      // /payments/{payment}/capture
	s.buyRoutes(mux)          // /l/{link}  /pay/{session}
	s.buyCardRoutes(mux)      // /pay/{session}/card  …/challenge
	s.buttonRoutes(mux)       // /button.js
	mux.Handle("/", s.anyone(func(*visit) error { return &posta.Error{Code: posta.CodeNotFound} }))
}
