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

func ExampleParseDomain() {
	d, err := sip.ParseDomain("PBX.Example.com")
	fmt.Println(d, err)

	_, err = sip.ParseDomain("192.0.2.256")
	fmt.Println(err)
	// Output:
	// pbx.example.com <nil>
	// sip: domain "192.0.2.256": want four numbers from 0 to 255, without leading zeros, where all labels are digits
}

// A row that another program wrote may hold an address that Parse refuses.
func ExampleUnchecked() {
	a := sip.Unchecked("al ice", "Example.com")
	fmt.Println(a, a.Valid())
	// Output:
	// al ice@Example.com false
}
