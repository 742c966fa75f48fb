// Package journal is what every simulator keeps besides its rules: the file in
// which its documents stand before it answers, the list of the latest
// exchanges, and the signal that something has changed.
package journal
