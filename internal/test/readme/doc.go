// Package readme tests README.md. Its tests run the code blocks of the README in a shell, as a
// newcomer would, and [Check] compares a generated section with what it was generated from.
package readme
