// Package laws holds the rules of the whole repository as tests: names, guards, imports,
// documentation, sizes, state, and the lists in the README. Each law is a function from what it looks at to
// what breaks it, and is tried on a text that does.
package laws
