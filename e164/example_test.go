package e164_test

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/e164"
)

func Example() {
	start, err := e164.Parse("+4773500000")
	fmt.Println(start, err, start.CountryCode(), start.Digits())

	end, ok := start.Offset(99)
	fmt.Println(end, ok, end.Sub(start)+1, "numbers")

	_, err = e164.Parse("0047 73 50 00 00")
	fmt.Println(err)
	// Output:
	// +4773500000 <nil> 47 10
	// +4773500099 true 100 numbers
	// e164: number "0047 73 50 00 00": want "+" and 2 to 15 digits, the first not 0
}
