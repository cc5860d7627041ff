// Package console tests the page of package hermes/console in a real Chromium, which chromedp
// drives: it is well kept, is written in Go, and needs no driver program beside the browser. Only
// this package imports it, so that package hermes/console and the programs that mount it do not
// compile it. axe-core, which looks for what people with a screen reader, with a keyboard alone or
// with weak eyes could not use, comes from the npm registry.
//
//	go test ./internal/test/console -screenshots FOLDER
//
// also writes a picture of every view at two widths, light and dark.
package console
