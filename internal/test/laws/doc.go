// Package laws tests the source tree of this repository against the rules of its design:
//
//	name           a node, its Client method, its request and its response have the same name
//	guard          each node declares the capability that it needs
//	import         which package may import which other one, and compile which dependency
//	readme         the README's list of nodes is the node table
//	documentation  exported names and packages have comments
//	state          packages have no variables that change, and no init functions
//	goroutine      the tests of packages that start goroutines fail when some are left
//	layout         the folders at the top, and the names of files
//	style          the size of files and functions, and the form of comments
//
// Each law is a function from a part of the repository to the faults in it. It is called with the
// repository, which must have no faults, and with small texts that have some.
package laws
