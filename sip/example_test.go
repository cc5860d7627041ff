package sip_test

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/sip"
)

func Example() {
	a, err := sip.Parse("sip:Alice@PBX.example.com")
	fmt.Println(a, err)
	fmt.Println(a.User(), "at", a.Domain())
	fmt.Println(a == sip.MustParse("Alice@pbx.example.com"))

	_, err = sip.Parse("alice@pbx_1.example.com")
	fmt.Println(err)
	// Output:
	// Alice@pbx.example.com <nil>
	// Alice at pbx.example.com
	// true
	// sip: domain "pbx_1.example.com": want letters, digits and "-" in a label
}
