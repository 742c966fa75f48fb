// Package prisma is a stand-in for Prisma/Payway's card terminals driven over
// the cloud (PayStore Terminals): OAuth, payments, reversals, refunds and batch
// closes, and the terminals with the people at them. It is stateful, strict
// and hostile on purpose, and is written from docs/providers/prisma.md alone,
// never from the connector that it tests.
//
// Each rule it keeps has an id (PR-PAY-01), a test of that name and a row in
// docs/simulators.md, which also lists what the provider leaves open and what
// was chosen here.
//
// The money inside is int64 centavos; the state is held in memory and
// committed to a SQLite file of its own before anything is answered.
package prisma
