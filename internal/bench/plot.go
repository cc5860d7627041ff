package main

import "io"

// curve is how the time of a call grows with the rows.
type curve struct {
	engine string
	call   string
	rows   []int
	times  []float64 // in seconds
}

func plot(w io.Writer, curves []curve) error { return nil }
