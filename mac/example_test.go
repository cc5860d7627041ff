package mac_test

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/mac"
)

func Example() {
	a, err := mac.Parse("00-11-22-AA-BB-CC")
	fmt.Println(a, err)
	fmt.Println(a == mac.MustParse("0011.22aa.bbcc"))

	_, err = mac.Parse("0:11:22:aa:bb:cc")
	fmt.Println(err)
	_, err = mac.Parse("ff:ff:ff:ff:ff:ff")
	fmt.Println(err)
	// Output:
	// 001122aabbcc <nil>
	// true
	// mac: address "0:11:22:aa:bb:cc": want six octets as 001122334455, 00:11:22:33:44:55, 00-11-22-33-44-55 or 0011.2233.4455
	// mac: address "ff:ff:ff:ff:ff:ff": want that of a device, and no group address or 000000000000
}
