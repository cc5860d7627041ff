// Package readme has the tests that copy the README's shell blocks into a shell, as a newcomer does.
package readme
