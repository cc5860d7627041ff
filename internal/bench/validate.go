package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// validator is a call that reads a text.
type validator struct {
	name  string
	limit time.Duration
	good  bool                   // whether the text is to be accepted
	parse func(text string) bool // reports whether the text was accepted
	text  string
}

func acceptsSIP(text string) bool {
	_, err := sip.Parse(text)
	return err == nil
}

func acceptsNumber(text string) bool {
	_, err := e164.Parse(text)
	return err == nil
}

func acceptsMAC(text string) bool {
	_, err := mac.Parse(text)
	return err == nil
}

// validators returns the calls. None keeps the error, so that a refusal need not allocate it.
func validators() []validator {
	const sipLimit, numberLimit, macLimit = 120 * time.Nanosecond, 20 * time.Nanosecond, 55 * time.Nanosecond
	return []validator{
		{"sip.Parse of an address", sipLimit, true, acceptsSIP, "alice.example@sip.example.com"},
		{"sip.Parse of a malformed address", sipLimit, false, acceptsSIP, "alice.example@sip..example.com"},
		{"e164.Parse of a number", numberLimit, true, acceptsNumber, "+4773500012"},
		{"e164.Parse of a malformed number", numberLimit, false, acceptsNumber, "+47735000a2"},
		{"mac.Parse of an address", macLimit, true, acceptsMAC, "00:15:65:ab:cd:ef"},
		{"mac.Parse of a malformed address", macLimit, false, acceptsMAC, "00:15:65:ab:cd:eg"},
	}
}

func validation() benchmark {
	bm := benchmark{name: "validators", about: "the validators of addresses and numbers"}
	for _, v := range validators() {
		bm.rows = append(bm.rows, row{number: "15", what: v.name, unit: inSeconds, goal: within(v.limit)})
	}
	bm.open = func(_ context.Context, b *bench) (measure, error) {
		return func(context.Context) (samples []sample, err error) {
			for _, v := range validators() {
				s, err := b.eachCall(func(int) error {
					if v.parse(v.text) != v.good {
						return fmt.Errorf("%s: accepted is %t, want %t", v.name, !v.good, v.good)
					}
					return nil
				})
				if err != nil {
					return nil, err
				}
				samples = append(samples, s)
			}
			return samples, nil
		}, nil
	}
	return bm
}
