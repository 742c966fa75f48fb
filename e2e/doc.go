// Package e2e holds the tests that drive Posta as its users do: the real
// binary in processes of its own, real databases, a real browser.
package e2e
