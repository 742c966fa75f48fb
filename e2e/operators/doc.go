// Package operators holds a property test: whatever cashiers, customers, the
// network and the clock do to tills and card terminals, the hub and the
// terminals' own books agree in the end. It has no code but tests.
package operators
