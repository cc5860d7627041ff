// Package readme holds README.md to what is there: its tests copy the shell blocks into a shell, as a newcomer
// does, and Check compares a section with what it describes.
package readme
